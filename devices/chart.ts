/**
 * State charts in drivers: XState's own, walked through once and kept as a table of words.
 *
 * A driver keeps the place where it is, which is plain data, so it can be shown and saved. What happens it tells its
 * chart, and does what the step names. A chart is pure: no code, no context, no delays; events are words.
 *
 * @module
 */

import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  getInitialSnapshot,
  transition,
} from "xstate";

/** What an event does in a place that allows it. */
export interface ChartStep<Place extends string, Effect extends string> {
  /** The place after it. */
  readonly place: Place;
  /** What the driver has to do, in this order. */
  readonly effects: readonly Effect[];
}

type Rows<Place extends string, Effect extends string> = ReadonlyMap<
  string,
  ReadonlyMap<string, ChartStep<Place, Effect>>
>;

/** `a.b` of `{ a: "b" }`. */
function placeOf(value: AnyMachineSnapshot["value"]): string {
  if (typeof value === "string") return value;
  return Object.entries(value).map(([key, child]) => `${key}.${placeOf(child ?? "")}`).join();
}

function eventsOf({ transitions, states }: AnyStateMachine["root"]): readonly string[] {
  return [...transitions.keys(), ...Object.values(states).flatMap(eventsOf)];
}

/** A chart as a table: the places that can be reached, and what each event does there. */
export class ChartTable<Place extends string, Event extends string, Effect extends string> {
  readonly #create: () => AnyStateMachine;
  #rows: Rows<Place, Effect> | null = null;

  /** The table of the chart that `create` makes, worked out when it is first asked. */
  constructor(create: () => AnyStateMachine) {
    this.#create = create;
  }

  /** What `event` does in `place`; undefined where the place does not list it: then it changes nothing. */
  step(place: Place, event: Event): ChartStep<Place, Effect> | undefined {
    return this.#table.get(place)?.get(event);
  }

  /** The places that can be reached, the first one first. */
  get places(): readonly Place[] {
    return [...this.#table.keys()] as Place[];
  }

  get #table(): Rows<Place, Effect> {
    return this.#rows ??= this.#walk();
  }

  #walk(): Rows<Place, Effect> {
    const machine = this.#create();
    const events = new Set(eventsOf(machine.root));
    const rows = new Map<string, Map<string, ChartStep<Place, Effect>>>();
    const found: AnyMachineSnapshot[] = [getInitialSnapshot(machine)];
    for (const snapshot of found) { // grows while it is walked
      const place = placeOf(snapshot.value);
      if (rows.has(place)) continue;
      const row = new Map<string, ChartStep<Place, Effect>>();
      rows.set(place, row);
      for (const type of events) {
        if (machine.getTransitionData(snapshot, { type })?.length === 0) continue;
        const [after, actions] = transition(machine, snapshot, { type });
        found.push(after);
        row.set(type, {
          place: placeOf(after.value) as Place,
          effects: actions.map((action) => action.type as Effect),
        });
      }
    }
    return rows;
  }
}
