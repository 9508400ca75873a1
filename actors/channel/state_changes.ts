/**
 * Calls the state change callbacks of an endpoint, one at a time, as its chart asks for them
 * (kmcl.md S3–S5, S7, S10).
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { NT_SUCCESS, type NtStatus, STATUS_UNSUCCESSFUL } from "../../core/ntstatus.ts";
import { isUint } from "../../core/units.ts";
import type { CallbackEnd } from "../runtime/driver_calls.ts";
import { type Frame, type Irql, PASSIVE_LEVEL } from "../runtime/irql.ts";
import { type Worker, WorkItem } from "../runtime/scheduler.ts";
import type { BusPort } from "./bus_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import type { CallbackName, DriverCallbacks } from "./driver_port.ts";

/** The callbacks of an endpoint's state changes. */
export const CHANGES = [
  "opened",
  "started",
  "postStarted",
  "suspend",
  "closed",
  "pnpFailure",
] as const;

/** A callback that is due or running. */
export type Change = typeof CHANGES[number];

const NAMES: Readonly<Record<Change, CallbackName>> = {
  opened: "EvtChannelOpened",
  started: "EvtChannelStarted",
  postStarted: "EvtChannelPostStarted",
  suspend: "EvtChannelSuspend",
  closed: "EvtChannelClosed",
  pnpFailure: "EvtChannelPnpFailure",
};

const CHANGE_NAMES: ReadonlySet<string> = new Set(Object.values(NAMES));

/** Whether `frame` is that of a state change callback of `endpoint`. */
export function isStateChangeOf(frame: Frame | null, endpoint: EndpointPort): boolean {
  return frame !== null && frame.owner === endpoint && CHANGE_NAMES.has(frame.name);
}

/** What state change callbacks need of the endpoint whose states ask for them. */
export interface ChangingEndpoint extends EndpointPort {
  /** The bus that the channel is on. */
  readonly end: BusPort | null;
  /** What its driver hears of it. */
  readonly driverCallbacks: DriverCallbacks;
  /** Its sending half. */
  readonly outgoing: { endSent(): void; endAll(): void };
  /** Its receiving half. */
  readonly incoming: {
    readonly isBusy: boolean;
    finishBatch(): boolean;
  };
  /** The frame of one of its callbacks. */
  frame(name: CallbackName, irql: Irql): Frame;
  /** The rings are gone. */
  detach(): void;
  /** Has the next callback called that the state asks for. */
  runNextCallback(): void;
  /** Whoever waits for the end of the last open may go on, if it has come. */
  answerDisabled(): void;
}

/** The state change callbacks of one endpoint. They never overlap. */
export class StateChanges implements Worker {
  readonly #endpoint: ChangingEndpoint;
  readonly #item: WorkItem;
  /** The callback that is due or running. */
  #current: Change | null = null;
  /** Why the client's open was refused, until the driver has been told. */
  #untoldRefusal: NtStatus | null = null;

  /** No callback is due yet. */
  constructor(endpoint: ChangingEndpoint) {
    this.#endpoint = endpoint;
    this.#item = new WorkItem(this, "stateChange", PASSIVE_LEVEL, endpoint.partition.processor(0));
  }

  /** Stands for it on the trace. */
  get traceId(): number {
    return this.#endpoint.id;
  }

  /** The callback that is due or running. */
  get current(): Change | null {
    return this.#current;
  }

  /** Goes on from where a saved client was; false where its state does not ask for that. */
  restore(current: Change | null, refusal: NtStatus | null): boolean {
    this.#untoldRefusal = refusal;
    this.#current = current;
    return current === null ? this.#due() === null : this.#isAsked(current);
  }

  /** The callback that is due is to be called. */
  schedule(): void {
    this.#endpoint.runtime.scheduler.schedule(this.#item);
  }

