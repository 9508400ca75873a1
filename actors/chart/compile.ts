/**
 * Runs a pure chart from a table instead of by interpretation.
 *
 * XState's interpreter takes microseconds for a step; a chart without code, delays, invocations and
 * context has so few states that each of them, each step between them, and the effects that the step
 * names, can be worked out once: when it is first taken, as no run takes them all. The table's snapshots
 * are real MachineSnapshots, one object a state, so `matches`, `hasTag` and persistence work on them. The
 * interpreter stays the oracle: tests compare the two step by step.
 *
 * @module
 */

import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  getInitialSnapshot,
  type StateValue,
  transition,
} from "xstate";
import { assert } from "../../core/assert.ts";
import { namesEffect } from "./effects.ts";

/** Tags of a state: each of the chart's, and whether the state has it. */
type RowTags = Readonly<Record<string, boolean>>;

/** What an event does in a state that allows it: one object for each state and event. */
export class Step {
  /** The state before it. */
  readonly from: Row;
  /** The type of the event. */
  readonly type: string;
  /** The state after it. */
  readonly row: Row;
  /** That state as XState has it. */
  readonly snapshot: AnyMachineSnapshot;
  /** Tags of that state: whoever makes the step wants them, so they lie here too. */
  readonly tags: RowTags;
  /** Names of what is to be done, in order; null where that is nothing. */
  readonly effects: readonly string[] | null;

  /** Leads from `from` to `row`. */
  constructor(from: Row, type: string, row: Row, effects: readonly string[]) {
    this.from = from;
    this.type = type;
    this.row = row;
    this.snapshot = row.snapshot;
    this.tags = row.tags;
    this.effects = effects.length === 0 ? null : effects;
  }
}

/** Works out what an event of a type does in a state; null: the state does not allow it. */
type WorkOut = (snapshot: AnyMachineSnapshot, eventType: string) => Step | null;

/** A state of a compiled chart: what is asked of it, and where it goes. */
export class Row {
  /** The state as XState has it. */
  readonly snapshot: AnyMachineSnapshot;
  /** Every tag of the chart, and whether the state has it. */
  readonly tags: RowTags;
  /** What each event type does that was asked for; null: the state does not allow it. */
  readonly #steps = new Map<string, Step | null>();
  readonly #workOut: WorkOut;
  /** What was asked for last: most states are left the same way again and again, and to compare is quicker. */
  #lastType = "";
  #last: Step | undefined = undefined;

  /** The row of `snapshot`, whose steps `workOut` works out. */
  constructor(snapshot: AnyMachineSnapshot, tags: RowTags, workOut: WorkOut) {
    this.snapshot = snapshot;
    this.#workOut = workOut;
    // V8 keeps all members of what is parsed in the object itself, and most of what is put together behind
    // it, which would be one more load for each question.
    this.tags = JSON.parse(JSON.stringify(tags));
  }

  /** Whether the state allows an event of type `eventType`. */
  allows(eventType: string): boolean {
    return this.#find(eventType) !== null;
  }

  /** What an event of type `eventType` does; undefined where the state does not allow one. */
  step(eventType: string): Step | undefined {
    if (eventType !== this.#lastType) {
      this.#last = this.#find(eventType) ?? undefined;
      this.#lastType = eventType;
    }
    return this.#last;
  }

  #find(eventType: string): Step | null {
    const known = this.#steps.get(eventType);
    if (known !== undefined) return known;
    const step = this.#workOut(this.snapshot, eventType);
    this.#steps.set(eventType, step);
    return step;
  }
}

/** A pure chart as a table: the states that it can be in, and what each event does there. */
export interface CompiledChart {
  /** The initial state. */
  readonly first: Row;
  /** Every reachable state, the initial one first, by canonical text of its value. */
  readonly states: ReadonlyMap<string, AnyMachineSnapshot>;
  /** Every event type that the chart knows. */
  readonly eventTypes: readonly string[];
  /** The row of one of the states. */
  rowOf(snapshot: AnyMachineSnapshot): Row;
  /** The row of the state that has `value`, which the interpreter has come to. */
  rowWith(value: StateValue): Row;
  /** The state after `eventType`, or undefined where no transition is enabled. */
  next(snapshot: AnyMachineSnapshot, eventType: string): AnyMachineSnapshot | undefined;
  /** Names of what `eventType` has done, in order. */
  effects(snapshot: AnyMachineSnapshot, eventType: string): readonly string[];
}

