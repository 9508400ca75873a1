/**
 * The transitions of charts by name: the state that has the transition, the event, and which of its
 * alternatives it is where there are several.
 *
 * @module
 */

import type { Step } from "../../actors/chart/compile.ts";

const names = new WeakMap<Step, readonly string[]>();

/** The transitions that a step takes: in a parallel chart one event may have several. */
export function transitionsOf(step: Step): readonly string[] {
  let known = names.get(step);
  if (known === undefined) {
    known = transitionsIn(step.from.snapshot, step.type);
    names.set(step, known);
  }
  return known;
}

/** The transitions that an event of type `type` takes in a state of a chart. */
export function transitionsIn(snapshot: Step["from"]["snapshot"], type: string): readonly string[] {
  const { machine } = snapshot;
  return (machine.getTransitionData(snapshot, { type }) ?? []).map((transition) => {
    const { source } = transition;
    const alternatives = source.transitions.get(type) ?? [];
    const which = alternatives.length > 1 ? ` (${alternatives.indexOf(transition) + 1})` : "";
    return `${machine.id}: ${source.path.join(".")} ${type}${which}`;
  });
}
