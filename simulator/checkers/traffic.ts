/**
 * Order and bytes of what a channel carries: packets enter the ring as they were sent, arrive as they
 * entered, once each, with what was in them, and completions among them (kmcl.md P3, P8, R2, R5, R6, S16).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { Fifo } from "../../core/fifo.ts";
import { PIPE_HEADER_BYTES } from "../../core/packet/pipe.ts";
import { roundUp8 } from "../../core/units.ts";
import { oppositeOf } from "../../actors/partition/opposite.ts";
import type {
  CheckContext,
  Checker,
  CheckerAtWork,
  ObservationOf,
  ObservedEndpoint,
  Sees,
} from "./checker.ts";
import {
  endpointOf,
  livingEndpoints,
  PerEndpoint,
  runtimeOf,
  unreadPackets,
  whereIs,
} from "../endpoints.ts";
import { fingerprint } from "./fingerprint.ts";

/** What a packet carries; null: it was sent before anybody looked. */
interface Content {
  readonly bytes: number;
  readonly print: number;
}

/** Something in a ring. */
interface Item {
  readonly isCompletion: boolean;
  /** The transaction as its sender knows it; null: any. */
  readonly id: number | null;
  /** Whether its sender awaits a completion. */
  readonly wantsCompletion: boolean;
  readonly content: Content | null;
}

/** Something that was sent before anybody looked. */
const UNKNOWN: Item = { isCompletion: false, id: null, wantsCompletion: false, content: null };

/** A packet that waits for the ring. */
interface Queued {
  readonly packet: number;
  readonly content: Content;
  /** Whether it may come to its end instead, and then what is sent later does not wait for it. */
  mayEnd: boolean;
}

/** What one endpoint sends and takes, for as long as it has its rings. */
class Traffic {
  /** What it has put into its ring and the opposite side has not taken. */
  readonly sent = new Fifo<Item>();
  /** Whether all that waits is in {@linkcode Traffic.queued}: nothing was queued before anybody looked. */
  isQueueKnown = true;
  /** How much of that the ring holds still; null: that was not counted yet. */
  unknown: number | null = 0;
  /** The packets that wait, in order. */
  readonly queued = new Fifo<Queued>();
  /** Answers to packets that its driver was given, by their numbers, until they are in the ring. */
  readonly answers = new Map<number, { readonly id: number; content: Content | null }>();
  /** Whose packets it takes. */
  from: Traffic | null = null;
  /** What it took last. */
  last: Item | null = null;
  /** What was taken of it last was handed back: it comes again, be it to another endpoint, that was restored. */
  returned: Item | null = null;
  /** Whether a ProcessPacket call is unfinished: its packet is in the ring until then. */
  isInCall = false;
  /** What it takes is not what was sent, or nobody knows what that was: nothing more is compared. */
  isLost = false;

  /** Whether it has rings: what it sent before is another open's, once the opposite side has new ones. */
  isAttached = false;

  /** It has rings: new ones, or such as may hold what was sent before anybody looked. What waits keeps waiting. */
  attach(isResumed: boolean): void {
    this.isAttached = true;
    this.sent.clear();
    this.returned = null;
    this.unknown = isResumed ? null : 0;
    this.answers.clear();
    this.from = null;
    this.last = null;
    this.isInCall = false;
    this.isLost = false;
    if (isResumed) this.isQueueKnown = false;
  }
}

/** One that is seen for the first time with rings had them before anybody looked. */
function trafficOf({ rings, incoming, outgoing, restored }: Endpoint): Traffic {
  const traffic = new Traffic();
  if (rings !== null) traffic.attach(true);
  traffic.isQueueKnown = restored === null && outgoing.progress.queue.length === 0;
  traffic.isInCall = incoming.isBusy;
  return traffic;
}

