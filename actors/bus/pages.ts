/**
 * Pages of the guest's memory that signals go through (wire.md section 6).
 *
 * @module
 */

import type { GuestBuffer, GuestRam } from "../../core/memory/guest_memory.ts";
import { isReachable } from "../../core/memory/isolation.ts";
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

/** The same where whoever serves the guest can read that page: it is shared, or they lie inside the guest (`isTrusted`). */
export function pageInReach(memory: GuestRam, gpa: number, isTrusted: boolean): Uint8Array | null {
  const page = pageAt(memory, gpa);
  return page !== null && isReachable(memory, [gpa / PAGE_BYTES], isTrusted) ? page : null;
}

/** A page of its own that the host can read; null where there is no room. */
export function allocateSharedPage(memory: GuestRam): GuestBuffer | null {
  const page = allocatePage(memory);
  if (page !== null) memory.isolation?.share(page.pfns);
  return page;
}

/** A page of its own; null where there is no room. It is never the one at address 0, which stands for none on the wire. */
function allocatePage(memory: GuestRam): GuestBuffer | null {
  const page = memory.tryAllocate(PAGE_BYTES);
  if (page === null || page.gpa !== 0) return page;
  const other = memory.tryAllocate(PAGE_BYTES);
  memory.free(page);
  return other;
}
