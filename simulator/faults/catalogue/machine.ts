/**
 * What a machine runs short of: memory, and processors.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { AnyRule, Deed, FaultTable, GuestWhere } from "../basics.ts";
import type { FaultyWorld, NamedGuest } from "../faulty_world.ts";

/** Where a driver, or KMCL for it, takes what is there in a limited amount. */
export type AllocationSite =
  /** Pages of the guest's memory: `memory.allocate`, and the rings of a client. */
  | "pages"
  /** Addresses for MMIO, when a client opens its channel. */
  | "mmio"
  /** VmbChannelAllocate. */
  | "channel"
  /** VmbPacketAllocate. */
  | "packet"
  /** The packet of VmbChannelSendSynchronousRequest. */
  | "request";

/** Which allocations fail. */
export interface AllocationWhere extends GuestWhere {
  /** At this site alone. */
  readonly site?: AllocationSite;
}

/** Which processors are taken away. */
export interface ProcessorWhere extends GuestWhere {
  /** The processor, by its number in its partition. */
  readonly processor?: number;
}

/** Something cannot be allocated. */
export type MemoryExhaustedRule = AnyRule<"memoryExhausted", AllocationWhere>;

/** A virtual processor takes no work for a while. */
export interface ProcessorTakenRule extends AnyRule<"processorTaken", ProcessorWhere> {
  /** For how long, in virtual milliseconds. */
  readonly ms?: number;
}

/** What a machine runs short of. */
export type MachineRule = MemoryExhaustedRule | ProcessorTakenRule;

/** The processors of the host too, where no guest is named; those of a machine once, whatever levels it has. */
function partitions(world: FaultyWorld, guest: string | undefined): readonly NamedGuest[] {
  if (guest !== undefined) return world.living(guest);
  const machines = world.living(undefined).filter(({ guest }) => guest.levels[0] === guest);
  return [{ name: "root", guest: world.fabric.root }, ...machines];
}

/** Takes processor `index` from all trust levels of a machine, for `ms`. */
function take(world: FaultyWorld, guest: PartitionObject, index: number, ms: number): void {
  for (const level of guest.levels) level.processor(index).runs = false;
  world.after(ms, () => {
    for (const level of guest.levels) level.processor(index).runs = level.runs;
    guest.runtime.loop.wake();
  });
}

function takeAway(world: FaultyWorld, rule: ProcessorTakenRule): readonly Deed[] {
  const { where = {}, ms = MACHINE_FAULTS.processorTaken.parameters.ms.default } = rule;
  return partitions(world, where.guest).flatMap((named) =>
    named.guest.processors
      .filter(({ index, runs }) => runs && (where.processor ?? index) === index)
      .map((processor): Deed => ({
        place: `processor ${processor.index} of ${named.name}`,
        guest: named.name,
        do: () => take(world, named.guest, processor.index, ms),
      }))
  );
}

/** The faults of a machine. */
export const MACHINE_FAULTS: FaultTable<MachineRule> = {
  memoryExhausted: {
    does: "One allocation fails as it does when nothing is left: null, an error or a status.",
    realMachine: "Nonpaged pool and pages in a row run out on a machine that is busy.",
    touches: "whoever allocates",
    point: "allocation",
    where: ["guest", "site"],
    oneIn: 16,
    budget: 2,
    parameters: {},
    deeds: null,
  },
  processorTaken: {
    does: "A virtual processor of a guest or of the host takes no work for a while.",
    realMachine: "The hypervisor runs another virtual machine on the logical processor.",
    touches: "whoever runs on it",
    point: "item",
    where: ["guest", "processor"],
    oneIn: 100,
    budget: 4,
    parameters: { ms: { meaning: "for how long, in virtual ms", default: 1 } },
    deeds: takeAway,
  },
};
