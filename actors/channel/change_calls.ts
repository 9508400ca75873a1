/**
 * How each state change callback is called: what asks for it, what comes before it, and what follows
 * when it has returned (kmcl.md S3-S5, S7, S10).
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { NT_SUCCESS, type NtStatus, STATUS_UNSUCCESSFUL } from "../../core/ntstatus.ts";
import { isUint } from "../../core/units.ts";
import type { CallbackEnd } from "../runtime/driver_calls.ts";
import type { Frame, Irql } from "../runtime/irql.ts";
import type { BusPort } from "./bus_port.ts";
import type { CallbackName, DriverCallbacks } from "./driver_port.ts";
import type { PlacedEndpoint } from "./touches.ts";

/** The callbacks of an endpoint's state changes, in the order in which those are called that are due at once. */
export const CHANGES = [
  "pnpFailure",
  "opened",
  "started",
  "postStarted",
  "suspend",
  "closed",
] as const;

/** A callback that is due or running. */
export type Change = typeof CHANGES[number];

/** What state change callbacks need of the endpoint whose states ask for them. */
export interface ChangingEndpoint extends PlacedEndpoint {
  /** The bus that the channel is on. */
  readonly end: BusPort | null;
  /** What its driver hears of it. */
  readonly driverCallbacks: DriverCallbacks;
  /** Its sending half. */
  readonly outgoing: { endAll(): void };
  /** How its transactions end. */
  readonly completions: { endSent(): void };
  /** Its receiving half. */
  readonly incoming: {
    readonly isBusy: boolean;
    readonly hasBatch: boolean;
    finishBatch(): boolean;
  };
  /** Its state change callbacks. */
  readonly changes: {
    /** Why the client's open was refused, until its driver is told. */
    readonly untoldRefusal: NtStatus | null;
    /** The same, for the driver that is told now. */
    takeRefusal(): NtStatus;
  };
  /** The frame of one of its callbacks. */
  frame(name: CallbackName, irql: Irql): Frame;
  /** The rings are gone. */
  detach(): void;
  /** Has the next callback called that the state asks for. */
  runNextCallback(): void;
  /** The driver is about to be told why its open came to nothing: who waits for the end of that waits for this as well. */
  beginTelling(): void;
  /** It was told: whoever waits for the end of that open may continue, if it has come. */
  endTelling(): void;
}

/**
 * What becomes of a callback whose turn has come: it is left out, has to be asked for again, or its item stopped at
 * a scheduling point and begins again.
 */
type Turn = "call" | "leaveOut" | "later" | "stopped";

/** One of the callbacks. */
export interface ChangeCall {
  /** The documented name. */
  readonly name: CallbackName;
  /** Whether the channel asks for it, sooner or later. */
  isAsked(endpoint: ChangingEndpoint): boolean;
  /** Whether something has to end first; where this is left out, nothing has. */
  isHeldUp?(endpoint: ChangingEndpoint): boolean;
  /** Its turn has come; where this is left out, it is called. */
  begin?(endpoint: ChangingEndpoint): Turn;
  /** Calls the driver. */
  call(endpoint: ChangingEndpoint): unknown;
  /** It has returned, or was left out. */
  end(endpoint: ChangingEndpoint, end: CallbackEnd): void;
}

