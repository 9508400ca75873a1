/**
 * The floor under every ring: the payload is copied into a ring's worth of memory and out again, and
 * nothing else is done.
 *
 * @module
 */

import { Copier } from "../../core/bytes.ts";
import { FRAME_BYTES, type Pipe } from "../pipe.ts";

/** Copies in and out, at the places where a ring would put its packets. */
export class MemcpyPipe implements Pipe {
  readonly #area: Uint8Array;
  readonly #copier = new Copier();
  #at = 0;

  /** A pipe over `area`. */
  constructor(area: Uint8Array) {
    this.#area = area;
  }

  /** See {@linkcode Pipe.carry}. */
  carry(payload: Uint8Array, into: Uint8Array): number {
    const { length } = payload;
    if (this.#at + length > this.#area.length) this.#at = 0;
    const at = this.#at;
    this.#area.set(payload, at);
    this.#copier.copy(into, this.#area, at, length);
    this.#at = at + length + FRAME_BYTES;
    return length;
  }
}
