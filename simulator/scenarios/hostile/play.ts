/**
 * How a hostile side is played: an act between any two work items, each drawn by the world.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { Chance } from "../../../core/chance.ts";
import { GuardPages } from "../../peers/mod.ts";
import type { Draws, World } from "../../worlds/world.ts";

/** Pages that nobody may have written to when all is over. */
const GUARD_PAGES = 8;
/** Between two acts fewer items run than these. */
const ITEMS_BETWEEN = 24;
const DRAW_MAX = 2 ** 32;

/** What a hostile side does, by turns; the first does nothing. */
export type Acts<Side> = readonly ((side: Side, chance: Chance) => void)[];

/** A stream for an act: two choices an act, so that it can be recorded, and left out. */
export function drawChance(world: Pick<Draws, "draw">): Chance {
  return Chance.fromSeed(world.draw(DRAW_MAX));
}

/** Pages of a hostile side's guest that nobody has a reason to write to. */
export function guardPages(partition: PartitionObject): GuardPages {
  return new GuardPages(partition.memory, GUARD_PAGES, Chance.fromSeed(1));
}

/** As many acts as the world draws, with `look` after each. */
export async function play<Side>(
  world: Pick<World, "draw" | "number" | "until">,
  side: Side,
  acts: Acts<Side>,
  look: () => void,
): Promise<void> {
  for (let left = world.number("acts"); left > 0; left--) {
    let itemsLeft = world.draw(ITEMS_BETWEEN);
    await world.until(() => itemsLeft-- <= 0);
    const act = world.draw(acts.length);
    if (act > 0) acts[act]!(side, drawChance(world));
    look();
  }
}

/** Lets what is under way come to rest, and sees whether somebody wrote where nobody may. */
export async function checkGuard(
  world: Pick<World, "fabric" | "fail">,
  guard: GuardPages,
): Promise<void> {
  await world.fabric.delay(1);
  const at = guard.changedAt();
  if (at !== null) {
    world.fail("wire.md 1.2: nobody writes astray", `a byte at ${at} was written over`);
  }
}