/** A checker at work. */
class TrafficAtWork implements CheckerAtWork {
  readonly #context: CheckContext;
  readonly #all = new PerEndpoint(trafficOf);
  readonly sees: Sees = {
    ringsAttached: ({ endpoint, isResumed }) => this.#all.of(endpoint).attach(isResumed),
    ringsDetached: ({ endpoint }) => void (this.#all.of(endpoint).isAttached = false),
    packetQueued: ({ endpoint, packet, payload, payloadBytes }) =>
      this.#all.of(endpoint).queued.push({
        packet,
        content: contentOf(payload, payloadBytes),
        mayEnd: false,
      }),
    packetEnters: (seen) => this.#enters(seen),
    packetArrives: (seen) => this.#arrives(seen),
    packetRetired: (seen) => this.#retired(seen),
    packetSettled: (seen) => this.#settled(seen),
    transactionEnds: (seen) => this.#ends(seen),
    callbackReturns: ({ endpoint, callback }) => {
      if (callback === "EvtChannelProcessPacket") this.#all.of(endpoint).isInCall = false;
    },
    channelChanges: ({ endpoint, event }) => {
      // What is queued ends, sooner or later, unless it still gets out (S15).
      if (event !== "disable" && event !== "peerClosed") return;
      const { queued } = this.#all.of(endpoint);
      for (let at = 0; at < queued.length; at++) queued.at(at).mayEnd = true;
    },
  };

  constructor(context: CheckContext) {
    this.#context = context;
  }

  meets(endpoint: ObservedEndpoint): void {
    this.#all.meet(endpoint);
  }

  #fail(rule: string, what: string, endpoint: ObservedEndpoint, message: string): void {
    this.#context.fail(rule, `${what} of ${whereIs(endpoint)}`, `${endpoint.name}: ${message}`);
  }

  // -- Sending

  #enters(seen: ObservationOf<"packetEnters">): void {
    const { endpoint, packet, payload, payloadBytes, wantsCompletion } = seen;
    const traffic = this.#all.of(endpoint);
    const sent = contentOf(payload, payloadBytes);
    const first = firstQueued(endpoint, traffic.queued, packet);
    // What a restored endpoint had queued was queued before anybody looked.
    const isKnown = traffic.isQueueKnown || isQueued(traffic.queued, packet);
    if (first !== null && isKnown) {
      if (first.packet !== packet) {
        this.#fail(
          "P3: packets enter the ring as they were sent",
          "packet",
          endpoint,
          `packet ${packet} is in the ring before packet ${first.packet}, which waited for it`,
        );
        removePacket(traffic.queued, packet);
      } else {
        traffic.queued.shift();
        const { bytes, print } = first.content;
        if (bytes !== sent.bytes || print !== sent.print) {
          const message = `packet ${packet} has other bytes in the ring than it was sent with`;
          this.#fail("P8: a payload is copied", "packet", endpoint, message);
        }
      }
    }
    const { isPipe } = endpointOf(endpoint).configuration;
    const content = isPipe ? contentOf(payload, payloadBytes, PIPE_HEADER_BYTES) : sent;
    const id = wantsCompletion ? packet : 0;
    traffic.sent.push({ isCompletion: false, id, wantsCompletion, content });
  }

  #retired({ endpoint, packet, how, answer, answerBytes }: ObservationOf<"packetRetired">): void {
    const traffic = this.#all.of(endpoint);
    if (how === "handedBack" && traffic.from !== null) traffic.from.returned = traffic.last;
    const known = traffic.answers.get(packet);
    if (known === undefined) return;
    if (how === "completed") known.content = contentOf(answer, answerBytes);
    else traffic.answers.delete(packet);
  }

  #settled({ endpoint, packet, isAnswered }: ObservationOf<"packetSettled">): void {
    const traffic = this.#all.of(endpoint);
    const { id = null, content = null } = traffic.answers.get(packet) ?? {};
    traffic.answers.delete(packet);
    if (!isAnswered) return;
    traffic.sent.push({ isCompletion: true, id, wantsCompletion: false, content });
  }

  // -- Taking

  #arrives(seen: ObservationOf<"packetArrives">): void {
    const { endpoint, packet, wantsCompletion, transactionIdLow: id } = seen;
    const traffic = this.#all.of(endpoint);
    traffic.isInCall = true;
    if (wantsCompletion) traffic.answers.set(packet, { id, content: null });
    const what = `packet ${id}`;
    const item = this.#take(endpoint, traffic, what, 0);
    if (item === null) return;
    const isIt = !item.isCompletion && item.wantsCompletion === wantsCompletion &&
      (item.id === null || item.id === id);
    this.#compare(traffic, item, isIt, endpoint, what, seen.payload, seen.payloadBytes);
  }

  #ends(seen: ObservationOf<"transactionEnds">): void {
    const { endpoint, packet, isAnswered, answer, answerBytes } = seen;
    const traffic = this.#all.of(endpoint);
    if (!isAnswered) return void removePacket(traffic.queued, packet);
    const what = `the completion of packet ${packet}`;
    const item = this.#take(endpoint, traffic, what, 1);
    if (item === null) return;
    const isIt = item.isCompletion && (item.id === null || item.id === packet);
    this.#compare(traffic, item, isIt, endpoint, what, answer, answerBytes);
  }

  /**
   * The next item that is due to `endpoint`; null: nobody knows. `passed` of those that it takes now the ring
   * does not hold any more.
   */
  #take(endpoint: ObservedEndpoint, traffic: Traffic, what: string, passed: number): Item | null {
    const from = this.#source(endpoint, traffic, passed);
    if (from === null) return null;
    const item = nextOf(from);
    traffic.last = item;
    if (item === UNKNOWN) return null;
    if (item !== null) return item;
    traffic.isLost = true;
    this.#fail(RING_ORDER, "arrival", endpoint, `${what} arrives, and nobody sent it`);
    return null;
  }

  /** Whose packets `endpoint` takes: an endpoint that was restored stands for the one that was saved. */
  #source(endpoint: ObservedEndpoint, traffic: Traffic, passed: number): Traffic | null {
    if (this.#context.isExcused(endpoint)) traffic.isLost = true;
    if (traffic.isLost) return null;
    if (traffic.from === null || isEmpty(traffic.from)) {
      const opposite = oppositeOf(endpointOf(endpoint));
      if (opposite !== null) traffic.from = this.#all.of(opposite);
      else if (traffic.from === null) traffic.isLost = true; // the opposite side is not this package's
    }
    const { from } = traffic;
    if (from !== null && from.unknown === null) {
      const unread = unreadPackets(endpointOf(endpoint)) ?? 0;
      const known = from.sent.length + (from.returned === null ? 0 : 1);
      from.unknown = Math.max(0, unread + passed - known);
    }
    return from;
  }

  #compare(
    traffic: Traffic,
    { id, isCompletion, content }: Item,
    isIt: boolean,
    endpoint: ObservedEndpoint,
    what: string,
    payload: Uint8Array,
    payloadBytes: number,
  ): void {
    if (!isIt) {
      traffic.isLost = true;
      const due = `${isCompletion ? "the completion of " : ""}packet ${id}`;
      return this.#fail(RING_ORDER, "arrival", endpoint, `${what} arrives, and ${due} is due`);
    }
    if (content === null) return;
    const { runtime, configuration } = endpointOf(endpoint);
    const isPadded = runtime.codec.name === "vmbus" && !configuration.isPipe;
    const bytes = isPadded ? roundUp8(content.bytes) : content.bytes;
    if (payloadBytes !== bytes) {
      const message = `${what} has ${payloadBytes} bytes, not ${bytes}`;
      return this.#fail(SAME_BYTES, isCompletion ? "completion" : "arrival", endpoint, message);
    }
    if (fingerprint(payload, 0, content.bytes) === content.print) return;
    const message = `${what} has other bytes than it was sent with`;
    this.#fail(SAME_BYTES, isCompletion ? "completion" : "arrival", endpoint, message);
  }

  // -- The ring itself

  look(): void {
    this.#compareRings((unread, sent) => unread <= sent);
  }

  end(): void {
    this.#compareRings((unread, sent) => unread === sent);
  }

  /** How many packets lie in the ring, beside how many should. */
  #compareRings(isRight: (unread: number, sent: number) => boolean): void {
    for (const endpoint of livingEndpoints(runtimeOf("check traffic", this.#context.fabric))) {
      if (endpoint.rings === null) continue;
      const traffic = this.#all.of(endpoint);
      const from = this.#source(endpoint, traffic, 0);
      const unread = unreadPackets(endpoint);
      if (from === null || unread === null || traffic.isLost || !from.isAttached) continue;
      const taken = traffic.isInCall || from.returned !== null ? 1 : 0;
      const sent = from.sent.length + (from.unknown ?? 0) + taken;
      if (isRight(unread, sent)) continue;
      traffic.isLost = true;
      const message = `${unread} packets lie in its incoming ring, not ${sent}`;
      this.#fail("R2: the ring holds what was sent", "incoming ring", endpoint, message);
    }
  }
}

