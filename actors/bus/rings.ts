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
  return {
    upstream: ringIn(memory, range.pfns.slice(0, downstreamPageOffset)),
    downstream: ringIn(memory, range.pfns.slice(downstreamPageOffset)),
  };
}

/**
 * The rings in pages that follow each other, of each memory, while somebody has them: by their first page and how many
 * they are. Views of a ring have no state, and both ends of a channel have theirs of the same pages.
 */
const rings = new WeakMap<GuestRam, Map<string, WeakRef<RingMemory>>>();

/** The ring in these pages: the one that the opposite end has, where it has one of the same. */
function ringIn(memory: GuestRam, pfns: readonly number[]): RingMemory {
  const pieces = memory.pieces([{ byteOffset: 0, byteCount: pfns.length * PAGE_BYTES, pfns }]);
  // A guest's memory is mostly the fabric's own: both ends run in its one thread, and nobody else is at it.
  const { sharing } = memory;
  const watch = memory.ringWatch?.(pfns[0]!) ?? null;
  if (pieces.length > 1) return new RingMemory(pieces, sharing, watch);
  let known = rings.get(memory);
  if (known === undefined) rings.set(memory, known = new Map());
  const key = `${pfns[0]} ${pfns.length}`;
  const other = known.get(key)?.deref();
  if (other?.data.buffer === pieces[0]!.buffer) return other;
  const ring = new RingMemory(pieces, sharing, watch);
  known.set(key, new WeakRef(ring));
  return ring;
}
