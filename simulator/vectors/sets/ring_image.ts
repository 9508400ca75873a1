/**
 * Images of rings: how they are put together, and what a reader and a writer do that attach to one.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { IncomingRing } from "../../../core/ring/incoming.ts";
import { Damage } from "../../../core/layout/mod.ts";
import {
  DESCRIPTOR_BYTES,
  isRingIndex,
  PACKET_TYPE_IN_BAND,
  packetTotalBytes,
  READ_INDEX_OFFSET,
  UNUSED_BYTES,
  usedBetween,
  WRITE_INDEX_OFFSET,
} from "../../../core/ring/layout.ts";
import { DESCRIPTOR, type Descriptor } from "../../../core/ring/layouts.ts";
import { OutgoingRing } from "../../../core/ring/outgoing.ts";
import { largestPacketBytes, RingMemory } from "../../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import type { RingCase } from "./rings_shape.ts";

/** As many bytes of 0 in a row are left out between two pieces of an image. */
const GAP_BYTES = 16;
/** What an in-band packet without payload takes. */
const EMPTY_PACKET_BYTES = packetTotalBytes(0);
const U32_MAX = 0xffff_ffffn;

/** The pieces of `image` that are not 0. */
export function piecesOf(image: Uint8Array): RingCase["bytes"] {
  const pieces: { offset: number; hex: string }[] = [];
  let start = image.findIndex((byte) => byte !== 0);
  while (start !== -1) {
    let end = start;
    for (let at = start; at < image.length && at - end < GAP_BYTES; at++) {
      if (image[at] !== 0) end = at + 1;
    }
    pieces.push({ offset: start, hex: bytesToHex(image.subarray(start, end)) });
    const next = image.subarray(end).findIndex((byte) => byte !== 0);
    start = next === -1 ? -1 : end + next;
  }
  return pieces;
}

/** The image that `pieces` are; null where one of them is not in it. */
export function imageOf({ ringDataBytes, bytes }: Pick<RingCase, "ringDataBytes" | "bytes">) {
  const image = new Uint8Array(PAGE_BYTES + ringDataBytes);
  for (const { offset, hex } of bytes) {
    const piece = hexToBytes(hex);
    if (offset + piece.length > image.length) return null;
    image.set(piece, offset);
  }
  return image;
}

/** What a case says of its image. */
export function observeRing(image: Uint8Array, isUnmasked: boolean) {
  const memory = new RingMemory([image]);
  const control = memory.snapshot();
  const { dataBytes } = memory;
  const { writeIndex, readIndex } = control;
  const isPossible = isRingIndex(writeIndex, dataBytes) && isRingIndex(readIndex, dataBytes);
  const usedBytes = isPossible ? usedBetween(writeIndex, readIndex, dataBytes) : null;
  const reader = observeReader(image, isUnmasked);
  return {
    sha256: bytesToHex(sha256(image)),
    control,
    usedBytes,
    isCanonical: reader.fault === null && isWrittenSo(image, reader.packets),
    reader,
    writer: observeWriter(image, usedBytes),
  } satisfies Partial<RingCase>;
}

function observeReader(image: Uint8Array, isUnmasked: boolean): RingCase["reader"] {
  const memory = new RingMemory([image.slice()]);
  // Who takes a ring over stores nothing in it: the image stays what it is.
  const index = memory.load(READ_INDEX_OFFSET);
  const ring = new IncomingRing(memory, { index, consumedBytes: 0, isMasked: !isUnmasked });
  const packets: { offset: number; hex: string }[] = [];
  let found = ring.next();
  for (; found === "packet"; found = ring.next()) {
    packets.push({ offset: ring.position.index, hex: bytesToHex(ring.packetBytes()) });
    ring.advance();
  }
  const dead = (fault: string) => ({
    isUnmasked,
    packets,
    fault,
    readIndex: null,
    signalsWriter: null,
  });
  if (found !== "empty") return dead(found);
  const signalsWriter = ring.commit();
  const rest = ring.rearm();
  if (rest !== "sleep" && rest !== "more") return dead(rest);
  return {
    isUnmasked,
    packets,
    fault: null,
    readIndex: memory.load(READ_INDEX_OFFSET),
    signalsWriter,
  };
}

function observeWriter(image: Uint8Array, usedBytes: number | null): RingCase["writer"] {
  const dataBytes = image.length - PAGE_BYTES;
  const largest = largestPacketBytes(dataBytes) - EMPTY_PACKET_BYTES;
  const roomBytes = dataBytes - (usedBytes ?? 0) - UNUSED_BYTES - EMPTY_PACKET_BYTES;
  const sizes = [8, roomBytes, roomBytes + 8, largest, largest + 8].filter((size) => size >= 0);
  const writes = [];
  for (const size of [...new Set(sizes)].sort((a, b) => a - b)) {
    const written = observeWrite(image, size);
    if (typeof written === "string") return { fault: written, writes: [] };
    writes.push(written);
  }
  return { fault: null, writes };
}

function observeWrite(
  image: Uint8Array,
  payloadBytes: number,
): RingCase["writer"]["writes"][number] | string {
  const memory = new RingMemory([image.slice()]);
  const index = memory.load(WRITE_INDEX_OFFSET);
  const ring = new OutgoingRing(memory, { index, awaitsRoom: false });
  const result = ring.reserve(payloadBytes);
  if (result === "full" || result === "tooLarge") {
    return { payloadBytes, result, writeIndex: null, signalsReader: null };
  }
  if (result !== "ok") return result;
  ring.body.fill(0, ring.bodyStart, ring.bodyStart + payloadBytes);
  ring.finish(PACKET_TYPE_IN_BAND, 0, 0, 0, 0);
  const signalsReader = ring.commit();
  return { payloadBytes, result, writeIndex: memory.load(WRITE_INDEX_OFFSET), signalsReader };
}

/** Whether a writer of our own leaves just this image, where it writes what a reader found in it. */
function isWrittenSo(image: Uint8Array, packets: RingCase["reader"]["packets"]): boolean {
  const copy = image.slice();
  const memory = new RingMemory([copy]);
  const index = memory.load(READ_INDEX_OFFSET);
  memory.store(WRITE_INDEX_OFFSET, index);
  const ring = new OutgoingRing(memory, { index, awaitsRoom: false });
  if (!packets.every(({ hex }) => putPacket(ring, hexToBytes(hex)))) return false;
  ring.commit();
  return copy.every((byte, at) => byte === image[at]);
}

/** Writes the packet that `bytes` are, descriptor first; false where there is no room. */
export function putPacket(ring: OutgoingRing, bytes: Uint8Array): boolean {
  const { type, dataOffset8, flags, transactionId } = descriptorOf(bytes);
  const body = bytes.subarray(DESCRIPTOR_BYTES);
  if (ring.reserve(body.length) !== "ok") return false;
  ring.body.set(body, ring.bodyStart);
  const id = BigInt(transactionId);
  const [low, high] = [id & U32_MAX, id >> 32n].map(Number);
  ring.finish(type, dataOffset8 * 8 - DESCRIPTOR_BYTES, flags, low!, high!);
  return true;
}

/** The descriptor that `bytes` begin with. */
function descriptorOf(bytes: Uint8Array): Descriptor {
  const descriptor = DESCRIPTOR.decode(bytes);
  if (descriptor instanceof Damage) {
    throw new RangeError(`Cannot read a packet: ${descriptor.reason}`);
  }
  return descriptor;
}
