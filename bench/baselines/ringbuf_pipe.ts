/**
 * ringbuf.js, npm's ring over a shared buffer. It carries elements, not packets, so each payload is
 * preceded by a header of the size of ours that says how long it is.
 *
 * @module
 */

import { RingBuffer } from "ringbuf.js";
import { payloadOf, type Pipe } from "../pipe.ts";

const HEADER_WORDS = 4;
const LENGTH_WORD = 1;

/** A ring of ringbuf.js with framed payloads. */
export class RingbufPipe implements Pipe {
  readonly #ring: RingBuffer;
  readonly #header = new Int32Array(HEADER_WORDS);
  readonly #headerBytes = new Uint8Array(this.#header.buffer);
  #into = payloadOf(0);

  /** A ring for `capacityBytes`. */
  constructor(capacityBytes: number) {
    const storage = RingBuffer.getStorageForCapacity(capacityBytes, Uint8Array);
    this.#ring = new RingBuffer(storage, Uint8Array);
  }

  /** See {@linkcode Pipe.carry}. */
  carry(payload: Uint8Array): Uint8Array | null {
    const header = this.#headerBytes;
    this.#header[LENGTH_WORD] = payload.length;
    this.#ring.push(header, header.length);
    this.#ring.push(payload, payload.length);
    this.#ring.pop(header, header.length);
    const byteCount = this.#header[LENGTH_WORD]!;
    if (this.#into.length !== byteCount) this.#into = payloadOf(byteCount);
    return this.#ring.pop(this.#into, byteCount) === byteCount ? this.#into : null;
  }
}
