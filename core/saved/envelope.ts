/**
 * The envelope of saved state: a header, chunks each with a checksum, and an end mark that counts them.
 * It is described, with all numbers, in docs/saved-state.md.
 *
 * A writer hands out the envelope piece by piece, a piece being the header or one whole chunk, and a
 * reader takes any number of whole pieces at a time: KMCL saves and restores channels that way
 * (kmcl.md V2, V3).
 *
 * @module
 */

import CRC32 from "crc-32";
import { assert } from "../assert.ts";
import { wholeOf } from "../bytes.ts";
import { bytes, type Field, type NumberType, oneOf, struct, u16, u32 } from "../layout/mod.ts";
import { isU32 } from "../units.ts";
import { EnvelopeBudget, HeapBudget } from "./budget.ts";
import { mismatched, throwDataError } from "./fault.ts";
import { areEqual, encodePlainData, type PlainData, weightOf } from "./plain_data.ts";
import { decodePlainData } from "./plain_data_reader.ts";

/** What an envelope holds; a run is the simulator's. */
export type SavedKind = "channel" | "partition" | "run";

/** The format that is written, and the only one that is read. */
const SAVED_FORMAT_VERSION = 1;

const KIND_NUMBERS: Readonly<Record<SavedKind, number>> = { channel: 1, partition: 2, run: 3 };
/** Types of chunks whose form a driver decides, at each trust level, and which may weigh more for that. */
const FREE_TYPES: Readonly<Record<SavedKind, readonly number[]>> = {
  channel: [],
  partition: [2, 18, 34],
  run: [],
};
/** `VMBS`. */
const MAGIC = Uint8Array.of(0x56, 0x4d, 0x42, 0x53);
/** Bytes before the first chunk. */
export const HEADER_BYTES = 8;
const HEADER = struct("envelope header", HEADER_BYTES, {
  magic: [0, bytes(MAGIC.length)],
  version: [4, u16],
  kind: [6, oneOf(u16, KIND_NUMBERS)],
});
/** Bytes before the payload of a chunk. */
export const CHUNK_HEADER_BYTES = 8;
/** The fields before the payload of a chunk. */
export const CHUNK_HEADER: {
  /** u32: what the payload is. */
  readonly type: Field<NumberType>;
  /** u32: bytes of the payload. */
  readonly payloadBytes: Field<NumberType>;
} = struct("chunk header", CHUNK_HEADER_BYTES, {
  type: [0, u32],
  payloadBytes: [4, u32, "bytes"],
}).fields;
/** CRC-32 over chunk header and payload, u32. It finds damage; an attacker can compute it again. */
export const CHECKSUM_BYTES = 4;
/** Type of the chunk that ends the envelope. */
const END_TYPE = 0;

/** A chunk that was read. */
export interface SavedChunk {
  /** What it is, as the kind of envelope has it; never 0, which is the end mark's. */
  readonly type: number;
  /** What it holds. */
  readonly data: PlainData;
}

/** What a chunk itself weighs once it is read. */
const CHUNK_WEIGHT = 64;

function chunkOf(type: number, data: PlainData, budget: EnvelopeBudget | null): Uint8Array {
  const payload = encodePlainData(data);
  if (budget !== null) {
    const weight = CHUNK_WEIGHT + weightOf(data);
    if (weight > budget.allowance(type, payload.length)) {
      throwDataError(
        `what is saved in ${payload.length} bytes would take too much memory to be read`,
      );
    }
    budget.spend(payload.length, weight);
  }
  assert(isU32(payload.length), "a chunk's length is a u32");
  const checkedBytes = CHUNK_HEADER_BYTES + payload.length;
  const chunk = new Uint8Array(checkedBytes + CHECKSUM_BYTES);
  const view = new DataView(chunk.buffer);
  CHUNK_HEADER.type.write(view, type);
  CHUNK_HEADER.payloadBytes.write(view, payload.length);
  chunk.set(payload, CHUNK_HEADER_BYTES);
  u32.write(view, checkedBytes, checksumOf(chunk.subarray(0, checkedBytes)));
  return chunk;
}

function checksumOf(bytes: Uint8Array): number {
  return CRC32.buf(bytes) >>> 0;
}

/** Writes one envelope: the header, chunks, the end mark, in this order. */
export class EnvelopeWriter {
  readonly #kind: SavedKind;
  readonly #budget: EnvelopeBudget;
  #chunkCount = 0;

  /** A writer of an envelope of `kind`. */
  constructor(kind: SavedKind) {
    this.#kind = kind;
    this.#budget = new EnvelopeBudget(FREE_TYPES[kind]);
  }

