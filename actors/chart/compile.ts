/**
 * Runs a pure chart from a table instead of by interpretation.
 *
 * XState's interpreter takes microseconds for a step; a chart without actions, delays, invocations
 * and context has so few states that all of them, and every step between them, can be worked out
 * once. The table's snapshots are real MachineSnapshots, one object a state, so `matches`, `hasTag`
 * and persistence work on them. The interpreter stays the oracle: tests compare the two step by step.
 *
 * @module
 */

import {
  type ActorLogic,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  getInitialSnapshot,
  getNextSnapshot,
} from "xstate";
import { assert } from "../../core/assert.ts";

/** A state of a compiled chart: what is asked of it, and where it goes. */
export class Row {
  /** The state as XState has it. */
  readonly snapshot: AnyMachineSnapshot;
  /** Every tag of the chart, and whether the state has it. */
  readonly tags: Readonly<Record<string, boolean>>;
  /** The rows after each event type that the state allows. */
  readonly #next = new Map<string, Row>();
  /** What was asked for last: most states are left the same way again and again, and to compare is quicker. */
  #lastType = "";
  #last: Row | undefined = undefined;

  /** The row of `snapshot`, with no way out of it yet. */
  constructor(snapshot: AnyMachineSnapshot, tags: Readonly<Record<string, boolean>>) {
    this.snapshot = snapshot;
    // V8 keeps all members of what is parsed in the object itself, and most of what is put together behind
    // it, which would be one more load for each question.
    this.tags = JSON.parse(JSON.stringify(tags));
  }

  /** Has `next` be the row after an event of type `eventType`. */
  lead(eventType: string, next: Row): void {
    this.#next.set(eventType, next);
  }

  /** Whether the state allows an event of type `eventType`. */
  allows(eventType: string): boolean {
    return this.#next.has(eventType);
  }

  /** The row after an event of type `eventType`; undefined where the state does not allow one. */
  after(eventType: string): Row | undefined {
    if (eventType !== this.#lastType) {
      this.#last = this.#next.get(eventType);
      this.#lastType = eventType;
    }
    return this.#last;
  }
}

/** Type of the event with which an actor is told that it stands in another state by now. */
export const CAUGHT_UP = "caughtUp";

/** A chart's own event, or the one of type {@linkcode CAUGHT_UP}, which brings the state with it. */
export interface TableEvent extends EventObject {
  /** The state to be in. */
  readonly snapshot?: AnyMachineSnapshot;
}

/** A pure chart as a table: actor logic, and the states it can be in. */
export interface CompiledChart extends ActorLogic<AnyMachineSnapshot, TableEvent, undefined> {
  /** The initial state. */
  readonly first: Row;
  /** Every reachable state, the initial one first, by canonical text of its value. */
  readonly states: ReadonlyMap<string, AnyMachineSnapshot>;
  /** Every event type that the chart knows. */
  readonly eventTypes: readonly string[];
  /** The row of one of the states. */
  rowOf(snapshot: AnyMachineSnapshot): Row;
  /** The state after `eventType`, or undefined where no transition is enabled. */
  next(snapshot: AnyMachineSnapshot, eventType: string): AnyMachineSnapshot | undefined;
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

/** Refuses what a table cannot hold: a chart with effects is our own bug. */
function assertPure(machine: AnyStateMachine): void {
  const visit = (node: AnyStateMachine["root"]): void => {
    const transitions = [...node.transitions.values()].flat();
    const effects = [node.entry, node.exit, node.invoke, node.after, node.always ?? []];
    const effect = effects.find((list) => list.length > 0) ??
      transitions.find((transition) => transition.actions.length > 0);
    assert(effect === undefined, `chart state ${node.id} has no action, delay or invocation`);
    Object.values(node.states).forEach(visit);
  };
  visit(machine.root);
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

/** Works out every reachable state of `machine`, and every step between them. */
export function compileChart(machine: AnyStateMachine): CompiledChart {
  assertPure(machine);
  const eventTypes = eventTypesOf(machine);
  const tagNames = tagNamesOf(machine);
  const probe = (value: AnyMachineSnapshot["value"]) =>
    machine.resolveState({ value, context: UNREADABLE });
  const states = new Map<string, AnyMachineSnapshot>();
  const rows = new Map<AnyMachineSnapshot, Row>();
  const intern = (value: AnyMachineSnapshot["value"]): Row => {
    const key = stateKey(value);
    let snapshot = states.get(key);
    if (snapshot === undefined) {
      snapshot = machine.resolveState({ value, context: {} }) as AnyMachineSnapshot;
      states.set(key, snapshot);
      rows.set(snapshot, new Row(snapshot, tagsOf(tagNames, snapshot)));
    }
    return rows.get(snapshot)!;
  };
  const first = intern(getInitialSnapshot(machine).value);
  for (const row of rows.values()) { // grows while it is walked
    const from = probe(row.snapshot.value);
    for (const type of eventTypes) {
      if (!isEnabled(machine, from, type)) continue;
      row.lead(type, intern(getNextSnapshot(machine, from, { type }).value));
    }
  }
  const next = (snapshot: AnyMachineSnapshot, eventType: string) =>
    rows.get(snapshot)?.after(eventType)?.snapshot;
  const rowOf = (snapshot: AnyMachineSnapshot) => {
    const row = rows.get(snapshot);
    assert(row !== undefined, "a row is asked for one of the chart's own states");
    return row;
  };
  return {
    first,
    rowOf,
    states,
    eventTypes,
    next,
    transition: (snapshot, event) =>
      (event.type === CAUGHT_UP ? event.snapshot : next(snapshot, event.type)) ?? snapshot,
    getInitialSnapshot: () => first.snapshot,
    getPersistedSnapshot: (snapshot) => machine.getPersistedSnapshot(snapshot),
    restoreSnapshot: () => {
      throw new Error(
        "Cannot restore a compiled chart from a persisted snapshot: look it up in states",
      );
    },
  };
}
