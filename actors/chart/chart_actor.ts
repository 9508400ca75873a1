/**
 * An actor of a pure chart, with the few questions that the package asks of one.
 *
 * @module
 */

import {
  type ActorRefFrom,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventObject,
} from "xstate";
import { assert } from "../../core/assert.ts";
import type { ActorSystem, HiddenActor } from "./actor_system.ts";
import {
  CAUGHT_UP,
  compileChart,
  type CompiledChart,
  eventTypesOf,
  isEnabled,
  type Row,
  tagNamesOf,
  tagsOf,
} from "./compile.ts";
import { type Effects, effectsDuring } from "./effects.ts";

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
  /** Every tag that it knows, sorted. */
  readonly tags: readonly string[];
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
    chart = { machine, table, eventTypes: eventTypesOf(machine), tags: tagNamesOf(machine) };
    charts.set(key, chart);
  }
  return chart;
}

/** Every tag of a chart, and whether a state has it. */
export type Tags<Tag extends string> = Readonly<Record<Tag, boolean>>;

/**
 * One running actor of a chart, with the chart's own words for events and tags.
 *
 * Where the chart is compiled, a step is one look into its table: the row is the state. XState's actor
 * of it is made when somebody inspects first, takes part while they do, and is brought to the present state
 * before its next step.
 */
export class ChartActor<Event extends EventObject, Tag extends string> implements HiddenActor {
  readonly #chart: Chart;
  readonly #system: ActorSystem;
  /** As XState has it; null before anybody looks, where the chart runs from its table. */
  #actor: ActorRefFrom<AnyStateMachine> | null = null;
  /** The state; null where the stock interpreter runs the chart, and XState's actor alone knows it. */
  #row: Row | null;
  /** What the state has of each tag: asked several times for each packet, so kept beside the state. */
  #tags: Tags<Tag>;
  /** Carries out what the chart names; null where nobody does. */
  readonly #effects: Effects<Event> | null;

  /**
   * Starts an actor of `chart`: in the chart's initial state, or in `state`, which was looked up among
   * those that the chart can reach. `effects` carries out what a step names. To begin is no step: what
   * the first state names for being entered is for those who come back to it.
   */
  constructor(
    chart: Chart,
    system: ActorSystem,
    state: AnyMachineSnapshot | null = null,
    effects: Effects<Event> | null = null,
  ) {
    const { table } = chart;
    this.#chart = chart;
    this.#system = system;
    this.#effects = effects;
    system.add(this);
    this.#row = state === null ? table?.first ?? null : table?.rowOf(state) ?? null;
    if (this.#row === null || system.isInspected) this.#actor = startActor(chart, system, state);
    this.#tags = this.#row?.tags ?? this.#tagsOfActor();
  }

  /** The chart that it is of. */
  get chart(): Chart {
    return this.#chart;
  }

  /** The state as XState has it: one object a state where the chart is compiled. */
  get snapshot(): AnyMachineSnapshot {
    return this.#row?.snapshot ?? this.#stock.getSnapshot();
  }

  /** What the state has of each tag: the quickest way to ask. */
  get tags(): Tags<Tag> {
    return this.#tags;
  }

  /** Whether the state has `tag`. */
  is(tag: Tag): boolean {
    return this.#tags[tag];
  }

  /** Whether the state allows an event of type `type`, also one that changes nothing. */
  can(type: Event["type"]): boolean {
    return this.#row === null
      ? isEnabled(this.#chart.machine, this.#stock.getSnapshot(), type)
      : this.#row.allows(type);
  }

  /** Stands for an event type on the trace: its place among the chart's event types. */
  code(type: Event["type"]): number {
    return this.#chart.eventTypes.indexOf(type);
  }

  /** Whether somebody looks: only then is the actor told what changes nothing. */
  get isInspected(): boolean {
    return this.#system.isInspected;
  }

  /**
   * Tells the actor what happened, and carries out the effects that the chart names for it, in order,
   * once the actor is in its new state. An effect may tell it of more: what that does comes before the
   * effects that are left. An event that the state does not allow is a bug of this package.
   */
  send(event: Event): void {
    const row = this.#row;
    if (row === null) return this.#sendToStock(event);
    const step = row.step(event.type);
    if (step === undefined) return this.#refuse(event.type);
    this.#row = step.row;
    this.#tags = step.tags;
    if (this.#system.isInspected) this.#tellShown(row, event);
    if (step.effects !== null) this.#carryOut(step.effects, event);
  }

  #sendToStock(event: Event): void {
    if (!this.can(event.type)) this.#refuse(event.type);
    const effects = effectsDuring(() => this.#stock.send(event));
    this.#tags = this.#tagsOfActor();
    this.#carryOut(effects, event);
  }

  #carryOut(names: readonly string[], event: Event): void {
    const effects = this.#effects;
    if (effects === null) return;
    for (let i = 0; i < names.length; i++) effects.carryOut(names[i]!, event);
  }

  /** The actor that alone knows the state, where the stock interpreter runs the chart. */
  get #stock(): ActorRefFrom<AnyStateMachine> {
    assert(this.#actor !== null, "XState knows an actor that it interprets");
    return this.#actor;
  }

  #refuse(type: string): never {
    assert(false, `${this.#chart.machine.id} takes ${type} in this state`);
  }

  /** See {@linkcode HiddenActor.show}. */
  show(): void {
    this.#actor ??= startActor(this.#chart, this.#system, null);
  }

  /** Has XState's actor make the step from `row` too, for whoever looks at it. */
  #tellShown(row: Row, event: Event): void {
    const actor = this.#actor;
    if (actor === null) return; // it was stopped: what it is told now is of no interest
    if (actor.getSnapshot() !== row.snapshot) {
      actor.send({ type: CAUGHT_UP, snapshot: row.snapshot });
    }
    actor.send(event);
  }

  #tagsOfActor(): Tags<Tag> {
    return tagsOf(this.#chart.tags, this.#stock.getSnapshot());
  }

  /** Ends the actor. It stays in its state. */
  stop(): void {
    if (!this.#system.forget(this)) return;
    if (this.#actor !== null) this.#system.stop(this.#actor);
    if (this.#row !== null) this.#actor = null;
  }
}

/** The actor as XState has it. That of a table begins with the chart, and is brought up to date when shown. */
function startActor(
  { table, machine }: Chart,
  { root }: ActorSystem,
  state: AnyMachineSnapshot | null,
): ActorRefFrom<AnyStateMachine> {
  const logic = (table ?? machine) as AnyStateMachine;
  if (state === null || table !== null) return createActor(logic, { parent: root }).start();
  const snapshot = machine.getPersistedSnapshot(state);
  return createActor(logic, { parent: root, snapshot }).start();
}
