/**
 * The reading end of a byte pipe: takes bytes out of the packets in the ring, as many as somebody wants
 * (wire.md 2.4). What nobody wants stays in the ring, so that its writer waits.
 *
 * @module
 */

import { CopyRoom } from "../../core/blocks.ts";
import { NO_BYTES } from "../../core/bytes.ts";
import { Fifo } from "../../core/fifo.ts";
import {
  type NtStatus,
  STATUS_CONNECTION_RESET,
  STATUS_DEVICE_REMOVED,
  STATUS_END_OF_FILE,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import { PACKET_IN_BAND, type PacketFields } from "../../core/packet/packet.ts";
import { PIPE_HEADER_BYTES, StreamHeader, writePartlyTaken } from "../../core/packet/pipe.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import { rewritePayload } from "../../core/ring/rewrite.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { Wait } from "../runtime/waits.ts";
import type { Rings } from "./bus_port.ts";
import type { BytePipeEvent, BytePipeTag } from "./byte_pipe_machine.ts";
import type { ChannelTrace } from "./channel_trace.ts";
import type { ChannelFault, ChannelTag } from "./types.ts";

/** What a read has come to. */
export interface PipeRead {
  /**
   * SUCCESS; END_OF_FILE where the opposite side has ended its stream; CONNECTION_RESET where it closed without;
   * DEVICE_REMOVED where this side disabled the channel, or it never opened.
   */
  readonly status: NtStatus;
  /** Bytes that came: one at least on success, and none else. */
  readonly bytes: Uint8Array;
}

/** What the reading end needs of the endpoint that it is at. */
export interface ReadEndpoint {
  /** The rings, while they are attached. */
  readonly rings: Pick<Rings, "incoming"> | null;
  /** What the trace hears of it. */
  readonly trace: Pick<ChannelTrace, "bytesTaken">;
  /** Its receiving half. */
  readonly incoming: { scheduleNext(): void };
  /** Whether its state has `tag`. */
  is(tag: ChannelTag): boolean;
}

/** Somebody who waits for bytes. */
interface Reader {
  readonly byteCountMax: number;
  readonly wait: Wait<PipeRead>;
}

/** The reading end of one pipe. */
export class StreamReading {
  readonly #endpoint: ReadEndpoint;
  readonly #actor: ChartActor<BytePipeEvent, BytePipeTag>;
  readonly #header = new StreamHeader();
  readonly #partHeader = new Uint8Array(PIPE_HEADER_BYTES);
  readonly #readers = new Fifo<Reader>();
  /** Bytes that were wanted when they were taken, in order. */
  readonly #taken = new Fifo<Uint8Array>();
  #takenBytes = 0;
  /** Most bytes that those who wait take. */
  #wantedBytes = 0;

  /** The reading end at `endpoint`; `actor` has the pipe's state. */
  constructor(endpoint: ReadEndpoint, actor: ChartActor<BytePipeEvent, BytePipeTag>) {
    this.#endpoint = endpoint;
    this.#actor = actor;
  }

  /** What those who wait want, and what was taken and not read: with the ring, all that it knows. */
  get state(): unknown {
    return [this.#readers.list().map(({ byteCountMax }) => byteCountMax), this.#taken.list()];
  }

  /** A new stream begins: what was left of the one before is gone. */
  begin(): void {
    this.#taken.clear();
    this.#takenBytes = 0;
  }

  // -- Whoever reads

  /** What can be read at once; null where nothing can, and it is to be waited for. */
  readNow(byteCountMax: number): PipeRead | null {
    if (this.#readers.length > 0) return null;
    if (this.#takenBytes > 0) return { status: STATUS_SUCCESS, bytes: this.#give(byteCountMax) };
    return this.#actor.is("readable") ? null : { status: this.#endStatus, bytes: NO_BYTES };
  }

  /** Somebody waits for up to `byteCountMax` bytes, at least one. */
  await(byteCountMax: number, wait: Wait<PipeRead>): void {
    this.#readers.push({ byteCountMax, wait });
    this.#wantedBytes += byteCountMax;
    if (this.#endpoint.rings !== null) this.#endpoint.incoming.scheduleNext();
  }

  /** `wait` waits no more. What was taken for it is for whoever reads next. */
  abandon(wait: Wait<PipeRead>): void {
    const reader = this.#readers.list().find((each) => each.wait === wait);
    if (reader !== undefined && this.#readers.remove(reader)) {
      this.#wantedBytes -= reader.byteCountMax;
    }
  }

  /** What was taken goes to those who wait, in their order. */
  endBatch(): void {
    while (this.#readers.length > 0 && this.#takenBytes > 0) {
      const reader = this.#next();
      reader.wait.answer({ status: STATUS_SUCCESS, bytes: this.#give(reader.byteCountMax) });
    }
  }

  /** Nothing more comes: whoever waits gets what there is, or is told so. */
  answerAll(): void {
    this.endBatch();
    const status = this.#endStatus;
    while (this.#readers.length > 0) this.#next().wait.answer({ status, bytes: NO_BYTES });
  }

  get #endStatus(): NtStatus {
    if (this.#actor.is("atEnd")) return STATUS_END_OF_FILE;
    return this.#actor.is("readReset") ? STATUS_CONNECTION_RESET : STATUS_DEVICE_REMOVED;
  }

  #next(): Reader {
    const reader = this.#readers.shift()!;
    this.#wantedBytes -= reader.byteCountMax;
    return reader;
  }

  /** Up to `byteCountMax` of the bytes that were taken: an array of the reader's own. */
  #give(byteCountMax: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(byteCountMax, this.#takenBytes));
    for (let at = 0; at < bytes.length;) {
      const piece = this.#taken.shift()!;
      const part = piece.subarray(0, bytes.length - at);
      bytes.set(part, at);
      at += part.length;
      if (part.length < piece.length) this.#taken.putFirst(piece.subarray(part.length));
    }
    this.#takenBytes -= bytes.length;
    return bytes;
  }

  // -- The ring

  /**
   * Takes what is wanted of the packet that `ring` shows: all that is left of it (`"taken"`), or less (`"held"`):
   * then the rest is marked as such in the ring, and stays there. Or says what the opposite side did wrong.
   */
  take(ring: IncomingRing, fields: PacketFields): "taken" | "held" | ChannelFault {
    const { type, completionRequested, payloadStart, payloadBytes } = fields;
    if (type !== PACKET_IN_BAND || completionRequested) return "transactionOnPipe";
    const header = this.#header;
    const fault = header.read(ring.bytes, payloadStart, payloadBytes);
    if (fault !== null) return fault;
    // The writer said that nothing comes after its end; what comes all the same must not block its ring.
    if (!this.#actor.is("readable")) return this.#drop();
    return header.dataBytes === 0 ? this.#takeEnd() : this.#takeData(ring, payloadStart);
  }

  #drop(): "taken" {
    const isEnd = this.#header.dataBytes === 0 && this.#actor.is("dropping");
    if (isEnd) this.#actor.send({ type: "endTaken" });
    return "taken";
  }

  /** The end is read by itself: what comes before it is handed out first. */
  #takeEnd(): "taken" | "held" {
    const isWanted = this.#wantedBytes > 0 && this.#takenBytes === 0;
    if (!isWanted && !this.#takesAll) return "held";
    this.#actor.send({ type: "endTaken" });
    return "taken";
  }

  #takeData(ring: IncomingRing, payloadStart: number): "taken" | "held" {
    const { dataBytes, takenBytes } = this.#header;
    const leftBytes = dataBytes - takenBytes;
    const wantedBytes = this.#takesAll ? leftBytes : this.#wantedBytes - this.#takenBytes;
    const byteCount = Math.min(leftBytes, wantedBytes);
    if (byteCount <= 0) return "held";
    const start = payloadStart + PIPE_HEADER_BYTES + takenBytes;
    const room = new CopyRoom();
    this.#taken.push(ring.takePayload(room, start, byteCount));
    this.#takenBytes += byteCount;
    this.#endpoint.trace.bytesTaken(room, byteCount);
    if (byteCount === leftBytes) return "taken";
    writePartlyTaken(this.#partHeader, dataBytes, takenBytes + byteCount);
    rewritePayload(ring, this.#endpoint.rings!.incoming, payloadStart, this.#partHeader);
    return "held";
  }

  /** The opposite side has closed: what it wrote before is taken before the rings go. */
  get #takesAll(): boolean {
    return this.#endpoint.is("emptying");
  }
}
