/**
 * What the host has to say to a guest that wants to hear nothing for now (wire.md 5.4).
 *
 * @module
 */

import { Fifo } from "../../../core/fifo.ts";

/**
 * The messages for one guest, in order. Those that wait are bounded by what the guest has: while it hears nothing it
 * may ask for nothing, and a server is offered on ids that the guest has released.
 */
export class OutgoingMessages {
  readonly #queue = new Fifo<Uint8Array>();
  readonly #say: (bytes: Uint8Array) => void;
  readonly #isHeld: () => boolean;

  /** Messages that `say` says, unless they are held. */
  constructor(say: (bytes: Uint8Array) => void, isHeld: () => boolean) {
    this.#say = say;
    this.#isHeld = isHeld;
  }

  /** Those that wait, in order. */
  get waiting(): readonly Uint8Array[] {
    return this.#queue.list();
  }

  /** Says a message, or has it wait behind those that do. */
  post(bytes: Uint8Array): void {
    if (this.#queue.length > 0 || this.#isHeld()) this.#queue.push(bytes);
    else this.#say(bytes);
  }

  /** Says all that wait. */
  flush(): void {
    for (let bytes = this.#queue.shift(); bytes !== null; bytes = this.#queue.shift()) {
      this.#say(bytes);
    }
  }

  /** These wait, as they did when they were saved. */
  restore(messages: readonly Uint8Array[]): void {
    for (const bytes of messages) this.#queue.push(bytes);
  }
}
