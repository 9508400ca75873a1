/**
 * The two rings of a channel from outside: every word and every byte of them, in guest memory (wire.md 1).
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import type { GuestMemory } from "../../core/memory/types.ts";
import { createCodec } from "../../core/packet/codec.ts";
import { type PacketFault, PacketFields, type TransferPages } from "../../core/packet/packet.ts";
import { IncomingRing } from "../../core/ring/incoming.ts";
import * as layout from "../../core/ring/layout.ts";
import { type RingControl, type RingFault, RingMemory } from "../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import type { Codec } from "../codec.ts";
import {
  requireArray,
  requireBody,
  requireMemory,
  requireOneOf,
  requireUint,
  U32_MAX,
} from "./checks.ts";
import { type PlainPacketType, type RawPacket, rawPacketBytes, u32Bytes } from "./raw_packet.ts";

/** A ring of a channel: the guest writes upstream and the host downstream. */
export type RingName = "upstream" | "downstream";

/** A word of a control page that has a meaning ([wire.md 1.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export type RingField = keyof RingControl;

/** Where each of them lies, in bytes. */
export const RING_FIELD_OFFSETS: Readonly<Record<RingField, number>> = {
  writeIndex: layout.WRITE_INDEX_OFFSET,
  readIndex: layout.READ_INDEX_OFFSET,
  interruptMask: layout.INTERRUPT_MASK_OFFSET,
  pendingSendSize: layout.PENDING_SEND_SIZE_OFFSET,
  featureBits: layout.FEATURE_BITS_OFFSET,
};

/** Each {@linkcode RingField}. */
export const RING_FIELDS: readonly RingField[] = Object.keys(RING_FIELD_OFFSETS) as RingField[];

/** Each {@linkcode RingName}. */
export const RING_NAMES: readonly RingName[] = ["upstream", "downstream"];

/** A packet that lies in a ring, in the clear. */
export interface ReadPacket {
  /** What kind it is. */
  readonly type: PlainPacketType;
  /** Whether its sender wants a completion. */
  readonly completionRequested: boolean;
  /** Number of the transaction; 0 where the packet has none. */
  readonly transactionId: bigint;
  /** What the driver said; with codec `"vmbus"` padded to words of 8 bytes. */
  readonly payload: Uint8Array;
  /** External data. */
  readonly ranges: readonly GpaRange[];
  /** Of a packet with transfer pages the parts that it names; left out of any other. */
  readonly transferPages?: TransferPages;
}

/** What lies in a ring. */
export interface ReadPackets {
  /** The packets that nobody has read, in order. */
  readonly packets: readonly ReadPacket[];
  /** What is wrong with what follows them; null: nothing follows. */
  readonly fault: RingFault | PacketFault | null;
}

/** A copy of both rings, control pages first. */
export type RingsCopy = Readonly<Record<RingName, Uint8Array>>;

/** The pages of one ring. */
interface RingPages {
  /** Address of the control page. */
  readonly control: number;
  /** Addresses of the data pages, in order. */
  readonly data: readonly number[];
}

/**
 * The rings of one channel in guest memory. Whoever has them is bound by nothing: each method writes what
 * it is told to, whoever owns the place ([wire.md 1.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
 */
export class RawRings {
  /** The memory that they lie in. */
  readonly memory: GuestMemory;
  /** All pages, those of the upstream ring first. */
  readonly pfns: readonly number[];
  /** Index of the page at which the downstream ring begins, as an open request says it. */
  readonly downstreamPageOffset: number;
  readonly #pages: Readonly<Record<RingName, RingPages>>;

