/**
 * The reader's end of a ring (wire.md 1.6-1.9). The writer is not trusted: what it wrote is loaded
 * once, checked, and only the private copy is used. The payload is read in place.
 *
 * @module
 */

import * as promises from "../assert.ts";
import { type Blocks, type CopyRoom, NO_BLOCKS, NO_WORDS } from "../blocks.ts";
import * as layout from "./layout.ts";
import type { ControlWords, RingFault, RingMemory } from "./ring_memory.ts";
import * as scattered from "./scattered_packet.ts";
import { Scratch } from "./scratch.ts";

// Names of this module's own: see ring_memory.ts.
const assert: typeof promises.assert = promises.assert;
const { SCRATCH_START } = scattered;
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
  PENDING_SEND_SIZE_WORD,
  READ_INDEX_OFFSET,
  READ_INDEX_WORD,
  TRAILER_BYTES,
  UNUSED_BYTES,
  usedBetween,
  WRITE_INDEX_OFFSET,
  WRITE_INDEX_WORD,
} = layout;

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
  // What each packet needs of it: after an atomic store loads begin anew, and each that the next one waits
  // for shows. What begins as a value of its kind is known to be of that kind, and not looked at each time.
  readonly #control: ControlWords;
  readonly #words: Int32Array = NO_WORDS;
  readonly #blocks: Blocks = NO_BLOCKS;
  readonly #contiguousBytes: number = 0;
  readonly #dataBytes: number = 0;
  /** The packet, where it is not in one run of the ring. */
  readonly #scattered: scattered.ScatteredPacket;
  /** Whether the packet is in one run. */
  #isInRun = true;
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
  /** Whether the control page has a pending send size, and the bit that says so. */
  readonly #hasPendingSendSize: boolean;
  #fault: RingFault | null;

  /**
   * Attaches to a ring whose indices stay as they are, and masks it (wire.md 9). Where its read
   * index is impossible, the ring is dead from the start, with the fault `"invalidReadIndex"`.
   *
   * @param from Where an earlier reader of the ring stood: this one continues from there, and stores
   * nothing.
   * @param hasPendingSendSize False on a connection before version 2.4: a writer that waits is not signalled.
   * @param scratch Where a packet is copied that is not in one run. Many readers may have it in common.
   */
  constructor(
    memory: RingMemory,
    from: IncomingPosition | null = null,
    hasPendingSendSize = true,
    scratch: Scratch = new Scratch(),
  ) {
    this.#memory = memory;
    this.#hasPendingSendSize = hasPendingSendSize;
    this.#control = memory.control;
    this.#words = memory.words;
    this.#blocks = memory.blocks;
    this.#contiguousBytes = memory.contiguousBytes;
    this.#dataBytes = memory.dataBytes;
    this.#scattered = new scattered.ScatteredPacket(memory, scratch);
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
    return { index: this.#next, consumedBytes: this.#consumedBytes(), isMasked: this.#masked };
  }

  /** Bytes of packets from its own read index on that it takes without another look at the write index. */
  get seenBytes(): number {
    return Math.max(0, this.#unreadBytes);
  }

  /**
   * Looks at the next packet without moving. After `"packet"` the public fields describe it, until
   * the next call. The writer's index is loaded only when all packets seen so far are read.
   */
  next(): "packet" | "empty" | RingFault {
    this.#packetTotalBytes = 0;
    if (this.#unreadBytes <= 0 && !this.#hasMore()) return this.#fault ?? "empty";
    const at = this.#next;
    const contiguousBytes = this.#contiguousBytes;
    let words = this.#words;
    let word = at >> 2;
    if (at + DESCRIPTOR_BYTES > contiguousBytes) {
      words = this.#scattered.gatherDescriptor(at);
      word = SCRATCH_START >> 2;
    }
    // Loaded once, checked (wire.md 1.9); from here on the copies count.
    const typeAndDataOffset8 = words[word]!;
    const length8AndFlags = words[word + 1]!;
    this.transactionIdLow = words[word + 2]! >>> 0;
    this.transactionIdHigh = words[word + 3]! >>> 0;
    const dataOffsetBytes = typeAndDataOffset8 >>> 16 << 3;
    const lengthBytes = length8AndFlags << 16 >>> 13;
    const flags = length8AndFlags >>> 16;
    const totalBytes = lengthBytes + TRAILER_BYTES;
    if (
      dataOffsetBytes < DESCRIPTOR_BYTES || dataOffsetBytes > lengthBytes ||
      totalBytes > this.#unreadBytes || flags > DESCRIPTOR_FLAG_COMPLETION_REQUESTED
    ) {
      return this.#failDescriptor(dataOffsetBytes, lengthBytes);
    }
    const type = typeAndDataOffset8 << 16 >>> 16;
    const isInOneRun = at + lengthBytes <= contiguousBytes;
    const start = isInOneRun ? at + DESCRIPTOR_BYTES : SCRATCH_START;
    this.#isInRun = isInOneRun;
    if (!isInOneRun) this.#scattered.begin(at);
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
    this.#packetTotalBytes = totalBytes;
    return "packet";
  }

  /**
   * What holds the packet: the data area itself, or, where the packet is not in one run there, a copy
   * that is made when it is first asked for.
   */
  get bytes(): Uint8Array {
    return this.#isInRun ? this.#memory.data : this.#scattered.gathered(this.end - this.start);
  }

  /** A copy in `room` of `byteCount` bytes of the packet, from `start` of {@linkcode IncomingRing.bytes} on. */
  takePayload(room: CopyRoom, start: number, byteCount: number): Uint8Array {
    assert(
      start >= this.start && start + byteCount <= this.end,
      "a payload lies inside its packet",
    );
    return this.#isInRun
      ? room.take(this.#blocks, start, byteCount)
      : this.#scattered.take(room, start, byteCount);
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
    const control = this.#control;
    control.store(READ_INDEX_WORD, next);
    this.#committed = next;
    const wantedBytes = control.load(PENDING_SEND_SIZE_WORD);
    return wantedBytes !== 0 && this.#writerGotRoom(wantedBytes, before);
  }

  /**
   * Before the reader sleeps: clears the mask, then looks again, as a packet may have come before
   * the writer could see that (wire.md 1.8). `"more"`: one has come, and the mask is set again.
   */
  rearm(): "sleep" | "more" | RingFault {
    return this.unmask() ?? this.lookAgain();
  }

  /** The first half of {@linkcode IncomingRing.rearm}: clears the mask. Null, or what the writer did wrong. */
  unmask(): RingFault | null {
    this.#packetTotalBytes = 0;
    if (this.#fault !== null) return this.#fault;
    assert(this.#next === this.#committed, "a reader gives room back before it sleeps");
    if (!this.#masked && this.#memory.load(INTERRUPT_MASK_OFFSET) !== 0) {
      return this.#fail("interruptsExternallyMasked");
    }
    this.#memory.store(INTERRUPT_MASK_OFFSET, 0);
    this.#masked = false;
    return null;
  }

  /** The second half of {@linkcode IncomingRing.rearm}: looks whether the reader may sleep. */
  lookAgain(): "sleep" | "more" | RingFault {
    const unreadBytes = this.#loadUnreadBytes();
    if (this.#fault !== null) return this.#fault;
    if (unreadBytes === 0) return "sleep";
    this.mask();
    return "more";
  }

  /** Sets the mask: the writer need not signal, as this end is at it. */
  mask(): void {
    this.#memory.store(INTERRUPT_MASK_OFFSET, 1);
    this.#masked = true;
  }

  /** As many bytes as the writer says that are not passed, which nobody relies on: 0 where it says what cannot be. */
  get unreadBytesAsTold(): number {
    const writeIndex = this.#memory.load(WRITE_INDEX_OFFSET);
    if (!isRingIndex(writeIndex, this.#dataBytes)) return 0;
    return usedBetween(writeIndex, this.#next, this.#dataBytes);
  }

  /** Bytes of the packets that are in the ring now and not passed. */
  usedBytes(): number | RingFault {
    if (this.#fault !== null) return this.#fault;
    const unreadBytes = this.#loadUnreadBytes();
    return this.#fault ?? unreadBytes;
  }

  /**
   * Whether the writer says, by the feature bit as it stands now, that it uses the pending send size; so it
   * honours that as the reader of the opposite ring, too (wire.md 1.2).
   */
  get advertisesPendingSendSize(): boolean {
    const bits = this.#memory.load(FEATURE_BITS_OFFSET);
    return this.#hasPendingSendSize && (bits & FEATURE_PENDING_SEND_SIZE) !== 0;
  }

  /** Looks whether the writer has shown more, as all packets seen so far are read. */
  #hasMore(): boolean {
    if (this.#fault !== null) return false;
    this.#unreadBytes = this.#loadUnreadBytes();
    return this.#unreadBytes > 0;
  }

  /** Checks the less common types, and loads the header field that two of them share (wire.md 2.3). */
  #readRangeCount(): RingFault | null {
    const isGpaDirect = this.type === PACKET_TYPE_GPA_DIRECT;
    if (!isGpaDirect && this.type !== PACKET_TYPE_TRANSFER_PAGES) return "invalidDescriptorType";
    if (this.payloadStart - this.start < RANGED_HEADER_BYTES_MIN) return "invalidDescriptorLengths";
    const { data, words } = this.#memory;
    const bodyWords = this.bytes === data ? words : this.#scattered.words;
    this.rangeCount = bodyWords[(this.start >> 2) + 1]! >>> 0;
    return isGpaDirect && this.rangeCount === 0 ? "invalidGpaDirectRangeCount" : null;
  }

  /** Whether a writer that waits for `wantedBytes` had too little before this commit, and has enough now. */
  #writerGotRoom(wantedBytes: number, committedBefore: number): boolean {
    if (!this.advertisesPendingSendSize) return false;
    const memory = this.#memory;
    const writeIndex = memory.load(WRITE_INDEX_OFFSET);
    if (!isRingIndex(writeIndex, this.#dataBytes)) return false;
    const freeBefore = this.#dataBytes -
      usedBetween(writeIndex, committedBefore, this.#dataBytes);
    const freeNow = this.#dataBytes - usedBetween(writeIndex, this.#committed, this.#dataBytes);
    return freeBefore <= wantedBytes && freeNow > wantedBytes;
  }

  /** Loads the writer's index once, checks it, and counts the bytes up to it that are not passed; 0 after a fault. */
  #loadUnreadBytes(): number {
    const dataBytes = this.#dataBytes;
    const writeIndex = this.#control.load(WRITE_INDEX_WORD);
    const unreadBytes = usedBetween(writeIndex, this.#next, dataBytes);
    // An honest writer stays behind the read index that it was shown. So a batch ends after one
    // round at the latest, however fast a hostile one writes.
    const isBeyond = unreadBytes + this.#consumedBytes() > dataBytes - UNUSED_BYTES;
    if (isRingIndex(writeIndex, dataBytes) && !isBeyond) return unreadBytes;
    this.#fail("invalidWriteIndex");
    return 0;
  }

  /** Bytes of packets that are passed and not given back. */
  #consumedBytes(): number {
    return usedBetween(this.#next, this.#committed, this.#dataBytes);
  }

  /** Names what is wrong with a descriptor: less of one is there, its lengths are wrong, or its flags are. */
  #failDescriptor(dataOffsetBytes: number, lengthBytes: number): RingFault {
    if (this.#unreadBytes < DESCRIPTOR_BYTES) return this.#fail("invalidDataAvailable");
    const areLengthsGood = dataOffsetBytes >= DESCRIPTOR_BYTES && dataOffsetBytes <= lengthBytes &&
      lengthBytes + TRAILER_BYTES <= this.#unreadBytes;
    return this.#fail(areLengthsGood ? "invalidDescriptorFlags" : "invalidDescriptorLengths");
  }

  #fail(fault: RingFault): RingFault {
    this.#fault = fault;
    this.#unreadBytes = 0;
    return fault;
  }
}
