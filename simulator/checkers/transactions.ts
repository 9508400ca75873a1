/**
 * Every transaction ends exactly once, with a status that it may end with (kmcl.md P1, P4, P7, S15, Y1).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { NtStatus } from "../../core/ntstatus.ts";
import {
  STATUS_BUFFER_TOO_SMALL,
  STATUS_CANCELLED,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import type {
  CheckContext,
  Checker,
  CheckerAtWork,
  ObservationOf,
  ObservedEndpoint,
  Sees,
} from "./checker.ts";
import { endpointOf, PerEndpoint, statusText, whereIs } from "../endpoints.ts";

/** What may be the end of everything that is under way on a channel. */
const ENDS: ReadonlySet<string> = new Set([
  "disable",
  "peerClosed",
  "openRefused",
  "openedFailed",
  "closedReturned",
  "released",
]);

/** The statuses that a synchronous request ends with, once it waits. */
const REQUEST_ENDS: ReadonlySet<NtStatus> = new Set([
  STATUS_SUCCESS,
  STATUS_BUFFER_TOO_SMALL,
  STATUS_CANCELLED,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_BUFFER_SIZE,
]);

/** One transaction. */
interface Transaction {
  /** Whether it is in the ring, or was; null: that is not known. */
  readonly hasEntered: boolean | null;
  /** Whether a completion packet is to end it; null: that is not known. */
  readonly wantsCompletion: boolean | null;
  /** Ends of the channel that had come when it began; null: that is not known. */
  readonly endsBefore: number | null;
}

/** The transactions that one endpoint has begun. */
class Transactions {
  readonly byPacket = new Map<number, Transaction>();
  /** Ends of the channel so far. */
  ends = 0;

  constructor({ outgoing }: Endpoint) {
    for (const { slot, actor, wantsCompletion } of outgoing.packets.live) {
      const { inFlight, awaiting, withdrawn } = actor.tags;
      if (!inFlight) continue;
      const isSent = awaiting || withdrawn;
      this.byPacket.set(slot, {
        hasEntered: isSent ? true : actor.can("enter") ? false : null,
        wantsCompletion: isSent ? wantsCompletion : null,
        endsBefore: null,
      });
    }
  }
}

/** Why a transaction may not end as it does; null: it may. */
function faultOf(
  transaction: Transaction,
  { status, isAnswered, packet, endpoint }: ObservationOf<"transactionEnds">,
  ends: number,
): { readonly rule: string; readonly message: string } | null {
  const { hasEntered, wantsCompletion, endsBefore } = transaction;
  const hasClosed = endsBefore === null || ends > endsBefore;
  const p1 = (message: string) => ({ rule: "P1: how a transaction ends", message });
  const s15 = (message: string) => ({ rule: "S15: how a transaction ends", message });
  if (isAnswered) {
    if (hasEntered === false) return p1("it is answered, and has never been in the ring");
    return wantsCompletion === false ? p1("it is answered, and wanted no completion") : null;
  }
  switch (status) {
    case STATUS_SUCCESS:
      if (hasEntered === false) return p1("it succeeded, and has never been in the ring");
      return wantsCompletion === true ? p1("it succeeded without the completion it wanted") : null;
    case STATUS_CANCELLED: {
      if (hasEntered === true) return s15("it is cancelled, and was sent");
      const isRequest = endpointOf(endpoint).outgoing.packets.at(packet)?.kind === "request";
      return hasClosed || isRequest ? null : s15("it is cancelled, and the channel stays");
    }
    case STATUS_DEVICE_REMOVED:
      if (hasEntered === false) return s15("the device is removed for it, and it was never sent");
      return hasClosed ? null : s15("the device is removed for it, and the channel stays");
    case STATUS_INVALID_BUFFER_SIZE:
      return hasEntered === true
        ? { rule: "P7: how a transaction ends", message: "it is too large, and was sent" }
        : null;
    default:
      return p1("it may not end so");
  }
}

