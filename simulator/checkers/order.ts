/**
 * The order in which packets and completions of one endpoint leave, and what comes before a channel closes
 * (kmcl.md R6, S6, S10.1).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import * as layout from "../../core/ring/layout.ts";
import type {
  CheckContext,
  Checker,
  CheckerAtWork,
  ObservationOf,
  ObservedEndpoint,
  Sees,
} from "./checker.ts";
import { endpointOf, PerEndpoint, whereIs } from "../endpoints.ts";

/** Something that was sent and is not in the ring. */
interface Waiting {
  readonly isAnswer: boolean;
  /** A packet by its transaction; a completion by the number of the packet that it is for. */
  readonly packet: number;
}

/** What waits at one endpoint, in the order of sending. */
interface Line {
  waiting: Waiting[];
  /** What it was restored with is known once that is whole. */
  isKnown: boolean;
  /** Disabled, or left by the opposite side, since it has its rings. */
  isLeaving: boolean;
}

/** More than a completion has beside its answer in the ring. */
const FRAME_BYTES_MAX = 256;

/** What waits, by the order in which it was sent: not by where it stands. */
function waitingAt({ outgoing }: Endpoint): Waiting[] {
  const { queue, completions } = outgoing.progress;
  const packets = queue.map(({ order, slot }) => ({ order, isAnswer: false, packet: slot }));
  const answers = completions.map(({ order, number }) => ({
    order,
    isAnswer: true,
    packet: number,
  }));
  return [...packets, ...answers].sort((a, b) => a.order - b.order);
}

function lineOf(endpoint: Endpoint): Line {
  const { restored, actor: { tags } } = endpoint;
  return { waiting: waitingAt(endpoint), isKnown: restored === null, isLeaving: tags.leaving };
}

function describe({ isAnswer, packet }: Waiting): string {
  return isAnswer ? `the completion of arrival ${packet}` : `packet ${packet}`;
}

/** A checker at work. */
class OrderAtWork implements CheckerAtWork {
  readonly #context: CheckContext;
  readonly #all = new PerEndpoint(lineOf);
  /** Endpoints of which is not known what waits. */
  readonly #unknown = new Set<ObservedEndpoint>();
  /** Completions that must be in the ring when their work item has ended. */
  #due: { readonly endpoint: ObservedEndpoint; readonly answer: Waiting }[] = [];
  /** Synchronous requests that wait. */
  readonly #requests = new Map<number, ObservedEndpoint>();
  /** Endpoints that go away: nobody may wait for an answer there when their work item has ended. */
  readonly #left = new Set<ObservedEndpoint>();
  readonly sees: Sees = {
    ringsAttached: ({ endpoint, isResumed }) => {
      const line = this.#all.of(endpoint);
      line.isLeaving = false;
      if (isResumed) this.#forget(endpoint, line);
    },
    ringsDetached: ({ endpoint }) => {
      const line = this.#all.of(endpoint);
      line.waiting = line.waiting.filter(({ isAnswer }) => !isAnswer);
    },
    channelChanges: ({ endpoint, event }) => {
      const line = this.#all.of(endpoint);
      if (event === "enable") line.isLeaving = false;
      if (event !== "disable" && event !== "peerClosed") return;
      line.isLeaving = true;
      this.#left.add(endpoint);
    },
    packetQueued: ({ endpoint, packet }) => {
      this.#all.of(endpoint).waiting.push({ isAnswer: false, packet });
    },
    packetEnters: ({ endpoint, packet }) => this.#leaves(endpoint, { isAnswer: false, packet }),
    transactionEnds: ({ endpoint, packet, isAnswered }) => {
      if (!isAnswered) this.#take(this.#all.of(endpoint), { isAnswer: false, packet });
    },
    packetRetired: (seen) => this.#retired(seen),
    packetSettled: ({ endpoint, packet, isAnswered }) => {
      if (isAnswered) this.#leaves(endpoint, { isAnswer: true, packet });
      else this.#take(this.#all.of(endpoint), { isAnswer: true, packet });
    },
    itemBegins: () => this.#itemBegins(),
    waitBegins: ({ call, endpoint, wait }) => {
      if (call !== "VmbChannelSendSynchronousRequest" || endpoint === null) return;
      this.#requests.set(wait, endpoint);
      if (this.#all.of(endpoint).isLeaving) this.#left.add(endpoint);
    },
    waitReturns: ({ wait }) => void this.#requests.delete(wait),
  };

  constructor(context: CheckContext) {
    this.#context = context;
  }

  meets(endpoint: ObservedEndpoint): void {
    this.#all.meet(endpoint);
    const line = this.#all.of(endpoint);
    if (endpointOf(endpoint).rings !== null) this.#forget(endpoint, line);
  }

  #forget(endpoint: ObservedEndpoint, line: Line): void {
    line.isKnown = false;
    this.#unknown.add(endpoint);
  }

