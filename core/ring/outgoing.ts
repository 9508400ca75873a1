/**
 * The writer's end of a ring (wire.md 1.5, 1.7). It trusts its own copies of its index and of the
 * pending packets, and loads the reader's index only where its runway ends: the room that it knows of.
 *
 * @module
 */

import * as promises from "../assert.ts";
import { NO_WORDS } from "../blocks.ts";
import * as views from "../bytes.ts";
import * as layout from "./layout.ts";
import {
  type ControlWords,
  largestPacketBytes,
  type RingFault,
  type RingMemory,
} from "./ring_memory.ts";
import { RoomWish } from "./room_wish.ts";
import { ScratchPacket } from "./scratch_packet.ts";
import { Scratch } from "./scratch.ts";

// Names of this module's own: see ring_memory.ts.
const assert: typeof promises.assert = promises.assert;
const { copyBytes, endsAt, NO_BYTES } = views;
const {
  advanceIndex,
  DESCRIPTOR_BYTES,
  INTERRUPT_MASK_WORD,
  isRingIndex,
  packetTotalBytes,
  READ_INDEX_OFFSET,
  READ_INDEX_WORD,
  TRAILER_BYTES,
  UNUSED_BYTES,
  usedBetween,
  WRITE_INDEX_OFFSET,
  WRITE_INDEX_WORD,
} = layout;

/** Where a writer stands in its ring. The writer's own copy, whatever the control page says. */
export interface OutgoingPosition {
  /** Where the next packet starts. */
  readonly index: number;
  /** Whether it waits for the reader: asked for a signal once there is room, or looks by itself. */
  readonly awaitsRoom: boolean;
}

/** The shortest payload that goes past the scratch buffer: beside so many bytes the views that it costs do not show. */
const DIRECT_BYTES_MIN = 8192;

/**
 * The writer's end. A packet is written by {@linkcode OutgoingRing.reserve}, then its body by the
 * caller, then {@linkcode OutgoingRing.finish}; any number of packets, then one
 * {@linkcode OutgoingRing.commit} that shows them to the reader.
 */
export class OutgoingRing {
  /** Where the reserved packet's body goes; valid from an `"ok"` of `reserve` to `finish`. */
  body: Uint8Array = NO_BYTES;
  /** Offset in {@linkcode OutgoingRing.body} of the body's first byte. */
  bodyStart = 0;
  /** Bytes kept free for a packet that comes last: set before the first packet, and to 0 before the last (wire.md 2.4). */
  keptBytes = 0;
  /** The memory that the ring lies in. */
  readonly memory: RingMemory;
  /** The largest packet that it can ever carry, descriptor to trailer. */
  readonly largestBytes: number = 0;

  readonly #control: ControlWords;
  readonly #dataBytes: number = 0;
  /** Where the packet is written that is not written in place. */
  readonly #scratch: ScratchPacket;
  /** Whether the reserved packet is. */
  #isInScratch = true;
  /** {@linkcode OutgoingRing.body} as 4-byte words. */
  #words: Int32Array = NO_WORDS;
  /** The write index that the reader was last shown. */
  #committed = 0;
  /** Where the next packet starts. */
  #next = 0;
  /**
   * A packet up to this long goes to `#next` of `body` without a look: by the read index last loaded it
   * has room there, in one run. Not above 0 where the next packet needs a look, nor after a fault.
   */
  #runwayBytes = 0;
  /** Bytes of the reserved body, or -1. */
  #reservedBytes = -1;
  readonly #wish: RoomWish;
  #fault: RingFault | null;

