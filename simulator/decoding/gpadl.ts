/**
 * GPADLs field by field: the messages that describe one, and the ranges that their words are together (wire.md 3).
 *
 * @module
 */

import { CONTROL_MESSAGE } from "../../core/control/layouts.ts";
import { Damage, type DecodedFields, fieldsOf } from "../../core/layout/mod.ts";
import { RANGE_WORD_BYTES } from "../../core/memory/gpa_ranges.ts";
import { rangeList } from "../../core/memory/layouts.ts";
import { fieldsOfControlMessage } from "./control_message.ts";

/** A GPADL, field by field. */
export interface DecodedGpadl {
  /** The messages, one after the other. */
  readonly messages: readonly DecodedFields[];
  /** The ranges: their offsets count from the first word of the header message. */
  readonly ranges: DecodedFields;
  /** What is wrong with the messages together, in words; null where nothing is. */
  readonly fault: string | null;
}

/**
 * The GPADL that `messages` describe: the header message first, then its body messages. Words beyond the length that the
 * header announces are ignored, as a receiver does
 * ([wire.md 3.3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). It never throws: of a description that is damaged or
 * not complete the ranges are shown as far as there are words.
 */
export function fieldsOfGpadl(messages: readonly Uint8Array[]): DecodedGpadl {
  const copies = messages.map((bytes) => bytes.slice());
  const shown = copies.map((bytes) => fieldsOfControlMessage(bytes));
  const [header, ...bodies] = copies.map((bytes) => CONTROL_MESSAGE.decode(bytes));
  const none = { messages: shown, ranges: { fields: [], byteCount: 0, damage: null } };
  if (header === undefined || header instanceof Damage || header.message !== "gpadlHeader") {
    return { ...none, fault: "the first message describes no GPADL" };
  }
  let fault: string | null = null;
  const words = new Uint8Array(header.byteLength - header.byteLength % RANGE_WORD_BYTES);
  let at = copyWords(words, 0, header.words);
  for (const [place, body] of bodies.entries()) {
    if (body instanceof Damage || body.message !== "gpadlBody" || body.gpadlId !== header.gpadlId) {
      fault ??= `message ${place + 1} continues no GPADL ${header.gpadlId}`;
    } else {
      at = copyWords(words, at, body.words);
    }
  }
  if (at < words.length) {
    fault ??= `${header.byteLength} bytes of ranges are announced, ${at} are there`;
  }
  const ranges = fieldsOf(rangeList(header.rangeCount), words.subarray(0, at));
  return { messages: shown, ranges, fault };
}

/** Copies what there is room for to `at` of `words`, and returns where it ends. */
function copyWords(words: Uint8Array, at: number, more: Uint8Array): number {
  const taken = more.subarray(0, words.length - at);
  words.set(taken, at);
  return at + taken.length;
}
