/**
 * The writing end of a byte pipe: cuts what is written into packets, and sends the end (wire.md 2.4). A writer
 * whose ring is full waits, and so does whoever writes.
 *
 * @module
 */

import { copyBytes } from "../../core/bytes.ts";
import { Fifo } from "../../core/fifo.ts";
import {
  type NtStatus,
  STATUS_CONNECTION_RESET,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import { PIPE_HEADER_BYTES, STREAM_DATA_MAX, writePipeHeader } from "../../core/packet/pipe.ts";
import { packetTotalBytes } from "../../core/ring/layout.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { PacketObject, RequestEnd } from "../packet/packet_object.ts";
import type { PacketTable } from "../packet/packet_table.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type { Wait } from "../runtime/waits.ts";
import type { BytePipeEvent, BytePipeTag } from "./byte_pipe_machine.ts";
import type { Posted } from "./outgoing.ts";

/** What the writing end needs of the endpoint that it is at. */
export interface WrittenEndpoint {
  /** The fabric. */
  readonly runtime: Pick<RuntimePort, "codec">;
  /** Whether nothing can be sent: Disabled, about to be, or faulted (kmcl.md S6). */
  readonly isClosing: boolean;
  /** Its sending half. */
  readonly outgoing: {
    readonly packets: PacketTable;
    readonly ring: OutgoingRing | null;
    post(
      packet: PacketObject,
      payload: Uint8Array,
      byteCount: number,
      mayQueue: boolean,
    ): Posted | "full";
  };
}

/** What somebody writes. */
interface Write {
  readonly bytes: Uint8Array;
  /** Bytes of it that were sent. */
  at: number;
  /** Null where all was in the ring when the call returned. */
  wait: Wait<NtStatus> | null;
}

/** The writing end of one pipe. */
export class StreamWriting {
  readonly #endpoint: WrittenEndpoint;
  readonly #actor: ChartActor<BytePipeEvent, BytePipeTag>;
  /** What is not sent to its end, in order. */
  readonly #writes = new Fifo<Write>();
  readonly #closers: Wait<NtStatus>[] = [];
  /** The piece that waits for room or for the flow; nothing is sent after it before it is in the ring. */
  #blocked: RequestEnd | null = null;

  /** The writing end at `endpoint`; `actor` has the pipe's state. */
  constructor(endpoint: WrittenEndpoint, actor: ChartActor<BytePipeEvent, BytePipeTag>) {
    this.#endpoint = endpoint;
    this.#actor = actor;
  }

  /** What is still to be sent, and who waits for that: with the packets on their way, all that it knows. */
  get state(): unknown {
    const writes = this.#writes.list().map((
      { bytes, at, wait },
    ) => [bytes.slice(at), wait !== null]);
    return [writes, this.#closers.length, this.#blocked !== null];
  }

  /** The ring is there: it keeps room for the end, so that a writer can always say that it is done. */
  attach(): void {
    const bodyBytes = this.#endpoint.runtime.codec.largestBodyBytes(PIPE_HEADER_BYTES, 0, 0);
    const { ring } = this.#endpoint.outgoing;
    if (ring !== null) ring.keptBytes = packetTotalBytes(bodyBytes);
  }

  // -- Whoever writes

  /** Why nothing can be written; null where something can. */
  get refusal(): NtStatus | null {
    if (this.#actor.is("over")) return this.#overStatus;
    if (!this.#actor.is("writable")) return STATUS_INVALID_DEVICE_STATE;
    return this.#endpoint.isClosing ? STATUS_DEVICE_REMOVED : null;
  }

  /** Writes `bytes`, an array of this end's own; a status where that is done, null where it is to be waited for. */
  write(bytes: Uint8Array): NtStatus | null {
    const write: Write = { bytes, at: 0, wait: null };
    this.#writes.push(write);
    this.writeOn();
    if (this.#writes.length > 0) return null; // it is the last one
    return this.#actor.is("over") ? this.#overStatus : STATUS_SUCCESS;
  }

  /** `wait` waits for the end of what was written last. */
  await(wait: Wait<NtStatus>): void {
    this.#writes.at(this.#writes.length - 1).wait = wait;
  }

  /** The driver writes no more; a status where the end is in the ring, null where that is to be waited for. */
  close(): NtStatus | null {
    if (this.#actor.is("writable")) {
      if (this.#endpoint.isClosing) return STATUS_DEVICE_REMOVED;
      this.#actor.send({ type: "closeWrite" });
    }
    if (this.#actor.is("over")) return this.#overStatus;
    return this.#actor.is("ended") ? STATUS_SUCCESS : null;
  }

  /** `wait` waits until the end is in the ring. */
  awaitEnd(wait: Wait<NtStatus>): void {
    this.#closers.push(wait);
  }

  /** `wait` waits no more. What it wrote is written all the same: nobody knows how much of it was read. */
  abandon(wait: Wait<NtStatus>): void {
    const write = this.#writes.list().find((each) => each.wait === wait);
    if (write !== undefined) write.wait = null;
    const closer = this.#closers.indexOf(wait);
    if (closer >= 0) this.#closers.splice(closer, 1);
  }

  /** The end is in the ring. */
  answerClosers(): void {
    for (const wait of this.#closers.splice(0)) wait.answer(STATUS_SUCCESS);
  }

  /** Nobody takes what is written any more. */
  failAll(): void {
    this.#blocked = null;
    const status = this.#overStatus;
    for (let write = this.#writes.shift(); write !== null; write = this.#writes.shift()) {
      write.wait?.answer(status);
    }
    for (const wait of this.#closers.splice(0)) wait.answer(status);
  }

  get #overStatus(): NtStatus {
    return this.#actor.is("writeReset") ? STATUS_CONNECTION_RESET : STATUS_DEVICE_REMOVED;
  }

  // -- The ring

  /** Sends what is written, up to the first piece that has to wait; then the end, if the driver has said so. */
  writeOn(): void {
    while (this.#blocked === null) {
      const write = this.#writes.peek();
      if (write === null) break;
      if (!this.#sendPiece(write)) return;
    }
    if (this.#blocked === null && this.#actor.is("closing")) this.#sendEnd();
  }

  /** Sends the next piece of `write`; false where it has to wait, or can not be sent any more. */
  #sendPiece(write: Write): boolean {
    const byteCount = Math.min(STREAM_DATA_MAX, write.bytes.length - write.at);
    const payload = new Uint8Array(PIPE_HEADER_BYTES + byteCount);
    writePipeHeader(payload, 0, byteCount);
    copyBytes(payload, write.bytes, write.at, byteCount, PIPE_HEADER_BYTES);
    return this.#post(payload, () => {
      write.at += byteCount;
      if (write.at < write.bytes.length) return;
      this.#writes.shift();
      write.wait?.answer(STATUS_SUCCESS);
    });
  }

  /** The room that was kept is for this. */
  #sendEnd(): void {
    const payload = new Uint8Array(PIPE_HEADER_BYTES);
    writePipeHeader(payload, 0, 0);
    const { ring } = this.#endpoint.outgoing;
    if (ring !== null) ring.keptBytes = 0;
    this.#post(payload, () => this.#actor.send({ type: "endSent" }));
  }

  /**
   * Posts a packet of KMCL's own; `passed` is called when it is in the ring. True: that is so already. One that
   * has to wait continues by itself from there.
   */
  #post(payload: Uint8Array, passed: () => void): boolean {
    const { outgoing } = this.#endpoint;
    const packet = outgoing.packets.allocate("request");
    packet.wantsCompletion = false;
    const piece: RequestEnd = {
      ended: (status) => {
        if (this.#blocked !== piece) return; // it was in the ring at once, or its stream was lost
        this.#blocked = null;
        if (status !== STATUS_SUCCESS) return;
        passed();
        this.writeOn();
      },
    };
    packet.request = piece;
    const posted = outgoing.post(packet, payload, payload.length, true);
    if (posted === "sent") passed();
    else if (posted === "queued") this.#blocked = piece;
    else outgoing.packets.free(packet); // the channel stops, and with it the pipe
    return posted === "sent";
  }
}
