/**
 * The actors of one fabric, and the charts that they run in.
 *
 * @module
 */

import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from "xstate";
import { ActorSystem, type Onlookers } from "../chart/actor_system.ts";
import { type Chart, ChartActor, chartOf, type Interpreter } from "../chart/chart_actor.ts";
import type { Effects } from "../chart/effects.ts";

/** A kind of actor: each room that has one says which chart it runs in. */
export interface ActorKind {
  /** Its name, the only one of that name in the process. */
  readonly name: string;
  /** Makes its chart. */
  readonly createChart: () => AnyStateMachine;
}

/** Makes the actors of one fabric. */
export class Actors {
  /** The actors that live. */
  readonly system: ActorSystem;
  readonly #interpreter: Interpreter;
  readonly #charts = new Map<ActorKind, Chart>();

  /** Actors whose charts `interpreter` runs; `onlookers`, if any, are those who look at them. */
  constructor(interpreter: Interpreter, onlookers?: Onlookers) {
    this.system = new ActorSystem(onlookers);
    this.#interpreter = interpreter;
  }

  /** The chart of a kind of actor: one a process. */
  chart(kind: ActorKind): Chart {
    const known = this.#charts.get(kind);
    if (known !== undefined) return known;
    const chart = chartOf(kind.name, kind.createChart, this.#interpreter);
    this.#charts.set(kind, chart);
    return chart;
  }

  /** A new actor, in the first state of its chart or in a saved one; `effects` is what its steps do. */
  create<Event extends EventObject, Tag extends string>(
    kind: ActorKind,
    state: AnyMachineSnapshot | null = null,
    effects: Effects<Event> | null = null,
  ): ChartActor<Event, Tag> {
    return new ChartActor(this.chart(kind), this.system, state, effects);
  }
}
