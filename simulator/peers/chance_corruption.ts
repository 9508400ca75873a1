/**
 * Corruption by chance: values near those that the checks are about, in places that they are about, for
 * attacks of thousands of steps.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import { CONTROL_MESSAGE_BYTES_MAX } from "../../core/control/messages.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { TRAILER_BYTES } from "../../core/ring/layout.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import type { Codec } from "../codec.ts";
import { requireBody, requireChance } from "./checks.ts";
import { encodePacket, type RawPacket, rawPacketBytes, u32Bytes } from "./raw_packet.ts";
import { type RawRings, requireRings, RING_FIELDS, type RingName } from "./raw_rings.ts";

/** Numbers near the edges that checks are about, and any others of 32 bits. */
function boundaryNumber(chance: Chance, dataBytes: number): number {
  if (chance.below(4) === 0) return chance.below(2 ** 32);
  const edges = [
    ...[0, 1, 2, 3, 4, 7, 8, 9, 11, 16, 24, 64],
    dataBytes / 8,
    dataBytes,
    0xffff,
    2 ** 32 - 8,
  ];
  const edge = edges[chance.below(edges.length)]!;
  return (edge + chance.below(3) - 1) >>> 0;
}

/** Bodies in the shapes that bodies have, with honest numbers or others. */
function drawBody(chance: Chance, dataBytes: number): Uint8Array {
  const bodies: readonly Uint8Array[] = [
    new Uint8Array(8),
    chance.bytes(8 * chance.below(6)),
    // Ranges: one, two, some that are left out, one of another length
    u32Bytes(0, 1, 8, 0, chance.below(100), 0),
    u32Bytes(0, 2, 5000, 100, chance.below(100), 0, chance.below(100), 0, 8, 0, 3, 0),
    u32Bytes(chance.below(3), chance.below(20)),
    u32Bytes(0, 1, boundaryNumber(chance, dataBytes), chance.below(2), 1, 0, 2, 0),
    // Tuples: of any type, and of external data
    Uint8Array.of(
      ...[0x95, [6, 9, 11, 7][chance.below(4)]!, chance.below(2), chance.below(4)],
      ...[0xc4, 0, 0xc0, 0],
    ),
    Uint8Array.of(0x95, 9, 1, 1, 0xc4, 0, 0x91, 0x93, 8, 0, 0x91, chance.below(128), 0, 0, 0, 0),
  ];
  return bodies[chance.below(bodies.length)]!;
}

/** The bytes of a packet that is often almost right. */
function drawPacketBytes(chance: Chance, dataBytes: number): Uint8Array {
  const body = drawBody(chance, dataBytes);
  const isGpaDirect = chance.below(3) === 0;
  const bytes = rawPacketBytes({
    type: isGpaDirect ? 9 : [6, 11, 7, chance.below(20)][chance.below(4)]!,
    dataOffset: isGpaDirect ? 16 + body.length : 16,
    flags: chance.below(2),
    transactionId: BigInt(chance.below(8)),
    body,
  });
  if (chance.below(2) === 0) return bytes;
  const view = new DataView(bytes.buffer);
  const at = 2 * chance.below(bytes.length / 2);
  view.setUint16(at, boundaryNumber(chance, dataBytes) & 0xffff, true);
  return bytes;
}

/**
 * A packet that an honest guest might send, with a transaction id below 100: up to 152 bytes of data, or,
 * where there are `ranges`, now and then those as external data.
 *
 * @throws {TypeError} `chance` is no Chance, or there is no such codec.
 * @throws {RangeError} A range describes no memory.
 */
export function drawPacket(
  chance: Chance,
  codec: Codec,
  ranges: readonly GpaRange[] = [],
): RawPacket {
  requireChance("draw a packet", chance);
  const completionRequested = chance.below(2) === 1;
  const hasMemory = chance.below(4) === 0 && ranges.length > 0;
  return encodePacket(codec, {
    completionRequested: completionRequested || hasMemory,
    transactionId: BigInt(chance.below(100)),
    payload: chance.bytes(8 * chance.below(20)),
    ranges: hasMemory ? ranges : [],
  });
}

/**
 * Writes something into one of the rings that does not belong there, through guest memory: a word of a
 * control page, an index that passes the first check, bytes of data, numbers of the packet that is read
 * next, or a whole packet in the writer's place. Not each of them is noticed.
 *
 * @throws {TypeError} `chance` is no Chance, or `rings` no RawRings.
 */
export function corruptRings(chance: Chance, rings: RawRings): void {
  requireChance("corrupt rings", chance);
  requireRings("corrupt rings", rings);
  const ring: RingName = chance.below(2) === 0 ? "upstream" : "downstream";
  const dataBytes = rings.dataBytes(ring);
  switch (chance.below(8)) {
    case 0: {
      const field = RING_FIELDS[chance.below(RING_FIELDS.length)]!;
      return rings.store(ring, field, boundaryNumber(chance, dataBytes));
    }
    case 1: { // an index that passes the first check
      const field = chance.below(2) === 0 ? "writeIndex" : "readIndex";
      return rings.store(ring, field, 8 * chance.below(dataBytes / 8));
    }
    case 2:
      return rings.poke(ring, chance.below(dataBytes), chance.bytes(1 + chance.below(64)));
    case 3: { // a field of the descriptor, or of what follows it, of the packet that is read next
      const at = rings.load(ring, "readIndex") % dataBytes;
      const value = u32Bytes(boundaryNumber(chance, dataBytes)).subarray(0, 2);
      return rings.poke(ring, at + 2 * chance.below(16), value);
    }
    case 4: // words of the control page that nobody uses, or all of it
      return rings.pokeControl(
        ring,
        chance.below(PAGE_BYTES - 128),
        chance.bytes(1 + chance.below(128)),
      );
    default: { // another packet than the writer's own
      const bytes = drawPacketBytes(chance, dataBytes);
      const at = rings.load(ring, "writeIndex") % dataBytes & ~7;
      rings.poke(ring, at, bytes);
      rings.poke(ring, at + bytes.length, u32Bytes(0, at));
      rings.store(ring, "writeIndex", (at + bytes.length + TRAILER_BYTES) % dataBytes);
    }
  }
}

/**
 * A copy of a control message that was cut, lengthened, or changed in some bytes; now and then it is as it
 * was.
 *
 * @throws {TypeError} `chance` is no Chance, or `message` no ArrayBufferView.
 */
export function corruptMessage(chance: Chance, message: Uint8Array): Uint8Array {
  requireChance("corrupt a message", chance);
  const source = requireBody("corrupt a message", message, 1, Number.MAX_SAFE_INTEGER);
  const { length } = source;
  const lengths = [
    length,
    length,
    chance.below(length + 1),
    chance.below(CONTROL_MESSAGE_BYTES_MAX + 20),
  ];
  const bytes = new Uint8Array(lengths[chance.below(lengths.length)]!);
  bytes.set(source.subarray(0, bytes.length));
  for (let changes = chance.below(3); changes > 0 && bytes.length >= 8; changes--) {
    const at = chance.below(Math.min(bytes.length, 48));
    bytes[at] = chance.below(3) === 0 ? chance.below(256) : chance.below(4);
  }
  return bytes;
}