  /**
   * Attaches to a ring whose indices stay as they are (wire.md 9). Where its write index is
   * impossible, the ring is dead from the start, with the fault `"invalidWriteIndex"`.
   *
   * @param from Where an earlier writer of the ring stood: this one continues from there, and stores
   * nothing.
   * @param hasPendingSendSize False on a connection before version 2.4: this end then writes neither that
   * word nor the bit for it, and whoever uses it looks for room by himself (wire.md 1.7, 4.3).
   * @param scratch Where a packet is written that is not in one run. Many writers may have it in common, each of
   * which finishes its packet before another begins one.
   */
  constructor(
    memory: RingMemory,
    from: OutgoingPosition | null = null,
    hasPendingSendSize = true,
    scratch: Scratch = new Scratch(),
  ) {
    this.memory = memory;
    this.#control = memory.control;
    this.#dataBytes = memory.dataBytes;
    this.largestBytes = largestPacketBytes(memory.dataBytes);
    this.#scratch = new ScratchPacket(memory, scratch);
    this.#wish = new RoomWish(memory, hasPendingSendSize);
    if (from === null) this.#wish.begin();
    else this.#wish.isMade = from.awaitsRoom;
    const writeIndex = from?.index ?? memory.load(WRITE_INDEX_OFFSET);
    this.#fault = isRingIndex(writeIndex, memory.dataBytes) ? null : "invalidWriteIndex";
    this.#committed = writeIndex;
    this.#next = writeIndex;
  }

  /** What the peer did wrong, as far as this end has seen; null while all is well. */
  get fault(): RingFault | null {
    return this.#fault;
  }

