/**
 * Random corruption of rings and control messages, near what the checks are about.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Chance } from "../../core/chance.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import type * as vmbus from "../../mod.ts";
import {
  CONTROL,
  type RawPacket,
  rawPacketBytes,
  type RawRings,
  type RingName,
  u32Bytes,
} from "./raw_guest.ts";

const FIELDS = [
  "writeIndex",
  "readIndex",
  "interruptMask",
  "pendingSendSize",
  "featureBits",
] as const;

/** Numbers near the edges that the checks are about, and any others. */
export function evilNumber(chance: Chance, dataBytes: number): number {
  if (chance.below(4) === 0) return chance.below(2 ** 32);
  const edges = [
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    9,
    11,
    16,
    24,
    64,
    dataBytes / 8,
    dataBytes,
    0xffff,
    2 ** 32 - 8,
  ];
  const edge = edges[chance.below(edges.length)] ?? 0;
  return (edge + chance.below(3) - 1) >>> 0;
}

/** A packet that is often almost right: an honest shape with honest or evil numbers. */
function evilPacket(chance: Chance, dataBytes: number): Uint8Array {
  const bodies: readonly Uint8Array[] = [
    new Uint8Array(8),
    chance.bytes(8 * chance.below(6)),
    u32Bytes(0, 1, 8, 0, chance.below(100), 0),
    u32Bytes(0, 2, 5000, 100, chance.below(100), 0, chance.below(100), 0, 8, 0, 3, 0),
    u32Bytes(chance.below(3), chance.below(20)),
    u32Bytes(0, 1, evilNumber(chance, dataBytes), chance.below(2), 1, 0, 2, 0),
    Uint8Array.of(
      0x95,
      [6, 9, 11, 7][chance.below(4)] ?? 6,
      chance.below(2),
      chance.below(4),
      0xc4,
      0,
      0xc0,
      0,
    ),
    Uint8Array.of(0x95, 9, 1, 1, 0xc4, 0, 0x91, 0x93, 8, 0, 0x91, chance.below(128), 0, 0, 0, 0),
  ];
  const body = bodies[chance.below(bodies.length)] ?? new Uint8Array(0);
  const isGpaDirect = chance.below(3) === 0;
  const bytes = rawPacketBytes({
    type: isGpaDirect ? 9 : [6, 11, 7, chance.below(20)][chance.below(4)] ?? 6,
    dataOffset: isGpaDirect ? 16 + body.length : 16,
    flags: chance.below(2),
    transactionId: BigInt(chance.below(8)),
    body,
  });
  if (chance.below(2) === 0) return bytes;
  const view = new DataView(bytes.buffer);
  view.setUint16(2 * chance.below(bytes.length / 2), evilNumber(chance, dataBytes) & 0xffff, true);
  return bytes;
}

/** A packet that a good guest might send: data, or the description of 8 bytes of page 40. */
export function honestPacket(chance: Chance, codec: "msgpack" | "vmbus"): RawPacket {
  const flags = chance.below(2);
  const isGpaDirect = chance.below(4) === 0;
  const id = chance.below(100);
  if (codec === "vmbus") {
    const transactionId = BigInt(id);
    if (!isGpaDirect) return { flags, transactionId, body: chance.bytes(8 * chance.below(20)) };
    const body = u32Bytes(0, 1, 8, 0, 40, 0, 1, 2);
    return { type: 9, flags: 1, transactionId, dataOffset: 40, body };
  }
  const payload = chance.bytes(chance.below(100));
  const head = isGpaDirect ? [0x95, 9, 1, id] : [0x95, 6, flags, id];
  const tail = isGpaDirect ? [0x91, 0x93, 8, 0, 0x91, 40] : [0xc0];
  const tuple = [...head, 0xc4, payload.length, ...payload, ...tail];
  const body = new Uint8Array(Math.ceil(tuple.length / 8) * 8);
  body.set(tuple);
  return { body };
}