/** One text for each state: the keys of a value in order. */
export function stateKey(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${parts.map(([key, child]) => `${JSON.stringify(key)}:${stateKey(child)}`).join()}}`;
}

/** Whether a transition is enabled, also one that changes nothing; `can` of a snapshot denies those. */
export function isEnabled(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  eventType: string,
): boolean {
  const transitions = machine.getTransitionData(snapshot, { type: eventType });
  return transitions !== undefined && transitions.length > 0;
}

/** Whether `action` of a chart is the name of an effect, and nothing that XState itself would do. */
function isEffectName(machine: AnyStateMachine, action: unknown): boolean {
  const name = effectName(action);
  return name !== null && namesEffect(machine.implementations.actions[name]);
}

/** The name that `action` of a chart is; null for code, XState's own actions, and one with params. */
export function effectName(action: unknown): string | null {
  if (typeof action === "string") return action;
  if (typeof action !== "object" || action === null || "params" in action) return null;
  return "type" in action && typeof action.type === "string" ? action.type : null;
}

/** Refuses what a table cannot hold: a chart that has it is our own bug. */
function assertPure(machine: AnyStateMachine): void {
  for (const node of nodesOf(machine)) {
    const waits = [node.invoke, node.after, node.always ?? []].flat();
    assert(waits.length === 0, `chart state ${node.id} has no delay, invocation or eventless step`);
    const transitions = [...node.transitions.values()].flat();
    const actions = [
      node.entry,
      node.exit,
      node.type === "compound" ? node.initial.actions : [],
      ...transitions.map((transition) => transition.actions),
    ].flat();
    const isPure = actions.every((action) => isEffectName(machine, action));
    assert(isPure, `chart state ${node.id} has no action but the bare names of effects`);
  }
}

/** Every node of a chart, parents first. */
function nodesOf(machine: AnyStateMachine): readonly AnyStateMachine["root"][] {
  const below = (node: AnyStateMachine["root"]): readonly AnyStateMachine["root"][] => [
    node,
    ...Object.values(node.states).flatMap(below),
  ];
  return below(machine.root);
}

/** Every event type in the chart; `machine.events` leaves out those that change nothing. */
export function eventTypesOf(machine: AnyStateMachine): readonly string[] {
  return [...new Set(nodesOf(machine).flatMap((node) => [...node.transitions.keys()]))].sort();
}

/** Every tag in the chart. */
export function tagNamesOf(machine: AnyStateMachine): readonly string[] {
  return [...new Set(nodesOf(machine).flatMap((node) => node.tags))].sort();
}

/** Which of the tags `names` a state has. One shape for all states: that is what makes asking fast. */
export function tagsOf(
  names: readonly string[],
  snapshot: AnyMachineSnapshot,
): Readonly<Record<string, boolean>> {
  return Object.fromEntries(names.map((name) => [name, snapshot.tags.has(name)]));
}

/** A context that no guard can read: one that did would be frozen into the table. */
const UNREADABLE = new Proxy({}, {
  get(_target, key) {
    throw new Error(`Cannot compile a chart whose guard reads context: read ${String(key)}`);
  },
});

const tables = new WeakMap<AnyStateMachine, CompiledChart>();

/** The table of `machine`, which is made once. */
export function tableOf(machine: AnyStateMachine): CompiledChart {
  let table = tables.get(machine);
  if (table === undefined) {
    table = compileChart(machine);
    tables.set(machine, table);
  }
  return table;
}

/** A table of `machine`: what is asked of it is worked out when it is first asked. */
export function compileChart(machine: AnyStateMachine): CompiledChart {
  assertPure(machine);
  const eventTypes = eventTypesOf(machine);
  const tagNames = tagNamesOf(machine);
  const probe = (value: StateValue) => machine.resolveState({ value, context: UNREADABLE });
  const known = new Map<string, AnyMachineSnapshot>();
  const rows = new Map<AnyMachineSnapshot, Row>();
  const intern = (value: StateValue): Row => {
    const key = stateKey(value);
    let snapshot = known.get(key);
    if (snapshot === undefined) {
      snapshot = machine.resolveState({ value, context: {} }) as AnyMachineSnapshot;
      known.set(key, snapshot);
      rows.set(snapshot, new Row(snapshot, tagsOf(tagNames, snapshot), workOut));
    }
    return rows.get(snapshot)!;
  };
  const workOut: WorkOut = ({ value }, type) => {
    const from = probe(value);
    if (!isEnabled(machine, from, type)) return null;
    const [after, actions] = transition(machine, from, { type });
    return new Step(intern(value), type, intern(after.value), actions.map((action) => action.type));
  };
  const first = intern(getInitialSnapshot(machine).value);
  let isWhole = false;
  const stepOf = (snapshot: AnyMachineSnapshot, eventType: string) =>
    rows.get(snapshot)?.step(eventType);
  const next = (snapshot: AnyMachineSnapshot, eventType: string) =>
    stepOf(snapshot, eventType)?.row.snapshot;
  const rowOf = (snapshot: AnyMachineSnapshot) => {
    const row = rows.get(snapshot);
    assert(row !== undefined, "a row is asked for one of the chart's own states");
    return row;
  };
  const effects = (snapshot: AnyMachineSnapshot, eventType: string) =>
    stepOf(snapshot, eventType)?.effects ?? [];
  return {
    first,
    rowOf,
    rowWith: intern,
    eventTypes,
    next,
    effects,
    get states() {
      if (!isWhole) {
        for (const row of rows.values()) { // grows while it is walked
          for (const type of eventTypes) row.allows(type);
        }
      }
      isWhole = true;
      return known;
    },
  };
}
