/**
 * A buffer with one place in the host, two guests that read and one that writes. Who cannot have his turn waits
 * in the host until he is woken, and asks again; one is woken at a time. Planted: it is the one that waits
 * longest, of either kind, so that a reader may wake a reader, and all of them wait for ever.
 *
 * @module
 */

import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { ClientEnd, closeAll, endInGuest, endInHost, RAM, sharedInFabric } from "./ends.ts";
import { identityOf } from "./set_up.ts";

const TYPE = "b7a1c0de-0002-4d6e-9a3b-5f0c1d2e3a42";
/** What each reader reads; the writer writes as much as both. */
const ITEMS = 5;
/** Answers of the host. */
const DONE = 0;
const ASK_AGAIN = 1;

/** Who waits in the host. */
interface Sleeper {
  readonly fills: boolean;
  /** Has him ask again. */
  wake(): void;
}

/** The buffer, in the host. */
class Buffer {
  #isFull = false;
  readonly #sleepers: Sleeper[] = [];
  readonly #wakesAnybody: boolean;

  constructor(wakesAnybody: boolean) {
    this.#wakesAnybody = wakesAnybody;
  }

  /** Fills or empties the place, and wakes one; false where that cannot be done now. */
  use(fills: boolean): boolean {
    if (this.#isFull === fills) return false;
    this.#isFull = fills;
    const first = this.#sleepers.findIndex((one) => this.#wakesAnybody || one.fills !== fills);
    if (first >= 0) this.#sleepers.splice(first, 1)[0]!.wake();
    return true;
  }

  /** Somebody waits from now on. */
  wait(sleeper: Sleeper): void {
    this.#sleepers.push(sleeper);
  }

  /** Wakes all: they are to go. */
  wakeAll(): void {
    for (const sleeper of this.#sleepers.splice(0)) sleeper.wake();
  }
}

/** Uses the buffer a number of times, in a guest. */
class User extends ClientEnd {
  /** How often it has still to be done. */
  left = 0;

  /** Uses it so many times. */
  begin(times: number): void {
    this.left = times;
    this.#ask();
  }

  #ask(): void {
    if (this.left === 0) return;
    this.send([], (status, [answer]) => {
      if (status !== 0) return;
      if (answer === DONE) this.left--;
      this.#ask();
    });
  }
}

/** The protocol; `planted`: with its mistake. */
export function boundedBuffer(planted: boolean): ScenarioDefinition {
  const bufferIn = sharedInFabric(() => new Buffer(planted));
  const vsp = (index: number, fills: boolean) =>
    endInHost(`bounded buffer vsp ${index}`, identityOf(TYPE, index), (fabric, end) => {
      const buffer = bufferIn(fabric);
      return {
        received: (packet) => {
          if (buffer.use(fills)) end().complete(packet, [DONE]);
          else buffer.wait({ fills, wake: () => end().complete(packet, [ASK_AGAIN]) });
        },
        suspended: () => buffer.wakeAll(),
      };
    });
  const vsc = (index: number) =>
    endInGuest(`bounded buffer vsc ${index}`, identityOf(TYPE, index), User);
  return defineScenario({
    name: "bounded-buffer",
    title: "A buffer with one place, two readers and a writer, one woken at a time",
    partitions: { reader: RAM, other: RAM, writer: RAM },
    drivers: {
      vsc0: { in: "reader", driver: vsc(0) },
      vsc1: { in: "other", driver: vsc(1) },
      vsc2: { in: "writer", driver: vsc(2) },
      vsp0: { serves: "reader", driver: vsp(0, false) },
      vsp1: { serves: "other", driver: vsp(1, false) },
      vsp2: { serves: "writer", driver: vsp(2, true) },
    },
    workload: async (world) => {
      const users = (["vsc0", "vsc1", "vsc2"] as const).map((name) => world.driver(name));
      await world.until(() => users.every(({ flows }) => flows));
      users.forEach((user, index) => user.begin(index === 2 ? 2 * ITEMS : ITEMS));
    },
    end: async (world) => {
      const [first, second, writer] = (["vsc0", "vsc1", "vsc2"] as const)
        .map((name) => world.driver(name).left);
      if (first !== 0 || second !== 0 || writer !== 0) {
        const message =
          `all wait: the readers for ${first} and ${second}, the writer for ${writer}`;
        world.fail("everybody has his turn", message);
      }
      await closeAll(world, ["vsc0", "vsc1", "vsc2", "vsp0", "vsp1", "vsp2"]);
    },
  });
}
