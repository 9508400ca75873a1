/**
 * A task of one step beside one of many: the mistake shows only where the one comes last. A guest sends the
 * key of a session, another one the session's records, and the host seals the session when the last record has
 * come. Planted: it takes it that one packet is there before so many others.
 *
 * @module
 */

import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { ClientEnd, closeAll, endInGuest, endInHost, RAM, sharedInFabric } from "./ends.ts";
import { type Identity, identityOf } from "./set_up.ts";

const TYPE = "b7a1c0de-0001-4d6e-9a3b-5f0c1d2e3a41";
const KEY = identityOf(TYPE, 0);
const RECORDS = identityOf(TYPE, 1);
const RECORD_COUNT = 25;

/** The session, in the host. */
class Session {
  /** Records that have come. */
  records = 0;
  /** Whether the key is there. */
  hasKey = false;
  isSealed = false;
  /** It was sealed without a key. */
  isSealedWithoutKey = false;
  /** All records were there before the key. */
  isKeyLast = false;
  readonly #takesKeyForGranted: boolean;

  constructor(takesKeyForGranted: boolean) {
    this.#takesKeyForGranted = takesKeyForGranted;
  }

  /** Something has come. */
  seal(): void {
    if (this.records < RECORD_COUNT || this.isSealed) return;
    this.isKeyLast ||= !this.hasKey;
    if (!this.hasKey && !this.#takesKeyForGranted) return;
    this.isSealed = true;
    this.isSealedWithoutKey = !this.hasKey;
  }
}

/** The drivers of the protocol. */
function driversOf(planted: boolean) {
  const sessionIn = sharedInFabric(() => new Session(planted));
  const server = (name: string, identity: Identity, take: (session: Session) => void) =>
    endInHost(name, identity, (fabric, end) => {
      const session = sessionIn(fabric);
      return {
        received: (packet) => {
          take(session);
          session.seal();
          end().complete(packet);
        },
      };
    });
  const drivers = {
    keyVsp: {
      serves: "one",
      driver: server("uneven key vsp", KEY, (session) => session.hasKey = true),
    },
    recordsVsp: {
      serves: "many",
      driver: server("uneven records vsp", RECORDS, (session) => session.records++),
    },
    keyVsc: { in: "one", driver: endInGuest("uneven key vsc", KEY, ClientEnd) },
    recordsVsc: { in: "many", driver: endInGuest("uneven records vsc", RECORDS, ClientEnd) },
  };
  return { drivers, sessionIn };
}

/** The protocol with 1 step against 25; `planted`: with its mistake. */
export function uneven(planted: boolean): ScenarioDefinition {
  const { drivers, sessionIn } = driversOf(planted);
  return defineScenario({
    name: "uneven",
    title: "One step beside 25: a session is sealed whose key may come last",
    partitions: { one: RAM, many: RAM },
    drivers,
    reach: ["the key comes last"],
    workload: async (world) => {
      const [key, records] = [world.driver("keyVsc"), world.driver("recordsVsc")];
      await world.until(() => key.flows && records.flows);
      key.sendAll(1);
      records.sendAll(RECORD_COUNT);
    },
    end: async (world) => {
      const { isSealed, isSealedWithoutKey, isKeyLast } = sessionIn(world.fabric);
      if (isKeyLast) world.reach("the key comes last");
      if (!isSealed) world.fail("a session is sealed", "its records and its key are there");
      if (isSealedWithoutKey) world.fail("a session is sealed with its key", "there was none yet");
      await closeAll(world, ["keyVsc", "recordsVsc", "keyVsp", "recordsVsp"]);
    },
  });
}