  #fail(rule: string, what: string, endpoint: ObservedEndpoint, message: string): void {
    this.#context.fail(rule, `${what} of ${whereIs(endpoint)}`, `${endpoint.name}: ${message}`);
  }

  /** Between two items all is whole: what is not known can be read off, and what was due is there. */
  #itemBegins(): void {
    for (const endpoint of this.#unknown) {
      this.#all.set(endpoint, lineOf(endpointOf(endpoint)));
    }
    this.#unknown.clear();
    if (this.#left.size > 0) this.#lookWhoWaits();
    const due = this.#due;
    if (due.length === 0) return;
    this.#due = [];
    for (const { endpoint, answer } of due) {
      const { isKnown, waiting } = this.#all.of(endpoint);
      if (!isKnown || !waiting.includes(answer)) continue;
      const message = `${describe(answer)} waits, and the ring has room for it`;
      this.#fail(
        "S6: completions leave as long as the rings exist",
        "completion",
        endpoint,
        message,
      );
    }
  }

  #take({ waiting }: Line, { isAnswer, packet }: Waiting): readonly Waiting[] {
    const at = waiting.findIndex((each) => each.isAnswer === isAnswer && each.packet === packet);
    if (at < 0) return [...waiting];
    const before = waiting.slice(0, at);
    waiting.splice(at, 1);
    return before;
  }

  /**
   * Of those `before` it the first that it may not overtake; packets wait while the flow does not run (S6), and while one
   * of them waits for bounce buffers (X19).
   */
  #blocker(endpoint: ObservedEndpoint, before: readonly Waiting[]): Waiting | null {
    const { flows, bounce, outgoing: { packets } } = endpointOf(endpoint);
    const doPacketsEnter = flows && bounce?.isAwaited !== true;
    return before.find(({ isAnswer, packet }) =>
      isAnswer || doPacketsEnter && packets.at(packet)?.actor.can("enter") === true
    ) ?? null;
  }

  #leaves(endpoint: ObservedEndpoint, item: Waiting): void {
    const line = this.#all.of(endpoint);
    const before = this.#take(line, item);
    const blocker = this.#blocker(
      endpoint,
      item.isAnswer ? before : before.filter(({ isAnswer }) => isAnswer), // P3 is the checker of traffic's
    );
    if (blocker === null || !line.isKnown) return;
    const message = `${describe(item)} is in the ring before ${describe(blocker)}`;
    const what = item.isAnswer ? "completion" : "packet";
    this.#fail("R6: packets and completions leave as they were sent", what, endpoint, message);
  }

  #retired({ endpoint, packet, how, answerBytes }: ObservationOf<"packetRetired">): void {
    if (how !== "completed") return;
    const line = this.#all.of(endpoint);
    const answer = { isAnswer: true, packet };
    const isNext = line.isKnown && this.#blocker(endpoint, line.waiting) === null;
    line.waiting.push(answer);
    if (isNext && hasRoom(endpointOf(endpoint), answerBytes)) this.#due.push({ endpoint, answer });
  }

  /** Nobody waits at an endpoint that goes away. */
  #lookWhoWaits(): void {
    for (const endpoint of this.#left) {
      const count = [...this.#requests.values()].filter((each) => each === endpoint).length;
      if (count === 0 || !endpointOf(endpoint).partition.isAlive) continue;
      const message = `it goes away, and ${count} callers wait for an answer`;
      this.#fail("S10: blocked callers return at once", "request", endpoint, message);
    }
    this.#left.clear();
  }
}

/** Whether the ring surely has room for an answer; one that its reader has spoilt is not looked at. */
function hasRoom({ rings, outgoing: { ring }, isSound }: Endpoint, answerBytes: number): boolean {
  if (rings === null || ring === null || ring.fault !== null || !isSound) return false;
  const { outgoing } = rings;
  const readIndex = outgoing.load(layout.READ_INDEX_OFFSET);
  if (!layout.isRingIndex(readIndex, outgoing.dataBytes)) return false;
  const freeBytes = ring.freeBytes();
  return typeof freeBytes === "number" && freeBytes > answerBytes + FRAME_BYTES_MAX;
}

/** The order in which packets and completions leave. */
export const orderChecker: Checker = {
  name: "order",
  attach: (context) => new OrderAtWork(context),
};
