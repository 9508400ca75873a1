/**
 * The reader's end of a ring (wire.md 1.6-1.9). The writer is not trusted: what it wrote is loaded
 * once, checked, and only the private copy is used. The payload is read in place.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { BLOCK_BYTES, type CopyRoom } from "../blocks.ts";
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

/** Where copies lie in their buffer: they need a block before them. */
const SCRATCH_START = BLOCK_BYTES;

/** Smallest type header of a packet that lists ranges: a word of 8 bytes that ends with their count. */
const RANGED_HEADER_BYTES_MIN = 8;

/** Where a reader stands in its ring. The reader's own copy, whatever the control page says. */
export interface IncomingPosition {
  /** Where the next packet starts. */
  readonly index: number;
  /** Bytes before it that the reader has passed but not given back to the writer. */
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
  /** Offset in {@linkcode IncomingRing.bytes} just after the descriptor. */
  start = 0;
  /** Offset in {@linkcode IncomingRing.bytes} of the payload, after the type header. */
  payloadStart = 0;
  /** Offset in {@linkcode IncomingRing.bytes} after payload and padding, before the trailer. */
  end = 0;

  readonly #memory: RingMemory;
  readonly #dataBytes: number;
  readonly #scratch = new Scratch();
  /** What holds the packet; null while it is not in one run and no copy was made. */
  #bytes: Uint8Array | null;
  /** Where in the ring the body of such a packet begins. */
  #scatteredStart = 0;
  /** The read index that the writer was last shown. */
  #committed = 0;
  /** Where the next packet starts. */
  #next = 0;
  /** Packets from `#next` on that need no look, by the write index last loaded. Not above 0 after a fault. */
  #unreadBytes = 0;
  /** Bytes of the packet that `next` showed, trailer included; 0 where it showed no packet. */
  #packetTotalBytes = 0;
  /** What this end last stored as the interrupt mask. */
  #masked = true;
  #fault: RingFault | null;

  /**
   * Attaches to a ring whose indices stay as they are, and masks it (wire.md 9). Where its read
   * index is impossible, the ring is dead from the start, with the fault `"invalidReadIndex"`.
   *
   * @param from Where an earlier reader of the ring stood: this one continues from there, and stores
   * nothing.
   */
  constructor(memory: RingMemory, from: IncomingPosition | null = null) {
    this.#memory = memory;
    this.#dataBytes = memory.dataBytes;
    this.#bytes = memory.data;
    if (from === null) memory.store(INTERRUPT_MASK_OFFSET, 1);
    else this.#masked = from.isMasked;
    const readIndex = from?.index ?? memory.load(READ_INDEX_OFFSET);
    this.#fault = isRingIndex(readIndex, memory.dataBytes) ? null : "invalidReadIndex";
    this.#next = readIndex;
    // Where nothing is consumed the two are one, also if that index is impossible.
    const toCommittedBytes = memory.dataBytes - (from?.consumedBytes ?? 0);
    this.#committed = advanceIndex(readIndex, toCommittedBytes, memory.dataBytes);
  }

  /** What the peer did wrong, as far as this end has seen; null while all is well. */
  get fault(): RingFault | null {
    return this.#fault;
  }

  /** Where this end stands. */
  get position(): IncomingPosition {
    return {
      index: this.#next,
      consumedBytes: this.#consumedBytes(),
      isMasked: this.#masked,
    };
  }

  /**
   * Looks at the next packet without moving. After `"packet"` the public fields describe it, until
   * the next call. The writer's index is loaded only when all packets seen so far are read.
   */
  next(): "packet" | "empty" | RingFault {
    this.#packetTotalBytes = 0;
    if (this.#unreadBytes <= 0) {
      const outcome = this.#look();
      if (outcome !== "packet") return outcome;
    }
    const at = this.#next;
    if (at + DESCRIPTOR_BYTES <= this.#memory.contiguousBytes) {
      return this.#readPacket(this.#memory.words, at >> 2);
    }
    this.#scratch.reserve(DESCRIPTOR_BYTES);
    this.#memory.copyOut(at, this.#scratch.blocks, SCRATCH_START, DESCRIPTOR_BYTES);
    return this.#readPacket(this.#scratch.words, SCRATCH_START >> 2);
  }

