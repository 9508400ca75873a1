/**
 * Has a program do something at each place of a run: before its first turn in one world, before the second one in
 * another, and so on.
 *
 * @module
 */

import type { World } from "../../worlds/world.ts";

/** Places that are tried; the last one is when all is quiet. */
const PLACES = 32;

const left = new WeakMap<World, number>();

/** Waits for the place that the world draws. */
export async function untilDrawnPlace(world: World): Promise<void> {
  left.set(world, world.draw(PLACES));
  await world.until(() => {
    const turns = turnsLeft(world);
    left.set(world, turns - 1);
    return turns === 0;
  });
}

/** Turns that are still to come before the place. */
export function turnsLeft(world: World): number {
  return left.get(world) ?? PLACES;
}
