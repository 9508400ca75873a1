/**
 * The floor under every ring: the payload is copied into a ring's worth of memory and out again, and
 * nothing else is done.
 *
 * @module
 */

import { copyBytes } from "../../core/bytes.ts";
import { Copier } from "../copier.ts";
import { DESCRIPTOR_BYTES, FRAME_BYTES, payloadOf, type Pipe } from "../pipe.ts";

/**
 * Copies in and out, at the places where a ring puts its payloads. Where those wrap, the area goes on
 * instead: the floor is of one copy each way. The places must be the same, as a copy takes longer at some.
 */
export class MemcpyPipe implements Pipe {
  readonly #area: Uint8Array;
  readonly #ringBytes: number;
  /** How it copies out; null: as JavaScript has it. */
  readonly #copier: Copier | null;
  #at = 0;
  #into = payloadOf(0);

  /**
   * A pipe over `area`, for a ring of `ringBytes` and the longest payload; it copies out as JavaScript has
   * it, or in words as a channel does.
   */
  constructor(area: Uint8Array, ringBytes: number, out: "set" | "words") {
    this.#area = area;
    this.#ringBytes = ringBytes;
    this.#copier = out === "words" ? new Copier() : null;
  }

  /** See {@linkcode Pipe.carry}. */
  carry(payload: Uint8Array): Uint8Array {
    const { length } = payload;
    const at = this.#at + DESCRIPTOR_BYTES;
    this.#area.set(payload, at);
    if (this.#into.length !== length) this.#into = payloadOf(length);
    const into = this.#into;
    if (this.#copier === null) copyBytes(into, this.#area, at, length);
    else this.#copier.copy(into, this.#area, at, length);
    this.#at = (this.#at + length + FRAME_BYTES) % this.#ringBytes;
    return into;
  }
}
