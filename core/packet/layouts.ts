/**
 * Headers of packets as layouts (wire.md 2.3, 2.4): for whoever shows them, writes wrong ones, or holds the codecs
 * against them, which read and write by hand, as they are on the way of every packet.
 *
 * @module
 */

import { array, type Layout, named, reserved, struct, u16, u32 } from "../layout/mod.ts";
import { BUFFER_RANGE, type BufferRange, GPA_RANGE, type WireRange } from "../memory/layouts.ts";
import { PIPE_HEADER_BYTES } from "./pipe.ts";

/** What a GPA direct packet has between descriptor and payload (wire.md 2.3). */
export interface GpaDirectHeader {
  /** u32: how many ranges follow. */
  readonly rangeCount: number;
  /** The ranges. */
  readonly ranges: readonly WireRange[];
}

/** The header of a GPA direct packet. */
export const GPA_DIRECT_HEADER: Layout<GpaDirectHeader> = struct("GPA direct header", 8, {
  reserved: [0, reserved(4)], // may hold garbage
  rangeCount: [4, u32, "ranges"],
  ranges: [8, array(GPA_RANGE, { field: "rangeCount" }), "ranges"],
});

/** What a packet that uses transfer pages has between descriptor and payload (wire.md 2.3). */
export interface TransferPagesHeader {
  /** u16: the buffer that the ranges lie in. */
  readonly pageSetId: number;
  /** u32: how many ranges follow. */
  readonly rangeCount: number;
  /** The ranges. */
  readonly ranges: readonly BufferRange[];
}

/** The header of a packet that uses transfer pages. */
export const TRANSFER_PAGES_HEADER: Layout<TransferPagesHeader> = struct(
  "transfer pages header",
  8,
  {
    pageSetId: [0, u16],
    reserved: [2, reserved(2)], // may hold garbage
    rangeCount: [4, u32, "ranges"],
    ranges: [8, array(BUFFER_RANGE, { field: "rangeCount" }), "ranges"],
  },
);

/** What a datagram of a pipe begins with (wire.md 2.4). */
export interface PipeHeader {
  /** u32: 1 in message mode. */
  readonly packetType: number;
  /** u32: bytes of the data that follows. */
  readonly length: number;
}

/** The header of a datagram of a pipe. */
export const PIPE_HEADER: Layout<PipeHeader> = struct("pipe header", PIPE_HEADER_BYTES, {
  packetType: [
    0,
    named(u32, { data: 1, partiallyConsumed: 2, setUpGpaDirect: 3, tearDownGpaDirect: 4 }),
  ],
  length: [4, u32, "bytes"],
});
