/**
 * A packet that a reader looks at and that is not in one run of its ring, as it wraps, or as pages are
 * scattered: what is read of it is copied first, once, so that nothing is loaded twice.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { BLOCK_BYTES, type Blocks, type CopyRoom } from "../blocks.ts";
import { advanceIndex, DESCRIPTOR_BYTES } from "./layout.ts";
import type { RingMemory } from "./ring_memory.ts";
import type { Scratch } from "./scratch.ts";

/** Where a copy lies in its buffer: it needs a block before it. */
export const SCRATCH_START: number = BLOCK_BYTES;

/** The packet of one reader that is not in one run. */
export class ScatteredPacket {
  readonly #memory: RingMemory;
  readonly #scratch: Scratch;
  /** Where in the ring its body begins. */
  #bodyOffset = 0;
  /** Which packet of the buffer its body is; 0 while nothing of that is copied. */
  #number = 0;

  /** Of the reader of the ring in this memory, in this buffer. */
  constructor(memory: RingMemory, scratch: Scratch) {
    this.#memory = memory;
    this.#scratch = scratch;
  }

  /** The buffer as 4-byte words; replaced when it grows. */
  get words(): Int32Array {
    return this.#scratch.words;
  }

  /** Copies the descriptor that begins at `offset` to {@linkcode SCRATCH_START}. */
  gatherDescriptor(offset: number): Int32Array {
    this.#scratch.reserve(DESCRIPTOR_BYTES);
    this.#scratch.packets++;
    this.#memory.copyOut(offset, this.#scratch.blocks, SCRATCH_START, DESCRIPTOR_BYTES);
    return this.#scratch.words;
  }

  /** The reader looks at the packet whose descriptor begins at `offset`; nothing of its body is copied yet. */
  begin(offset: number): void {
    this.#number = 0;
    this.#bodyOffset = advanceIndex(offset, DESCRIPTOR_BYTES, this.#memory.dataBytes);
  }

  /** The buffer with the `bodyBytes` of the body from {@linkcode SCRATCH_START} on: copied when first asked for. */
  gathered(bodyBytes: number): Uint8Array {
    if (this.#number !== 0) return this.#held().bytes;
    const scratch = this.#scratch;
    scratch.reserve(bodyBytes);
    this.#number = ++scratch.packets;
    this.#memory.copyOut(this.#bodyOffset, scratch.blocks, SCRATCH_START, bodyBytes);
    return scratch.blocks.bytes;
  }

  /** A copy in `room` of a part of the body, `start` counted as in the buffer. Where that is copied already, it holds. */
  take(room: CopyRoom, start: number, byteCount: number): Uint8Array {
    if (this.#number !== 0) return room.take(this.#held(), start, byteCount);
    room.reserve(byteCount);
    const { dataBytes } = this.#memory;
    const offset = advanceIndex(this.#bodyOffset, start - SCRATCH_START, dataBytes);
    this.#memory.copyOut(offset, room.blocks, room.start, byteCount);
    return room.copy;
  }

  /** What was copied: to copy it once more would load it twice. */
  #held(): Blocks {
    const { blocks, packets } = this.#scratch;
    assert(
      this.#number === packets,
      "a packet is read before another ring's is copied to its buffer",
    );
    return blocks;
  }
}
