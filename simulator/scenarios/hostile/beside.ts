/**
 * A pair of drivers beside one that is attacked: nobody attacks it, so all that is documented holds for it.
 *
 * @module
 */

import type { Draws, World } from "../../worlds/world.ts";
import {
  type EverythingGuest,
  type EverythingHost,
  everythingVsc,
  everythingVsp,
} from "../everything/drivers.ts";
import { drawPlan, type GuestPlan } from "../everything/plan.ts";
import { checkTotals, describeUnfinished } from "../everything/totals.ts";

/** How often the program looks whether all is over, a millisecond apart. */
const LOOKS_MAX = 60;

const plans = new WeakMap<Draws, GuestPlan>();

/** The plan that both drivers of the pair are given. */
function planBeside(world: Draws): GuestPlan {
  const plan = plans.get(world) ?? drawPlan(world);
  plans.set(world, plan);
  return plan;
}

/** The drivers of the pair, in the guest `beside` and for it. */
export const DRIVERS_BESIDE = {
  besideVsp: { serves: "beside", driver: everythingVsp, options: planBeside },
  besideVsc: { in: "beside", driver: everythingVsc, options: planBeside },
} as const;

/** Waits until the two are done, closes their channels, and compares what each of them has. */
export async function endBeside(
  world: World,
  host: EverythingHost,
  guest: EverythingGuest,
): Promise<void> {
  const pairs = host.channels.map((server, at) => [server, guest.channels[at]!] as const);
  const isOver = () => pairs.flat().every((side) => describeUnfinished(side) === null);
  for (let look = 0; look < LOOKS_MAX && !isOver(); look++) {
    for (const side of pairs.flat()) {
      side.open(); // a host may refuse the first open
      side.start();
      side.tend();
    }
    await world.fabric.delay(1);
  }
  for (const [at, [server, client]] of pairs.entries()) {
    const fail = (rule: string, message: string) =>
      world.fail(rule, message, `channel ${at} of the guest beside`);
    for (const side of [server, client]) {
      const unfinished = describeUnfinished(side);
      if (unfinished !== null) fail("what is sent comes to its end", unfinished);
    }
    await client.close();
    await server.close();
    checkTotals(client, server, fail);
    client.cleanup();
    server.cleanup();
  }
}