  /**
   * What holds the packet: the data area itself, or, where the packet is not in one run there, a copy
   * that is made when it is first asked for.
   */
  get bytes(): Uint8Array {
    return this.#bytes ?? this.#gather();
  }

  /** A copy in `room` of `byteCount` bytes of the packet, from `start` of {@linkcode IncomingRing.bytes} on. */
  takePayload(room: CopyRoom, start: number, byteCount: number): Uint8Array {
    assert(
      start >= this.start && start + byteCount <= this.end,
      "a payload lies inside its packet",
    );
    room.reserve(byteCount);
    if (this.#bytes === this.#memory.data) {
      this.#memory.blocks.copyFreely(room.blocks, room.start, start, byteCount);
    } else this.#takeScattered(room, start, byteCount);
    return room.copy;
  }

  /** Where the packet was copied already, that copy holds: nothing is loaded twice. */
  #takeScattered(room: CopyRoom, start: number, byteCount: number): void {
    if (this.#bytes !== null) {
      return this.#scratch.blocks.copyFreely(room.blocks, room.start, start, byteCount);
    }
    const offset = advanceIndex(this.#scatteredStart, start - this.start, this.#dataBytes);
    this.#memory.copyOut(offset, room.blocks, room.start, byteCount);
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
    this.#unreadBytes -= totalBytes;
    this.#packetTotalBytes = 0;
  }

