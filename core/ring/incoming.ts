/**
 * The reader's end of a ring (wire.md 1.6-1.9). The writer is not trusted: what it wrote is loaded
 * once, checked, and only the private copy is used. The payload is read in place.
 *
 * @module
 */

import { assert } from "../assert.ts";
import * as layout from "./layout.ts";
import type { RingFault, RingMemory } from "./ring_memory.ts";
import { Scratch } from "./scratch.ts";

// Names of this module's own: see ring_memory.ts.
const {
  advanceIndex,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_FLAG_COMPLETION_REQUESTED,
  FEATURE_BITS_OFFSET,
  FEATURE_PENDING_SEND_SIZE,
  INTERRUPT_MASK_OFFSET,
  isRingIndex,
  PACKET_TYPE_COMPLETION,
  PACKET_TYPE_GPA_DIRECT,
  PACKET_TYPE_IN_BAND,
  PACKET_TYPE_TRANSFER_PAGES,
  PENDING_SEND_SIZE_OFFSET,
  READ_INDEX_OFFSET,
  TRAILER_BYTES,
  UNUSED_BYTES,
  usedBetween,
  WRITE_INDEX_OFFSET,
} = layout;

/** Smallest type header of a packet that lists ranges: a word of 8 bytes that ends with their count. */
const RANGED_HEADER_BYTES_MIN = 8;

/** Where a reader stands in its ring. The reader's own copy, whatever the control page says. */
export interface IncomingPosition {
  /** Where the next packet starts. */
  readonly index: number;
  /** Bytes before it that the reader has passed, and not given back to the writer yet. */
  readonly consumedBytes: number;
  /** Whether the reader's last word to the writer was not to signal. */
  readonly isMasked: boolean;
}

/**
 * The reader's end. {@linkcode IncomingRing.next} looks at a packet and fills the fields,
 * {@linkcode IncomingRing.advance} moves past it; any number of packets, then one
 * {@linkcode IncomingRing.commit} that gives their room back. The bytes of a packet may change under
 * a hostile writer at any time, and under an honest one after the commit.
 */
export class IncomingRing {
  /** The packet's type: one of the four `PACKET_TYPE_` numbers of layout.ts. */
  type = 0;
  /** The packet's flags: 0, or 1 where the writer wants a completion. */
  flags = 0;
  /** Low 32 bits of the transaction id. */
  transactionIdLow = 0;
  /** High 32 bits of the transaction id. */
  transactionIdHigh = 0;
  /** GPA-direct and transfer pages: how many ranges the header claims to hold; others: 0. */
  rangeCount = 0;
  /** What holds the packet: the data area itself, or a copy. */
  bytes: Uint8Array;
  /** Offset in {@linkcode IncomingRing.bytes} just after the descriptor. */
  start = 0;
  /** Offset in {@linkcode IncomingRing.bytes} of the payload, after the type header. */
  payloadStart = 0;
  /** Offset in {@linkcode IncomingRing.bytes} after payload and padding, before the trailer. */
  end = 0;

  readonly #memory: RingMemory;
  readonly #dataBytes: number;
  readonly #scratch = new Scratch();
  /** Copy of a descriptor that wraps or lies on scattered pages. */
  readonly #descriptor = new Int32Array(DESCRIPTOR_BYTES / 4);
  /** {@linkcode IncomingRing.bytes} as 4-byte words. */
  #bodyWords: Int32Array;
  /** The read index that the writer was last shown. */
  #committed: number;
  /** Where the next packet starts. */
  #next: number;
  /** From `#committed` to `#next`. */
  #consumedBytes = 0;
  /** The writer's index as `next` last loaded and checked it: packets are there up to it. */
  #writeIndex: number;
  /** Bytes of the packet that `next` showed, trailer included; 0 where it showed none. */
  #packetTotalBytes = 0;
  /** What this end last stored as the interrupt mask. */
  #masked = true;
  #fault: RingFault | null;

  /**
   * Attaches to a ring whose indices stay as they are, and masks it (wire.md 9). Where its read
   * index is impossible, the ring is dead from the start, with the fault `"invalidReadIndex"`.
   *
   * @param from Where an earlier reader of the ring stood: this one goes on from there, and stores nothing.
   */
  constructor(memory: RingMemory, from: IncomingPosition | null = null) {
    this.#memory = memory;
    this.#dataBytes = memory.dataBytes;
    this.bytes = this.#scratch.bytes;
    this.#bodyWords = this.#scratch.words;
    if (from === null) memory.store(INTERRUPT_MASK_OFFSET, 1);
    else this.#masked = from.isMasked;
    const readIndex = from?.index ?? memory.load(READ_INDEX_OFFSET);
    this.#fault = isRingIndex(readIndex, memory.dataBytes) ? null : "invalidReadIndex";
    this.#consumedBytes = from?.consumedBytes ?? 0;
    this.#committed = (readIndex - this.#consumedBytes + memory.dataBytes) % memory.dataBytes;
    this.#next = readIndex;
    this.#writeIndex = readIndex;
  }

