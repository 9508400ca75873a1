/**
 * An actor of a pure chart, with the few questions that the package asks of one.
 *
 * @module
 */

import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from "xstate";
import { assert } from "../../core/assert.ts";
import type { ActorSystem, HiddenActor } from "./actor_system.ts";
import {
  type CompiledChart,
  eventTypesOf,
  isEnabled,
  type Row,
  tableOf,
  tagNamesOf,
  tagsOf,
} from "./compile.ts";
import { type Effects, effectsDuring } from "./effects.ts";
import { type ChartActorRef, ShownActor, shownLogic, TableActor } from "./shown_actor.ts";

/** How charts are run: from a table, or by XState's own interpreter, the oracle. */
export type Interpreter = "compiled" | "stock";

/** A chart, ready for actors to be made of it. */
export interface Chart {
  /** The chart as XState has it. */
  readonly machine: AnyStateMachine;
  /** The table, or null where the stock interpreter runs the chart. */
  readonly table: CompiledChart | null;
  /** What XState runs where somebody looks: the chart, or one whose steps come from the table. */
  readonly logic: AnyStateMachine;
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
    const table = interpreter === "stock" ? null : tableOf(machine);
    const logic = table === null ? machine : shownLogic(machine);
    const [eventTypes, tags] = [eventTypesOf(machine), tagNamesOf(machine)];
    chart = { machine, table, logic, eventTypes, tags };
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
 * of it is made when somebody asks for it or inspects, reads the state from the row, and hears of a step
 * while somebody looks.
 */
export class ChartActor<Event extends EventObject, Tag extends string> implements HiddenActor {
  readonly #chart: Chart;
  readonly #system: ActorSystem;
  /** As XState has it; null while nobody has asked for that, where the chart runs from its table. */
  #shown: ShownActor | null = null;
  /** The state; null as long as XState interprets the chart, and its actor alone knows it. */
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
    this.#row = state === null ? table?.first ?? null : table?.rowOf(state) ?? null;
    if (this.#row === null) this.#shown = startStock(chart, system, state);
    else if (system.isInspected) this.show();
    this.#tags = this.#row?.tags ?? this.#tagsOfStock();
    system.add(this); // before, an inspector that began another one would find an actor half made
  }

  /** The chart that it is of. */
  get chart(): Chart {
    return this.#chart;
  }

  /** The state as XState has it: one object a state where the chart is compiled. */
  get snapshot(): AnyMachineSnapshot {
    return this.#row?.snapshot ?? this.#asShown().getSnapshot();
  }

  /** The actor as XState has it, for all of its functions; it lives until this one is stopped. */
  get ref(): ChartActorRef<Event, Tag> {
    this.show();
    return this.#asShown() as ChartActorRef<Event, Tag>;
  }

  /** Whether XState knows the actor: somebody may look at it. */
  get isShown(): boolean {
    return this.#shown !== null;
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
      ? isEnabled(this.#chart.machine, this.#asShown().getSnapshot(), type)
      : this.#row.allows(type);
  }

  /** Stands for an event type on the trace: its place among the chart's event types. */
  code(type: Event["type"]): number {
    return this.#chart.eventTypes.indexOf(type);
  }

  /**
   * Tells the actor what happened, and carries out the effects that the chart names for it, in order,
   * once the actor is in its new state. An effect may tell it of more: what that does comes before the
   * effects that are left. An event that the state does not allow is a bug of this package.
   *
   * @param type The event's own: whoever knows it spares a look at an object that may be of several classes.
   */
  send(event: Event, type: Event["type"] = event.type): void {
    const row = this.#row;
    if (row === null) return this.#sendToStock(event);
    const step = row.step(type);
    if (step === undefined) return this.#refuse(type);
    this.#row = step.row;
    this.#tags = step.tags;
    const { stepObserver } = this.#system;
    if (stepObserver !== null) stepObserver.takes(step);
    const shown = this.#shown;
    if (shown !== null && shown.isWatched) shown.tell(event, step);
    if (step.effects !== null) this.#carryOut(step.effects, event);
  }

  #sendToStock(event: Event): void {
    if (!this.can(event.type)) this.#refuse(event.type);
    const shown = this.#asShown();
    const effects = effectsDuring(shown, () => shown.tell(event, null));
    this.#tags = this.#tagsOfStock();
    this.#carryOut(effects, event);
  }

  #carryOut(names: readonly string[], event: Event): void {
    const effects = this.#effects;
    if (effects === null) return;
    for (let i = 0; i < names.length; i++) effects.carryOut(names[i]!, event);
  }

  /** The actor as XState has it, which knows each that it interprets and each that was shown. */
  #asShown(): ShownActor {
    assert(this.#shown !== null, "XState knows an actor that it interprets, or that is shown");
    return this.#shown;
  }

  #refuse(type: string): never {
    assert(false, `${this.#chart.machine.id} takes ${type} in this state`);
  }

  /** See {@linkcode HiddenActor.show}. */
  show(): void {
    this.#shown ??= this.#startShown();
  }

  #startShown(): ShownActor {
    const { machine, logic } = this.#chart;
    return startActor(
      this.#system,
      () => new TableActor(machine, this.#system, logic, () => this.snapshot),
    );
  }

  #tagsOfStock(): Tags<Tag> {
    return tagsOf(this.#chart.tags, this.#asShown().getSnapshot());
  }

  /**
   * Ends the actor: nobody sees it any more. It stays in its state, and is told of what happens all the
   * same, as a driver may still have what it is of. XState's interpreter runs no actor that has ended: its
   * part is the table's from now on.
   */
  stop(): void {
    if (!this.#system.forget(this)) return;
    this.#row ??= tableOf(this.#chart.machine).rowWith(this.snapshot.value);
    this.#shown?.end();
    this.#shown = null;
  }
}

/** Makes and starts an actor of XState's, which inspectors hear of. */
function startActor(system: ActorSystem, make: () => ShownActor): ShownActor {
  let actor: ShownActor | null = null;
  system.look(() => {
    actor = make();
    actor.start();
  });
  assert(actor !== null, "an actor is made at once");
  return actor;
}

/** The actor of a chart that XState interprets, in the chart's first state or in one of a saved actor. */
function startStock(
  { machine }: Chart,
  system: ActorSystem,
  state: AnyMachineSnapshot | null,
): ShownActor {
  const snapshot = state === null ? null : machine.getPersistedSnapshot(state);
  return startActor(system, () => new ShownActor(machine, system, snapshot));
}