  /** The first piece. */
  header(): Uint8Array {
    return HEADER.encode({ magic: MAGIC, version: SAVED_FORMAT_VERSION, kind: this.#kind });
  }

  /** The next chunk; throws a SavedStateFault where a reader would find no memory for it. */
  chunk(type: number, data: PlainData): Uint8Array {
    assert(isU32(type) && type !== END_TYPE, "a chunk's type is a u32, and 0 is the end mark's");
    const chunk = chunkOf(type, data, this.#budget);
    this.#chunkCount++;
    return chunk;
  }

  /** The last piece. */
  end(): Uint8Array {
    return chunkOf(END_TYPE, this.#chunkCount, null);
  }
}

/** A whole envelope of `chunks`; throws a SavedStateFault where a reader would find no memory for it. */
export function writeEnvelope(kind: SavedKind, chunks: Iterable<SavedChunk>): Uint8Array {
  const writer = new EnvelopeWriter(kind);
  const pieces = [writer.header()];
  for (const { type, data } of chunks) pieces.push(writer.chunk(type, data));
  pieces.push(writer.end());
  return joined(pieces);
}

/** Arrays of bytes, one after the other. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Reads one envelope. */
export class EnvelopeReader {
  readonly #kind: SavedKind;
  readonly #chunks: SavedChunk[] = [];
  readonly #budget: EnvelopeBudget;
  #stage: "header" | "chunks" | "ended" = "header";

  /** A reader of an envelope of `kind`. */
  constructor(kind: SavedKind) {
    this.#kind = kind;
    this.#budget = new EnvelopeBudget(FREE_TYPES[kind]);
  }

  /** The chunks that were read, in order. */
  get chunks(): readonly SavedChunk[] {
    return this.#chunks;
  }

  /** Whether the end mark was read. */
  get isComplete(): boolean {
    return this.#stage === "ended";
  }

  /** Reads bytes, which must be one or more whole pieces; throws a SavedStateFault where they are not. */
  read(given: Uint8Array): void {
    // Shared memory could change after it was checked.
    const whole = wholeOf(given);
    const bytes = whole.buffer instanceof ArrayBuffer ? whole : new Uint8Array(whole);
    if (bytes.length === 0) throwDataError("there is nothing to read");
    let at = 0;
    if (this.#stage === "header") at = this.#readHeader(bytes);
    while (at < bytes.length) at = this.#readChunk(bytes, at);
  }

  #readHeader(bytes: Uint8Array): number {
    const magic = bytes.subarray(0, MAGIC.length);
    if (!areEqual(magic, MAGIC.subarray(0, magic.length))) throwDataError("this is no saved state");
    if (bytes.length < HEADER_BYTES) throwDataError("the header is cut short");
    const view = viewOf(bytes);
    const version = HEADER.fields.version.read(view);
    if (version !== SAVED_FORMAT_VERSION) {
      mismatched(`format version ${version} is not ${SAVED_FORMAT_VERSION}`);
    }
    if (HEADER.fields.kind.read(view) !== this.#kind) {
      mismatched(`this is not the saved state of a ${this.#kind}`);
    }
    this.#stage = "chunks";
    return HEADER_BYTES;
  }

  /** Reads the chunk at `start`; answers where the next one begins. */
  #readChunk(bytes: Uint8Array, start: number): number {
    if (this.#stage === "ended") throwDataError("bytes follow the end mark");
    const leftBytes = bytes.length - start;
    if (leftBytes < CHUNK_HEADER_BYTES + CHECKSUM_BYTES) throwDataError("a chunk is cut short");
    const view = viewOf(bytes);
    const type = CHUNK_HEADER.type.read(view, start);
    const payloadBytes = CHUNK_HEADER.payloadBytes.read(view, start);
    if (payloadBytes > leftBytes - CHUNK_HEADER_BYTES - CHECKSUM_BYTES) {
      throwDataError("a chunk is cut short");
    }
    const payloadStart = start + CHUNK_HEADER_BYTES;
    const payloadEnd = payloadStart + payloadBytes;
    const end = payloadEnd + CHECKSUM_BYTES;
    if (checksumOf(bytes.subarray(start, payloadEnd)) !== u32.read(view, payloadEnd)) {
      throwDataError(`the checksum of chunk ${this.#chunks.length} is wrong`);
    }
    const data = this.#decode(type, bytes.subarray(payloadStart, payloadEnd));
    if (type !== END_TYPE) this.#chunks.push({ type, data });
    else if (data === this.#chunks.length) this.#stage = "ended";
    else throwDataError("chunks are missing, or there are too many");
    return end;
  }

  #decode(type: number, payload: Uint8Array): PlainData {
    if (type === END_TYPE) return decodePlainData(payload, new HeapBudget(CHUNK_WEIGHT));
    const allowance = this.#budget.allowance(type, payload.length);
    const left = new HeapBudget(allowance - CHUNK_WEIGHT);
    const data = decodePlainData(payload, left);
    this.#budget.spend(payload.length, allowance - left.leftBytes);
    return data;
  }
}

/** The chunks of a whole envelope; throws a SavedStateFault for anything else. */
export function readEnvelope(kind: SavedKind, bytes: Uint8Array): readonly SavedChunk[] {
  const reader = new EnvelopeReader(kind);
  reader.read(bytes);
  if (!reader.isComplete) throwDataError("the end mark is missing");
  return reader.chunks;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
