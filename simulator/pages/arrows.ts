/**
 * Which entry of a trace a packet was sent at, and which it arrived at.
 *
 * @module
 */

import type { ObservationOf } from "../../actors/runtime/observation.ts";
import type { TraceEntry } from "../../mod.ts";
import type { RecordedArrow } from "./recording.ts";

/** A packet in a ring. */
interface Sent {
  readonly entry: number;
  readonly packet: number;
  readonly wantsCompletion: boolean;
}

/** What is on its way from one endpoint, and what the endpoint was given. */
interface Ways {
  /** Packets in its outgoing ring, the oldest first. */
  sent: Sent[];
  /** Entries at which answers to its packets were sent, by transaction. */
  readonly answers: Map<number, number>;
  /** Packets that it was given, by number: who sent it, and as what. */
  readonly given: Map<number, { readonly by: object; readonly sent: Sent }>;
}

/** Puts ends of ways together: a ring keeps the order of what is in it. */
export class ArrowRecorder {
  /** All ways that have both ends. */
  readonly arrows: RecordedArrow[] = [];
  readonly #ways = new WeakMap<object, Ways>();

  #of(endpoint: object): Ways {
    let ways = this.#ways.get(endpoint);
    if (ways === undefined) {
      ways = { sent: [], answers: new Map(), given: new Map() };
      this.#ways.set(endpoint, ways);
    }
    return ways;
  }

  /** The rings of `endpoint` are new. */
  attached(endpoint: object): void {
    this.#ways.delete(endpoint);
  }

  /** A packet is in the ring. */
  entered(
    entry: number,
    { endpoint, packet, wantsCompletion }: ObservationOf<"packetEnters">,
  ): void {
    this.#of(endpoint).sent.push({ entry, packet, wantsCompletion });
  }

  /** A packet was given to its receiver, who has `opposite` at the other end; it may have been before. */
  arrived(entry: number, seen: ObservationOf<"packetArrives">, opposite: object | null): void {
    if (opposite === null) return;
    const { given } = this.#of(seen.endpoint);
    let one = given.get(seen.packet);
    if (one === undefined) {
      const ways = this.#of(opposite);
      const isIt = ({ packet, wantsCompletion }: Sent) =>
        wantsCompletion === seen.wantsCompletion &&
        (!wantsCompletion || packet === seen.transactionIdLow);
      const at = ways.sent.findIndex(isIt);
      const sent = ways.sent[at];
      if (sent === undefined) return; // it was in the ring before anybody looked, or nobody sent it
      ways.sent = ways.sent.slice(at + 1);
      one = { by: opposite, sent };
      given.set(seen.packet, one);
    }
    this.arrows.push({ kind: "packet", from: one.sent.entry, to: entry });
  }

  /** The completion of a packet is in the ring, or there is none. */
  settled(entry: number, { endpoint, packet, isAnswered }: ObservationOf<"packetSettled">): void {
    const { given } = this.#of(endpoint);
    const one = given.get(packet);
    given.delete(packet);
    if (one !== undefined && isAnswered) this.#of(one.by).answers.set(one.sent.packet, entry);
  }

  /** A transaction is over for who began it. */
  ended(entry: number, { endpoint, packet, isAnswered }: ObservationOf<"transactionEnds">): void {
    const { answers } = this.#of(endpoint);
    const from = answers.get(packet);
    answers.delete(packet);
    if (from !== undefined && isAnswered) {
      this.arrows.push({ kind: "completion", from, to: entry });
    }
  }
}

/**
 * Control messages, from where one is posted to where it is taken: those of one name keep their order. One that was
 * damaged on its way has another name, and no arrow.
 */
export function messageArrows(entries: readonly TraceEntry[]): readonly RecordedArrow[] {
  const posted = new Map<string, number[]>();
  const waysOf = ({ subject, details }: TraceEntry, direction: string): number[] => {
    const key = `${direction} ${details.message} ${subject}`;
    const ways = posted.get(key) ?? [];
    posted.set(key, ways);
    return ways;
  };
  const arrows: RecordedArrow[] = [];
  for (const [at, entry] of entries.entries()) {
    if (entry.event === "messageToHost") waysOf(entry, "toHost").push(at);
    else if (entry.event === "messageToGuest") waysOf(entry, "toGuest").push(at);
    else if (entry.event === "messageTaken") {
      const from = waysOf(entry, String(entry.details.direction)).shift();
      if (from !== undefined) arrows.push({ kind: "message", from, to: at });
    }
  }
  return arrows;
}
