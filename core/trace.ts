/**
 * The record of a run. Two runs that did the same in the same order have the same digest.
 *
 * A record is packed into as few bytes as tell it from every other, because the hash, at several
 * nanoseconds a byte, is what recording costs: u8 event code, u8 shape, u8 wide; f64 time where the
 * record before has another; u32 subject; each value as u32, or as f64 where its bit in wide is
 * set; or, after recordBytes, u32 length and the bytes. All of it is little-endian.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { assert } from "./assert.ts";
import { isU32, showU64 } from "./units.ts";

/** `"digest"` keeps a hash alone, in constant memory; `"full"` every entry too; `"off"` nothing. */
export type TraceLevel = "digest" | "full" | "off";

/** What can be recorded, with the code that stands for it in the digest. */
export const TRACE_EVENTS = {
  // The work item that begins to run.
  workInterrupt: 1,
  workDpc: 2,
  workPassive: 3,
  workTimer: 4,
  workControl: 5,
  workStateChange: 6,
  workMatch: 7,
  workPageIn: 8,
  // A control message that leaves, with its bytes.
  messageToHost: 16,
  messageToGuest: 17,
  // A driver's callback.
  callbackBegin: 32,
  callbackEnd: 33,
  // What becomes of a packet.
  packetQueued: 48,
  packetEntered: 49,
  packetArrived: 50,
  packetCompleted: 51,
  // Signals and time.
  interrupt: 64,
  timerArmed: 65,
  timerCancelled: 66,
  // What happens to a channel, and what its peer did wrong.
  channelEvent: 72,
  fault: 73,
  // Misuse that the verifier has found.
  violation: 80,
  // Partitions.
  partitionCreated: 96,
  partitionCrashed: 97,
  partitionDestroyed: 98,
} as const;

/** The name of what is recorded. */
export type TraceEvent = keyof typeof TRACE_EVENTS;

/** One record, as level `"full"` keeps it. */
export interface TraceEntry {
  /** When, in 100 ns of virtual time. */
  readonly at100ns: number;
  /** What happened. */
  readonly event: string;
  /** To what: `channel 1`, or `#` and its id where it has no name. */
  readonly subject: string;
  /** What there is to know of it: numbers (one that is not exact as decimal text), or bytes as one hexadecimal text. */
  readonly values: readonly (number | string)[];
}

const BUFFER_BYTES = 0x1_0000;

/** Code, shape, wide, time, subject and three wide values; a length takes less than these. */
const RECORD_BYTES_MAX = 3 + 8 + 4 + 3 * 8;

/** Shape: bits 0 to 2 say which values follow, these that a time does, or bytes for values. */
const SHAPE_TIME = 0x10;
const SHAPE_BYTES = 0x20;

/** A SHA-256 of what it has seen so far. */
export interface TraceHash {
  /** Takes further bytes. */
  update(bytes: Uint8Array): unknown;
  /** Another that has seen the same. */
  clone(): TraceHash;
  /** Its value; it takes no further bytes. */
  digest(): Uint8Array;
}

/** A moment of a trace. */
export interface TraceMark {
  /** The hash of all that was recorded before. */
  readonly hash: TraceHash;
  /** Time of the record before; -1: there was none. */
  readonly at100ns: number;
  /** Entries that were kept. */
  readonly entryCount: number;
}

/** The record of a run. */
export class Trace {
  /** How much is kept. */
  readonly level: TraceLevel;
  #hash: TraceHash = sha256.create();
  /** Records that the hash has not seen yet. */
  readonly #buffer: Uint8Array;
  readonly #view: DataView;
  #bufferedBytes = 0;
  /** Time of the latest record; no record has this first one. */
  #at100ns = -1;
  readonly #entries: TraceEntry[] = [];
  readonly #subjectNames = new Map<number, string>();
  readonly #valueNames = new Map<TraceEvent, readonly string[]>();

  /** An empty trace. At level `"full"` it grows with every record. */
  constructor(level: TraceLevel) {
    this.level = level;
    this.#buffer = new Uint8Array(level === "off" ? 0 : BUFFER_BYTES);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** All records so far, at level `"full"`; else none. */
  get entries(): readonly TraceEntry[] {
    return this.#entries;
  }

  /** Gives a subject the name that later entries show; no digest depends on names. */
  nameSubject(subjectId: number, name: string): void {
    if (this.level === "full") this.#subjectNames.set(subjectId, name);
  }

  /** Says what the first value of an event stands for: later entries show `names[value]` in its place. */
  nameValues(event: TraceEvent, names: readonly string[]): void {
    if (this.level === "full") this.#valueNames.set(event, names);
  }

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
    if (this.level !== "off") this.#record(at100ns, event, subjectId, a, b, c);
  }

  /**
   * Records what became of a packet whose sender knows it by a number of 64 bits, given as two halves:
   * entries show that as {@linkcode showU64} does, and then `byteCount`.
   */
  recordArrival(
    at100ns: number,
    event: TraceEvent,
    subjectId: number,
    idLow: number,
    idHigh: number,
    byteCount: number,
  ): void {
    if (idHigh === 0) return this.record(at100ns, event, subjectId, idLow, byteCount);
    if (this.level === "off") return;
    this.#pack(at100ns, event, subjectId, idLow, byteCount, idHigh);
    if (this.level === "full") {
      this.#keep(at100ns, event, subjectId, [showU64(idLow, idHigh), byteCount]);
    }
  }

