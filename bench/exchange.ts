/**
 * What every contender of the transaction figure does: requests go out, each is answered with its own
 * payload, and so many of them are under way at once.
 *
 * @module
 */

import type { PacketCodec } from "../core/packet/packet.ts";

/** What is exchanged. */
export interface ExchangeOptions {
  /** Bytes of a request, and of its answer: at least 2. */
  readonly payloadBytes: number;
  /** Requests under way at once. */
  readonly inFlight: number;
  /** How packets are encoded, where they are. */
  readonly codec: PacketCodec["name"];
}

/** A requester and a responder, ready. */
export interface Exchange {
  /** The requester's books. */
  readonly requester: Requester;
  /** Does `count` transactions; resolves once all were answered. */
  run(count: number): Promise<void>;
  /** Ends it; nothing of it is left. */
  close(): Promise<void>;
}

/** The requester's own work, the same for everyone: it writes each request and reads each answer. */
export class Requester {
  /** The next request. Whoever sends it copies it: the next one is written into the same array. */
  readonly payload: Uint8Array;
  /** Transactions that were answered. */
  completed = 0;
  /** Bytes of all answers. */
  answerBytes = 0;
  /** Stands for the answers and their order. */
  checksum = 0;
  #sent = 0;
  #wanted = 0;

  /** Sends requests of `payloadBytes`. */
  constructor(payloadBytes: number) {
    this.payload = new Uint8Array(payloadBytes);
  }

  /** `count` more transactions are wanted. */
  want(count: number): void {
    this.#wanted += count;
  }

  /** Whether all that were wanted are answered. */
  get isDone(): boolean {
    return this.completed === this.#wanted;
  }

  /** Writes the next request into `payload`; false where all that were wanted are sent. */
  next(): boolean {
    if (this.#sent === this.#wanted) return false;
    const stamp = this.#sent++;
    this.payload[0] = stamp;
    this.payload[this.payload.length - 1] = stamp >>> 8;
    return true;
  }

  /** Takes an answer. */
  answered(answer: Uint8Array, byteCount: number): void {
    this.completed++;
    this.answerBytes += byteCount;
    this.checksum = (Math.imul(this.checksum, 31) + answer[0]! + (answer[byteCount - 1]! << 8)) | 0;
  }
}
