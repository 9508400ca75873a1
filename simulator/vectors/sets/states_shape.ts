/**
 * The shape of `states.json`: the state tables of both ends, as their charts have them (docs/states.md).
 *
 * @module
 */

import { z } from "zod";
import { head, NAMED, words } from "./forms.ts";

const step = z.strictObject({
  event: words("what happens"),
  next: words("the state after it"),
  effects: z.array(words("what is done")).meta({ description: "in order" }),
});

const state = z.strictObject({
  name: words("its name; `+` stands between states side by side"),
  tags: z.array(words("what is true of it")),
  on: z.array(step).meta({ description: "the events that it allows" }),
  refused: z.array(words("an event that it does not allow")),
});

/** One chart. */
const stateCase = z.strictObject({
  ...NAMED,
  whose: z.enum(["host", "guest"]).meta({ description: "whose chart it is" }),
  initial: words("the state that it begins in"),
  events: z.array(words("what can happen")),
  states: z.array(state).meta({ description: "each that can be reached" }),
});

/** The file. */
export const statesFile = z.strictObject({ ...head("states"), cases: z.array(stateCase) }).meta({
  title: "State tables",
  description:
    "What each event does in each state of connections, channels and GPADLs, on either end of a VMBus",
});

/** One chart. */
export type StateCase = z.infer<typeof stateCase>;