  /**
   * The rings that lie on these pages: for each a control page, then its data pages.
   *
   * @throws {RangeError} A ring would have no data page, or a page is outside the memory.
   * @throws {TypeError} `memory` is no GuestMemory, or `pfns` no array.
   */
  constructor(memory: GuestMemory, pfns: readonly number[], downstreamPageOffset: number) {
    const action = "look at rings";
    requireMemory(action, memory);
    requireArray(action, "pfns", pfns);
    for (const pfn of pfns) requireUint(action, "a PFN", pfn, memory.pageCount - 1);
    requireUint(action, "the number of pages", pfns.length, U32_MAX, 4);
    requireUint(action, "downstreamPageOffset", downstreamPageOffset, pfns.length - 2, 2);
    this.memory = memory;
    this.pfns = [...pfns];
    this.downstreamPageOffset = downstreamPageOffset;
    const pages = (from: number, to: number): RingPages => {
      const [control = 0, ...data] = pfns.slice(from, to).map((pfn) => pfn * PAGE_BYTES);
      return { control, data };
    };
    this.#pages = {
      upstream: pages(0, downstreamPageOffset),
      downstream: pages(downstreamPageOffset, pfns.length),
    };
  }

  /**
   * Empty rings on fresh pages of `memory`. Whoever made them frees nothing: they go with their guest.
   *
   * @throws {RangeError} A ring would have no data page, or so many pages are not free in a row.
   * @throws {TypeError} `memory` is no GuestMemory.
   */
  static allocate(
    memory: GuestMemory,
    upstreamDataPages: number,
    downstreamDataPages: number,
  ): RawRings {
    requireMemory("make rings", memory);
    const pageCount = pagesOfRings(upstreamDataPages, downstreamDataPages);
    const { pfns } = memory.allocate(pageCount * PAGE_BYTES);
    const rings = new RawRings(memory, pfns, upstreamDataPages + 1);
    rings.reset();
    return rings;
  }

  #of(action: string, ring: RingName): RingPages {
    requireOneOf(action, "ring", ring, RING_NAMES);
    return this.#pages[ring];
  }

  #offsetOf(action: string, field: RingField): number {
    requireOneOf(action, "field", field, RING_FIELDS);
    return RING_FIELD_OFFSETS[field];
  }

  /** Bytes of a data area. */
  dataBytes(ring: RingName): number {
    return this.#of("measure a ring", ring).data.length * PAGE_BYTES;
  }

  /** A word of a control page, as it is now. */
  load(ring: RingName, field: RingField): number {
    const { control } = this.#of("load a word", ring);
    const bytes = this.memory.read(control + this.#offsetOf("load a word", field), 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  /**
   * Stores a word of a control page, whoever owns it.
   *
   * @throws {RangeError} `value` is no u32.
   */
  store(ring: RingName, field: RingField, value: number): void {
    const { control } = this.#of("store a word", ring);
    const offset = this.#offsetOf("store a word", field);
    requireUint("store a word", field, value);
    this.memory.write(control + offset, u32Bytes(value));
  }

  /**
   * Writes bytes into a control page, from `offset` on.
   *
   * @throws {RangeError} They do not lie inside the page.
   */
  pokeControl(ring: RingName, offset: number, bytes: Uint8Array): void {
    const { control } = this.#of("write into a control page", ring);
    requireBody("write into a control page", bytes, 1, PAGE_BYTES);
    requireUint("write into a control page", "offset", offset, PAGE_BYTES - bytes.length);
    this.memory.write(control + offset, bytes);
  }

  /**
   * Writes bytes into a data area, from `offset` on, around its end as often as need be.
   *
   * @throws {RangeError} `offset` is no u32, or there are more bytes than the area holds.
   */
  poke(ring: RingName, offset: number, bytes: Uint8Array): void {
    const { data } = this.#of("write into a ring", ring);
    const dataBytes = data.length * PAGE_BYTES;
    requireBody("write into a ring", bytes, 1, dataBytes);
    requireUint("write into a ring", "offset", offset, 2 * U32_MAX);
    for (let done = 0; done < bytes.length;) {
      const at = (offset + done) % dataBytes;
      const count = Math.min(bytes.length - done, PAGE_BYTES - at % PAGE_BYTES);
      const page = data[Math.floor(at / PAGE_BYTES)]!;
      this.memory.write(page + at % PAGE_BYTES, bytes.subarray(done, done + count));
      done += count;
    }
  }

  /** A copy of a ring, control page first. */
  copy(ring: RingName): Uint8Array {
    const { control, data } = this.#of("copy a ring", ring);
    const copy = new Uint8Array((1 + data.length) * PAGE_BYTES);
    [control, ...data].forEach((gpa, at) => {
      copy.set(this.memory.read(gpa, PAGE_BYTES), at * PAGE_BYTES);
    });
    return copy;
  }

  /** A copy of both rings, for `foreignWrite`. */
  copyAll(): RingsCopy {
    return { upstream: this.copy("upstream"), downstream: this.copy("downstream") };
  }

  /**
   * Writes packets where the next one belongs, each with its trailer, and shows them to the reader: one
   * store of the write index. Whether there is room is the caller's part, and to signal.
   *
   * @throws {RangeError | TypeError} A packet cannot be written; see {@linkcode rawPacketBytes}.
   */
  put(ring: RingName, ...packets: readonly RawPacket[]): void {
    const dataBytes = this.dataBytes(ring);
    let at = this.load(ring, "writeIndex");
    for (const bytes of packets.map(rawPacketBytes)) {
      this.poke(ring, at, bytes);
      this.poke(ring, at + bytes.length, u32Bytes(0, at));
      at = (at + bytes.length + layout.TRAILER_BYTES) % dataBytes;
    }
    this.store(ring, "writeIndex", at);
  }

  /**
   * The packets of a ring that its reader has not given back, read over a copy of the ring: nothing changes.
   *
   * @throws {TypeError} No such ring, or no such codec.
   */
  read(ring: RingName, codec: Codec): ReadPackets {
    return this.#read(ring, codec).read;
  }

  /**
   * Reads as {@linkcode RawRings.read} does, and gives the room back to the writer, as an honest reader
   * does. A writer that waits for room wants a signal then.
   *
   * @throws {TypeError} No such ring, or no such codec.
   */
  take(ring: RingName, codec: Codec): ReadPackets {
    const { read, index } = this.#read(ring, codec);
    this.store(ring, "readIndex", index);
    return read;
  }

  #read(ring: RingName, name: Codec): { read: ReadPackets; index: number } {
    requireOneOf("read a ring", "codec", name, ["vmbus", "msgpack"]);
    const incoming = new IncomingRing(new RingMemory([this.copy(ring)]));
    const codec = createCodec(name);
    const fields = new PacketFields();
    const packets: ReadPacket[] = [];
    for (;;) {
      const found = incoming.next();
      const fault = found === "packet" ? codec.decode(incoming, fields) : found;
      if (fault !== null) {
        const read = { packets, fault: fault === "empty" ? null : fault };
        return { read, index: incoming.position.index };
      }
      const { type, completionRequested, payloadStart, payloadBytes, ranges, transfer } = fields;
      packets.push({
        type,
        completionRequested,
        transactionId: BigInt(fields.transactionIdHigh) << 32n | BigInt(fields.transactionIdLow),
        payload: incoming.bytes.slice(payloadStart, payloadStart + payloadBytes),
        ranges,
        ...(transfer === null ? {} : { transferPages: transfer }),
      });
      incoming.advance();
    }
  }

  /**
   * Makes both rings empty, with both indices at `index`, as an honest guest hands them over.
   *
   * @throws {RangeError} `index` is no u32.
   */
  reset(index = 0): void {
    requireUint("reset rings", "index", index);
    for (const ring of RING_NAMES) {
      this.memory.write(this.#pages[ring].control, new Uint8Array(PAGE_BYTES));
      this.store(ring, "featureBits", layout.FEATURE_PENDING_SEND_SIZE);
      this.store(ring, "writeIndex", index);
      this.store(ring, "readIndex", index);
    }
  }
}

/**
 * Lets rings through.
 *
 * @throws {TypeError} `value` is no RawRings; the text begins `Cannot ${action}`.
 */
export function requireRings(action: string, value: RawRings): void {
  if (value instanceof RawRings) return;
  throw new TypeError(`Cannot ${action}: rings must be RawRings, not ${describe(value)}`);
}

/** Pages of two rings with so many data pages each. */
function pagesOfRings(upstreamDataPages: number, downstreamDataPages: number): number {
  const max = layout.RING_DATA_PAGES_MAX;
  requireUint("make rings", "upstreamDataPages", upstreamDataPages, max, 1);
  requireUint("make rings", "downstreamDataPages", downstreamDataPages, max, 1);
  return upstreamDataPages + downstreamDataPages + 2;
}

/**
 * Where the client that takes an offer next will have its rings: the lowest pages that are free in a row,
 * as memory is handed out in that order. For whoever spoils what lies between two honest drivers.
 *
 * @throws {RangeError} A ring would have no data page, or so many pages are not free in a row.
 * @throws {TypeError} `memory` is no GuestMemory.
 */
export function foreseenRings(
  memory: GuestMemory,
  incomingDataPages: number,
  outgoingDataPages: number,
): RawRings {
  requireMemory("foresee rings", memory);
  const pageCount = pagesOfRings(outgoingDataPages, incomingDataPages);
  const probe = memory.allocate(pageCount * PAGE_BYTES);
  memory.free(probe);
  return new RawRings(memory, probe.pfns, outgoingDataPages + 1);
}