/** Each of them. */
export const CALLS: Readonly<Record<Change, ChangeCall>> = {
  opened: {
    name: "EvtChannelOpened",
    isAsked: (endpoint) => endpoint.is("callOpened"),
    call: ({ driverCallbacks }) => driverCallbacks.opened(),
    end: opened,
  },
  started: {
    name: "EvtChannelStarted",
    isAsked: (endpoint) => endpoint.is("callStarted"),
    call: ({ driverCallbacks }) => driverCallbacks.started(),
    end: (endpoint) => endpoint.tell({ type: "startedReturned" }),
  },
  postStarted: {
    name: "EvtChannelPostStarted",
    isAsked: (endpoint) => endpoint.is("callPostStarted"),
    // It is called if it is still wanted when its turn comes; a close leaves it out (kmcl.md S10).
    begin: (endpoint) => endpoint.is("leaving") || !endpoint.isSound ? "leaveOut" : "call",
    call: ({ driverCallbacks }) => driverCallbacks.postStarted(),
    end: (endpoint) => endpoint.tell({ type: "postStartedReturned" }),
  },
  suspend: {
    name: "EvtChannelSuspend",
    isAsked: (endpoint) => endpoint.is("callSuspend"),
    // From the call of Suspend on no ProcessPacket runs: one that is unfinished comes first.
    isHeldUp: ({ incoming }) => incoming.isBusy,
    begin: beginSuspend,
    call: ({ driverCallbacks }) => driverCallbacks.suspend(),
    end: (endpoint) => endpoint.tell({ type: "suspendReturned" }),
  },
  closed: {
    name: "EvtChannelClosed",
    isAsked: (endpoint) => endpoint.is("callClosed") && endpoint.is("atRest"),
    begin: (endpoint) => {
      endpoint.end?.tellClosed(endpoint);
      return "call";
    },
    call: ({ driverCallbacks }) => driverCallbacks.closed(),
    end: closed,
  },
  pnpFailure: {
    name: "EvtChannelPnpFailure",
    isAsked: ({ changes }) => changes.untoldRefusal !== null,
    call: (endpoint) => {
      endpoint.beginTelling();
      return endpoint.driverCallbacks.pnpFailure(endpoint.changes.takeRefusal());
    },
    end: (endpoint) => {
      endpoint.endTelling();
      endpoint.runNextCallback();
    },
  },
};

/** The batch that ends with the flow comes first; whoever ends it has Suspend asked for again. */
function beginSuspend(endpoint: ChangingEndpoint): Turn {
  const { points } = endpoint.runtime.scheduler;
  const hasBatch = points !== null && endpoint.incoming.hasBatch;
  if (!endpoint.incoming.finishBatch() || !endpoint.is("callSuspend")) return "later";
  if (hasBatch && points.stop()) return "stopped";
  endpoint.tell({ type: "suspendCalled" });
  return "call";
}

/** What EvtChannelOpened answered decides the open, on both sides (kmcl.md S3). */
function opened(endpoint: ChangingEndpoint, end: CallbackEnd): void {
  const status = statusOf(endpoint, end);
  endpoint.end?.answerOpen(endpoint, status);
  if (NT_SUCCESS(status)) return endpoint.tell({ type: "openedOk" });
  endpoint.end?.removeGpadls(endpoint, CALLS.opened.name);
  if (endpoint.side === "server") endpoint.detach();
  endpoint.completions.endSent(); // a restored channel had been open before
  endpoint.tell({ type: "openedFailed" });
  if (endpoint.side === "server") endpoint.end?.ringsFree(endpoint);
}

function statusOf({ runtime, place }: ChangingEndpoint, end: CallbackEnd): NtStatus {
  if (end.threw) return STATUS_UNSUCCESSFUL;
  if (isUint(end.value, 0xffff_ffff)) return end.value;
  const rule = "callback that must return an NTSTATUS and does not";
  const message = `it returned ${describe(end.value)}`;
  runtime.verifier.raise(rule, CALLS.opened.name, message, { channel: place });
  return STATUS_UNSUCCESSFUL;
}

/** EvtChannelClosed has returned: what is left of the channel goes (kmcl.md S10.5, S10.6). */
function closed(endpoint: ChangingEndpoint): void {
  endpoint.end?.removeGpadls(endpoint, CALLS.closed.name);
  endpoint.detach();
  endpoint.outgoing.endAll();
  endpoint.tell({ type: "closedReturned" });
  if (endpoint.side === "server") endpoint.end?.ringsFree(endpoint);
}
