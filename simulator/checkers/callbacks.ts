/**
 * No callback outside the states that allow it, at the level that it is documented for, one at a time, and
 * batches with their right counts (kmcl.md S3-S5, S7-S11, S13, R1-R3, R5, section 6).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { oppositeOf } from "../../actors/partition/opposite.ts";
import { DISPATCH_LEVEL, PASSIVE_LEVEL } from "../../actors/runtime/irql.ts";
import type {
  CheckContext,
  Checker,
  CheckerAtWork,
  ObservationOf,
  ObservedEndpoint,
  Sees,
} from "./checker.ts";
import { type Driven, drivenOf, STATE_CHANGES, type StateChange } from "./driven.ts";
import {
  endpointOf,
  guestOf,
  livingEndpoints,
  PerEndpoint,
  runtimeOf,
  whereIs,
} from "../endpoints.ts";

/** Why a state change callback may not be called now; null: it may. */
type Refusal = (driven: Driven, endpoint: ObservedEndpoint) => string | null;

/** What each needs, with the rule that says so. */
const NEEDS: Readonly<Record<StateChange, { readonly rule: string; readonly refuses: Refusal }>> = {
  EvtChannelOpened: {
    rule: "S3: when Opened is called",
    refuses: ({ lifecycle }) => lifecycle === "none" ? null : `the channel is ${lifecycle}`,
  },
  EvtChannelStarted: {
    rule: "S4: when Started is called",
    refuses: ({ lifecycle, flow, outstanding }) => {
      if (lifecycle !== "open") return `the channel is ${lifecycle}`;
      if (flow !== "fresh" && flow !== "suspended") return `the flow is ${flow}`;
      return outstanding === 0 ? null : `the driver holds ${outstanding} packets`;
    },
  },
  EvtChannelPostStarted: {
    rule: "S4: when PostStarted is called",
    refuses: ({ flow, isAnnounced, isLeaving }) => {
      if (flow !== "running") return `the flow is ${flow}`;
      if (isLeaving) return "the channel is going away"; // S10
      return isAnnounced ? "it was called since Started" : null;
    },
  },
  EvtChannelSuspend: {
    rule: "S7: when Suspend is called",
    refuses: ({ flow, isInPacket, isInBatch }) => {
      if (flow !== "running") return `the flow is ${flow}`;
      if (isInPacket) return "a ProcessPacket call is unfinished";
      return isInBatch ? "a ProcessingComplete call is unfinished" : null;
    },
  },
  EvtChannelClosed: {
    rule: "S10: when Closed is called",
    refuses: ({ lifecycle, flow, outstanding }) => {
      if (lifecycle !== "open") return `the channel is ${lifecycle}`;
      if (flow !== "fresh" && flow !== "suspended") return `the flow is ${flow}`;
      return outstanding === 0 ? null : `the driver holds ${outstanding} packets`;
    },
  },
  EvtChannelPnpFailure: {
    rule: "S3: when PnpFailure is called",
    refuses: ({ lifecycle }, { side }) => {
      if (side === "server") return "a server has none";
      return lifecycle === "none" ? null : `the channel is ${lifecycle}`;
    },
  },
};

/** Faults that tell a client of a close of which its server does not know. */
const TAKES_OFFERS: ReadonlySet<string> = new Set(["offerRescinded", "deviceRemoved"]);

function isStateChange(callback: string): callback is StateChange {
  return STATE_CHANGES.has(callback);
}

/** What was so when a caller began to wait. */
interface Waiting {
  readonly driven: Driven;
  /** How often the flow had come to rest; null: it was at rest. */
  readonly rests: number | null;
  /** How often Closed was called; -1: it need not be. */
  readonly closes: number;
  /** The state change callback that had not returned. */
  readonly change: StateChange | null;
}

