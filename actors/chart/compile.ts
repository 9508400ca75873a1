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

/** A pure chart as a table: actor logic, and the states it can be in. */
export interface CompiledChart extends ActorLogic<AnyMachineSnapshot, EventObject, undefined> {
  /** Every reachable state, the initial one first, by canonical text of its value. */
  readonly states: ReadonlyMap<string, AnyMachineSnapshot>;
  /** Every event type that the chart knows. */
  readonly eventTypes: readonly string[];
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

/** Every event type in the chart; `machine.events` leaves out those that change nothing. */
export function eventTypesOf(machine: AnyStateMachine): readonly string[] {
  const nodes = (node: AnyStateMachine["root"]): readonly AnyStateMachine["root"][] => [
    node,
    ...Object.values(node.states).flatMap(nodes),
  ];
  return [...new Set(nodes(machine.root).flatMap((node) => [...node.transitions.keys()]))].sort();
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
  const probe = (value: AnyMachineSnapshot["value"]) =>
    machine.resolveState({ value, context: UNREADABLE });
  const states = new Map<string, AnyMachineSnapshot>();
  const steps = new Map<AnyMachineSnapshot, Map<string, AnyMachineSnapshot>>();
  const intern = (value: AnyMachineSnapshot["value"]): AnyMachineSnapshot => {
    const key = stateKey(value);
    let state = states.get(key);
    if (state === undefined) {
      state = machine.resolveState({ value, context: {} }) as AnyMachineSnapshot;
      states.set(key, state);
    }
    return state;
  };
  const initial = intern(getInitialSnapshot(machine).value);
  for (const state of states.values()) { // grows while it is walked
    const row = new Map<string, AnyMachineSnapshot>();
    const from = probe(state.value);
    for (const type of eventTypes) {
      if (!isEnabled(machine, from, type)) continue;
      row.set(type, intern(getNextSnapshot(machine, from, { type }).value));
    }
    steps.set(state, row);
  }
  const next = (snapshot: AnyMachineSnapshot, eventType: string) =>
    steps.get(snapshot)?.get(eventType);
  return {
    states,
    eventTypes,
    next,
    transition: (snapshot, event) => next(snapshot, event.type) ?? snapshot,
    getInitialSnapshot: () => initial,
    getPersistedSnapshot: (snapshot) => machine.getPersistedSnapshot(snapshot),
    restoreSnapshot: () => {
      throw new Error(
        "Cannot restore a compiled chart from a persisted snapshot: look it up in states",
      );
    },
  };
}
