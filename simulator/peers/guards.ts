/**
 * What nobody may have written: pages that are not a channel's, and the part of its rings that belongs
 * to the opposite side (wire.md 1.2).
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import type { GuestBuffer, GuestMemory } from "../../core/memory/types.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { requireChance, requireMemory, requireOneOf, requireUint } from "./checks.ts";
import {
  type RawRings,
  requireRings,
  RING_FIELD_OFFSETS,
  RING_NAMES,
  type RingField,
  type RingName,
  type RingsCopy,
} from "./raw_rings.ts";

/** Pages with random bytes that must stay as they are: what is written there was written astray. */
export class GuardPages {
  readonly #memory: GuestMemory;
  readonly #bytes: Uint8Array;
  readonly #buffer: GuestBuffer;

  /**
   * Takes `pageCount` pages of `memory`, and fills them.
   *
   * @throws {RangeError} `pageCount` is no whole number from 1 on, or so many pages are not free in a row.
   * @throws {TypeError} `memory` is no GuestMemory, or `chance` no Chance.
   */
  constructor(memory: GuestMemory, pageCount: number, chance: Chance) {
    requireMemory("guard pages", memory);
    requireUint("guard pages", "pageCount", pageCount, memory.pageCount, 1);
    requireChance("guard pages", chance);
    this.#memory = memory;
    this.#buffer = memory.allocate(pageCount * PAGE_BYTES);
    this.#bytes = chance.bytes(this.#buffer.byteCount);
    memory.write(this.#buffer.gpa, this.#bytes);
  }

  /** Guest address of the first byte that somebody wrote over; null: all are as they were. */
  changedAt(): number | null {
    const found = this.#memory.read(this.#buffer.gpa, this.#bytes.length);
    const words = new Uint32Array(found.buffer);
    const expected = new Uint32Array(this.#bytes.buffer);
    if (words.every((word, at) => word === expected[at])) return null;
    return this.#buffer.gpa + found.findIndex((byte, at) => byte !== this.#bytes[at]);
  }

  /** Gives the pages back. */
  free(): void {
    this.#memory.free(this.#buffer);
  }
}

/** What the reader of a ring, and its writer, may write into the control page; the writer also all data. */
const OWNED: Readonly<Record<"reader" | "writer", readonly RingField[]>> = {
  reader: ["readIndex", "interruptMask"],
  writer: ["writeIndex", "pendingSendSize", "featureBits"],
};

/** A byte of a ring that somebody wrote to whom it does not belong. */
export interface ForeignWrite {
  /** The ring. */
  readonly ring: RingName;
  /** Offset in the ring, whose first page is the control page. */
  readonly offset: number;
}

/**
 * The first byte of `rings` that is another one than in the copy `before`, and none that this side of the
 * channel may write; null: it kept to its own ([wire.md 1.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
 * Nobody else must have written in between.
 *
 * @throws {TypeError} No such side, or `rings` is no RawRings.
 */
export function foreignWrite(
  rings: RawRings,
  before: RingsCopy,
  side: "server" | "client",
): ForeignWrite | null {
  requireRings("look for a foreign write", rings);
  requireOneOf("look for a foreign write", "side", side, ["server", "client"]);
  for (const ring of RING_NAMES) {
    const isWriter = (ring === "downstream") === (side === "server");
    const now = rings.copy(ring);
    const old = before[ring];
    for (const field of OWNED[isWriter ? "writer" : "reader"]) {
      const at = RING_FIELD_OFFSETS[field];
      now.set(old.subarray(at, at + 4), at);
    }
    const offset = firstDifference(now, old, isWriter ? PAGE_BYTES : now.length);
    if (offset !== null) return { ring, offset };
  }
  return null;
}

/** Index of the first byte before `end` that differs; null: none does. */
function firstDifference(a: Uint8Array, b: Uint8Array, end: number): number | null {
  for (let at = 0; at < end; at++) if (a[at] !== b[at]) return at;
  return null;
}
