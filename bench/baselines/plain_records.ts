/**
 * What a channel of plain classes keeps of its packets, and the loop that its signals go to.
 *
 * @module
 */

import { Fifo } from "../../core/fifo.ts";
import { CopyRoom } from "../../core/blocks.ts";
import type { NtStatus } from "../../core/ntstatus.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { NO_RANGES } from "../../core/packet/packet.ts";

/** What the records and the loop know of one end of a channel. */
export interface PlainEnd {
  /** Whether it was signalled and has not looked yet. */
  isScheduled: boolean;
  /** Looks at its ring. */
  work(): void;
}

/** Called at the end of a transaction; the answer is valid until it returns. */
export type PlainRoutine = (
  packet: PlainPacket,
  status: NtStatus,
  answer: Uint8Array,
  answerBytes: number,
) => unknown;

/** Called for each packet that arrives; the payload is valid until it is completed. */
export type PlainReceiver = (arrived: PlainArrived, payload: Uint8Array, bytes: number) => unknown;

/** A packet object: the sender's side of one transaction. */
export class PlainPacket {
  /** Where the transaction stands. */
  state: "owned" | "queued" | "awaiting" | "ended" = "owned";
  /** Memory that it describes. */
  ranges: readonly GpaRange[] = NO_RANGES;
  /** Whether a completion packet ends the transaction. */
  wantsCompletion = false;
  /** A copy of the payload, while the packet is queued. */
  payload: Uint8Array = new Uint8Array(0);
  /** How much of the payload counts. */
  payloadBytes = 0;

  /** A packet object of `channel`; `slot` is its transaction id. */
  constructor(
    readonly channel: PlainEnd,
    readonly slot: number,
    readonly routine: PlainRoutine,
  ) {}
}

/** A packet that arrived and is not completed. */
export class PlainArrived {
  /** Where it stands with its receiver. */
  state: "delivering" | "held" | "retired" = "retired";
  /** Room for a private copy of its payload. */
  readonly room: CopyRoom = new CopyRoom();
  /** Low half of the number by which the sender knows the transaction. */
  transactionIdLow = 0;
  /** Its high half. */
  transactionIdHigh = 0;
  /** Whether the sender waits for a completion. */
  wantsCompletion = false;
  /** The memory that it describes. */
  ranges: readonly GpaRange[] = NO_RANGES;
  /** A copy of the completion's payload, while that waits for room. */
  answer: Uint8Array = new Uint8Array(0);
  /** How much of the answer counts. */
  answerBytes = 0;

  /** A record for packets of `channel`. */
  constructor(readonly channel: PlainEnd) {}
}

/** Channels that were signalled and have not looked yet. */
export class PlainLoop {
  readonly #signalled = new Fifo<PlainEnd>();

  /** Has `channel` look at its ring. */
  schedule(channel: PlainEnd): void {
    if (channel.isScheduled) return;
    channel.isScheduled = true;
    this.#signalled.push(channel);
  }

  /** Runs until no channel is signalled. */
  run(): void {
    for (let next = this.#signalled.shift(); next !== null; next = this.#signalled.shift()) {
      next.isScheduled = false;
      next.work();
    }
  }
}
