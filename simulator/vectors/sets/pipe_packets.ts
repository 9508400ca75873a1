/**
 * Packets of pipes: datagrams, and pieces of streams (wire.md 2.4).
 *
 * @module
 */

import { type RawPacket, u32Bytes } from "../../peers/raw_packet.ts";
import { payload } from "./bytes.ts";
import { pipePayload } from "./packet_bytes.ts";
import type { PacketCase } from "./packets_shape.ts";

/** A packet that becomes a case: by default on a channel that is no pipe. */
export type PacketSketch = readonly [
  name: string,
  description: string,
  packet: RawPacket,
  use?: PacketCase["use"],
];

/** Packets of pipes. */
export function onPipes(): readonly PacketSketch[] {
  const body = (data: number, taken = 0) => {
    const bytes = pipePayload(payload(data), taken);
    return { body: Uint8Array.from({ length: bytes.length + 7 & ~7 }, (_, at) => bytes[at] ?? 0) };
  };
  const raw = (...words: readonly number[]) => ({ body: u32Bytes(...words) });
  return [
    ["pipe-datagram-0", "a datagram of no bytes", body(0), "datagrams"],
    [
      "pipe-datagram-3",
      "a datagram of 3 bytes: its exact length is in the header",
      body(3),
      "datagrams",
    ],
    [
      "pipe-datagram-padded",
      "a datagram in a packet that is longer than it says: what follows is padding",
      raw(
        1,
        3,
        0x00_33_22_11,
        0,
        0xdead_beef,
        0,
      ),
      "datagrams",
    ],
    ["pipe-stream-5", "5 bytes of a stream", body(5), "stream"],
    ["pipe-stream-end", "the end of a stream: a packet of no bytes", body(0), "stream"],
    [
      "pipe-stream-partly",
      "a stream's packet of 20 bytes, 13 of which a reader has taken, and said so in its place",
      body(
        20,
        13,
      ),
      "stream",
    ],
    [
      "pipe-stream-all-taken",
      "one of which all was taken: it should have been passed",
      raw(2, 8 << 16 | 8, 0, 0),
      "stream",
    ],
    [
      "pipe-stream-more-taken",
      "one of which more was taken than there is",
      raw(2, 9 << 16 | 8, 0, 0),
      "stream",
    ],
    ["pipe-stream-too-long", "more bytes than the packet has", raw(1, 9, 0, 0), "stream"],
    [
      "pipe-stream-set-up",
      "packet type 3, which sets up a buffer: nobody sends it here",
      raw(3, 0),
      "stream",
    ],
    ["pipe-stream-tear-down", "packet type 4, which tears it down", raw(4, 0), "stream"],
    ["pipe-datagram-type-0", "packet type 0", raw(0, 0), "datagrams"],
    [
      "pipe-datagram-huge",
      "a length of 16385 bytes, one more than a datagram has",
      raw(1, 16385),
      "datagrams",
    ],
  ];
}