/** Writes something into one of the rings that does not belong there, through guest memory. */
export function corruptRings(chance: Chance, rings: RawRings): void {
  const ring: RingName = chance.below(2) === 0 ? "upstream" : "downstream";
  const dataBytes = rings.dataBytes(ring);
  switch (chance.below(8)) {
    case 0:
      return rings.store(
        ring,
        FIELDS[chance.below(5)] ?? "writeIndex",
        evilNumber(chance, dataBytes),
      );
    case 1: // an index that passes the first check
      return rings.store(
        ring,
        FIELDS[chance.below(2)] ?? "writeIndex",
        8 * chance.below(dataBytes / 8),
      );
    case 2:
      return rings.poke(ring, chance.below(dataBytes), chance.bytes(1 + chance.below(64)));
    case 3: { // a field of the descriptor, or of what follows it, of the packet that is read next
      const at = rings.load(ring, "readIndex") % dataBytes;
      const value = u32Bytes(evilNumber(chance, dataBytes)).subarray(0, 2);
      return rings.poke(ring, at + 2 * chance.below(16), value);
    }
    case 4: // words of the control page that nobody uses, or all of it
      return rings.pokeControl(
        ring,
        chance.below(PAGE_BYTES - 128),
        chance.bytes(1 + chance.below(128)),
      );
    default: { // another packet than the writer's own
      const bytes = evilPacket(chance, dataBytes);
      const at = rings.load(ring, "writeIndex") % dataBytes & ~7;
      rings.poke(ring, at, bytes);
      rings.poke(ring, at + bytes.length, u32Bytes(0, at));
      rings.store(ring, "writeIndex", (at + bytes.length + 8) % dataBytes);
    }
  }
}

/** A message that was cut, lengthened, or changed in some bytes. */
export function corruptMessage(chance: Chance, message: Uint8Array): Uint8Array {
  const lengths = [
    message.length,
    message.length,
    chance.below(message.length + 1),
    chance.below(260),
  ];
  const bytes = new Uint8Array(lengths[chance.below(lengths.length)] ?? 0);
  bytes.set(message.subarray(0, bytes.length));
  for (let changes = chance.below(3); changes > 0 && bytes.length >= 8; changes--) {
    const at = chance.below(Math.min(bytes.length, 48));
    bytes[at] = chance.below(3) === 0 ? chance.below(256) : chance.below(4);
  }
  return bytes;
}

/** Pages that must stay as they are. */
export class Guard {
  readonly #memory: vmbus.GuestMemory;
  readonly #pattern: Uint8Array;
  readonly #buffer: vmbus.GuestBuffer;

  /** Takes `pageCount` pages, and fills them. */
  constructor(memory: vmbus.GuestMemory, pageCount: number, chance: Chance) {
    this.#memory = memory;
    this.#buffer = memory.allocate(pageCount * PAGE_BYTES);
    this.#pattern = chance.bytes(this.#buffer.byteCount);
    memory.write(this.#buffer.gpa, this.#pattern);
  }

  /** Gives the pages back. */
  free(): void {
    this.#memory.free(this.#buffer);
  }

  /** Nobody wrote there. */
  assertHolds(): void {
    const found = this.#memory.read(this.#buffer.gpa, this.#pattern.length);
    const words = new Uint32Array(found.buffer);
    const expected = new Uint32Array(this.#pattern.buffer);
    assert(
      words.every((word, at) => word === expected[at]),
      "memory that is none of theirs is intact",
    );
  }
}

/**
 * What the host may have changed in rings that looked like `before`: in the upstream ring its read index
 * and mask, in the downstream ring its write index, pending size, feature bits, and data.
 */
export function assertHostWrites(
  rings: RawRings,
  before: { readonly upstream: Uint8Array; readonly downstream: Uint8Array },
): void {
  const upstream = rings.copy("upstream");
  const downstream = rings.copy("downstream");
  const control = downstream.subarray(0, PAGE_BYTES);
  for (const field of ["readIndex", "interruptMask"] as const) {
    copyWord(before.upstream, upstream, CONTROL[field]);
  }
  for (const field of ["writeIndex", "pendingSendSize", "featureBits"] as const) {
    copyWord(before.downstream, control, CONTROL[field]);
  }
  assertEquals(sameFrom(upstream, before.upstream), -1, "the host writes its two words upstream");
  assertEquals(sameFrom(control, before.downstream.subarray(0, PAGE_BYTES)), -1);
}

function copyWord(from: Uint8Array, to: Uint8Array, at: number): void {
  to.set(from.subarray(at, at + 4), at);
}

/** Index of the first difference, or -1. */
function sameFrom(found: Uint8Array, expected: Uint8Array): number {
  for (let at = 0; at < found.length; at++) if (found[at] !== expected[at]) return at;
  return -1;
}
