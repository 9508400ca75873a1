/**
 * A packet that has no place in one run of its ring, as it wraps, or as pages are scattered: it is written
 * into a private buffer, and copied from there.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { advanceIndex } from "./layout.ts";
import type { RingMemory } from "./ring_memory.ts";
import type { Scratch } from "./scratch.ts";

/** The packet of one writer that is not written in place. */
export class ScratchPacket {
  readonly #memory: RingMemory;
  readonly #scratch: Scratch;
  /** Which packet of the buffer it is. */
  #number = 0;
  /** The part of the packet that went past the buffer, and is in the ring already. */
  #directStart = 0;
  /** Where that part ends. */
  #directEnd = 0;

  /** Of the writer of the ring in this memory, in this buffer. */
  constructor(memory: RingMemory, scratch: Scratch) {
    this.#memory = memory;
    this.#scratch = scratch;
  }

  /** The buffer, in which the packet begins at 0; replaced when it grows. */
  get bytes(): Uint8Array {
    return this.#scratch.blocks.bytes;
  }

  /** The same bytes as 4-byte words. */
  get words(): Int32Array {
    return this.#scratch.words;
  }

  /** Begins a packet of `totalBytes`, trailer included. */
  begin(totalBytes: number): void {
    this.#scratch.reserve(totalBytes);
    this.#number = ++this.#scratch.packets;
    this.#directStart = totalBytes;
    this.#directEnd = totalBytes;
  }

  /**
   * Writes a long payload to its place in the ring, in as many parts as it has there: the packet begins at
   * `packetOffset`, and the payload lies at `at` of it, before `bodyEnd`.
   */
  putDirectly(
    packetOffset: number,
    at: number,
    bodyEnd: number,
    payload: Uint8Array,
    start: number,
    byteCount: number,
  ): void {
    assert(at + byteCount <= bodyEnd, "a payload lies inside the body that is reserved for it");
    this.#directStart = at;
    this.#directEnd = at + byteCount;
    const { dataBytes } = this.#memory;
    const offset = advanceIndex(packetOffset, at, dataBytes);
    this.#memory.copyArrayIn(offset, payload, start, byteCount);
  }

  /** Copies what the buffer has of the packet to its place in the ring, from `packetOffset` on. */
  copyTo(packetOffset: number, totalBytes: number): void {
    const { blocks, packets } = this.#scratch;
    assert(
      this.#number === packets,
      "a packet is finished before another ring's is begun in its buffer",
    );
    const memory = this.#memory;
    memory.copyIn(packetOffset, blocks, 0, this.#directStart);
    const after = advanceIndex(packetOffset, this.#directEnd, memory.dataBytes);
    memory.copyIn(after, blocks, this.#directEnd, totalBytes - this.#directEnd);
  }
}
