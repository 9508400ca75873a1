/**
 * Synchronous requests of an endpoint: packets whose sender waits (kmcl.md Y1–Y5).
 *
 * @module
 */

import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import {
  type NtStatus,
  STATUS_BUFFER_OVERFLOW,
  STATUS_BUFFER_TOO_SMALL,
  STATUS_CANCELLED,
  STATUS_DEVICE_REMOVED,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import type { Deadline } from "../../core/clock.ts";
import { copyBytes, firstBytes, lengthOf } from "../../core/bytes.ts";
import type { Timer } from "../runtime/timer.ts";
import type { Wait } from "../runtime/waits.ts";
import type { PacketObject, RequestEnd } from "../packet/packet_object.ts";
import type { DriverCallbacks } from "./driver_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import type { Outgoing } from "./outgoing.ts";

/** What a request's caller gets. */
export interface RequestResult {
  /** How it ended. */
  readonly status: NtStatus;
  /**
   * Bytes of the answer; null on failure, apart from an answer too large for its buffer, and where the
   * caller asked for no size.
   */
  readonly completionBufferSize: number | null;
}

/** A checked request. */
export interface RequestOptions {
  /** What is sent, from the beginning of the array. */
  readonly payload: Uint8Array;
  /** How much of the payload counts. */
  readonly payloadBytes: number;
  /** External data. */
  readonly ranges: readonly GpaRange[];
  /** Whether the request ends with a completion packet, or in the ring. */
  readonly wantsCompletion: boolean;
  /** Where the answer goes; null where the caller wants none. */
  readonly completionBuffer: Uint8Array | null;
  /** How much of the answer it takes; null where the caller does not ask for its size. */
  readonly completionBufferBytes: number | null;
  /** When the caller gives up, in 100 ns since the fabric's start; null: never. */
  readonly deadline100ns: number | null;
  /** Whether the packet may queue; if not, it is in the ring or refused when the call returns. */
  readonly mayQueue: boolean;
}

/** What a caller gets whose request succeeded, and has no answer that it could be given. */
function unanswered({ completionBufferBytes }: RequestOptions): RequestResult {
  return {
    status: STATUS_SUCCESS,
    completionBufferSize: completionBufferBytes === null ? null : 0,
  };
}

/** A caller that waits for its answer. */
class Request implements RequestEnd {
  readonly packet: PacketObject;
  readonly #options: RequestOptions;
  readonly #wait: Wait<RequestResult>;
  readonly #forget: (request: Request, result: RequestResult) => void;
  timer: Deadline<Timer> | null = null;

  constructor(
    packet: PacketObject,
    options: RequestOptions,
    wait: Wait<RequestResult>,
    forget: (request: Request, result: RequestResult) => void,
  ) {
    this.packet = packet;
    this.#options = options;
    this.#wait = wait;
    this.#forget = forget;
  }

  /** The packet's transaction is over. */
  ended(status: NtStatus, answer: Uint8Array, answerBytes: number): void {
    if (status !== STATUS_SUCCESS) return this.fail(status);
    const { completionBuffer, completionBufferBytes } = this.#options;
    if (completionBuffer === null || completionBufferBytes === null) {
      return this.#answer(unanswered(this.#options));
    }
    // While it waited, the caller may have transferred the buffer, or made it shorter.
    const room = firstBytes(
      completionBuffer,
      Math.min(completionBufferBytes, lengthOf(completionBuffer)),
    );
    const roomBytes = room.length;
    copyBytes(room, answer, 0, Math.min(answerBytes, roomBytes));
    this.#answer({
      status: answerBytes <= roomBytes ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL,
      completionBufferSize: answerBytes,
    });
  }

  /** The caller gets `status` and no answer. */
  fail(status: NtStatus): void {
    this.#answer({ status, completionBufferSize: null });
  }

  #answer(result: RequestResult): void {
    this.#forget(this, result);
    this.#wait.answer(result);
  }
}

/** What synchronous requests need of the endpoint that sends them. */
export interface RequestingEndpoint extends EndpointPort {
  /** Whether nothing can be sent: Disabled, about to be, or faulted (kmcl.md S6). */
  readonly isClosing: boolean;
  /** Its sending half. */
  readonly outgoing: Outgoing;
  /** What its driver hears of it. */
  readonly driverCallbacks: Pick<DriverCallbacks, "heldUpBy">;
}

