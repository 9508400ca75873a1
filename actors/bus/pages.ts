/**
 * Pages of the guest's memory that signals go through (wire.md section 6).
 *
 * @module
 */

import type { GuestBuffer, GuestRam } from "../../core/memory/guest_memory.ts";
import { isUint, PAGE_BYTES } from "../../core/units.ts";

/**
 * The page at guest physical address `gpa`, which anybody may have said; null where there is no such page of RAM.
 * Address 0 stands for none.
 */
export function pageAt(memory: GuestRam, gpa: number): Uint8Array | null {
  const isPage = isUint(gpa, Number.MAX_SAFE_INTEGER) && gpa !== 0 && gpa % PAGE_BYTES === 0 &&
    memory.holds(gpa, PAGE_BYTES);
  return isPage ? memory.view(gpa, PAGE_BYTES) : null;
}

/** A page of its own; null where there is no room. It is never the one at address 0, which stands for none on the wire. */
export function allocatePage(memory: GuestRam): GuestBuffer | null {
  const page = memory.tryAllocate(PAGE_BYTES);
  if (page === null || page.gpa !== 0) return page;
  const other = memory.tryAllocate(PAGE_BYTES);
  memory.free(page);
  return other;
}
