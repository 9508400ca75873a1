/**
 * Lists of pages that drivers hand over: those of a send (kmcl.md P5) and of a GPADL (X7).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { copyPfns } from "../core/arguments.ts";
import type { GpaRange } from "../core/memory/gpa_ranges.ts";
import {
  type NtStatus,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_INVALID_PARAMETER_4,
  STATUS_INVALID_PARAMETER_5,
} from "../core/ntstatus.ts";
import { isU32, PAGE_BYTES } from "../core/units.ts";

/** More pages than external data can ever have: its bound in bytes is a u32. */
const PFNS_MAX = 2 ** 32 / PAGE_BYTES;

/** A copy of the first `length` PFNs of a driver's list, no more than any send can describe. */
export function pfnsOf(list: unknown, length: number): readonly unknown[] | null {
  return copyPfns(list, isU32(length) ? Math.min(length, PFNS_MAX) : 0);
}

/** Step 4: whole pages, as one range; or the status that names what is wrong with them. */
export function rangesOfPfns(
  endpoint: Endpoint,
  copy: readonly unknown[] | null,
  length: number,
): readonly GpaRange[] | NtStatus {
  if (!isU32(length) || length === 0) return STATUS_INVALID_PARAMETER_5;
  if (copy === null) return STATUS_INVALID_PARAMETER_4;
  if (copy.length < Math.min(length, PFNS_MAX)) return STATUS_INVALID_PARAMETER_5;
  const pfns = copy as readonly number[];
  if (!endpoint.partition.memory.holdsPfns(pfns)) return STATUS_INVALID_PARAMETER_4;
  if (length > PFNS_MAX) return STATUS_INVALID_BUFFER_SIZE;
  return [{ byteOffset: 0, byteCount: length * PAGE_BYTES, pfns }];
}