  #record(
    at100ns: number,
    event: TraceEvent,
    subjectId: number,
    a: number | undefined,
    b: number | undefined,
    c: number | undefined,
  ): void {
    this.#pack(at100ns, event, subjectId, a, b, c);
    if (this.level !== "full") return;
    const [first, ...rest] = [a, b, c].filter((value) => value !== undefined);
    const name = first === undefined ? undefined : this.#valueNames.get(event)?.[first] ?? first;
    this.#keep(at100ns, event, subjectId, name === undefined ? [] : [name, ...rest]);
  }

  /** Packs a record of up to three values. */
  #pack(
    at100ns: number,
    event: TraceEvent,
    subjectId: number,
    a: number | undefined,
    b: number | undefined,
    c: number | undefined,
  ): void {
    const given = (a === undefined ? 0 : 1) | (b === undefined ? 0 : 2) | (c === undefined ? 0 : 4);
    const start = this.#begin(at100ns, event, subjectId, given);
    if (a !== undefined) this.#value(start, 0, a);
    if (b !== undefined) this.#value(start, 1, b);
    if (c !== undefined) this.#value(start, 2, c);
  }

  /** Records that `event` happened to `subjectId`, a u32, with `bytes`, which are copied. */
  recordBytes(at100ns: number, event: TraceEvent, subjectId: number, bytes: Uint8Array): void {
    if (this.level === "off") return;
    this.#begin(at100ns, event, subjectId, SHAPE_BYTES);
    this.#view.setUint32(this.#bufferedBytes, bytes.length, true);
    this.#bufferedBytes += 4;
    if (bytes.length > BUFFER_BYTES - this.#bufferedBytes) this.#flush();
    if (bytes.length > BUFFER_BYTES) {
      this.#hash.update(bytes);
    } else {
      this.#buffer.set(bytes, this.#bufferedBytes);
      this.#bufferedBytes += bytes.length;
    }
    if (this.level === "full") this.#keep(at100ns, event, subjectId, [bytesToHex(bytes)]);
  }

  /**
   * SHA-256 of everything recorded so far, as 64 hexadecimal digits; recording goes on undisturbed.
   * At level `"off"` it is that of nothing.
   */
  digest(): string {
    this.#flush();
    return bytesToHex(this.#hash.clone().digest());
  }

  /** What {@linkcode Trace.rewind} takes to make the trace what it is now. */
  mark(): TraceMark {
    this.#flush();
    return { hash: this.#hash.clone(), at100ns: this.#at100ns, entryCount: this.#entries.length };
  }

  /** Forgets what was recorded since `mark` was made. */
  rewind({ hash, at100ns, entryCount }: TraceMark): void {
    this.#hash = hash.clone();
    this.#bufferedBytes = 0;
    this.#at100ns = at100ns;
    this.#entries.length = entryCount;
  }

  /** The entries as text: time in 100 ns, event, subject and values, divided by spaces. */
  lines(): string[] {
    return this.#entries.map(({ at100ns, event, subject, values }) =>
      [at100ns, event, subject, ...values].join(" ")
    );
  }

  /** Packs what every record has. Returns where the record starts in the buffer. */
  #begin(at100ns: number, event: TraceEvent, subjectId: number, shape: number): number {
    assert(isU32(subjectId), "a traced subject is a u32");
    if (this.#bufferedBytes + RECORD_BYTES_MAX > BUFFER_BYTES) this.#flush();
    const view = this.#view;
    const start = this.#bufferedBytes;
    let end = start + 3;
    view.setUint8(start, TRACE_EVENTS[event]);
    view.setUint8(start + 1, shape);
    view.setUint8(start + 2, 0);
    if (at100ns !== this.#at100ns) {
      assert(Number.isSafeInteger(at100ns), "a traced time is a safe whole number");
      this.#at100ns = at100ns;
      view.setUint8(start + 1, shape | SHAPE_TIME);
      view.setFloat64(end, at100ns, true);
      end += 8;
    }
    view.setUint32(end, subjectId, true);
    this.#bufferedBytes = end + 4;
    return start;
  }

  /** Packs value number `index` of the record that starts at `start`. */
  #value(start: number, index: number, value: number): void {
    const view = this.#view;
    if (value >>> 0 === value) {
      view.setUint32(this.#bufferedBytes, value, true);
      this.#bufferedBytes += 4;
      return;
    }
    assert(Number.isSafeInteger(value), "a traced value is a safe whole number");
    view.setUint8(start + 2, view.getUint8(start + 2) | 1 << index);
    view.setFloat64(this.#bufferedBytes, value, true);
    this.#bufferedBytes += 8;
  }

  #flush(): void {
    this.#hash.update(this.#buffer.subarray(0, this.#bufferedBytes));
    this.#bufferedBytes = 0;
  }

  #keep(at100ns: number, event: string, subjectId: number, values: (number | string)[]): void {
    const subject = this.#subjectNames.get(subjectId) ?? `#${subjectId}`;
    this.#entries.push({ at100ns, event, subject, values });
  }
}