/** A checker at work. */
class CallbacksAtWork implements CheckerAtWork {
  readonly #context: CheckContext;
  readonly #all = new PerEndpoint(drivenOf);
  readonly #waits = new Map<number, Waiting>();
  /** Channels whose offer was taken back over the head of their server, each by guest and number. */
  readonly #offersTaken = new Set<string>();
  readonly sees: Sees = {
    ringsAttached: ({ endpoint, isResumed }) => this.#all.of(endpoint).attach(isResumed),
    callbackBegins: (seen) => this.#begins(seen),
    callbackReturns: ({ endpoint, callback }) => this.#all.of(endpoint).returned(callback),
    channelChanges: (seen) => this.#changed(seen),
    faultFires: ({ fault, partition, channelId }) => {
      if (TAKES_OFFERS.has(fault)) this.#offersTaken.add(`${partition} ${channelId}`);
    },
    partitionChanges: ({ partition, change }) => {
      if (change === "left") this.#leaves(partition);
    },
    channelFaults: ({ endpoint }) => void (this.#all.of(endpoint).isFaulted = true),
    packetArrives: (seen) => this.#arrives(seen),
    packetRetired: ({ endpoint, how }) => this.#all.of(endpoint).retired(how),
    transactionEnds: ({ endpoint, isAnswered }) => {
      if (isAnswered) this.#takes(endpoint, "a completion");
    },
    waitBegins: (seen) => this.#waitBegins(seen),
    waitReturns: (seen) => this.#waitReturns(seen),
  };

  constructor(context: CheckContext) {
    this.#context = context;
  }

  meets(endpoint: ObservedEndpoint): void {
    this.#all.meet(endpoint);
  }

  #fail(rule: string, callback: string, endpoint: ObservedEndpoint, message: string): void {
    const place = `${callback} of ${whereIs(endpoint)}`;
    this.#context.fail(rule, place, `${callback} of ${endpoint.name}: ${message}`);
  }

  /** A guest leaves the bus: its clients are told as if their servers had closed. */
  #leaves(name: string): void {
    for (const endpoint of livingEndpoints(runtimeOf("check callbacks", this.#context.fabric))) {
      const isClient = endpoint.side === "client" && guestOf(endpoint) === name;
      if (isClient && this.#all.has(endpoint)) this.#all.of(endpoint).hasLeft = true;
    }
  }

  // -- State changes and batches

  #changed({ endpoint, event }: ObservationOf<"channelChanges">): void {
    const driven = this.#all.of(endpoint);
    driven.changed(event);
    if (driven.hasLeft) return;
    const opposite = event === "peerClosed" ? oppositeOf(endpointOf(endpoint)) : null;
    if (opposite === null || !opposite.partition.isAlive || !this.#all.has(opposite)) return;
    const server = opposite.side === "server" ? opposite : endpointOf(endpoint);
    if (this.#isTaken(opposite) || this.#goesWithPrimary(server)) return;
    if (this.#context.isExcused(opposite)) return;
    const { flow, outstanding } = this.#all.of(opposite);
    if (outstanding === 0 && (flow === "fresh" || flow === "suspended")) return;
    const message = `it is told: the flow is ${flow}, ${outstanding} packets are out`;
    this.#fail("S10: when the opposite side is told", "close", opposite, message);
  }

  #isTaken(endpoint: Endpoint): boolean {
    return this.#offersTaken.has(`${guestOf(endpoint)} ${endpoint.channelId}`);
  }

  /** Whether it is the server of a sub-channel that goes because its primary does (wire.md section 6). */
  #goesWithPrimary({ guest, configuration: { subchannelIndex, serverTarget } }: Endpoint): boolean {
    if (subchannelIndex === 0) return false;
    const primary = livingEndpoints(runtimeOf("check callbacks", this.#context.fabric)).find(
      (other) =>
        other.side === "server" && other.guest === guest &&
        other.configuration.subchannelIndex === 0 &&
        other.configuration.serverTarget?.instance === serverTarget?.instance,
    );
    if (primary === undefined || primary.channelId === null) return true;
    const { leaving, opened } = primary.actor.tags;
    return leaving || !opened || this.#isTaken(primary);
  }

  #begins({ endpoint, callback, irql, count }: ObservationOf<"callbackBegins">): void {
    const driven = this.#all.of(endpoint);
    if (callback === "EvtChannelProcessingComplete") {
      return this.#batchBegins(driven, endpoint, count);
    }
    if (irql !== PASSIVE_LEVEL) {
      this.#fail("section 6: levels", callback, endpoint, `it is called at level ${irql}`);
    }
    if (!isStateChange(callback)) return;
    if (driven.change !== null) {
      const message = `${driven.change} has not returned`;
      this.#fail("S10: state changes never overlap", callback, endpoint, message);
    }
    const { rule, refuses } = NEEDS[callback];
    const refusal = refuses(driven, endpoint);
    if (refusal !== null) this.#fail(rule, callback, endpoint, refusal);
    driven.began(callback);
  }

  #batchBegins(driven: Driven, endpoint: ObservedEndpoint, count: number): void {
    const callback = "EvtChannelProcessingComplete";
    if (driven.isInPacket || driven.isInBatch) {
      const message = "a callback of the queue is unfinished";
      this.#fail("R2: one at a time", callback, endpoint, message);
    }
    const { batch } = driven;
    driven.batchBegan();
    if (batch === null || batch === count) return;
    const message = `it is told of ${count} packets, and ${batch} were delivered`;
    this.#fail("R3: packets of a batch", callback, endpoint, message);
  }

  // -- What is taken from the ring

  /** Whether `what` may be taken from the ring now. */
  #takes(endpoint: ObservedEndpoint, what: string): Driven {
    const driven = this.#all.of(endpoint);
    const callback = "EvtChannelProcessPacket";
    const fail = (rule: string, why: string) =>
      this.#fail(rule, callback, endpoint, `${what} is taken from the ring, and ${why}`);
    if (driven.flow !== "running") {
      fail("S7: nothing is taken while the flow does not run", `the flow is ${driven.flow}`);
    } else if (driven.isFaulted) fail("section 5: a faulted queue stops", "the channel is faulted");
    if (driven.isInPacket || driven.isInBatch) {
      fail("R2: one at a time", "a callback of the queue is unfinished");
    }
    return driven;
  }