  /**
   * Gives the room of the passed packets back. True: signal the writer, as it waits for room and
   * has just got enough (wire.md 1.7). The first commit after {@linkcode IncomingRing.rearm} masks
   * the ring before that (wire.md 1.8). Without passed packets nothing happens: false.
   */
  commit(): boolean {
    const before = this.#committed;
    const next = this.#next;
    if (next === before) return false;
    if (!this.#masked) this.mask();
    const memory = this.#memory;
    memory.store(READ_INDEX_OFFSET, next);
    this.#committed = next;
    const wantedBytes = memory.load(PENDING_SEND_SIZE_OFFSET);
    return wantedBytes !== 0 && this.#writerGotRoom(wantedBytes, before);
  }

  /**
   * Before the reader sleeps: clears the mask, then looks again, as a packet may have come before
   * the writer could see that (wire.md 1.8). `"more"`: one has come, and the mask is set again.
   */
  rearm(): "sleep" | "more" | RingFault {
    this.#packetTotalBytes = 0;
    if (this.#fault !== null) return this.#fault;
    assert(this.#next === this.#committed, "a reader gives room back before it sleeps");
    if (!this.#masked && this.#memory.load(INTERRUPT_MASK_OFFSET) !== 0) {
      return this.#fail("interruptsExternallyMasked");
    }
    this.#memory.store(INTERRUPT_MASK_OFFSET, 0);
    this.#masked = false;
    const unreadBytes = this.#loadUnreadBytes();
    if (typeof unreadBytes === "string") return unreadBytes;
    if (unreadBytes === 0) return "sleep";
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
    return this.#loadUnreadBytes();
  }

  /** Looks whether the writer has shown more, as all packets seen so far are read. */
  #look(): "packet" | "empty" | RingFault {
    if (this.#fault !== null) return this.#fault;
    const unreadBytes = this.#loadUnreadBytes();
    if (typeof unreadBytes === "string") return unreadBytes;
    this.#unreadBytes = unreadBytes;
    return unreadBytes === 0 ? "empty" : "packet";
  }

  /** Loads the descriptor at `word` of `words` once, checks it (wire.md 1.9), and fills the public fields. */
  #readPacket(words: Int32Array, word: number): "packet" | RingFault {
    const typeAndDataOffset8 = words[word]!;
    const length8AndFlags = words[word + 1]!;
    this.transactionIdLow = words[word + 2]! >>> 0;
    this.transactionIdHigh = words[word + 3]! >>> 0;

    const dataOffsetBytes = (typeAndDataOffset8 >>> 16) * 8;
    const lengthBytes = (length8AndFlags & 0xffff) * 8;
    if (
      dataOffsetBytes < DESCRIPTOR_BYTES || dataOffsetBytes > lengthBytes ||
      lengthBytes + TRAILER_BYTES > this.#unreadBytes
    ) {
      return this.#failLengths();
    }
    const flags = length8AndFlags >>> 16;
    if (flags > DESCRIPTOR_FLAG_COMPLETION_REQUESTED) return this.#fail("invalidDescriptorFlags");
    const type = typeAndDataOffset8 & 0xffff;
    const start = this.#show(lengthBytes);
    this.type = type;
    this.flags = flags;
    this.rangeCount = 0;
    this.start = start;
    this.payloadStart = start + dataOffsetBytes - DESCRIPTOR_BYTES;
    this.end = start + lengthBytes - DESCRIPTOR_BYTES;
    if (type !== PACKET_TYPE_IN_BAND && type !== PACKET_TYPE_COMPLETION) {
      const fault = this.#readRangeCount();
      if (fault !== null) return this.#fail(fault);
    }
    this.#packetTotalBytes = lengthBytes + TRAILER_BYTES;
    return "packet";
  }

  /** Checks the less common types, and loads the header field that two of them share (wire.md 2.3). */
  #readRangeCount(): RingFault | null {
    const isGpaDirect = this.type === PACKET_TYPE_GPA_DIRECT;
    if (!isGpaDirect && this.type !== PACKET_TYPE_TRANSFER_PAGES) return "invalidDescriptorType";
    if (this.payloadStart - this.start < RANGED_HEADER_BYTES_MIN) return "invalidDescriptorLengths";
    const { data, words } = this.#memory;
    const bodyWords = this.bytes === data ? words : this.#scratch.words;
    this.rangeCount = bodyWords[(this.start >> 2) + 1]! >>> 0;
    return isGpaDirect && this.rangeCount === 0 ? "invalidGpaDirectRangeCount" : null;
  }

  /** Has `bytes` show the packet, if it lies in one run; answers where its body starts there. */
  #show(lengthBytes: number): number {
    const at = this.#next;
    if (at + lengthBytes <= this.#memory.contiguousBytes) {
      if (this.#bytes !== this.#memory.data) this.#bytes = this.#memory.data;
      return at + DESCRIPTOR_BYTES;
    }
    this.#bytes = null;
    this.#scatteredStart = advanceIndex(at, DESCRIPTOR_BYTES, this.#dataBytes);
    return SCRATCH_START;
  }

  /** Copies the packet's body, as it wraps or is scattered. */
  #gather(): Uint8Array {
    const bodyBytes = this.end - this.start;
    this.#scratch.reserve(bodyBytes);
    const { blocks } = this.#scratch;
    this.#memory.copyOut(this.#scatteredStart, blocks, SCRATCH_START, bodyBytes);
    this.#bytes = blocks.bytes;
    return this.#bytes;
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

  /** Loads the writer's index once, checks it, and counts the bytes up to it that are not passed. */
  #loadUnreadBytes(): number | RingFault {
    const writeIndex = this.#memory.load(WRITE_INDEX_OFFSET);
    if (!isRingIndex(writeIndex, this.#dataBytes)) return this.#fail("invalidWriteIndex");
    const unreadBytes = usedBetween(writeIndex, this.#next, this.#dataBytes);
    // An honest writer stays behind the read index that it was shown. So a batch ends after one
    // round at the latest, however fast a hostile one writes.
    if (unreadBytes + this.#consumedBytes() > this.#dataBytes - UNUSED_BYTES) {
      return this.#fail("invalidWriteIndex");
    }
    return unreadBytes;
  }

  /** Bytes of packets that are passed and not given back. */
  #consumedBytes(): number {
    return usedBetween(this.#next, this.#committed, this.#dataBytes);
  }

  /** Names what is wrong with a descriptor's lengths: less than a descriptor is there, or they are wrong. */
  #failLengths(): RingFault {
    const hasDescriptor = this.#unreadBytes >= DESCRIPTOR_BYTES;
    return this.#fail(hasDescriptor ? "invalidDescriptorLengths" : "invalidDataAvailable");
  }

  #fail(fault: RingFault): RingFault {
    this.#fault = fault;
    this.#unreadBytes = 0;
    return fault;
  }
}
