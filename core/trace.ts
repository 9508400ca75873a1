/**
 * The record of a run. Two runs that did the same in the same order have the same digest.
 *
 * A record is a few u32 words, so that it costs little to make: a header (event code, shape, and what
 * fits beside them), the subject, and what its shape says. A separate record says what the time is from
 * now on. Payloads enter as a hash of 64 bits, all words go through one of 128, and its state is hashed
 * by SHA-256 at the end. So the digest tells runs apart that differ by accident; it does not protect
 * against two runs that are made to look alike on purpose (`mix_hash.ts`).
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { assert } from "./assert.ts";
import type { CopyRoom } from "./blocks.ts";
import { wordsOfText } from "./mix_hash.ts";
import * as hashes from "./mix_hash.ts";
import { type Implied, TraceEntries } from "./trace_entries.ts";
import {
  EVENT_NAMES,
  TRACE_EVENTS,
  type TraceCode,
  type TraceDetails,
  type TraceEntry,
  type TraceEvent,
  type TraceLevel,
  type TraceMark,
  type Unread,
} from "./trace_events.ts";
import * as packing from "./trace_words.ts";
import * as units from "./units.ts";

export { TRACE_EVENTS, type TraceEntry, type TraceEvent, type TraceLevel, type Unread };

// Names of this module's own: one that is imported is loaded and checked wherever it is used.
const { isU32 } = units;
const { STEP_WORDS } = hashes;
const { BESIDE_SHIFT, WORDS, WORDS_FREE } = packing;

/** The shapes of records, in bits 8 to 11 of the header. What is beside it begins at bit 12. */
const SHAPE_VALUES = 0 << 8;
const SHAPE_MARK = 1 << 8;
const SHAPE_SHORT = 2 << 8;
const SHAPE_PACKET = 3 << 8;
const SHAPE_BYTES = 4 << 8;
const SHAPE_WORDS = 5 << 8;
/** Largest number beside the shape. */
const BESIDE_MAX = 0xf_ffff;

/** The record of a run. */
export class Trace extends packing.TraceWords {
  /** How much is kept. */
  readonly level: TraceLevel;
  /** Whether anything is recorded. */
  readonly isOn: boolean;
  /** Whether entries are kept, which {@linkcode Trace.tell} may say more of. */
  readonly keepsEntries: boolean;
  /**
   * Whether anybody hears of what happens to each packet: this, or a program that observes. Where nobody does,
   * this one question is asked.
   */
  isHeard: boolean;
  /** The same of what follows from other records, which only entries and observers are told. */
  isTold: boolean;
  readonly #hashesPayloads: boolean;
  readonly #entries = new TraceEntries();

  /** An empty trace. At level `"full"` it grows with every record. */
  constructor(level: TraceLevel) {
    super(level !== "off");
    this.level = level;
    this.isOn = level !== "off";
    this.keepsEntries = level === "full";
    this.isHeard = this.isOn;
    this.isTold = this.keepsEntries;
    this.#hashesPayloads = level === "full" || level === "digest";
  }

  /** Programs observe what happens from now on, or no longer do. */
  observe(isObserved: boolean): void {
    this.isHeard = this.isOn || isObserved;
    this.isTold = this.keepsEntries || isObserved;
  }

  /** All records so far, at level `"full"`; otherwise an empty list. */
  get entries(): readonly TraceEntry[] {
    return this.#entries.list;
  }

  /** Gives a subject the name that later entries show; no digest depends on names. */
  nameSubject(subjectId: number, name: string): void {
    if (this.keepsEntries) this.#entries.nameSubject(subjectId, name);
  }

  /** The name of a subject. */
  subjectName(subjectId: number): string {
    return this.#entries.subjectName(subjectId);
  }

  /** Says what the first value of an event stands for: later entries show `names[value]` in its place. */
  nameValues(event: TraceEvent, names: readonly string[]): void {
    if (this.keepsEntries) this.#entries.nameValues(event, names);
  }

  /** Adds details to the entry at `place`, by default the last, at level `"full"`, and the driver's lines, innermost first. */
  tell(details: TraceDetails, lines: readonly string[] = [], place = -1): void {
    if (this.keepsEntries) this.#entries.tell(details, lines, place);
  }

