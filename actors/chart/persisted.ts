/**
 * Persisted snapshots of charts: written as XState has them, and looked up among the states that the
 * chart can reach when they come back. Bytes from outside never go into XState's own restore.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { throwDataError } from "../../core/saved/fault.ts";
import {
  areEqual,
  copyPlainData,
  encodePlainData,
  type PlainData,
} from "../../core/saved/plain_data.ts";
import { assert } from "../../core/assert.ts";
import type { Chart } from "./chart_actor.ts";
import { stateKey, tableOf } from "./compile.ts";
import { persistedSnapshot } from "./shown_actor.ts";

/** Every state that `chart` can reach, by its key. */
function statesOf({ machine }: Chart): ReadonlyMap<string, AnyMachineSnapshot> {
  return tableOf(machine).states;
}

/** `state` of `chart` as its actor persists it. */
export function persistState(chart: Chart, state: AnyMachineSnapshot): PlainData {
  const { data, fault } = copyPlainData(persistedSnapshot(chart.machine, state), "snapshot");
  assert(fault === null, "the snapshot of a chart without actors is plain data");
  return data;
}

/** The bytes of persisted states, each worked out once: a guest may have thousands of packets in one. */
const bytesOfStates = new WeakMap<AnyMachineSnapshot, Uint8Array>();

function persistedBytes(chart: Chart, state: AnyMachineSnapshot): Uint8Array {
  let bytes = bytesOfStates.get(state);
  if (bytes === undefined) {
    bytes = encodePlainData(persistState(chart, state));
    bytesOfStates.set(state, bytes);
  }
  return bytes;
}

/** Whether `value` looks like that of a state at all: words, and records of them. */
function isStateValue(value: unknown): boolean {
  if (typeof value === "string") return true;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  return Object.values(value).every(isStateValue);
}

/** The state of `chart` that has `value`; null where the chart cannot reach one. */
export function stateWith(chart: Chart, value: unknown): AnyMachineSnapshot | null {
  return isStateValue(value) ? statesOf(chart).get(stateKey(value)) ?? null : null;
}

/**
 * The state of `chart` that `data` is the persisted snapshot of; throws a SavedStateFault where it is
 * that of none. `where` names the actor.
 */
export function persistedState(chart: Chart, data: PlainData, where: string): AnyMachineSnapshot {
  const value = typeof data === "object" && data !== null && "value" in data ? data.value : null;
  const state = stateWith(chart, value);
  if (state === null || !areEqual(persistedBytes(chart, state), encodePlainData(data))) {
    throwDataError(`${where} is in no state that its chart can reach`);
  }
  return state;
}
