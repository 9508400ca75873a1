/**
 * Runs ring vectors (wire.md 10) on the ring core and reports the first thing that differs.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { IncomingRing } from "../../core/ring/incoming.ts";
import {
  FEATURE_BITS_OFFSET,
  INTERRUPT_MASK_OFFSET,
  PENDING_SEND_SIZE_OFFSET,
  READ_INDEX_OFFSET,
  WRITE_INDEX_OFFSET,
} from "../../core/ring/layout.ts";
import { OutgoingRing } from "../../core/ring/outgoing.ts";
import { RingMemory } from "../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { parseRingVectors } from "./parse.ts";
import {
  CONTROL_BYTES,
  type FinalState,
  type InitialState,
  type Operation,
  type RingVector,
  type Step,
  type WriteOperation,
} from "./ring_vector.ts";
import { headerBytes } from "./type_header.ts";

/** How one case went. */
export interface VectorResult {
  /** The case's name. */
  readonly name: string;
  /**
   * The first difference, such as `step 2: readIndex: expected 16, got 0` with steps counted from
   * 1; null where there is none.
   */
  readonly failure: string | null;
}

/**
 * Runs all cases of a vector file's text.
 *
 * @throws {TextError} The text is not a vector file.
 */
export function runRingVectors(text: string): VectorResult[] {
  return parseRingVectors(text).map((vector) => runRingVector(vector));
}

/**
 * Runs one case.
 *
 * @param pieces Where the ring lies: control page and data pages, whose contents are replaced. One
 *   buffer of its own if left out.
 */
export function runRingVector(
  vector: RingVector,
  pieces: readonly Uint8Array[] = [new Uint8Array(PAGE_BYTES + vector.ringDataBytes)],
): VectorResult {
  const failure = new VectorRun(vector, pieces).run();
  return { name: vector.name, failure };
}

/** What an operation did: everything that a step may name. */
type Outcome = Omit<Step, "writeIndex" | "readIndex">;

class VectorRun {
  readonly #vector: RingVector;
  readonly #pieces: readonly Uint8Array[];
  readonly #memory: RingMemory;
  readonly #outgoing: OutgoingRing;
  readonly #incoming: IncomingRing;

  constructor(vector: RingVector, pieces: readonly Uint8Array[]) {
    this.#vector = vector;
    this.#pieces = pieces;
    for (const piece of pieces) piece.fill(vector.initial.fillByte);
    this.#memory = new RingMemory(pieces);
    this.#memory.initialize();
    const { initial } = vector;
    this.#memory.store(WRITE_INDEX_OFFSET, initial.writeIndex);
    this.#memory.store(READ_INDEX_OFFSET, initial.readIndex);
    this.#outgoing = new OutgoingRing(this.#memory);
    this.#incoming = new IncomingRing(this.#memory);
    // Attaching sets these words (wire.md 9), but a case begins with its own.
    this.#memory.store(INTERRUPT_MASK_OFFSET, initial.interruptMask);
    this.#memory.store(PENDING_SEND_SIZE_OFFSET, initial.pendingSendSize);
    this.#memory.store(FEATURE_BITS_OFFSET, initial.featureBits);
  }

  run(): string | null {
    const { operations, expected } = this.#vector;
    for (const [index, operation] of operations.entries()) {
      const outcome = this.#perform(operation);
      const { writeIndex, readIndex } = this.#memory.snapshot();
      const difference = firstDifference(expected.steps[index]!, {
        ...outcome,
        writeIndex,
        readIndex,
      });
      if (difference !== null) return `step ${index + 1}: ${difference}`;
    }
    return this.#finalDifference();
  }

