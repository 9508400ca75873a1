/**
 * Guests that are saved, restored and migrated within their fabric.
 *
 * @module
 */

import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { type LoadedInstance, type Partition, restorePartition, savePartition } from "../../mod.ts";
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
  const instances = instancesOf(guest);
  guest.destroy();
  const restored = restore(world, named, bytes);
  if (restored !== null) take(world, named, instances, restored);
}

/** Saves a guest, restores it beside the old one, and destroys that; where that fails, the old one runs on. */
export async function migrate(world: FaultyWorld, named: NamedGuest): Promise<void> {
  const { guest } = named;
  const bytes = await save(guest);
  if (bytes === null) return;
  const instances = instancesOf(guest);
  const restored = restore(world, named, bytes);
  if (restored === null) return guest.resume();
  guest.destroy();
  take(world, named, instances, restored);
}

/** A guest that was restored, with its drivers in the order in which they were loaded. */
interface Restored {
  readonly partition: Partition;
  readonly loaded: readonly LoadedInstance[];
}

/** The drivers of a guest, in the order in which they were loaded. */
function instancesOf({ drivers }: PartitionObject): readonly DriverInstance[] {
  return drivers.map(({ instance }) => instance as DriverInstance);
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
  const { partition, loaded, reason } = isOnceMore ? world.calmly(build) : first;
  if (partition !== null) return { partition, loaded };
  world.fail("what was saved can be restored", `it was refused: ${reason}`, `guest ${name}`);
  return null;
}

/** The world continues with the restored guest. */
function take(
  world: WorldParts,
  { name }: NamedGuest,
  instances: readonly DriverInstance[],
  { partition, loaded }: Restored,
): void {
  const successors = new Map(instances.map((old, at) => [old, loaded[at]!.instance]));
  world.moved(name, partition, successors);
  partition.resume();
}
