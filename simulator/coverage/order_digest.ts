/**
 * The order of everything that drivers can see of a run, as one short text: the sequence of endpoint,
 * callback or returning wait, transaction and status, without times.
 *
 * @module
 */

const { imul } = Math;

const FACTOR_A = 0x9e3779b1;
const FACTOR_B = 0x85ebca77;

/** A hash of 64 bits of what comes one after the other. It tells apart by accident, not against forgery. */
export class OrderDigest {
  #a = 0x243f6a88;
  #b = 0x85a308d3;

  /** Takes in one thing that a driver sees. */
  take(endpoint: number, what: number, transaction: number, status: number): void {
    this.#word(endpoint << 8 | what);
    this.#word(transaction);
    this.#word(status);
  }

  #word(word: number): void {
    const a = imul(this.#a ^ word, FACTOR_A);
    const b = imul(this.#b ^ (word << 13 | word >>> 19), FACTOR_B);
    this.#a = a ^ b >>> 15;
    this.#b = b + a | 0;
  }

  /** What it has come to, as 16 hexadecimal digits. */
  get text(): string {
    return hex(this.#a) + hex(this.#b);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