  /** Adds the values of that entry. */
  tellValues(values: readonly (number | string)[]): void {
    if (this.keepsEntries) this.#entries.tellValues(values);
  }

  // -- Records of any shape

  /**
   * Records that `event` happened to `subjectId`, a u32, with up to three safe whole numbers. Two
   * records differ also where one lacks a value that is 0 in the other.
   */
  record(
    at100ns: number,
    event: TraceEvent,
    subjectId: number,
    a?: number,
    b?: number,
    c?: number,
  ): void {
    if (this.isOn) this.#record(at100ns, event, subjectId, a, b, c);
  }

  #record(
    at100ns: number,
    event: TraceEvent,
    subjectId: number,
    a: number | undefined,
    b: number | undefined,
    c: number | undefined,
  ): void {
    assert(isU32(subjectId), "a traced subject is a u32");
    const given = (a === undefined ? 0 : 1) | (b === undefined ? 0 : 2) | (c === undefined ? 0 : 4);
    const start = this.begin(at100ns);
    const words = this.words;
    words[start] = TRACE_EVENTS[event] | SHAPE_VALUES | given << BESIDE_SHIFT;
    words[start + 1] = subjectId;
    this.wordCount = start + 2;
    if (a !== undefined) this.value(start, 1, a);
    if (b !== undefined) this.value(start, 2, b);
    if (c !== undefined) this.value(start, 4, c);
    if (!this.keepsEntries) return;
    const values = [a, b, c].filter((value) => value !== undefined);
    this.#entries.keep(at100ns, event, subjectId, values);
  }

  /** Records that `event` happened to `subjectId`, a u32, with `bytes`, of which entries have a copy. */
  recordBytes(at100ns: number, event: TraceEvent, subjectId: number, bytes: Uint8Array): void {
    if (!this.isOn) return;
    assert(isU32(subjectId), "a traced subject is a u32");
    const start = this.begin(at100ns);
    this.words[start] = TRACE_EVENTS[event] | SHAPE_BYTES;
    this.words[start + 1] = subjectId;
    this.words[start + 2] = bytes.length;
    this.wordCount = start + 3;
    this.takeBytes(bytes, bytes.length);
    if (this.keepsEntries) this.#entries.keep(at100ns, event, subjectId, [bytesToHex(bytes)]);
  }

  /** Records that `event` happened to `subjectId`, with texts. */
  recordTexts(at100ns: number, event: TraceEvent, subjectId: number, ...texts: string[]): void {
    if (!this.isOn) return;
    const words = texts.flatMap((text) => [...wordsOfText(text)]);
    this.recordWords(at100ns, event, subjectId, 0, words);
    if (this.keepsEntries) this.tellValues(texts);
  }

  /** Records any number of words, with a number from 0 to 2^20 - 1 beside them. */
  recordWords(
    at100ns: number,
    event: TraceEvent,
    subjectId: number,
    beside: number,
    words: readonly number[],
  ): void {
    if (!this.isOn) return;
    assert(isU32(subjectId) && beside <= BESIDE_MAX, "what is traced fits its place");
    const start = this.begin(at100ns);
    this.words[start] = TRACE_EVENTS[event] | SHAPE_WORDS | beside << BESIDE_SHIFT;
    this.words[start + 1] = subjectId;
    this.words[start + 2] = words.length;
    this.wordCount = start + 3;
    for (const word of words) {
      if (this.wordCount === WORDS) this.flush();
      this.words[this.wordCount++] = word;
    }
    if (this.keepsEntries) this.#entries.keep(at100ns, event, subjectId, []);
  }

  // -- Records that every packet has. Their callers know that the trace is on. What each begins with stands
  // in each, as a function that is called costs more here than what it does.

  /** Records that what `code` stands for happened, with a number from 0 to 2^20 - 1 beside it and nothing more. */
  recordMark(at100ns: number, code: TraceCode, subjectId: number, beside: number): void {
    let at = this.wordCount;
    if (at > WORDS_FREE || at100ns !== this.at100ns) at = this.begin(at100ns);
    const words = this.words;
    words[at] = code | SHAPE_MARK | beside << BESIDE_SHIFT;
    words[at + 1] = subjectId;
    this.wordCount = at + 2;
    if (this.keepsEntries) this.#keepCode(at100ns, code, subjectId, [beside]);
  }

  /** The same with two u32 numbers, `a` and `b`. */
  recordShort(
    at100ns: number,
    code: TraceCode,
    subjectId: number,
    beside: number,
    a: number,
    b: number,
  ): void {
    let at = this.wordCount;
    if (at > WORDS_FREE || at100ns !== this.at100ns) at = this.begin(at100ns);
    const words = this.words;
    words[at] = code | SHAPE_SHORT | beside << BESIDE_SHIFT;
    words[at + 1] = subjectId | 0; // without it V8 makes a float of the number first
    words[at + 2] = a | 0;
    words[at + 3] = b | 0;
    this.wordCount = at + 4;
    if (this.keepsEntries) this.#keepCode(at100ns, code, subjectId, [a, b]);
  }

  /** A short record of a packet whose payload, of `byteCount` bytes, lies in `room`. */
  recordPacket(
    at100ns: number,
    code: TraceCode,
    subjectId: number,
    beside: number,
    a: number,
    room: CopyRoom,
    byteCount: number,
  ): void {
    if (!this.#hashesPayloads) {
      return this.recordShort(at100ns, code, subjectId, beside, a, byteCount);
    }
    if (at100ns !== this.at100ns) this.begin(at100ns);
    this.pad();
    const header = code | SHAPE_PACKET | beside << BESIDE_SHIFT;
    const count = this.wordCount;
    this.hash.takePacket(this.words, count, header, subjectId, a, byteCount, room);
    this.hashedWords += count + STEP_WORDS;
    this.wordCount = 0;
    if (this.keepsEntries) this.#keepCode(at100ns, code, subjectId, [a, byteCount]);
  }

  #keepCode(at100ns: number, code: TraceCode, subjectId: number, values: readonly number[]): void {
    this.#entries.keep(at100ns, EVENT_NAMES.get(code)!, subjectId, values);
  }

  /** Keeps an entry that follows from the records around it, so that it needs no words in the digest. */
  imply(at100ns: number, event: TraceEvent, subjectId: number, told: Implied): void {
    if (this.keepsEntries) this.#entries.imply(at100ns, event, subjectId, told);
  }

  /** Records the first `byteCount` of `bytes` as part of the record before; unless payloads are left out. */
  addPayload(bytes: Uint8Array, byteCount: number): void {
    if (this.#hashesPayloads && this.isOn) this.takeBytes(bytes, byteCount);
  }

  /** Records the first `byteCount` of `bytes`, their content only where payloads are recorded. */
  recordPayload(
    at100ns: number,
    event: TraceEvent,
    subjectId: number,
    bytes: Uint8Array,
    byteCount: number,
  ): void {
    this.record(at100ns, event, subjectId, byteCount);
    this.addPayload(bytes, byteCount);
  }

  // -- What it came to

  /**
   * SHA-256 of everything recorded so far and then of `unread`, as 64 hexadecimal digits; recording
   * continues undisturbed. At level `"off"` it is the digest of nothing.
   *
   * @param unread What lies unread in rings: it is recorded only where it is read.
   */
  digest(unread: readonly Unread[] = []): string {
    if (!this.isOn) return bytesToHex(sha256(new Uint8Array(0)));
    if (unread.length > 0 && this.#hashesPayloads) return this.#digestWith(unread);
    return this.digestOfWords();
  }

  #digestWith(unread: readonly Unread[]): string {
    const mark = this.mark();
    for (const { subjectId, bytes } of unread) {
      this.recordPayload(this.at100ns, "unread", subjectId, bytes, bytes.length);
    }
    const digest = this.digest();
    this.rewind(mark);
    return digest;
  }

  /** What {@linkcode Trace.rewind} takes to make the trace what it is now. */
  mark(): TraceMark {
    return { ...this.markOfWords(), entryCount: this.#entries.list.length };
  }

  /** Forgets what was recorded since `mark` was made. */
  rewind(mark: TraceMark): void {
    this.rewindWords(mark);
    this.#entries.cut(mark.entryCount);
  }
}
