/**
 * Guests that are saved, restored and migrated within their fabric.
 *
 * @module
 */

import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { restorePartition, type RestoreResult, savePartition } from "../../mod.ts";
import type { DriverInstance, FaultyWorld, NamedGuest, WorldParts } from "./faulty_world.ts";

/** Saves a guest, which stands still then; null where it cannot be saved: a status is no failure in itself. */
async function save(guest: PartitionObject): Promise<Uint8Array | null> {
  const { bytes } = await savePartition(guest);
  return bytes;
}

/** Saves a guest, and lets it run on. */
export async function saveAndContinue(guest: PartitionObject): Promise<void> {
  if (await save(guest) !== null) guest.resume();
}

/** Saves a guest, destroys it, and restores it. */
export async function saveAndRestore(world: FaultyWorld, named: NamedGuest): Promise<void> {
  const { guest } = named;
  const bytes = await save(guest);
  if (bytes === null) return;
  const old = machineOf(world, guest);
  guest.destroy();
  const restored = restore(world, named, bytes);
  if (restored !== null) take(world, old, restored);
}

/** Saves a guest, restores it beside the old one, and destroys that; where that fails, the old one runs on. */
export async function migrate(world: FaultyWorld, named: NamedGuest): Promise<void> {
  const { guest } = named;
  const bytes = await save(guest);
  if (bytes === null) return;
  const old = machineOf(world, guest);
  const restored = restore(world, named, bytes);
  if (restored === null) return guest.resume();
  guest.destroy();
  take(world, old, restored);
}

/** A guest that was restored, all trust levels of it, with its drivers in the order in which they were loaded. */
type Restored = Pick<RestoreResult, "levels" | "loaded">;

/** A guest that is left: what its trust levels are called, and its drivers, as a restored one has them. */
interface Machine {
  readonly names: readonly string[];
  readonly instances: readonly DriverInstance[];
}

function machineOf(world: FaultyWorld, { levels }: PartitionObject): Machine {
  return {
    names: levels.map((level) => world.nameOf(level)),
    instances: levels.flatMap(({ drivers }) => drivers)
      .map(({ instance }) => instance as DriverInstance),
  };
}

/**
 * What was saved can be restored: where it cannot, that is a finding. So nothing is missing where it goes: else
 * a driver may refuse.
 */
function restore(world: FaultyWorld, { name }: NamedGuest, bytes: Uint8Array): Restored | null {
  const { fabric, guestDrivers, hostDrivers } = world;
  const { firedCount } = world;
  const build = () => restorePartition(fabric, bytes, { guestDrivers, hostDrivers });
  const first = world.whileRestoring(build);
  // One that a driver has refused is made once more.
  const isOnceMore = first.partition === null && world.firedCount > firedCount;
  const restored = isOnceMore ? world.calmly(build) : first;
  const { partition, reason } = restored;
  if (partition !== null) return restored;
  world.fail("what was saved can be restored", `it was refused: ${reason}`, `guest ${name}`);
  return null;
}

/** The world continues with the restored guest. */
function take(
  world: WorldParts,
  { names, instances }: Machine,
  { levels, loaded }: Restored,
): void {
  const successors = new Map(instances.map((old, at) => [old, loaded[at]!.instance]));
  levels.forEach((level, place) => world.moved(names[place]!, level, successors));
  levels[0]!.resume();
}