/** The synchronous requests of one endpoint. */
export class Requests {
  readonly #endpoint: RequestingEndpoint;
  /** Made with the first one that waits. */
  #waiting: Set<Request> | null = null;
  /** Callers that have an answer, and may be still to continue. */
  readonly #returning: Wait<RequestResult>[] = [];

  /** The synchronous requests of `endpoint`. */
  constructor(endpoint: RequestingEndpoint) {
    this.#endpoint = endpoint;
  }

  /** Callers that wait. */
  get count(): number {
    return this.#waiting?.size ?? 0;
  }

  /** Nobody may wait for this channel (any more): it is Disabled, going away, or faulted (kmcl.md S10.1). */
  get rejectsRequests(): boolean {
    return this.#endpoint.isClosing || this.#endpoint.is("leaving");
  }

  /** Sends a checked request, unless they are over; no promise where nothing is to be waited for. */
  send(options: RequestOptions): RequestResult | Promise<RequestResult> {
    const endpoint = this.#endpoint;
    const packet = endpoint.outgoing.packets.allocate("request");
    packet.wantsCompletion = options.wantsCompletion;
    packet.ranges = options.ranges;
    const { payload, payloadBytes, mayQueue } = options;
    const posted = endpoint.outgoing.post(packet, payload, payloadBytes, mayQueue);
    if (posted !== "sent" && posted !== "queued") {
      endpoint.outgoing.packets.free(packet);
      const status = posted === "full" ? STATUS_BUFFER_OVERFLOW : posted;
      return { status, completionBufferSize: null };
    }
    if (posted === "sent" && !options.wantsCompletion) {
      return unanswered(options);
    }
    return this.#wait(packet, options);
  }

  /** Puts what a request has come to on the trace. */
  trace(result: RequestResult): void {
    this.#endpoint.trace.requestEnded(result);
  }

  /** Nobody may wait for this channel any more: callers return before what follows (kmcl.md S10.1). */
  release(): void {
    for (const request of [...this.#waiting ?? []]) this.#giveUp(request, STATUS_DEVICE_REMOVED);
    for (const wait of this.#returning.splice(0)) wait.hurry();
  }

  #wait(packet: PacketObject, options: RequestOptions): Promise<RequestResult> {
    const { runtime, partition } = this.#endpoint;
    const wait = runtime.beginWait<RequestResult>({
      call: "VmbChannelSendSynchronousRequest",
      what: `the end of packet ${packet.slot} on ${this.#endpoint.name}`,
      partition,
      endpoint: this.#endpoint,
      heldUpBy: () => this.#endpoint.driverCallbacks.heldUpBy({ goal: "answer", packet }),
      isTimed: options.deadline100ns !== null,
      abandon: () => this.#giveUp(request, STATUS_CANCELLED),
    });
    const request: Request = new Request(packet, options, wait, (ended, result) => {
      this.trace(result);
      this.#waiting?.delete(ended);
      if (ended.timer !== null) runtime.cancelTimer(ended.timer);
      if (runtime.scheduler.points !== null) this.#returns(wait);
    });
    packet.request = request;
    (this.#waiting ??= new Set()).add(request);
    if (options.deadline100ns !== null) {
      request.timer = runtime.armTimer(options.deadline100ns, {
        fire: () => this.#giveUp(request, STATUS_CANCELLED),
      });
    }
    return wait.promise;
  }

  #returns(wait: Wait<RequestResult>): void {
    const others = this.#returning.splice(0).filter(({ isAnswered }) => isAnswered);
    this.#returning.push(...others, wait);
  }

  /** Answers the caller, and withdraws its packet as far as that can be done (kmcl.md Y3). */
  #giveUp(request: Request, status: NtStatus): void {
    if (this.#waiting?.has(request) !== true) return;
    const { packet } = request;
    packet.request = null;
    request.fail(status);
    if (packet.actor.is("awaiting")) packet.actor.send({ type: "withdraw" });
    else if (packet.actor.can("enter")) this.#endpoint.outgoing.withdrawQueued(packet);
  }
}
