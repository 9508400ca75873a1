/**
 * The work items of an endpoint: what it has to do, apart from its driver's state changes.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { Points } from "../runtime/points.ts";
import type { Reading } from "./reading.ts";
import { DISPATCH_LEVEL, type Irql, PASSIVE_LEVEL } from "../runtime/irql.ts";
import { type Worker, WorkItem, type WorkKind } from "../runtime/processor.ts";
import type { Touch } from "../runtime/chooser.ts";
import { type PlacedEndpoint, ringTouchesOf, touchesOf } from "./touches.ts";

/** What the work items of an endpoint set going. */
export interface WorkingEndpoint extends PlacedEndpoint {
  /** Its sending half. */
  readonly outgoing: {
    readonly queuedCount: number;
    readonly putOff: Readonly<Record<"signal" | "room", { readonly item: WorkItem }>> | null;
    flush(): void;
  };
  /** Its receiving half. */
  readonly incoming: {
    readonly reading: Pick<Reading, "isAtRing" | "turnsAhead" | "run"> | null;
    drain(irql: Irql): void;
    pageIn(): void;
  };
  /** How its transactions end. */
  readonly completions: {
    readonly dueCount: number;
    run(): void;
    runToPoint(points: Points): boolean;
  };
  /** The last step of a teardown, where nothing is left that must come before it. */
  endTeardown(): void;
  /** Callers that wait for what becomes of it. */
  readonly callers: { readonly drains: readonly unknown[]; checkDrains(): void };
}

/** The work of one endpoint. */
export class ChannelWork implements Worker {
  readonly #endpoint: WorkingEndpoint;
  readonly #interrupt: WorkItem;
  readonly #completions: WorkItem;
  readonly #passivePackets: WorkItem;
  readonly #pageIn: WorkItem;
  /** Where an item may be overtaken; null: it runs to its end. */
  readonly #points: Points | null;
  /** The item that took packets stopped before it puts what is queued into the ring. */
  #isFlushDue = false;

  /** The work of `endpoint`, on the first processor of its partition. */
  constructor(endpoint: WorkingEndpoint) {
    this.#endpoint = endpoint;
    this.#points = endpoint.runtime.scheduler.points;
    const item = (kind: WorkKind, irql: Irql) =>
      new WorkItem(this, kind, irql, endpoint.partition.processor(0));
    this.#interrupt = item("interrupt", DISPATCH_LEVEL);
    this.#completions = item("completions", DISPATCH_LEVEL);
    this.#passivePackets = item("passivePackets", PASSIVE_LEVEL);
    this.#pageIn = item("pageIn", PASSIVE_LEVEL);
  }

  /** See {@linkcode Worker.traceId}. */
  get traceId(): number {
    return this.#endpoint.id;
  }

  /** What a signal of the opposite side schedules. */
  get interrupt(): WorkItem {
    return this.#interrupt;
  }

  /** Whether the item that took packets is still to put what is queued into the ring. */
  get isFlushDue(): boolean {
    return this.#isFlushDue;
  }

  /** The opposite side signalled, or the endpoint must look at its rings by itself. */
  scheduleInterrupt(): void {
    this.#endpoint.runtime.scheduler.schedule(this.#interrupt);
  }

  /** Completion routines are due. */
  scheduleCompletions(): void {
    this.#endpoint.runtime.scheduler.schedule(this.#completions);
  }

  /** The packet at the head of the queue is due at PASSIVE_LEVEL. */
  schedulePassivePackets(): void {
    this.#endpoint.runtime.scheduler.schedule(this.#passivePackets);
  }

  /** Pages of external data must be brought in. */
  schedulePageIn(): void {
    this.#endpoint.runtime.scheduler.schedule(this.#pageIn);
  }

  /** Interrupts of the channel go to processor `index` from now on; what is scheduled stays where it is. */
  setProcessor(index: number): void {
    const processor = this.#endpoint.partition.processor(index);
    for (const item of [this.#interrupt, this.#completions, this.#passivePackets, this.#pageIn]) {
      item.processor = processor;
    }
    const { putOff } = this.#endpoint.outgoing;
    if (putOff === null) return;
    for (const { item } of [putOff.signal, putOff.room]) item.processor = processor;
  }

  /** The rings are gone: nothing is left of what stopped at them. */
  forget(): void {
    this.#isFlushDue = false;
  }

  /** See {@linkcode Worker.touches}. */
  touches(kind: WorkKind): readonly Touch[] {
    const isReader = kind === "interrupt" || kind === "passivePackets";
    const isAtRing = isReader && this.#endpoint.incoming.reading?.isAtRing === true;
    return isAtRing ? ringTouchesOf(this.#endpoint) : touchesOf(this.#endpoint);
  }

  /** See {@linkcode Worker.itemsAhead}. */
  itemsAhead(kind: WorkKind): number {
    const { incoming, completions } = this.#endpoint;
    if (incoming.reading === null || kind === "pageIn") return 1;
    return kind === "completions" ? Math.max(1, completions.dueCount) : incoming.reading.turnsAhead;
  }

  /** See {@linkcode Worker.work}. */
  work(kind: WorkKind): void {
    if (this.#points !== null) return this.#workToPoint(kind, this.#points);
    const { incoming, outgoing, completions } = this.#endpoint;
    switch (kind) {
      case "interrupt":
        incoming.drain(DISPATCH_LEVEL);
        outgoing.flush();
        break;
      case "completions":
        completions.run();
        this.#endpoint.endTeardown();
        break;
      case "passivePackets":
        incoming.drain(PASSIVE_LEVEL);
        break;
      case "pageIn":
        incoming.pageIn();
        break;
      default:
        assert(false, `an endpoint does no ${kind} work`);
    }
    const { callers } = this.#endpoint;
    if (callers.drains.length > 0) callers.checkDrains();
  }

  /** The same up to a scheduling point. */
  #workToPoint(kind: WorkKind, points: Points): void {
    if (this.#stops(kind, points)) return;
    const { callers } = this.#endpoint;
    if (callers.drains.length > 0) callers.checkDrains();
  }

  /** Works; true where it stopped at a point. */
  #stops(kind: WorkKind, points: Points): boolean {
    const { incoming, completions } = this.#endpoint;
    switch (kind) {
      case "interrupt":
        return this.#interrupted(points);
      case "completions":
        if (completions.runToPoint(points)) return true;
        this.#endpoint.endTeardown();
        return false;
      case "passivePackets":
        return incoming.reading!.run(PASSIVE_LEVEL);
      case "pageIn":
        incoming.pageIn();
        return false;
      default:
        assert(false, `an endpoint does no ${kind} work`);
    }
  }

  #interrupted(points: Points): boolean {
    const { incoming, outgoing } = this.#endpoint;
    if (!this.#isFlushDue) {
      if (incoming.reading!.run(DISPATCH_LEVEL)) return true;
      this.#isFlushDue = outgoing.queuedCount > 0;
      if (this.#isFlushDue && points.stop()) return true;
    }
    this.#isFlushDue = false;
    outgoing.flush();
    return false;
  }
}
