/**
 * Type headers of the packets that vectors write (wire.md 2.3). Unlike the packet codec's, they may
 * say anything: a vector gives PFNs and counts that no driver would.
 *
 * @module
 */

import type { VectorHeader } from "./ring_vector.ts";

/** Bytes before the ranges: 4 that the packet type uses, then their count. */
const HEAD_BYTES = 8;

/** Bytes that `header` takes between descriptor and payload. */
export function headerBytes(header: VectorHeader): number {
  switch (header.kind) {
    case "none":
      return 0;
    case "transferPages":
      return HEAD_BYTES + 8 * header.ranges.length;
    case "gpaDirect":
      return header.ranges.reduce((sum, { pfns }) => sum + 8 + 8 * pfns.length, HEAD_BYTES);
  }
}

/** Writes `header` at `start` of `body`. */
export function writeHeader(header: VectorHeader, body: Uint8Array, start: number): void {
  if (header.kind === "none") return;
  const view = new DataView(body.buffer, body.byteOffset + start, headerBytes(header));
  view.setUint32(0, header.kind === "transferPages" ? header.pageSetId : 0, true);
  view.setUint32(4, header.ranges.length, true);
  let at = HEAD_BYTES;
  for (const range of header.ranges) {
    view.setUint32(at, range.byteCount, true);
    view.setUint32(at + 4, range.byteOffset, true);
    at += 8;
    for (const pfn of "pfns" in range ? range.pfns : []) {
      view.setBigUint64(at, pfn, true);
      at += 8;
    }
  }
}
