/**
 * What happens to a whole guest: it crashes, stands still, is saved, restored, migrated (save-restore.md).
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { isBeingSaved } from "../../../kmcl/saving/save_partition.ts";
import type { AnyRule, Deed, FaultTable, GuestWhere } from "../basics.ts";
import type { FaultyWorld, NamedGuest } from "../faulty_world.ts";
import { migrate, saveAndContinue, saveAndRestore } from "../moves.ts";

/** A guest crashes. */
export type GuestCrashedRule = AnyRule<"guestCrashed", GuestWhere>;

/** A guest stands still for a while. */
export interface GuestPausedRule extends AnyRule<"guestPaused", GuestWhere> {
  /** For how long, in virtual milliseconds. */
  readonly ms?: number;
}

/** A guest is saved, and runs on. */
export type GuestSavedRule = AnyRule<"guestSaved", GuestWhere>;

/** A guest is saved, destroyed, and restored from that save. */
export type GuestRestoredRule = AnyRule<"guestRestored", GuestWhere>;

/** A guest is saved and built again elsewhere; then the old one is destroyed. */
export type GuestMigratedRule = AnyRule<"guestMigrated", GuestWhere>;

/** What happens to a whole guest. */
export type GuestRule =
  | GuestCrashedRule
  | GuestPausedRule
  | GuestSavedRule
  | GuestRestoredRule
  | GuestMigratedRule;

const GUEST = ["guest"];

/** What can be done to guests that live and run. */
function toEach(
  world: FaultyWorld,
  { where }: AnyRule<string, GuestWhere>,
  work: (named: NamedGuest) => void | Promise<void>,
): readonly Deed[] {
  return world.living(where?.guest).filter(({ guest }) => guest.runs)
    .map((named) => ({ place: named.name, guest: named.name, do: () => work(named) }));
}

/**
 * Lets a guest run on that stands still, once nobody saves it; not one that was saved meanwhile, which another
 * may continue.
 */
function resume(world: FaultyWorld, guest: PartitionObject): void {
  if (isBeingSaved(guest)) world.once(() => !isBeingSaved(guest), () => resume(world, guest));
  else if (guest.isAlive && !guest.runs && guest.onResume === null) guest.resume();
}

function pause(world: FaultyWorld, rule: GuestPausedRule): readonly Deed[] {
  const { ms = GUEST_FAULTS.guestPaused.parameters.ms.default } = rule;
  return toEach(world, rule, ({ guest }) => {
    guest.pause();
    world.after(ms, () => resume(world, guest));
  });
}

/** The faults of guests. */
export const GUEST_FAULTS: FaultTable<GuestRule> = {
  guestCrashed: {
    does: "A guest stops for ever; its memory stays, and its servers close.",
    realMachine: "A bug check, or the power of the virtual machine is turned off.",
    touches: "all of the guest, and its servers",
    point: "item",
    where: GUEST,
    oneIn: 1000,
    budget: 1,
    parameters: {},
    deeds: (world, rule) => toEach(world, rule, ({ guest }) => guest.crash()),
  },
  guestPaused: {
    does: "A guest's processors stand still for a while; the host's keep running.",
    realMachine: "Somebody pauses the virtual machine, or the host is short of processors.",
    touches: "all of the guest, and its servers",
    point: "item",
    where: GUEST,
    oneIn: 200,
    budget: 4,
    parameters: { ms: { meaning: "for how long, in virtual ms", default: 5 } },
    deeds: pause,
  },
  guestSaved: {
    does: "A guest is saved, and runs on as if it had not been.",
    realMachine: "A checkpoint is made of the running virtual machine.",
    touches: "`save` of all its drivers, `resume` of those in the host",
    point: "item",
    where: GUEST,
    oneIn: 400,
    budget: 2,
    parameters: {},
    deeds: (world, rule) => toEach(world, rule, ({ guest }) => saveAndContinue(guest)),
  },
  guestRestored: {
    does: "A guest is saved and destroyed, and restored from what was saved.",
    realMachine: "The virtual machine is saved while its host restarts.",
    touches: "`save` and `restore` of all its drivers",
    point: "item",
    where: GUEST,
    oneIn: 400,
    budget: 2,
    parameters: {},
    deeds: (world, rule) => toEach(world, rule, (named) => saveAndRestore(world, named)),
  },
  guestMigrated: {
    does: "A guest is saved and built again beside the old one, which then is destroyed.",
    realMachine: "The virtual machine moves to another host while it runs.",
    touches: "`save` and `restore` of all its drivers",
    point: "item",
    where: GUEST,
    oneIn: 400,
    budget: 2,
    parameters: {},
    deeds: (world, rule) => toEach(world, rule, (named) => migrate(world, named)),
  },
};
