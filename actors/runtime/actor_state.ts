/**
 * States of actors in saved state: written as XState persists them, and looked up among those that the
 * chart can reach when they come back.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { assert } from "../../core/assert.ts";
import { throwDataError } from "../../core/saved/fault.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";
import type { Schema } from "../../core/saved/schema.ts";
import { chartOf } from "../chart/chart_actor.ts";
import { persistedState, persistState, stateWith } from "../chart/persisted.ts";
import type { ActorKind } from "./actors.ts";

/**
 * The state of an actor of `kind`. What is read is a state of the compiled chart, whichever interpreter
 * the fabric has: that one's own has the same value.
 */
export function actorState({ name, createChart }: ActorKind): Schema<AnyMachineSnapshot> {
  const chart = () => chartOf(name, createChart, "compiled");
  return {
    form: `the snapshot of a ${name}'s actor`,
    fields: {},
    member: null,
    refusals: [],
    save: (state) => persistState(chart(), state),
    read: (data, where) => persistedState(chart(), data, where()),
  };
}

/** The state of an actor whose chart has no regions: one of `values`, by its name. */
export function actorValue<const Value extends string>(
  kind: ActorKind,
  values: readonly Value[],
): Schema<Value> {
  const states = actorState(kind);
  // A guest may have thousands of packets in one state.
  const saved = new Map<Value, PlainData>();
  const save = (value: Value): PlainData => {
    const state = stateWith(chartOf(kind.name, kind.createChart, "compiled"), value);
    assert(state !== null, "a state that is saved is one of its chart");
    const data = states.save(state);
    saved.set(value, data);
    return data;
  };
  return {
    ...states,
    form: `${states.form}, in ${values.join(", ")}`,
    save: (value) => saved.get(value) ?? save(value),
    read: (data, where) => {
      const state = states.read(data, where);
      const value = values.find((known) => known === state.value);
      return value ?? throwDataError(`${where()} is not one of ${values.join(", ")}`);
    },
  };
}
