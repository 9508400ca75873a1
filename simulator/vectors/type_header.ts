/**
 * Type headers of the packets that vectors write (wire.md 2.3). Unlike the packet codec's, they may
 * say anything: a vector gives PFNs and counts that no driver would.
 *
 * @module
 */

import { array, reserved, struct, u32, u64 } from "../../core/layout/mod.ts";
import { TRANSFER_PAGES_HEADER } from "../../core/packet/layouts.ts";
import type { VectorHeader } from "./ring_vector.ts";

/** A range with as many PFNs as it is given, whatever its numbers say. */
const ANY_RANGE = struct("range", 8, {
  byteCount: [0, u32, "bytes"],
  byteOffset: [4, u32, "bytes"],
  pfns: [8, array(u64, "toTheEnd")],
});

const ANY_GPA_DIRECT_HEADER = struct("GPA direct header", 8, {
  reserved: [0, reserved(4)],
  rangeCount: [4, u32, "ranges"],
  ranges: [8, array(ANY_RANGE, { field: "rangeCount" }), "ranges"],
});

/** What `header` says between descriptor and payload. */
export function headerBytes(header: VectorHeader): Uint8Array {
  switch (header.kind) {
    case "none":
      return new Uint8Array(0);
    case "transferPages":
      return TRANSFER_PAGES_HEADER.encode({ ...header, rangeCount: header.ranges.length });
    case "gpaDirect":
      return ANY_GPA_DIRECT_HEADER.encode({ ...header, rangeCount: header.ranges.length });
  }
}
