/**
 * The chart, the rings and what drivers have seen agree; looked at now and then between two work items, and
 * when all is quiet (kmcl.md S10, S14, P1, R4, wire.md 1.7, 1.8).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import { oppositeOf } from "../../actors/partition/opposite.ts";
import type { CheckContext, Checker, CheckerAtWork, ObservedEndpoint, Sees } from "./checker.ts";
import { livingEndpoints, PerEndpoint, runtimeOf, unreadPackets, whereIs } from "../endpoints.ts";

/** A sentence about an endpoint that holds whenever no work item is in the middle of something. */
interface Sentence {
  readonly rule: string;
  /** What is wrong; null: it holds. */
  faultOf(endpoint: Endpoint, seen: Seen): string | null;
}

/** What was seen of one endpoint. */
interface Seen {
  /** Packets that its driver was given and has not retired. */
  outstanding: number;
  /** Transactions that wait for a completion. */
  readonly awaited: Set<number>;
}

/** More than a packet without external data has beside its payload in the ring. */
const FRAME_BYTES_MAX = 256;

/**
 * Bytes of what is to leave next: a packet where the flow runs, a completion whatever the flow is (kmcl.md S6);
 * null: nothing is, or a packet whose external data makes it larger.
 */
function nextBytes({ outgoing, flows }: Endpoint): number | null {
  const { queue, completions } = outgoing.progress;
  const [packet] = flows ? queue : [];
  const [completion] = completions;
  if (completion !== undefined && (packet === undefined || completion.order < packet.order)) {
    return completion.answerBytes;
  }
  return packet === undefined || packet.hasExternalData ? null : packet.payloadBytes;
}

