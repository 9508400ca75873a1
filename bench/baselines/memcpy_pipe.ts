/**
 * The floor under every ring: the payload is copied into a ring's worth of memory and out again, and
 * nothing else is done.
 *
 * @module
 */

import { Blocks, CopyRoom } from "../../core/blocks.ts";
import { copyBytes } from "../../core/bytes.ts";
import { DESCRIPTOR_BYTES, FRAME_BYTES, payloadOf, type Pipe } from "../pipe.ts";

/**
 * Copies in and out, at the places where a ring puts its payloads. Where those wrap, the area continues
 * instead: the floor is of one copy each way. The places must be the same, as a copy takes longer at some.
 */
export class MemcpyPipe implements Pipe {
  readonly #area: Uint8Array;
  readonly #ringBytes: number;
  /** The area, where it copies out as a channel does; null: as JavaScript has it. */
  readonly #blocks: Blocks | null;
  readonly #room = new CopyRoom();
  #at = 0;
  #into = payloadOf(0);

  /**
   * A pipe over `area`, for a ring of `ringBytes` and the longest payload; it copies out as JavaScript has
   * it, or in words as a channel does.
   */
  constructor(area: Uint8Array, ringBytes: number, out: "set" | "words") {
    this.#area = area;
    this.#ringBytes = ringBytes;
    this.#blocks = out === "words" ? new Blocks(area) : null;
  }

  /** See {@linkcode Pipe.carry}. */
  carry(payload: Uint8Array): Uint8Array {
    const { length } = payload;
    const at = this.#at + DESCRIPTOR_BYTES;
    this.#area.set(payload, at);
    this.#at = (this.#at + length + FRAME_BYTES) % this.#ringBytes;
    return this.#blocks === null ? this.#copyOut(at, length) : this.#take(this.#blocks, at, length);
  }

  #copyOut(at: number, byteCount: number): Uint8Array {
    if (this.#into.length !== byteCount) this.#into = payloadOf(byteCount);
    copyBytes(this.#into, this.#area, at, byteCount);
    return this.#into;
  }

  #take(blocks: Blocks, at: number, byteCount: number): Uint8Array {
    const room = this.#room;
    room.reserve(byteCount);
    blocks.copyFreely(room.blocks, room.start, at, byteCount);
    return room.copy;
  }
}