  /** What the peer did wrong, as far as this end has seen; null while all is well. */
  get fault(): RingFault | null {
    return this.#fault;
  }

  /** Where this end stands. */
  get position(): IncomingPosition {
    return {
      index: this.#next,
      consumedBytes: this.#consumedBytes,
      isMasked: this.#masked,
    };
  }

  /**
   * Looks at the next packet without moving. After `"packet"` the public fields describe it, until
   * the next call. The writer's index is loaded only when all packets seen so far are read.
   */
  next(): "packet" | "empty" | RingFault {
    this.#packetTotalBytes = 0;
    if (this.#fault !== null) return this.#fault;
    if (this.#next === this.#writeIndex) {
      const writeIndex = this.#loadWriteIndex();
      if (typeof writeIndex === "string") return writeIndex;
      if (writeIndex === this.#next) return "empty";
      this.#writeIndex = writeIndex;
    }
    const availableBytes = usedBetween(this.#writeIndex, this.#next, this.#dataBytes);
    if (availableBytes < DESCRIPTOR_BYTES) return this.#fail("invalidDataAvailable");
    return this.#readPacket(availableBytes);
  }

  /** A copy of the packet that `next` showed: descriptor, type header, payload and padding. */
  packetBytes(): Uint8Array {
    assert(this.#packetTotalBytes !== 0, "a packet was shown before it is copied");
    const packet = new Uint8Array(this.#packetTotalBytes - TRAILER_BYTES);
    const descriptor = new DataView(packet.buffer);
    descriptor.setUint16(0, this.type, true);
    descriptor.setUint16(2, (DESCRIPTOR_BYTES + this.payloadStart - this.start) >> 3, true);
    descriptor.setUint16(4, packet.byteLength >> 3, true);
    descriptor.setUint16(6, this.flags, true);
    descriptor.setUint32(8, this.transactionIdLow, true);
    descriptor.setUint32(12, this.transactionIdHigh, true);
    packet.set(this.bytes.subarray(this.start, this.end), DESCRIPTOR_BYTES);
    return packet;
  }

  /** Moves past the packet that `next` showed. The writer gets its room at the next `commit`. */
  advance(): void {
    const totalBytes = this.#packetTotalBytes;
    assert(totalBytes !== 0, "a packet was shown before it is passed");
    this.#next = advanceIndex(this.#next, totalBytes, this.#dataBytes);
    this.#consumedBytes += totalBytes;
    this.#packetTotalBytes = 0;
  }

  /**
   * Gives the room of the passed packets back. True: signal the writer, as it waits for room and
   * has just got enough (wire.md 1.7). The first commit after {@linkcode IncomingRing.rearm} masks
   * the ring before that (wire.md 1.8). Without passed packets nothing happens: false.
   */
  commit(): boolean {
    if (this.#consumedBytes === 0) return false;
    const before = this.#committed;
    if (!this.#masked) this.mask();
    this.#memory.store(READ_INDEX_OFFSET, this.#next);
    this.#committed = this.#next;
    this.#consumedBytes = 0;
    const wantedBytes = this.#memory.load(PENDING_SEND_SIZE_OFFSET);
    return wantedBytes !== 0 && this.#writerGotRoom(wantedBytes, before);
  }

  /**
   * Before the reader sleeps: clears the mask, then looks again, as a packet may have come before
   * the writer could see that (wire.md 1.8). `"more"`: one has come, and the mask is set again.
   */
  rearm(): "sleep" | "more" | RingFault {
    this.#packetTotalBytes = 0;
    if (this.#fault !== null) return this.#fault;
    assert(this.#consumedBytes === 0, "a reader gives room back before it sleeps");
    if (!this.#masked && this.#memory.load(INTERRUPT_MASK_OFFSET) !== 0) {
      return this.#fail("interruptsExternallyMasked");
    }
    this.#memory.store(INTERRUPT_MASK_OFFSET, 0);
    this.#masked = false;
    const writeIndex = this.#loadWriteIndex();
    if (typeof writeIndex === "string") return writeIndex;
    if (writeIndex === this.#next) return "sleep";
    this.mask();
    return "more";
  }

  /** Sets the mask: the writer need not signal, as this end is at it. */
  mask(): void {
    this.#memory.store(INTERRUPT_MASK_OFFSET, 1);
    this.#masked = true;
  }

  /** Bytes of the packets that are in the ring now and not passed. */
  usedBytes(): number | RingFault {
    if (this.#fault !== null) return this.#fault;
    const writeIndex = this.#loadWriteIndex();
    if (typeof writeIndex === "string") return writeIndex;
    return usedBetween(writeIndex, this.#next, this.#dataBytes);
  }

  /** Loads the descriptor once, checks it (wire.md 1.9), and fills the public fields. */
  #readPacket(availableBytes: number): "packet" | RingFault {
    const at = this.#next;
    let words = this.#memory.words;
    let descriptor = at >> 2;
    if (at + DESCRIPTOR_BYTES > this.#memory.contiguousBytes) {
      words = this.#descriptor;
      descriptor = 0;
      this.#memory.copyOut(at, words, DESCRIPTOR_BYTES);
    }
    const typeAndDataOffset8 = words[descriptor]!;
    const length8AndFlags = words[descriptor + 1]!;
    this.transactionIdLow = words[descriptor + 2]! >>> 0;
    this.transactionIdHigh = words[descriptor + 3]! >>> 0;

    const dataOffsetBytes = (typeAndDataOffset8 >>> 16) * 8;
    const lengthBytes = (length8AndFlags & 0xffff) * 8;
    if (
      dataOffsetBytes < DESCRIPTOR_BYTES || dataOffsetBytes > lengthBytes ||
      lengthBytes + TRAILER_BYTES > availableBytes
    ) {
      return this.#fail("invalidDescriptorLengths");
    }
    this.flags = length8AndFlags >>> 16;
    if ((this.flags & ~DESCRIPTOR_FLAG_COMPLETION_REQUESTED) !== 0) {
      return this.#fail("invalidDescriptorFlags");
    }
    this.type = typeAndDataOffset8 & 0xffff;
    const headerBytes = dataOffsetBytes - DESCRIPTOR_BYTES;
    if (at + lengthBytes <= this.#memory.contiguousBytes) {
      this.#show(this.#memory.data, words, at + DESCRIPTOR_BYTES);
    } else this.#showCopy(at, lengthBytes - DESCRIPTOR_BYTES);
    this.payloadStart = this.start + headerBytes;
    this.end = this.start + lengthBytes - DESCRIPTOR_BYTES;
    this.rangeCount = 0;
    if (this.type !== PACKET_TYPE_IN_BAND && this.type !== PACKET_TYPE_COMPLETION) {
      const fault = this.#readRangeCount(headerBytes);
      if (fault !== null) return this.#fail(fault);
    }
    this.#packetTotalBytes = lengthBytes + TRAILER_BYTES;
    return "packet";
  }

  /** Checks the less common types, and loads the header field that they share (wire.md 2.3). */
  #readRangeCount(headerBytes: number): RingFault | null {
    const isGpaDirect = this.type === PACKET_TYPE_GPA_DIRECT;
    if (!isGpaDirect && this.type !== PACKET_TYPE_TRANSFER_PAGES) return "invalidDescriptorType";
    if (headerBytes < RANGED_HEADER_BYTES_MIN) return "invalidDescriptorLengths";
    this.rangeCount = this.#bodyWords[(this.start >> 2) + 1]! >>> 0;
    return isGpaDirect && this.rangeCount === 0 ? "invalidGpaDirectRangeCount" : null;
  }

  /** The body lies in `bytes`, which `words` shows as well, from `start` on. */
  #show(bytes: Uint8Array, words: Int32Array, start: number): void {
    if (this.bytes !== bytes) { // or else two pointers are stored for the collector to look at
      this.bytes = bytes;
      this.#bodyWords = words;
    }
    this.start = start;
  }

  /** Copies the body of a packet at `at` that is not in one run: its room wraps, or is scattered. */
  #showCopy(at: number, bodyBytes: number): void {
    const offset = advanceIndex(at, DESCRIPTOR_BYTES, this.#dataBytes);
    this.#scratch.reserve(bodyBytes);
    this.#memory.copyOut(offset, this.#scratch.words, bodyBytes);
    this.#show(this.#scratch.bytes, this.#scratch.words, 0);
  }

  /** Whether a writer that waits for `wantedBytes` had too little before this commit, and has enough now. */
  #writerGotRoom(wantedBytes: number, committedBefore: number): boolean {
    const memory = this.#memory;
    if ((memory.load(FEATURE_BITS_OFFSET) & FEATURE_PENDING_SEND_SIZE) === 0) return false;
    const writeIndex = memory.load(WRITE_INDEX_OFFSET);
    if (!isRingIndex(writeIndex, this.#dataBytes)) return false;
    const freeBefore = this.#dataBytes -
      usedBetween(writeIndex, committedBefore, this.#dataBytes);
    const freeNow = this.#dataBytes - usedBetween(writeIndex, this.#committed, this.#dataBytes);
    return freeBefore <= wantedBytes && freeNow > wantedBytes;
  }

  /** Loads the writer's index once and checks it. */
  #loadWriteIndex(): number | RingFault {
    const writeIndex = this.#memory.load(WRITE_INDEX_OFFSET);
    if (!isRingIndex(writeIndex, this.#dataBytes)) return this.#fail("invalidWriteIndex");
    // An honest writer stays behind the read index that it was shown. So a batch ends after one
    // round at the latest, however fast a hostile one writes.
    const unreadBytes = usedBetween(writeIndex, this.#next, this.#dataBytes);
    if (unreadBytes + this.#consumedBytes > this.#dataBytes - UNUSED_BYTES) {
      return this.#fail("invalidWriteIndex");
    }
    return writeIndex;
  }

  #fail(fault: RingFault): RingFault {
    this.#fault = fault;
    return fault;
  }
}