  #arrives({ endpoint, irql }: ObservationOf<"packetArrives">): void {
    const driven = this.#takes(endpoint, "a packet");
    const { isShareSpent } = endpointOf(endpoint).incoming;
    const { isHeadPassive } = driven;
    driven.arrived();
    if (isHeadPassive === null) return;
    const level = isHeadPassive || isShareSpent ? PASSIVE_LEVEL : DISPATCH_LEVEL;
    if (irql === level) return;
    const message = `it is called at level ${irql}, not at ${level}`;
    this.#fail("R1: levels of ProcessPacket", "EvtChannelProcessPacket", endpoint, message);
  }

  // -- Callers

  #waitBegins({ call, endpoint, wait }: ObservationOf<"waitBegins">): void {
    if (endpoint === null || call !== "VmbChannelPause" && call !== "VmbChannelDisable") return;
    const driven = this.#all.of(endpoint);
    const { flow, rests, closes, lifecycle, outstanding, change } = driven;
    const isAtRest = flow === "fresh" || flow === "suspended" && outstanding === 0;
    this.#waits.set(wait, {
      driven, // a caller may continue when its endpoint is no more, and nothing is known of that
      rests: isAtRest ? null : rests,
      closes: lifecycle === "open" ? closes : -1,
      change,
    });
  }

  #waitReturns({ call, endpoint, wait }: ObservationOf<"waitReturns">): void {
    const began = this.#waits.get(wait);
    if (began === undefined || endpoint === null) return;
    this.#waits.delete(wait);
    if (!endpointOf(endpoint).partition.isAlive) return;
    const { rests, closes, isFaulted, outstanding, change } = began.driven;
    if (call === "VmbChannelPause" && rests === began.rests && !isFaulted) {
      const why = `it was not suspended with all packets retired: ${outstanding} are out`;
      this.#fail("S8: when Pause returns", call, endpoint, why);
    }
    if (call === "VmbChannelDisable" && closes === began.closes) {
      this.#fail("S11: when Disable returns", call, endpoint, "Closed was not called");
    }
    // Whoever calls it in there waits for the teardown alone.
    const isTelling = change === "EvtChannelPnpFailure" && began.change !== change;
    if (call === "VmbChannelDisable" && isTelling) {
      this.#fail("S11: when Disable returns", call, endpoint, `${change} has not returned`);
    }
  }
}

/** No callback outside the states that allow it. */
export const callbacksChecker: Checker = {
  name: "callbacks",
  attach: (context) => new CallbacksAtWork(context),
};
