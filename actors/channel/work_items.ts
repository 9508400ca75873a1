/**
 * The work items of an endpoint: what it has to do, apart from its driver's state changes.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import * as levels from "../runtime/irql.ts";
import type { Irql } from "../runtime/irql.ts";
import { type Worker, WorkItem, type WorkKind } from "../runtime/scheduler.ts";
import type { Touch } from "../runtime/chooser.ts";
import { type PlacedEndpoint, touchesOf } from "./touches.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { DISPATCH_LEVEL, PASSIVE_LEVEL } = levels;

/** What the work items of an endpoint set going. */
export interface WorkingEndpoint extends PlacedEndpoint {
  /** Its sending half. */
  readonly outgoing: { flush(): void };
  /** Its receiving half. */
  readonly incoming: { drain(irql: Irql): void; pageIn(): void };
  /** How its transactions end. */
  readonly completions: { run(): void };
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

  /** The work of `endpoint`, on the first processor of its partition. */
  constructor(endpoint: WorkingEndpoint) {
    this.#endpoint = endpoint;
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
  }

  /** See {@linkcode Worker.touches}. */
  touches(): readonly Touch[] {
    return touchesOf(this.#endpoint);
  }

  /** See {@linkcode Worker.work}. */
  work(kind: WorkKind): void {
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
}