const RING_ORDER = "R2: packets arrive as they entered the ring";
const SAME_BYTES = "P8: what arrives is what was sent";

function isEmpty({ sent, returned, unknown }: Traffic): boolean {
  return sent.length === 0 && returned === null && unknown === 0;
}

/** Takes what `from` sent first; null: nothing is left. */
function nextOf(from: Traffic): Item | null {
  const { returned } = from;
  from.returned = null;
  if (returned !== null) return returned;
  if (from.unknown === null || from.unknown === 0) return from.sent.shift();
  from.unknown--;
  return UNKNOWN;
}

function contentOf(payload: Uint8Array, payloadBytes: number, start = 0): Content {
  return { bytes: payloadBytes - start, print: fingerprint(payload, start, payloadBytes) };
}

/** What is queued first, without what has ended meanwhile as it can never be carried (P7). */
function firstQueued(
  endpoint: ObservedEndpoint,
  queued: Traffic["queued"],
  packet: number,
): Queued | null {
  const { packets } = endpointOf(endpoint).outgoing;
  for (;;) {
    const first = queued.peek();
    if (first === null || first.packet === packet) return first;
    const mayEnter = packets.at(first.packet)?.actor.can("enter") === true;
    if (mayEnter && !first.mayEnd) return first;
    queued.shift();
  }
}

function isQueued(queued: Traffic["queued"], packet: number): boolean {
  for (let at = 0; at < queued.length; at++) if (queued.at(at).packet === packet) return true;
  return false;
}

function removePacket(queued: Traffic["queued"], packet: number): void {
  for (let at = 0; at < queued.length; at++) {
    if (queued.at(at).packet === packet) return void queued.take(at);
  }
}

/** Order and bytes of what channels carry. */
export const trafficChecker: Checker = {
  name: "traffic",
  attach: (context) => new TrafficAtWork(context),
};
