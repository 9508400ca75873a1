/**
 * An XState actor for a pure chart, with the few questions that the package asks of one.
 *
 * @module
 */

import {
  type ActorRef,
  type ActorRefFrom,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventObject,
  fromTransition,
  type Snapshot,
} from "xstate";
import { assert } from "../../core/assert.ts";
import { compileChart, type CompiledChart, eventTypesOf, isEnabled } from "./compile.ts";

/** How charts are run: from a table, or by XState's own interpreter, the oracle. */
export type Interpreter = "compiled" | "stock";

/** A chart, ready for actors to be made of it. */
export interface Chart {
  /** The chart as XState has it. */
  readonly machine: AnyStateMachine;
  /** The table, or null where the stock interpreter runs the chart. */
  readonly table: CompiledChart | null;
  /** Every event type that it knows, sorted. */
  readonly eventTypes: readonly string[];
}

const charts = new Map<string, Chart>();

/**
 * The chart that `create` makes. It is made once a process, when first asked for: a chart has no state
 * of its own, and making one takes longer than all else in a new fabric.
 */
export function chartOf(
  name: string,
  create: () => AnyStateMachine,
  interpreter: Interpreter,
): Chart {
  const key = `${interpreter} ${name}`;
  let chart = charts.get(key);
  if (chart === undefined) {
    const machine = create();
    const table = interpreter === "stock" ? null : compileChart(machine);
    chart = { machine, table, eventTypes: eventTypesOf(machine) };
    charts.set(key, chart);
  }
  return chart;
}

/** What the root actor is told: a child of it has done its part. */
interface StopChild {
  readonly type: "stop";
  readonly child: AnyActorRef;
}

/** The actor that every other one of a fabric has as its parent: one system costs less than many. */
export type RootActor = ActorRef<Snapshot<unknown>, StopChild>;

/** A root actor, running. */
export function createRootActor(): RootActor {
  const logic = fromTransition((state: null, { child }: StopChild, scope) => {
    scope.stopChild(child);
    return state;
  }, null);
  return createActor(logic).start();
}

/** One running actor of a chart, with the chart's own words for events and tags. */
export class ChartActor<Event extends EventObject, Tag extends string> {
  readonly #chart: Chart;
  readonly #root: RootActor;
  readonly #actor: ActorRefFrom<AnyStateMachine>;

  /** Starts an actor of `chart` in the chart's initial state. */
  constructor(chart: Chart, root: RootActor) {
    this.#chart = chart;
    this.#root = root;
    const logic = (chart.table ?? chart.machine) as AnyStateMachine;
    this.#actor = createActor(logic, { parent: root }).start();
  }

  /** The actor's snapshot: one object a state where the chart is compiled. */
  get snapshot(): AnyMachineSnapshot {
    return this.#actor.getSnapshot();
  }

  /** Whether the state has `tag`. */
  is(tag: Tag): boolean {
    return this.#actor.getSnapshot().tags.has(tag);
  }

  /** Whether the state allows an event of type `type`, also one that changes nothing. */
  can(type: Event["type"]): boolean {
    const { table, machine } = this.#chart;
    const snapshot = this.#actor.getSnapshot();
    return table === null
      ? isEnabled(machine, snapshot, type)
      : table.next(snapshot, type) !== undefined;
  }

  /** Stands for an event type on the trace: its place among the chart's event types. */
  code(type: Event["type"]): number {
    return this.#chart.eventTypes.indexOf(type);
  }

  /** Tells the actor what happened. An event that the state does not allow is a bug of this package. */
  send(event: Event): void {
    assert(this.can(event.type), `${this.#chart.machine.id} takes ${event.type} in this state`);
    this.#actor.send(event);
  }

  /** Ends the actor. */
  stop(): void {
    this.#root.send({ type: "stop", child: this.#actor });
  }
}
