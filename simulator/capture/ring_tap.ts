/**
 * Takes packets off a ring as they lie there, from the descriptor to the trailer, behind the backs of both of its ends.
 *
 * @module
 */

import { CopyRoom } from "../../core/blocks.ts";
import {
  advanceIndex,
  DESCRIPTOR_BYTES,
  isRingIndex,
  READ_INDEX_OFFSET,
  TRAILER_BYTES,
  usedBetween,
  WRITE_INDEX_OFFSET,
} from "../../core/ring/layout.ts";
import { DESCRIPTOR } from "../../core/ring/layouts.ts";
import type { RingMemory } from "../../core/ring/ring_memory.ts";
import { Damage } from "../../core/layout/mod.ts";

/** The room that bytes are copied to on their way. */
const ROOM = new CopyRoom();

/** What lies in a ring. */
export interface TakenPacket {
  /** Where in the data area it begins. */
  readonly index: number;
  /** Its bytes, the trailer included. */
  readonly bytes: Uint8Array;
  /** What is wrong with it as a packet; null: its lengths are possible. */
  readonly fault: string | null;
}

/** Follows one ring. It reads, and changes nothing. */
export class RingTap {
  readonly #memory: RingMemory;
  /** Where the next packet will begin. */
  #index: number;
  /** The impossible write index that was told of last. */
  #toldIndex: number | null = null;

  /** Follows the ring in `memory`: first come packets that nobody has read. */
  constructor(memory: RingMemory) {
    this.#memory = memory;
    const readIndex = memory.load(READ_INDEX_OFFSET);
    this.#index = isRingIndex(readIndex, memory.dataBytes) ? readIndex : 0;
  }

  /** Bytes of the data area. */
  get dataBytes(): number {
    return this.#memory.dataBytes;
  }

  /** Whether something was written since it was taken last. */
  get hasMore(): boolean {
    const writeIndex = this.#memory.load(WRITE_INDEX_OFFSET);
    return writeIndex !== this.#index && writeIndex !== this.#toldIndex;
  }

  /** What was written since it was asked last. */
  *take(): Generator<TakenPacket> {
    const { dataBytes } = this;
    if (!this.hasMore) return;
    const writeIndex = this.#memory.load(WRITE_INDEX_OFFSET);
    if (!isRingIndex(writeIndex, dataBytes)) return yield* this.#impossible(writeIndex);
    this.#toldIndex = null;
    while (this.#index !== writeIndex) {
      const left = usedBetween(writeIndex, this.#index, dataBytes);
      const totalBytes = this.#totalBytes(left);
      const isPacket = totalBytes >= DESCRIPTOR_BYTES + TRAILER_BYTES && totalBytes <= left;
      const index = this.#index;
      const bytes = this.#copy(isPacket ? totalBytes : left);
      this.#index = advanceIndex(index, bytes.length, dataBytes);
      const fault = isPacket ? null : `${left} bytes up to the write index can be no packet`;
      yield { index, bytes, fault };
    }
  }

  *#impossible(writeIndex: number): Generator<TakenPacket> {
    this.#toldIndex = writeIndex;
    const fault = `write index ${writeIndex} is no place in ${this.dataBytes} bytes`;
    yield { index: this.#index, bytes: new Uint8Array(0), fault };
  }

  /** Bytes that the next packet says it has, trailer included; 0: there are too few to say. */
  #totalBytes(left: number): number {
    if (left < DESCRIPTOR_BYTES) return 0;
    const descriptor = DESCRIPTOR.decode(this.#copy(DESCRIPTOR_BYTES));
    return descriptor instanceof Damage ? 0 : descriptor.length8 * 8 + TRAILER_BYTES;
  }

  #copy(byteCount: number): Uint8Array {
    ROOM.reserve(byteCount);
    this.#memory.copyOut(this.#index, ROOM.blocks, ROOM.start, byteCount);
    return ROOM.copy.slice(0, byteCount);
  }
}
