/**
 * Arguments and results of documented functions, as the trace takes them: words for the digest, and
 * details for whoever reads entries. A driver may pass anything: nothing here runs code of its values.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { Handle, type HandleKind } from "../actors/runtime/handle.ts";
import { bytesOfView } from "../core/bytes.ts";
import { bytesInRanges } from "../core/memory/gpa_ranges.ts";
import { mdlParts } from "../core/memory/mdl.ts";
import { hashOfBytes, wordsOfText } from "../core/mix_hash.ts";
import type { Trace } from "../core/trace.ts";
import { describeBytes } from "../core/trace_entries.ts";
import type { TraceDetail, TraceEvent } from "../core/trace_events.ts";
import { resolveHandle } from "./handles.ts";

/** What a value is: the first of its words. */
const KINDS = {
  undefined: 1,
  null: 2,
  false: 3,
  true: 4,
  u32: 5,
  number: 6,
  bigint: 7,
  text: 8,
  function: 9,
  symbol: 10,
  handle: 11,
  deadHandle: 12,
  mdl: 13,
  bytes: 14,
  object: 15,
} as const;

const HANDLE_KINDS: readonly HandleKind[] = [
  "VMBCHANNEL",
  "VMBPACKET",
  "VMBPACKETCOMPLETION",
  "DEVICE",
  "VMBUS",
  "KERNEL",
];

/** What entries say for values that are not looked into. */
const NAMES_OF_KINDS = {
  function: "a function",
  symbol: "a symbol",
  object: "an object",
} as const;

/** The hash of a longer text enters the digest, and entries show its beginning. */
const TEXT_LENGTH_MAX = 1000;

/** What stands for a long text: its length and a hash. */
function digestOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return `${text.length} ${hashOfBytes(bytes, bytes.length)}`;
}

const f64 = new DataView(new ArrayBuffer(8));

/** A growing list of values, which are recorded together. */
export class CallValues {
  /** The values as words. */
  readonly words: number[] = [];
  /** The values by name; filled only where entries are kept. */
  readonly details: Record<string, TraceDetail> = {};
  readonly #trace: Trace;
  /** Buffers whose content is recorded after the values. */
  readonly #payloads: { readonly bytes: Uint8Array; readonly byteCount: number }[] = [];

  /** Values for `trace`. */
  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** Adds a value by what it is. */
  add(name: string, value: unknown): void {
    switch (typeof value) {
      case "undefined":
      case "function":
      case "symbol":
        return this.#addKind(name, typeof value as "undefined");
      case "boolean":
        this.words.push(value ? KINDS.true : KINDS.false);
        return this.#tell(name, value);
      case "number":
        return this.#addNumber(name, value);
      case "bigint":
        return this.#addBigint(name, value);
      case "string":
        return this.#addText(name, value);
      default:
        return value === null
          ? this.#addKind(name, "null")
          : this.#addObject(name, value as object);
    }
  }

  /** Adds a driver's own context: its type alone, as its value means nothing to anybody else. */
  addPointer(name: string, value: unknown): void {
    if (value === null) return this.#addKind(name, "null");
    const kind = typeof value;
    if (kind === "object" || kind === "undefined") return this.#addKind(name, kind);
    this.#addText(name, kind);
  }

  /**
   * Adds the first `size` bytes of a buffer. A value that is not a buffer is added by what it is; where
   * `size` does not fit, all bytes count.
   */
  addBuffer(name: string, value: unknown, size: unknown): void {
    const bytes = ArrayBuffer.isView(value) ? bytesOfView(value) : null;
    if (bytes === null) return this.add(name, value);
    const isSize = typeof size === "number" && size >= 0 && size <= bytes.length;
    const byteCount = isSize ? Math.floor(size) : bytes.length;
    this.words.push(KINDS.bytes, bytes.length, byteCount);
    this.#payloads.push({ bytes, byteCount });
    if (this.#trace.keepsEntries) this.#tell(name, describeBytes(bytes, byteCount));
  }

  /** Adds a buffer that the function will fill: its size alone. */
  addOutput(name: string, value: unknown): void {
    const bytes = ArrayBuffer.isView(value) ? bytesOfView(value) : null;
    if (bytes === null) return this.add(name, value);
    this.words.push(KINDS.bytes, bytes.length);
    this.#tell(name, `${bytes.length} bytes`);
  }

  /** Records all values of a call of function number `code`, with `bits` beside that number. */
  record(at100ns: number, event: TraceEvent, subjectId: number, code: number, bits = 0): void {
    this.#trace.recordWords(at100ns, event, subjectId, code | bits, this.words);
    for (const { bytes, byteCount } of this.#payloads) this.#trace.addPayload(bytes, byteCount);
    if (!this.#trace.keepsEntries) return;
    this.#trace.tellValues([code]);
    this.#trace.tell(this.details);
  }

  #addKind(name: string, kind: "undefined" | "null" | "function" | "symbol" | "object"): void {
    this.words.push(KINDS[kind]);
    this.#tell(name, kind === "null" || kind === "undefined" ? null : NAMES_OF_KINDS[kind]);
  }

  #addNumber(name: string, value: number): void {
    if (value >>> 0 === value) this.words.push(KINDS.u32, value);
    else {
      f64.setFloat64(0, Number.isNaN(value) ? 0 : value); // the bits of NaN differ between machines
      this.words.push(KINDS.number, f64.getInt32(0), f64.getInt32(4), Number.isNaN(value) ? 1 : 0);
    }
    this.#tell(name, value);
  }

  #addBigint(name: string, value: bigint): void {
    const isInside = BigInt.asIntN(64, value) === value;
    f64.setBigInt64(0, BigInt.asIntN(64, value));
    this.words.push(KINDS.bigint, f64.getInt32(0), f64.getInt32(4), isInside ? 0 : 1);
    this.#tell(name, isInside ? String(value) : "a bigint of more than 64 bits");
  }

