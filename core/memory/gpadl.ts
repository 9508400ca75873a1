/**
 * GPADLs: how a range list crosses the control channel in pieces (wire.md 3.2 and 3.3).
 *
 * The list is cut at word boundaries without regard to ranges. The messages themselves, and the
 * handshake that they are part of, are not dealt with here.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { isU16 } from "../units.ts";
import {
  type GpaRange,
  parseRanges,
  RANGE_WORD_BYTES,
  type RangeFault,
  rangesBytes,
  writeRanges,
} from "./gpa_ranges.ts";

/** Words that a GPADL may have: their byte count is a u16 in the header message (wire.md 3.3). */
export const GPADL_WORDS_MAX = 8191;

/** Words that a header message holds: 240 bytes less 20. */
export const GPADL_HEADER_WORDS = 27;

/** Words that a body message holds: 240 bytes less 16. */
export const GPADL_BODY_WORDS = 28;

/** What can be wrong with a GPADL that a guest described. */
export type GpadlFault = RangeFault;

/** Words of the range list for `ranges`. More than {@linkcode GPADL_WORDS_MAX} make no GPADL. */
export function gpadlWords(ranges: readonly GpaRange[]): number {
  return rangesBytes(ranges) / RANGE_WORD_BYTES;
}

/**
 * The words of the range list for `ranges`, as bytes, cut up for messages: the first part is for the
 * header message, each further one for a body message.
 */
export function splitGpadl(ranges: readonly GpaRange[]): Uint8Array[] {
  assert(gpadlWords(ranges) <= GPADL_WORDS_MAX, "a GPADL's byte count fits its field");
  const words = new Uint8Array(rangesBytes(ranges));
  writeRanges(words, 0, ranges);
  let at = GPADL_HEADER_WORDS * RANGE_WORD_BYTES;
  const parts = [words.subarray(0, at)];
  while (at < words.length) {
    const end = at + GPADL_BODY_WORDS * RANGE_WORD_BYTES;
    parts.push(words.subarray(at, end));
    at = end;
  }
  return parts;
}

/** Puts one GPADL together again, on the host's side. Memory grows with what has arrived only. */
export class GpadlAssembler {
  readonly #rangeCount: number;
  readonly #parts: Uint8Array[] = [];
  #missingBytes: number;
  #ranges: GpaRange[] | null = null;

  /** Begins a GPADL with the two numbers of its header message, both u16 and otherwise unchecked. */
  constructor(byteLength: number, rangeCount: number) {
    assert(isU16(byteLength) && isU16(rangeCount), "the fields of a header message are u16");
    this.#rangeCount = rangeCount;
    this.#missingBytes = wholeWords(byteLength);
  }

  /**
   * Adds the words of the header message or of the next body message. Words beyond the announced
   * length are ignored, and so is a last word that is cut short (wire.md 3.3).
   *
   * An announced length of 0 is complete with the first call, whatever it adds. Complete or faulty,
   * the GPADL takes no further words.
   */
  add(words: Uint8Array): "more" | "complete" | GpadlFault {
    assert(this.#ranges === null, "words are added to an incomplete GPADL");
    const taken = Math.min(wholeWords(words.length), this.#missingBytes);
    if (taken > 0) this.#parts.push(words.slice(0, taken));
    this.#missingBytes -= taken;
    if (this.#missingBytes > 0) return "more";

    const list = concatenate(this.#parts);
    const ranges = parseRanges(list, 0, list.length, this.#rangeCount);
    if (typeof ranges === "string") return ranges;
    this.#ranges = ranges;
    return "complete";
  }

  /** The number of ranges that the header message announced. */
  get rangeCount(): number {
    return this.#rangeCount;
  }

  /** The words of an incomplete GPADL that have arrived. */
  get arrived(): Uint8Array {
    return concatenate(this.#parts);
  }

  /** The ranges of a complete GPADL. Their PFNs may lie outside the guest's memory. */
  get ranges(): GpaRange[] {
    assert(this.#ranges !== null, "the ranges of a complete GPADL are known");
    return this.#ranges;
  }
}

function wholeWords(byteCount: number): number {
  return byteCount - byteCount % RANGE_WORD_BYTES;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