  #perform(operation: Operation): Outcome {
    switch (operation.op) {
      case "write":
        return this.#write(operation);
      case "read":
        return this.#read();
      case "readBatch":
        return this.#readBatch(operation.count);
      case "set": {
        const isMask = operation.field === "interruptMask";
        const offset = isMask ? INTERRUPT_MASK_OFFSET : PENDING_SEND_SIZE_OFFSET;
        this.#memory.store(offset, operation.value);
        return {};
      }
      case "poke":
        this.#poke(operation.offset, operation.bytes);
        return {};
    }
  }

  #write(operation: WriteOperation): Outcome {
    const { type, flags, transactionId, header, payload } = operation;
    const typeHeader = headerBytes(header);
    const result = this.#outgoing.reserve(typeHeader.length + payload.length);
    if (result !== "ok") {
      const isRefusal = result === "full" || result === "tooLarge";
      return { result: isRefusal ? result : "corrupt", needSignal: null };
    }
    const { body, bodyStart } = this.#outgoing;
    const payloadStart = bodyStart + typeHeader.length;
    body.set(typeHeader, bodyStart);
    if (payload instanceof Uint8Array) body.set(payload, payloadStart);
    else body.fill(payload.byte, payloadStart, payloadStart + payload.length);
    const idLow = Number(BigInt.asUintN(32, transactionId));
    const idHigh = Number(transactionId >> 32n);
    this.#outgoing.finish(type, typeHeader.length, flags, idLow, idHigh);
    return { result, needSignal: this.#outgoing.commit() };
  }

  #read(): Outcome {
    const found = this.#incoming.next();
    if (found !== "packet") {
      return { result: found === "empty" ? found : "corrupt", signalWriter: false };
    }
    const packet = this.#incoming.packetBytes();
    this.#incoming.advance();
    return {
      result: "ok",
      signalWriter: this.#incoming.commit(),
      packetHex: bytesToHex(packet),
      packetLength: packet.length,
      packetSha256: bytesToHex(sha256(packet)),
    };
  }

  #readBatch(count: number): Outcome {
    let packetCount = 0;
    let found = this.#incoming.next();
    while (found === "packet" && packetCount < count) {
      this.#incoming.advance();
      packetCount++;
      if (packetCount < count) found = this.#incoming.next();
    }
    const signalWriter = this.#incoming.commit();
    if (found !== "packet" && found !== "empty") return { result: "corrupt", signalWriter };
    return { result: packetCount > 0 ? "ok" : "empty", signalWriter };
  }

  #poke(offset: number, bytes: Uint8Array): void {
    let at = PAGE_BYTES + offset;
    for (const byte of bytes) {
      this.#store(at, byte);
      at++;
    }
  }

  /** Stores a byte `at` bytes after the ring's beginning. */
  #store(at: number, byte: number): void {
    let from = 0;
    for (const piece of this.#pieces) {
      if (at < from + piece.length) {
        piece[at - from] = byte;
        return;
      }
      from += piece.length;
    }
  }

  /** The whole ring in one run. */
  #ringBytes(): Uint8Array {
    const ring = new Uint8Array(PAGE_BYTES + this.#vector.ringDataBytes);
    let at = 0;
    for (const piece of this.#pieces) {
      ring.set(piece, at);
      at += piece.length;
    }
    return ring;
  }

  #finalDifference(): string | null {
    const { expected, initial, ringDataBytes } = this.#vector;
    const ring = this.#ringBytes();
    const data = ring.subarray(PAGE_BYTES);
    const { writeIndex, readIndex } = this.#memory.snapshot();
    const control = {
      writeIndex,
      readIndex,
      controlPageHex: bytesToHex(ring.subarray(0, CONTROL_BYTES)),
    };
    const expectedControl = {
      writeIndex: expected.writeIndex,
      readIndex: expected.readIndex,
      controlPageHex: expected.controlPageHex,
    };
    const difference = firstDifference(expectedControl, control) ??
      dataDifference(expectedData(expected, initial, ringDataBytes), data) ??
      firstDifference({ dataSha256: expected.dataSha256 }, {
        dataSha256: bytesToHex(sha256(data)),
      });
    return difference === null ? null : `at the end: ${difference}`;
  }
}

/** Compares every field that is expected. */
function firstDifference<Known extends object>(expected: Known, actual: Known): string | null {
  const found = new Map<string, unknown>(Object.entries(actual));
  for (const [field, wanted] of Object.entries(expected)) {
    if (found.get(field) === wanted) continue;
    return `${field}: expected ${wanted}, got ${found.get(field)}`;
  }
  return null;
}

/** The data area as the changed regions describe it. */
function expectedData(
  expected: FinalState,
  initial: InitialState,
  ringDataBytes: number,
): Uint8Array {
  const data = new Uint8Array(ringDataBytes).fill(initial.fillByte);
  for (const { offset, content } of expected.changedRegions) {
    if (content instanceof Uint8Array) data.set(content, offset);
    else data.fill(content.byte, offset, offset + content.length);
  }
  return data;
}

function dataDifference(expected: Uint8Array, actual: Uint8Array): string | null {
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  if (at < 0) return null;
  const hexOf = (bytes: Uint8Array) => bytesToHex(bytes.subarray(at, at + 1));
  return `data byte ${at}: expected ${hexOf(expected)}, got ${hexOf(actual)}`;
}