  #addText(name: string, value: string): void {
    const isLong = value.length > TEXT_LENGTH_MAX;
    this.words.push(KINDS.text, ...wordsOfText(isLong ? digestOf(value) : value));
    this.#tell(name, isLong ? `${value.slice(0, TEXT_LENGTH_MAX)}…` : value);
  }

  #addObject(name: string, value: object): void {
    const kind = HANDLE_KINDS.findIndex((each) => Handle.isOf(value, each));
    if (kind >= 0) return this.#addHandle(name, value, kind);
    const parts = mdlParts(value);
    if (parts !== null) return this.#addMdl(name, parts);
    if (ArrayBuffer.isView(value)) return this.addBuffer(name, value, undefined);
    this.#addKind(name, "object");
  }

  #addHandle(name: string, value: object, kind: number): void {
    const numbers = numbersOf(value, HANDLE_KINDS[kind]!);
    if (numbers === null) this.words.push(KINDS.deadHandle, kind);
    else this.words.push(KINDS.handle, kind, ...numbers);
    if (!this.#trace.keepsEntries) return;
    const [subject, number] = numbers ?? [];
    const text = subject === undefined ? "not live" : this.#trace.subjectName(subject);
    const ordinal = number === undefined ? "" : ` ${number}`;
    this.#tell(name, `${HANDLE_KINDS[kind]}${ordinal} of ${text}`);
  }

  /** An MDL chain by what it describes; what drivers write there is recorded with the packet that has it. */
  #addMdl(name: string, parts: readonly MdlPart[]): void {
    this.words.push(KINDS.mdl, parts.length);
    for (const { byteOffset, byteCount, pfns } of parts) {
      this.words.push(byteOffset, byteCount, pfns.length);
      for (const pfn of pfns) this.words.push(pfn);
    }
    this.#tell(name, `${parts.length} MDLs of ${bytesInRanges(parts)} bytes`);
  }

  #tell(name: string, detail: TraceDetail): void {
    if (this.#trace.keepsEntries) this.details[name] = detail;
  }
}

type MdlPart = NonNullable<ReturnType<typeof mdlParts>>[number];

/**
 * The numbers that identify what a live handle stands for: its owner on the trace, and which of the
 * owner's it is. Null for a dead handle.
 */
function numbersOf(value: object, kind: HandleKind): readonly number[] | null {
  switch (kind) {
    case "VMBCHANNEL": {
      const endpoint = resolveHandle(value, kind);
      return endpoint && [endpoint.id];
    }
    case "VMBPACKET": {
      const target = resolveHandle(value, kind);
      return target && [target.endpoint.id, target.packet.slot];
    }
    case "VMBPACKETCOMPLETION": {
      const packet = resolveHandle(value, kind);
      return packet && [packet.endpoint.id, packet.number];
    }
    case "DEVICE": {
      const target = resolveHandle(value, kind);
      return target && [target.partition.traceId];
    }
    case "VMBUS":
    case "KERNEL": {
      const partition = resolveHandle(value, kind);
      return partition && [partition.traceId];
    }
  }
}

/** The endpoint that `value` is a handle of, or of a packet of; null for anything else. */
export function endpointBehind(value: unknown): Endpoint | null {
  return resolveHandle(value, "VMBCHANNEL") ??
    resolveHandle(value, "VMBPACKET")?.endpoint ??
    resolveHandle(value, "VMBPACKETCOMPLETION")?.endpoint ?? null;
}