  /** Whether the state asks for `change`, sooner or later. */
  #isAsked(change: Change): boolean {
    const endpoint = this.#endpoint;
    switch (change) {
      case "opened":
        return endpoint.is("callOpened");
      case "started":
        return endpoint.is("callStarted");
      case "postStarted":
        return endpoint.is("callPostStarted");
      case "suspend":
        return endpoint.is("callSuspend");
      case "closed":
        return endpoint.is("callClosed") && endpoint.is("atRest");
      case "pnpFailure":
        return this.#untoldRefusal !== null;
    }
  }

  /** Why the client's open was refused, until its driver is told. */
  get untoldRefusal(): NtStatus | null {
    return this.#untoldRefusal;
  }

  /** Has the driver told that its open was refused with `status`. */
  refuse(status: NtStatus): void {
    this.#untoldRefusal = status;
  }

  /** The channel is freed, or its partition is gone: no callback begins any more. */
  stop(): void {
    this.#current = null;
    this.#untoldRefusal = null;
  }

  /** Schedules the callback that the state asks for, unless one is due or running. */
  runNextCallback(): void {
    if (this.#current !== null) return;
    this.#current = this.#due();
    if (this.#current !== null) this.schedule();
  }

  #due(): Change | null {
    const endpoint = this.#endpoint;
    if (endpoint.is("callStarted")) return "started";
    if (endpoint.is("callPostStarted")) return "postStarted";
    // From the call of Suspend on no ProcessPacket runs: one that is unfinished comes first.
    if (endpoint.is("callSuspend")) return endpoint.incoming.isBusy ? null : "suspend";
    if (endpoint.is("callOpened")) return "opened";
    if (endpoint.is("callClosed") && endpoint.is("atRest")) return "closed";
    return this.#untoldRefusal === null ? null : "pnpFailure";
  }

  /** See {@linkcode Worker.work}. */
  work(): void {
    const change = this.#current;
    if (change === null) return; // the channel was cleaned up meanwhile
    switch (change) {
      case "opened":
        return this.#call(
          change,
          () => this.#endpoint.driverCallbacks.opened(),
          (end) => this.#opened(end),
        );
      case "started":
        return this.#call(
          change,
          () => this.#endpoint.driverCallbacks.started(),
          () => this.#returned("startedReturned"),
        );
      case "postStarted":
        return this.#postStarted();
      case "suspend":
        if (!this.#mayCallSuspend()) return;
        this.#endpoint.tell({ type: "suspendCalled" });
        return this.#call(
          change,
          () => this.#endpoint.driverCallbacks.suspend(),
          () => this.#returned("suspendReturned"),
        );
      case "closed":
        this.#endpoint.end?.tellClosed(this.#endpoint);
        return this.#call(
          change,
          () => this.#endpoint.driverCallbacks.closed(),
          () => this.#closed(),
        );
      case "pnpFailure": {
        const status = this.#untoldRefusal ?? STATUS_UNSUCCESSFUL;
        this.#untoldRefusal = null;
        return this.#call(
          change,
          () => this.#endpoint.driverCallbacks.pnpFailure(status),
          () => this.#done(),
        );
      }
    }
  }

  /** The batch that ends with the flow comes first; whoever ends it has Suspend conducted again. */
  #mayCallSuspend(): boolean {
    const endpoint = this.#endpoint;
    if (endpoint.incoming.finishBatch() && endpoint.is("callSuspend")) return true;
    this.#current = null;
    return false;
  }

  #call(change: Change, work: () => unknown, done: (end: CallbackEnd) => void): void {
    const frame = this.#endpoint.frame(NAMES[change], PASSIVE_LEVEL);
    this.#endpoint.runtime.callbacks.call(frame, work, done);
  }

  /** A callback that is still wanted when its turn comes; a close leaves it out (kmcl.md S10). */
  #postStarted(): void {
    const endpoint = this.#endpoint;
    if (endpoint.is("leaving") || !endpoint.isSound) return this.#returned("postStartedReturned");
    this.#call(
      "postStarted",
      () => endpoint.driverCallbacks.postStarted(),
      () => this.#returned("postStartedReturned"),
    );
  }

  #returned(type: "startedReturned" | "postStartedReturned" | "suspendReturned"): void {
    this.#current = null;
    this.#endpoint.tell({ type });
  }

  #done(): void {
    this.#current = null;
    this.#endpoint.answerDisabled();
    this.#endpoint.runNextCallback();
  }

  /** What EvtChannelOpened answered decides the open, on both sides (kmcl.md S3). */
  #opened(end: CallbackEnd): void {
    const endpoint = this.#endpoint;
    this.#current = null;
    const status = this.#statusOf(end);
    endpoint.end?.answerOpen(endpoint, status);
    if (NT_SUCCESS(status)) return endpoint.tell({ type: "openedOk" });
    endpoint.end?.removeGpadls(endpoint, NAMES.opened);
    if (endpoint.side === "server") endpoint.detach();
    endpoint.outgoing.endSent(); // a restored channel had been open before
    endpoint.tell({ type: "openedFailed" });
    if (endpoint.side === "server") endpoint.end?.ringsFree(endpoint);
  }

  #statusOf(end: CallbackEnd): NtStatus {
    if (end.threw) return STATUS_UNSUCCESSFUL;
    if (isUint(end.value, 0xffff_ffff)) return end.value;
    const call = NAMES.opened;
    this.#endpoint.runtime.verifier.raise(
      "callback that must return an NTSTATUS and does not",
      call,
      `it returned ${describe(end.value)}`,
      { channel: this.#endpoint.place },
    );
    return STATUS_UNSUCCESSFUL;
  }

  /** EvtChannelClosed has returned: what is left of the channel goes (kmcl.md S10.5, S10.6). */
  #closed(): void {
    const endpoint = this.#endpoint;
    this.#current = null;
    endpoint.end?.removeGpadls(endpoint, NAMES.closed);
    endpoint.detach();
    endpoint.outgoing.endAll();
    endpoint.tell({ type: "closedReturned" });
    if (endpoint.side === "server") endpoint.end?.ringsFree(endpoint);
  }
}
