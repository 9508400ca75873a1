/**
 * The two rings of a channel inside their one GPADL (wire.md 1.1).
 *
 * @module
 */

import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import { RingMemory } from "../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../core/units.ts";

/** The rings of a channel by direction. */
export interface ChannelRings {
  /** The guest writes, the host reads. */
  readonly upstream: RingMemory;
  /** The host writes, the guest reads. */
  readonly downstream: RingMemory;
}

/**
 * The rings that the pages of a ring GPADL hold, the downstream one from page `downstreamPageOffset`
 * on; null where they can hold none: the guest's fault. PFNs were checked against its memory.
 */
export function ringsOf(
  memory: GuestRam,
  ranges: readonly GpaRange[],
  downstreamPageOffset: number,
): ChannelRings | null {
  const range = ranges.length === 1 ? ranges[0]! : null;
  if (range === null || range.byteOffset !== 0 || range.byteCount % PAGE_BYTES !== 0) return null;
  const pageCount = range.pfns.length;
  // A page that the host writes and reads would feed it with its own packets, for ever.
  if (new Set(range.pfns).size !== pageCount) return null;
  // A ring is a control page and at least one data page.
  if (downstreamPageOffset < 2 || downstreamPageOffset > pageCount - 2) return null;
  const part = (from: number, to: number): RingMemory => {
    const pfns = range.pfns.slice(from, to);
    const pieces = memory.pieces([{ byteOffset: 0, byteCount: pfns.length * PAGE_BYTES, pfns }]);
    // A guest's memory is the fabric's own: both ends run in its one thread, and nobody else is at it.
    return new RingMemory(pieces, "exclusive");
  };
  return {
    upstream: part(0, downstreamPageOffset),
    downstream: part(downstreamPageOffset, pageCount),
  };
}
