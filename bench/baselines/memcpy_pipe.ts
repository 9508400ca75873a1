/**
 * The floor under every ring: the payload is copied into a ring's worth of memory and out again, and
 * nothing else is done.
 *
 * @module
 */

import { copyBytes } from "../../core/bytes.ts";
import { Copier } from "../copier.ts";
import { FRAME_BYTES, payloadOf, type Pipe } from "../pipe.ts";

/** Copies in and out, at the places where a ring would put its packets. */
export class MemcpyPipe implements Pipe {
  readonly #area: Uint8Array;
  /** How it copies out; null: as JavaScript has it. */
  readonly #copier: Copier | null;
  #at = 0;
  #into = payloadOf(0);

  /** A pipe over `area`, which copies out as JavaScript has it, or in words as a channel does. */
  constructor(area: Uint8Array, out: "set" | "words") {
    this.#area = area;
    this.#copier = out === "words" ? new Copier() : null;
  }

  /** See {@linkcode Pipe.carry}. */
  carry(payload: Uint8Array): Uint8Array {
    const { length } = payload;
    if (this.#at + length > this.#area.length) this.#at = 0;
    const at = this.#at;
    this.#area.set(payload, at);
    if (this.#into.length !== length) this.#into = payloadOf(length);
    const into = this.#into;
    if (this.#copier === null) copyBytes(into, this.#area, at, length);
    else this.#copier.copy(into, this.#area, at, length);
    this.#at = at + length + FRAME_BYTES;
    return into;
  }
}
