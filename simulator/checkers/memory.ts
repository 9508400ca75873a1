/**
 * Memory: pages are pinned for as long as somebody may use them and no longer, and mappings end with their
 * channel (kmcl.md P6, S10, section 5 GPADLs).
 *
 * @module
 */

import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { CheckContext, Checker, CheckerAtWork } from "./checker.ts";
import { unitsFor } from "../text.ts";
import { livingEndpoints, runtimeOf, whereIs } from "../endpoints.ts";

/** Pages that something in `partition`, or in another trust level with the same memory, is pinned for. */
function pagesInUse({ levels, memory }: PartitionObject): ReadonlySet<number> {
  const pages = new Set<number>();
  for (const level of levels) if (level.memory === memory) addPagesOf(level, pages);
  return pages;
}

function addPagesOf({ endpoints, bus }: PartitionObject, pages: Set<number>): void {
  const add = (ranges: readonly GpaRange[]) => {
    for (const { pfns } of ranges) for (const pfn of pfns) pages.add(pfn);
  };
  for (const { outgoing, bounce } of endpoints) {
    for (const { ranges, ownRanges, actor } of outgoing.packets.live) {
      if (actor.is("inFlight")) add(ownRanges ?? ranges);
    }
    for (const pfn of bounce?.pfns ?? []) pages.add(pfn);
  }
  // What the host has not answered is nobody's: its pages wait, and are not pinned (kmcl.md G5).
  for (const { ranges, actor } of bus.ownGuest?.gpadls.all ?? []) {
    if (!actor.is("forsaken")) add(ranges);
  }
}

/** Pages that an isolated guest has a reason to share, at any of its levels with the same memory (kmcl.md X17). */
function pagesToShare({ levels, memory }: PartitionObject): ReadonlySet<number> {
  const sharing = levels.filter((level) => level.memory === memory);
  const ofBuses = sharing.flatMap(({ bus: { ownHost, ownGuest } }) => [
    ...(ownGuest?.signals.buffers ?? []).map(({ pfns }) => pfns),
    ownHost?.signals.hostPage?.pfns ?? [],
    ...(ownGuest?.gpadls.all ?? []).filter(({ isConfidential }) => !isConfidential)
      .flatMap(({ ranges }) => ranges.map(({ pfns }) => pfns)),
  ]);
  const ofChannels = sharing.flatMap(({ endpoints }) =>
    [...endpoints].flatMap(({ bounce }) => [bounce?.sharedPfns ?? [], bounce?.leftPfns ?? []])
  );
  return new Set([...ofBuses, ...ofChannels].flat());
}

/** A checker at work. */
class MemoryAtWork implements CheckerAtWork {
  readonly #context: CheckContext;

  constructor(context: CheckContext) {
    this.#context = context;
  }

  look(): void {
    for (const partition of runtimeOf("check memory", this.#context.fabric).partitions) {
      if (!partition.isAlive) continue;
      const { name, memory: { pinnedPages } } = partition;
      const { size } = pagesInUse(partition);
      this.#lookAtShared(partition);
      if (pinnedPages === size) continue;
      const message = `${pinnedPages} pages of ${name} are pinned, and ${size} are in use`;
      this.#context.fail("P6: pages are pinned while they are in use", name, message);
    }
  }

  #lookAtShared(partition: PartitionObject): void {
    const { name, memory: { isolation } } = partition;
    if (isolation === null) return;
    const { size } = pagesToShare(partition);
    if (isolation.sharedPages === size) return;
    const message = `${isolation.sharedPages} pages of ${name} are shared, and ${size} have to be`;
    this.#context.fail("X17: pages are shared while there is a reason", name, message);
  }

  end(): void {
    this.look();
    const { fabric } = this.#context;
    for (const endpoint of livingEndpoints(runtimeOf("check memory", fabric))) {
      const { side, channelId, rings } = endpoint;
      const guest = side === "server" ? PartitionObject.guestOf(endpoint) : null;
      if (guest === null || channelId === null || rings !== null) continue;
      const gpadls = guest.bus.ownHost?.gpadls.of(channelId) ?? [];
      const mapped = gpadls.filter(({ actor }) => actor.is("mapped"));
      if (mapped.length === 0 || this.#context.isExcused(endpoint)) continue;
      const message = `${endpoint.name} is not open, and has ${mapped.length} ${
        unitsFor(mapped.length, "mappings")
      }`;
      this.#context.fail("S10: mappings end with Closed", whereIs(endpoint), message);
    }
  }
}

/** Pins and mappings. */
export const memoryChecker: Checker = {
  name: "memory",
  attach: (context) => new MemoryAtWork(context),
};