/** Packets that were sent, and whose completion has not come. */
function awaitingIn({ packets }: Endpoint["outgoing"]) {
  return packets.live.filter(({ actor, wantsCompletion }) =>
    wantsCompletion && (actor.tags.awaiting || actor.tags.withdrawn)
  );
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Whatever the loop is at. */
const ALWAYS: readonly Sentence[] = [
  {
    rule: "S10: rings exist from Opened to Closed",
    faultOf: ({ rings, actor }) => {
      if ((rings !== null) === actor.tags.rings) return null;
      return actor.tags.rings ? "it is open and has no rings" : "it has rings and is not open";
    },
  },
  {
    rule: "S10: blocked callers return at once",
    faultOf: ({ requests, actor }) => {
      const { leaving, disabled, sound } = actor.tags;
      if (requests.count === 0 || !leaving && !disabled && sound) return null;
      return `${plural(requests.count, "caller")} wait, and it is going away`;
    },
  },
  {
    rule: "S11: nothing of an open is left for the next",
    faultOf: ({ rings, signal, latency100ns }) => {
      if (rings !== null) return null;
      if (signal.remaining100ns !== null) return "it has no rings, and a signal is due";
      return latency100ns === 0 ? null : `it has no rings, and a latency of ${latency100ns}`;
    },
  },
  {
    rule: "S10: packets are retired before Closed",
    faultOf: ({ incoming, actor }) => {
      const { outstanding } = incoming.outstandingPackets;
      if (outstanding === 0 || !actor.tags.disabled) return null;
      return `it is Disabled, and its driver holds ${plural(outstanding, "packet")}`;
    },
  },
  {
    rule: "R4: packets out with the driver",
    faultOf: ({ incoming }, seen) => {
      const { outstanding } = incoming.outstandingPackets;
      if (outstanding === seen.outstanding) return null;
      return `it counts ${plural(outstanding, "packet")} out, and there are ${seen.outstanding}`;
    },
  },
  {
    rule: "P1: packets in flight",
    faultOf: ({ outgoing }, { awaited }) => {
      const stray = awaitingIn(outgoing).find(({ slot }) => !awaited.has(slot));
      if (stray !== undefined) return `packet ${stray.slot} awaits a completion, and was not sent`;
      for (const slot of awaited) {
        if (outgoing.packets.at(slot)?.actor.tags.inFlight === true) continue;
        return `packet ${slot} was sent, and is not in flight`;
      }
      return null;
    },
  },
];

/** When nothing is left to run, whatever could continue has continued. */
const AT_REST: readonly Sentence[] = [
  {
    rule: "wire.md 1.8: no wake-up is lost",
    faultOf: (endpoint) => {
      const { incoming: { isBusy, externalData, outstandingPackets }, flows, partition } = endpoint;
      const { isBlocked, unsettled, quota } = outstandingPackets;
      const isReading = flows && partition.runs && !isBusy && !externalData.isAwaited &&
        !isBlocked && unsettled < quota;
      // A client may have its signals delayed (MNF): then one is due.
      const isDue = (oppositeOf(endpoint)?.signal.remaining100ns ?? null) !== null;
      const unread = isReading && !isDue ? unreadPackets(endpoint) ?? 0 : 0;
      return unread === 0 ? null : `${plural(unread, "packet")} lie unread, and it sleeps`;
    },
  },
  {
    rule: "P2: what is queued leaves when there is room",
    faultOf: (endpoint) => {
      const { outgoing, partition, isSound } = endpoint;
      const free = outgoing.ring?.freeBytes();
      const bytes = nextBytes(endpoint);
      if (bytes === null || !partition.runs || !isSound || typeof free !== "number") return null;
      if (free <= bytes + FRAME_BYTES_MAX) return null;
      return `what is queued first has ${bytes} bytes, and the ring has room for ${free}`;
    },
  },
  {
    rule: "P1: completion routines run",
    faultOf: ({ completions, partition }) =>
      completions.isDue && partition.runs ? "a completion routine is due, and nothing runs" : null,
  },
  {
    rule: "S14: an offer is taken by one client",
    faultOf: ({ side, partition, channelId, id }) => {
      if (side !== "client" || channelId === null) return null;
      const others = [...PartitionObject.of(partition).endpoints].filter((other) =>
        other.side === "client" && other.channelId === channelId && other.id !== id
      );
      return others.length === 0 ? null : `${others[0]!.name} has the same channel`;
    },
  },
];

function seenOf({ incoming, outgoing }: Endpoint): Seen {
  const { outstanding } = incoming.outstandingPackets;
  return { outstanding, awaited: new Set(awaitingIn(outgoing).map(({ slot }) => slot)) };
}

/** A checker at work. */
class AgreementAtWork implements CheckerAtWork {
  readonly #context: CheckContext;
  readonly #all = new PerEndpoint(seenOf);
  readonly sees: Sees = {
    packetArrives: ({ endpoint }) => void this.#all.of(endpoint).outstanding++,
    packetRetired: ({ endpoint }) => void this.#all.of(endpoint).outstanding--,
    packetEnters: ({ endpoint, packet, wantsCompletion }) => {
      if (wantsCompletion) this.#all.of(endpoint).awaited.add(packet);
    },
    transactionEnds: ({ endpoint, packet }) => void this.#all.of(endpoint).awaited.delete(packet),
  };

  constructor(context: CheckContext) {
    this.#context = context;
  }

  meets(endpoint: ObservedEndpoint): void {
    this.#all.meet(endpoint);
  }

  get #living(): readonly Endpoint[] {
    return livingEndpoints(runtimeOf("check agreement", this.#context.fabric));
  }

  #check(sentences: readonly Sentence[]): void {
    for (const endpoint of this.#living) {
      if (!this.#all.has(endpoint)) continue; // nothing of it was seen: it is made, and that is all
      const seen = this.#all.of(endpoint);
      for (const { rule, faultOf } of sentences) {
        const fault = faultOf(endpoint, seen);
        if (fault === null || this.#context.isExcused(endpoint)) continue;
        this.#context.fail(rule, whereIs(endpoint), `${endpoint.name}: ${fault}`);
      }
    }
  }

  look(): void {
    this.#check(ALWAYS);
  }

  end(): void {
    this.#check(ALWAYS);
    this.#check(AT_REST);
  }
}

/** The chart, the rings and what drivers have seen agree. */
export const agreementChecker: Checker = {
  name: "agreement",
  attach: (context) => new AgreementAtWork(context),
};
