/**
 * Mistakes about what comes first: a channel is taken to be open because it was enabled before another one, and a
 * lock is held across a wait while somebody else wants two locks in the other order.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import {
  ClientEnd,
  closeAll,
  endInGuest,
  endInHost,
  RAM,
  sharedInFabric,
} from "../../../simulator/scenarios/protocols/ends.ts";
import { identityOf } from "../../../simulator/scenarios/protocols/set_up.ts";
import { defineScenario } from "../../../simulator/worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../../simulator/worlds/world.ts";

const TYPE = "ca9a41e5-0003-4d6e-9a3b-5f0c1d2e3a53";
/** Which of the two channels a driver has: the one that is enabled first, and the other one. */
const CHANNELS = [identityOf(TYPE, 0), identityOf(TYPE, 1)] as const;

/** What the two servers of a device share: the session is there from the control channel's opening on. */
interface Session {
  isControlOpen: boolean;
  isDataOpen: boolean;
  isReady: boolean;
}

/** A device with two channels. Mistaken: the data channel's server needs the control channel to be open. */
export function openOrder(mistaken: boolean): ScenarioDefinition {
  const sessionIn = sharedInFabric((): Session => ({
    isControlOpen: false,
    isDataOpen: false,
    isReady: false,
  }));
  const vsp = (index: 0 | 1) =>
    endInHost(`device vsp ${index}`, CHANNELS[index], (fabric) => {
      const session = sessionIn(fabric);
      return {
        opened: () => {
          if (index === 0) session.isControlOpen = true;
          else session.isDataOpen = true;
          if (index === 1 && mistaken && !session.isControlOpen) {
            throw new Error("Cannot open the data channel: there is no session");
          }
          session.isReady = session.isControlOpen && session.isDataOpen;
        },
      };
    });
  const vsc = (index: 0 | 1) => endInGuest(`device vsc ${index}`, CHANNELS[index], ClientEnd);
  return defineScenario({
    name: "canary-open-order",
    title: "A device with two channels, which open in either order",
    partitions: { guest: RAM },
    drivers: {
      vsp0: { serves: "guest", driver: vsp(0) },
      vsp1: { serves: "guest", driver: vsp(1) },
      vsc0: { in: "guest", driver: vsc(0) },
      vsc1: { in: "guest", driver: vsc(1) },
    },
    workload: () => {},
    end: async (world) => {
      const { isReady } = sessionIn(world.fabric);
      if (!isReady) world.fail("a device with open channels is ready", "it is not");
      await closeAll(world, ["vsc0", "vsc1", "vsp0", "vsp1"]);
    },
  });
}

/** A lock. Who waits for it is called when he has it. */
class Lock {
  #isTaken = false;
  readonly #waiting: (() => void)[] = [];

  /** Calls `then` once the lock is its own. */
  take(then: () => void): void {
    if (this.#isTaken) this.#waiting.push(then);
    else {
      this.#isTaken = true;
      then();
    }
  }

  /** It is the next one's. */
  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next();
  }
}

/** Requests of a guest, each of which is about two tables of the host. */
const REQUESTS = 3;

/** Sends requests, one after the other. */
class Requester extends ClientEnd {
  /** Requests that have not ended. */
  left = REQUESTS;

  /** Sends the next one. */
  begin(): void {
    if (this.left === 0) return;
    this.send([this.left], (status) => {
      if (status !== vmbus.STATUS_SUCCESS) return;
      this.left--;
      this.begin();
    });
  }
}

/** The host holds a lock while it asks the guest, then takes another. Mistaken: not all take them in one order. */
export function heldLock(mistaken: boolean): ScenarioDefinition {
  const locksIn = sharedInFabric(() => [new Lock(), new Lock()] as const);
  const vsp = (index: 0 | 1) =>
    endInHost(`locks vsp ${index}`, CHANNELS[index], (fabric, end) => {
      const locks = locksIn(fabric);
      const [outer, inner] = mistaken && index === 1 ? [locks[1], locks[0]] : locks;
      return {
        received: (packet) =>
          outer.take(() =>
            end().send([], () =>
              inner.take(() => {
                end().complete(packet);
                inner.release();
                outer.release();
              }))
          ),
      };
    });
  const vsc = (index: 0 | 1) => endInGuest(`locks vsc ${index}`, CHANNELS[index], Requester);
  return defineScenario({
    name: "canary-locks",
    title: "Two tables of the host, each with a lock that is held while a guest is asked",
    partitions: { one: RAM, other: RAM },
    drivers: {
      vsp0: { serves: "one", driver: vsp(0) },
      vsp1: { serves: "other", driver: vsp(1) },
      vsc0: { in: "one", driver: vsc(0) },
      vsc1: { in: "other", driver: vsc(1) },
    },
    workload: async (world) => {
      const requesters = [world.driver("vsc0"), world.driver("vsc1")];
      await world.until(() => requesters.every(({ flows }) => flows));
      for (const requester of requesters) requester.begin();
    },
    end: async (world) => {
      const left = [world.driver("vsc0"), world.driver("vsc1")].map((each) => each.left);
      if (left.some((count) => count > 0)) {
        const message = `${left.join(" and ")} of ${REQUESTS} wait for each other`;
        return world.fail("every request ends", message);
      }
      await closeAll(world, ["vsc0", "vsc1", "vsp0", "vsp1"]);
    },
  });
}