/** A checker at work. */
class TransactionsAtWork implements CheckerAtWork {
  readonly #context: CheckContext;
  readonly #all = new PerEndpoint((endpoint) => new Transactions(endpoint));
  readonly #timedWaits = new Map<number, boolean>();
  readonly sees: Sees = {
    packetQueued: ({ endpoint, packet }) => this.#begin(endpoint, packet, false, null),
    packetEnters: (seen) => this.#enters(seen),
    transactionEnds: (seen) => this.#ends(seen),
    channelChanges: ({ endpoint, event }) => {
      if (ENDS.has(event)) this.#all.of(endpoint).ends++;
    },
    waitBegins: ({ call, wait, isTimed }) => {
      if (call === "VmbChannelSendSynchronousRequest") this.#timedWaits.set(wait, isTimed);
    },
    waitReturns: (seen) => this.#waitReturns(seen),
  };

  constructor(context: CheckContext) {
    this.#context = context;
  }

  meets(endpoint: ObservedEndpoint): void {
    this.#all.meet(endpoint);
  }

  #begin(
    endpoint: ObservedEndpoint,
    packet: number,
    hasEntered: boolean,
    wantsCompletion: boolean | null,
  ): void {
    const { byPacket, ends } = this.#all.of(endpoint);
    if (byPacket.has(packet)) {
      const message = `packet ${packet} of ${endpoint.name} is sent, and is in a transaction`;
      this.#context.fail(
        "P4: one transaction at a time",
        `packet of ${whereIs(endpoint)}`,
        message,
      );
    }
    byPacket.set(packet, { hasEntered, wantsCompletion, endsBefore: ends });
  }

  /** The transaction of a packet that was queued continues; that of another one begins here. */
  #enters({ endpoint, packet, wantsCompletion }: ObservationOf<"packetEnters">): void {
    const { byPacket } = this.#all.of(endpoint);
    const known = byPacket.get(packet);
    if (known === undefined || known.hasEntered === true) {
      return this.#begin(endpoint, packet, true, wantsCompletion);
    }
    byPacket.set(packet, { hasEntered: true, wantsCompletion, endsBefore: known.endsBefore });
  }

  #ends(seen: ObservationOf<"transactionEnds">): void {
    const { endpoint, packet, status } = seen;
    const { byPacket, ends } = this.#all.of(endpoint);
    const transaction = byPacket.get(packet);
    const how = `packet ${packet} of ${endpoint.name} ends with ${statusText(status)}`;
    if (transaction === undefined) {
      return this.#context.fail(
        "P1: a transaction ends once",
        `end of a packet of ${whereIs(endpoint)}`,
        `${how}, and is in no transaction`,
      );
    }
    byPacket.delete(packet);
    const fault = faultOf(transaction, seen, ends);
    if (fault === null) return;
    const place = `end of a packet of ${whereIs(endpoint)}`;
    this.#context.fail(fault.rule, place, `${how}: ${fault.message}`);
  }

  #waitReturns(seen: ObservationOf<"waitReturns">): void {
    const { call, endpoint } = seen;
    if (call === "VmbChannelDisable" && endpoint !== null) this.#disabled(endpoint);
    else this.#requestReturns(seen);
  }

  /** One that was enabled again meanwhile may have begun others. */
  #disabled(endpoint: ObservedEndpoint): void {
    const { byPacket } = this.#all.of(endpoint);
    if (byPacket.size === 0 || !endpointOf(endpoint).is("disabled")) return;
    const message = `${endpoint.name} is Disabled, and ${byPacket.size} of its transactions last`;
    const place = `VmbChannelDisable of ${whereIs(endpoint)}`;
    this.#context.fail("S11: transactions end before Disable returns", place, message);
  }

  #requestReturns({ wait, endpoint, status }: ObservationOf<"waitReturns">): void {
    const isTimed = this.#timedWaits.get(wait);
    if (isTimed === undefined || endpoint === null) return;
    this.#timedWaits.delete(wait);
    const what = `the request on ${endpoint.name} returns ${statusText(status)}`;
    const place = `VmbChannelSendSynchronousRequest of ${whereIs(endpoint)}`;
    const rule = "Y1: how a request ends";
    if (status === null || !REQUEST_ENDS.has(status)) this.#context.fail(rule, place, what);
    else if (status === STATUS_CANCELLED && !isTimed) {
      this.#context.fail(rule, place, `${what}, and has no timeout`);
    }
  }
}

/** Every transaction ends exactly once, with a status that it may end with. */
export const transactionsChecker: Checker = {
  name: "transactions",
  attach: (context) => new TransactionsAtWork(context),
};