  /** Where this end stands. */
  get position(): OutgoingPosition {
    return { index: this.#next, awaitsRoom: this.#wish.isMade };
  }

  /** Whether it waits for the reader, which has come to another place since it last looked (wire.md 1.7). */
  get readerHasMoved(): boolean {
    return this.#fault === null && this.#wish.readerHasMoved;
  }

  /** Notes where the reader is, for whoever asks whether it has moved; nothing else comes of it. */
  seeReader(): void {
    this.#wish.seenReadIndex = this.memory.load(READ_INDEX_OFFSET);
  }

  /** Bytes of the next packet for which it takes room without another look at the read index. */
  get seenRoomBytes(): number {
    return Math.max(0, this.#runwayBytes);
  }

  /** Whether packets were finished that the reader has not been shown. */
  get written(): boolean {
    return this.#next !== this.#committed;
  }

  /**
   * Takes room for a packet whose descriptor is followed by `bodyBytes`: type header and payload,
   * before padding. After `"ok"` the caller writes exactly these bytes at `bodyStart` of `body`,
   * then calls {@linkcode OutgoingRing.finish}; another `reserve` instead drops this one.
   *
   * @returns `"full"` until the reader makes room, `"tooLarge"` where no reader ever can.
   */
  reserve(bodyBytes: number): "ok" | "full" | "tooLarge" | RingFault {
    const totalBytes = packetTotalBytes(bodyBytes);
    if (bodyBytes >>> 0 !== bodyBytes || totalBytes > this.#runwayBytes) {
      return this.#reserveWithLook(bodyBytes, totalBytes);
    }
    this.#place(this.#next, bodyBytes, totalBytes);
    return "ok";
  }

  /**
   * Writes a part of the reserved body: `byteCount` bytes from `start` of `payload`, which may be a
   * driver's, to `at` of {@linkcode OutgoingRing.body}. It is for what may be long; once in a packet.
   */
  putPayload(at: number, payload: Uint8Array, start: number, byteCount: number): void {
    const isShort = byteCount > 0 && byteCount < DIRECT_BYTES_MIN;
    if (isShort && start === 0 && endsAt(payload, byteCount)) this.body.set(payload, at);
    else this.#putPart(at, payload, start, byteCount);
  }

  /**
   * Completes the reserved packet by its descriptor (wire.md 1.4). The reader does not see it before
   * {@linkcode OutgoingRing.commit}.
   *
   * @param headerBytes How much of the body is type header, a multiple of 8.
   */
  finish(
    type: number,
    headerBytes: number,
    flags: number,
    transactionIdLow: number,
    transactionIdHigh: number,
  ): void {
    const bodyBytes = this.#reservedBytes;
    assert(
      bodyBytes >= 0 && (type | flags) >>> 16 === 0 &&
        (headerBytes & 7) === 0 && headerBytes >>> 0 <= bodyBytes,
      "a packet is reserved before it is finished, its type is a u16, its flags are a u16, and its " +
        "type header is whole 8-byte words of the body",
    );
    const totalBytes = packetTotalBytes(bodyBytes);
    const words = this.#words;
    const descriptor = (this.bodyStart - DESCRIPTOR_BYTES) >> 2;
    words[descriptor] = type | (DESCRIPTOR_BYTES + headerBytes) << 13;
    words[descriptor + 1] = (totalBytes - TRAILER_BYTES) >> 3 | flags << 16;
    words[descriptor + 2] = transactionIdLow | 0; // without it V8 makes a float of the number first
    words[descriptor + 3] = transactionIdHigh | 0;
    if (this.#isInScratch) this.#scratch.copyTo(this.#next, totalBytes);
    else this.#runwayBytes -= totalBytes;
    this.#next = advanceIndex(this.#next, totalBytes, this.#dataBytes);
    this.#reservedBytes = -1;
  }

  /**
   * Shows the finished packets to the reader. True: signal it, as the ring was empty before them
   * and its mask is clear (wire.md 1.7). Without packets nothing happens, and the answer is false.
   */
  commit(): boolean {
    const before = this.#committed;
    const next = this.#next;
    if (next === before) return false;
    const control = this.#control;
    control.store(WRITE_INDEX_WORD, next);
    this.#committed = next;
    return this.wantsSignal(before);
  }

  /** The write index that the reader was last shown. */
  get committed(): number {
    return this.#committed;
  }

  /** Whether the reader wants a signal now for packets that begin at `before`: it has read all before them, and sleeps. */
  wantsSignal(before: number): boolean {
    const control = this.#control;
    return control.load(INTERRUPT_MASK_WORD) === 0 && control.load(READ_INDEX_WORD) === before;
  }

  /**
   * Asks the reader for a signal once a packet with `bodyBytes` fits, then looks again, as room may
   * have come before the reader could see the wish (wire.md 1.7). True: it fits now, and the wish is
   * taken back. It asks for just what the packet needs: to wait for more room could wait for ever
   * on a reader that wants this packet first.
   */
  awaitRoom(bodyBytes: number): boolean | RingFault {
    this.wishRoom(bodyBytes);
    return this.hasGotRoom(bodyBytes);
  }

  /** The first half of {@linkcode OutgoingRing.awaitRoom}: asks. */
  wishRoom(bodyBytes: number): void {
    if (this.#fault !== null) return;
    const totalBytes = packetTotalBytes(bodyBytes) + this.keptBytes;
    assert(totalBytes <= this.largestBytes, "only a packet that can fit waits for room");
    assert(!this.written, "a writer shows what it wrote before it waits");
    this.#wish.make(totalBytes);
  }

  /** The second half of {@linkcode OutgoingRing.awaitRoom}: looks. */
  hasGotRoom(bodyBytes: number): boolean | RingFault {
    if (this.#fault !== null) return this.#fault;
    const totalBytes = packetTotalBytes(bodyBytes) + this.keptBytes;
    const freeBytes = this.#loadFreeBytes();
    if (typeof freeBytes === "string") return freeBytes;
    if (totalBytes >= freeBytes) return false;
    this.clearAwaitRoom();
    return true;
  }

  /** Takes back the wish of {@linkcode OutgoingRing.awaitRoom}: due before packets are added. */
  clearAwaitRoom(): void {
    if (this.#wish.isMade) this.#wish.takeBack();
  }

  /**
   * Whether the reader has passed `index`, up to which it was shown packets since it last stood there or
   * before. To be asked before each commit after that: a ring that went round once looks the same.
   */
  hasPassed(index: number): boolean | RingFault {
    if (this.#fault !== null) return this.#fault;
    const readIndex = this.memory.load(READ_INDEX_OFFSET);
    this.#wish.seenReadIndex = readIndex;
    if (!isRingIndex(readIndex, this.#dataBytes)) return this.#fail("invalidReadIndex");
    const unreadBytes = usedBetween(this.#committed, readIndex, this.#dataBytes);
    const leftBytes = usedBetween(index, readIndex, this.#dataBytes);
    return leftBytes === 0 || leftBytes > unreadBytes;
  }

  /**
   * Asks the reader for a signal once it has passed `index`, then looks again, as
   * {@linkcode OutgoingRing.awaitRoom} does: as soon as no more is unread than was shown after it. True:
   * it has passed it. A wish for room is replaced.
   */
  awaitPassed(index: number): boolean | RingFault {
    const hasPassed = this.hasPassed(index);
    if (hasPassed !== false) return hasPassed;
    const laterBytes = usedBetween(this.#committed, index, this.#dataBytes);
    this.#wish.make(this.#dataBytes - laterBytes - UNUSED_BYTES);
    return this.hasPassed(index);
  }

  /** Free bytes now, the 8 that are never used included: a packet fits if it is smaller. */
  freeBytes(): number | RingFault {
    if (this.#fault !== null) return this.#fault;
    return this.#loadFreeBytes();
  }

  /** A copy of what the reader has not passed on from; nothing where it says what cannot be. */
  unread(): Uint8Array {
    const readIndex = this.memory.load(READ_INDEX_OFFSET);
    if (this.#fault !== null || !isRingIndex(readIndex, this.#dataBytes)) return NO_BYTES;
    return this.memory.copyOf(readIndex, usedBetween(this.#next, readIndex, this.#dataBytes));
  }

  /** Reserves a packet that the runway is too short for: looks where the reader is, and makes a new one. */
  #reserveWithLook(bodyBytes: number, totalBytes: number): "ok" | "full" | "tooLarge" | RingFault {
    assert(bodyBytes >>> 0 === bodyBytes, "a body's length is a u32");
    this.#reservedBytes = -1;
    if (this.#fault !== null) return this.#fault;
    if (totalBytes + this.keptBytes > this.largestBytes) return "tooLarge";
    const freeBytes = this.#loadFreeBytes();
    if (typeof freeBytes === "string") return freeBytes;
    if (totalBytes + this.keptBytes >= freeBytes) return "full";
    const { contiguousBytes, data, words } = this.memory;
    if (this.#next + totalBytes <= contiguousBytes) {
      const usableBytes = Math.min(freeBytes - UNUSED_BYTES, this.largestBytes) - this.keptBytes;
      this.#runwayBytes = Math.min(usableBytes, contiguousBytes - this.#next);
      this.body = data;
      this.#words = words;
      this.#isInScratch = false;
      this.#place(this.#next, bodyBytes, totalBytes);
    } else { // it wraps, or its pages are scattered
      this.#runwayBytes = 0;
      this.#scratch.begin(totalBytes);
      this.body = this.#scratch.bytes;
      this.#words = this.#scratch.words;
      this.#isInScratch = true;
      this.#place(0, bodyBytes, totalBytes);
    }
    return "ok";
  }

  /** Has the packet written at `start` of `body`. What comes after its body is there at once. */
  #place(start: number, bodyBytes: number, totalBytes: number): void {
    this.bodyStart = start + DESCRIPTOR_BYTES;
    this.#reservedBytes = bodyBytes;
    // The last 8 bytes of the body: what it leaves of them is the padding. Then comes the trailer.
    const last = (start + totalBytes - 2 * TRAILER_BYTES) >> 2;
    const words = this.#words;
    words[last] = 0;
    words[last + 1] = 0;
    words[last + 2] = 0;
    words[last + 3] = this.#next;
  }

  /** Writes a payload that is long, a part of its array, or nothing. */
  #putPart(at: number, payload: Uint8Array, start: number, byteCount: number): void {
    if (this.#isInScratch && byteCount >= DIRECT_BYTES_MIN) {
      assert(at >= this.bodyStart, "a payload lies inside the body that is reserved for it");
      const bodyEnd = this.bodyStart + this.#reservedBytes;
      this.#scratch.putDirectly(this.#next, at, bodyEnd, payload, start, byteCount);
    } else copyBytes(this.body, payload, start, byteCount, at);
  }

  /** Loads the reader's index once, checks it, and counts the free bytes by that copy. */
  #loadFreeBytes(): number | RingFault {
    const readIndex = this.memory.load(READ_INDEX_OFFSET);
    this.#wish.seenReadIndex = readIndex;
    if (!isRingIndex(readIndex, this.#dataBytes)) return this.#fail("invalidReadIndex");
    const usedBytes = usedBetween(this.#next, readIndex, this.#dataBytes);
    // No reader can have read what it was not shown; to believe it would let packets lap each other.
    const uncommittedBytes = usedBetween(this.#next, this.#committed, this.#dataBytes);
    if (usedBytes < uncommittedBytes) return this.#fail("invalidReadIndex");
    return this.#dataBytes - usedBytes;
  }

  #fail(fault: RingFault): RingFault {
    this.#fault = fault;
    this.#runwayBytes = 0;
    return fault;
  }
}
