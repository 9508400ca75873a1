/**
 * A task of one step beside one of many: the mistake shows only where the one comes last. A guest sends the
 * key of a session, another one the session's records, and the host seals the session when the last record has
 * come. Planted: it takes it that one packet is there before so many others.
 *
 * @module
 */

import type { VMBPACKETCOMPLETION } from "../../../mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import {
  ClientEnd,
  closeAll,
  guestDriver,
  hostDriver,
  identityOf,
  ServerEnd,
  sharedInFabric,
} from "./ends.ts";

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

/** Sends `count` packets, each once the one before was answered. */
class Sender extends ClientEnd {
  /** Sends so many. */
  sendAll(count: number): void {
    if (count > 0) this.send([count], () => this.sendAll(count - 1));
  }
}

/** The drivers of the protocol. */
function driversOf(planted: boolean) {
  const sessionIn = sharedInFabric(() => new Session(planted));
  const server = (name: string, identity: typeof KEY, take: (session: Session) => void) =>
    hostDriver<ServerEnd>(name, (context) => {
      const session = sessionIn(context.fabric);
      const end: ServerEnd = new ServerEnd(context, identity, {
        received: (packet: VMBPACKETCOMPLETION) => {
          take(session);
          session.seal();
          end.complete(packet);
        },
      });
      return end;
    });
  const client = (name: string, identity: typeof KEY) =>
    guestDriver<Sender>(name, (context) => new Sender(context, identity, {}).open());
  const drivers = {
    keyVsp: {
      serves: "one",
      driver: server("uneven key vsp", KEY, (session) => session.hasKey = true),
    },
    recordsVsp: {
      serves: "many",
      driver: server("uneven records vsp", RECORDS, (session) => session.records++),
    },
    keyVsc: { in: "one", driver: client("uneven key vsc", KEY) },
    recordsVsc: { in: "many", driver: client("uneven records vsc", RECORDS) },
  };
  return { drivers, sessionIn };
}

/** The protocol with 1 step against 25; `planted`: with its mistake. */
export function uneven(planted: boolean): ScenarioDefinition {
  const { drivers, sessionIn } = driversOf(planted);
  return defineScenario({
    name: "uneven",
    title: "One step beside 25: a session is sealed whose key may come last",
    partitions: { one: { memoryPages: 64 }, many: { memoryPages: 64 } },
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
      const names = ["keyVsc", "recordsVsc", "keyVsp", "recordsVsp"] as const;
      await closeAll(names.map((name) => world.driver(name)));
    },
  });
}
