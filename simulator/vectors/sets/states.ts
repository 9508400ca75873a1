/**
 * The cases of `states.json`: for each chart of either end of a bus, what each event does in each state.
 *
 * @module
 */

import { createGuestChannelChart } from "../../../actors/bus/guest/channel_machine.ts";
import { createGuestConnectionChart } from "../../../actors/bus/guest/connection_machine.ts";
import { createGuestGpadlChart } from "../../../actors/bus/guest/gpadl_machine.ts";
import { createConnectionChart } from "../../../actors/bus/host/connection_machine.ts";
import { createHostGpadlChart } from "../../../actors/bus/host/gpadl_machine.ts";
import { createOfferedChannelChart } from "../../../actors/bus/host/offered_channel_machine.ts";
import { compileChart, type CompiledChart, type Row } from "../../../actors/chart/compile.ts";
import type { StateCase } from "./states_shape.ts";

type State = StateCase["states"][number];

/** `opening.wanted` of `{ opening: "wanted" }`. */
function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const parts = Object.entries(value).map(([name, inside]) => {
    const rest = nameOf(inside);
    return rest === "" ? name : `${name}.${rest}`;
  });
  return parts.join("+");
}

function stateOf(row: Row, eventTypes: readonly string[]): State {
  const on: State["on"] = [];
  const refused: string[] = [];
  for (const event of eventTypes) {
    const step = row.step(event);
    if (step === undefined) refused.push(event);
    else on.push({ event, next: nameOf(step.snapshot.value), effects: [...step.effects ?? []] });
  }
  const tags = Object.entries(row.tags).filter(([, has]) => has).map(([tag]) => tag);
  return { name: nameOf(row.snapshot.value), tags, on, refused };
}

function caseOf(
  name: string,
  whose: StateCase["whose"],
  description: string,
  { first, states, eventTypes, rowOf }: CompiledChart,
): StateCase {
  return {
    name,
    description,
    whose,
    initial: nameOf(first.snapshot.value),
    events: [...eventTypes],
    states: [...states.values()].map((snapshot) => stateOf(rowOf(snapshot), eventTypes)),
  };
}

/** All cases. */
export function stateCases(): readonly StateCase[] {
  return [
    caseOf(
      "host-connection",
      "host",
      "the host's connection to one guest (wire.md 5.1)",
      compileChart(createConnectionChart()),
    ),
    caseOf(
      "host-channel",
      "host",
      "a channel that the host offers, as the guest knows it (wire.md 5.2)",
      compileChart(createOfferedChannelChart()),
    ),
    caseOf(
      "host-gpadl",
      "host",
      "a GPADL of the guest, as the host knows it (wire.md 5.3)",
      compileChart(createHostGpadlChart()),
    ),
    caseOf(
      "guest-connection",
      "guest",
      "a guest's connection to its host (wire.md 5.6)",
      compileChart(createGuestConnectionChart()),
    ),
    caseOf(
      "guest-channel",
      "guest",
      "a channel that was offered, and how far a client has taken it (wire.md 4.5, 5.6)",
      compileChart(createGuestChannelChart()),
    ),
    caseOf(
      "guest-gpadl",
      "guest",
      "a GPADL as the guest has it (wire.md 5.6)",
      compileChart(createGuestGpadlChart()),
    ),
  ];
}
