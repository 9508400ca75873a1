/**
 * What a guest asks of sockets that listen on the host (wire.md 4.5): each request goes to whoever provides them,
 * who answers by an offer, or refuses.
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import type {
  ControlMessage,
  TlConnectRequest,
  TlConnectRequest2,
} from "../../../core/control/messages.ts";
import { Fifo } from "../../../core/fifo.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_CONNECTION_REFUSED,
  STATUS_UNSUCCESSFUL,
} from "../../../core/ntstatus.ts";
import { isUint } from "../../../core/units.ts";
import { CALLBACK_NAMES } from "../../channel/driver_port.ts";
import type { PartitionPort } from "../../channel/partition_port.ts";
import { WHOLE_BUS } from "../../channel/touches.ts";
import type { Touch } from "../../runtime/chooser.ts";
import { type Frame, PASSIVE_LEVEL } from "../../runtime/irql.ts";
import { type Worker, WorkItem } from "../../runtime/processor.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import type { GuestFacts } from "./host_port.ts";

/** Requests that may wait or be under way: with as many, nothing more is read of the guest (wire.md 5.4). */
const SOCKET_REQUESTS_MAX = 16;

/** What a guest asks for. */
export interface SocketRequest {
  /** The connection, a GUID of the guest's own: the instance of the offer that answers. */
  readonly endpointId: string;
  /** What is to be connected to: the interface of that offer. */
  readonly serviceId: string;
  /** The container that asks, all zero for none; null below version 5.2. */
  readonly siloId: string | null;
}

/** The host's end, as the requests need it. */
interface AskedEnd {
  /** The guest. */
  readonly guest: GuestFacts;
  /** The host's side of the link. */
  readonly link: { hold(isHeld: boolean): void };
  /** Says something to the guest. */
  post(message: ControlMessage): void;
}

/** The requests of one guest. */
export class SocketRequests implements Worker {
  /** Who provides sockets: its answer is a status, or a promise of one. Null: nobody does. */
  provider: ((request: SocketRequest) => unknown) | null = null;
  readonly #runtime: RuntimePort;
  readonly #end: AskedEnd;
  readonly #memory: object;
  readonly #item: WorkItem;
  readonly #frame: Frame;
  /** Those that nobody was asked about yet. */
  readonly #waiting = new Fifo<SocketRequest>();
  /** All that the guest still waits for. What it asked for before it left does not count, whenever the answer comes. */
  readonly #unanswered = new Set<SocketRequest>();
  /** Those that whoever provides sockets is at, also for a guest that has left. */
  #underWay = 0;

  /** The requests of the guest at `end`, whose memory that is; they are answered in `root`. */
  constructor(runtime: RuntimePort, root: PartitionPort, end: AskedEnd, memory: object) {
    this.#runtime = runtime;
    this.#end = end;
    this.#memory = memory;
    this.#item = new WorkItem(this, "stateChange", PASSIVE_LEVEL, root.processor(0));
    const name = "EvtSocketConnect";
    this.#frame = {
      name,
      code: CALLBACK_NAMES.indexOf(name),
      owner: this,
      traceId: this.traceId,
      partition: root,
      ownerName: `the sockets of ${end.guest.name}`,
      irql: PASSIVE_LEVEL,
    };
  }

  /** Stands for them on the trace. */
  get traceId(): number {
    return this.#end.guest.traceId;
  }

  /** See {@linkcode Worker.touches}. */
  touches(): readonly Touch[] {
    return [{ of: this.#memory, part: WHOLE_BUS, writes: true }];
  }

  /** How many are unanswered. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** Whether there are as many as there may be. */
  get #isFull(): boolean {
    return this.#waiting.length + this.#underWay >= SOCKET_REQUESTS_MAX;
  }

  /** The guest wants to connect. */
  take(message: TlConnectRequest | TlConnectRequest2): void {
    const { endpointId, serviceId } = message;
    const siloId = "siloId" in message ? message.siloId : null;
    const request = { endpointId, serviceId, siloId };
    this.#waiting.push(request);
    this.#unanswered.add(request);
    if (this.#isFull) this.#end.link.hold(true);
    this.#runtime.scheduler.schedule(this.#item);
  }

  /** See {@linkcode Worker.work}: one request is answered. */
  work(): void {
    const request = this.#waiting.shift();
    if (request === null) return;
    if (this.#waiting.length > 0) this.#runtime.scheduler.schedule(this.#item);
    this.#underWay++;
    const { provider } = this;
    if (provider === null) return this.#answer(request, STATUS_CONNECTION_REFUSED);
    this.#runtime.callbacks.call(this.#frame, () => provider(request), ({ threw, value }) => {
      this.#answer(request, threw || !isUint(value, 0xffff_ffff) ? STATUS_UNSUCCESSFUL : value);
    });
  }

  /**
   * The guest has left, or is gone, and nobody is to be answered. What is under way counts on: one that leaves and comes
   * again must not give whoever provides sockets more to do than one that stays.
   */
  guestGone(): void {
    this.#waiting.clear();
    this.#unanswered.clear();
    this.#end.link.hold(this.#isFull);
  }

  /** An offer says by itself that the connect has succeeded. */
  #answer(request: SocketRequest, status: NtStatus): void {
    this.#underWay--;
    const { endpointId, serviceId } = request;
    if (this.#unanswered.delete(request) && !NT_SUCCESS(status)) { // else the guest has left meanwhile
      this.#end.post({ message: "tlConnectResult", endpointId, serviceId, status });
    }
    assert(!this.#isFull, "nothing is read while so many wait");
    this.#end.link.hold(false);
  }
}
