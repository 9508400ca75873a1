/**
 * Where an actor may be, for who hears of it what crosses the bus alone: each state of its chart that fits all that was
 * heard. Who came late begins with all of them. What the chart allows in none of them breaks a rule.
 *
 * @module
 */

import type { CompiledChart, Row } from "../../actors/chart/compile.ts";

/** Where `row` may lead without anybody hearing of it. */
export type SilentSteps = (row: Row) => readonly Row[];

/** All states of a chart, as rows of its table. */
export function allRows(chart: CompiledChart): readonly Row[] {
  return [...chart.states.values()].map((snapshot) => chart.rowOf(snapshot));
}

/** Rows, and all that they may lead to unheard. */
function closed(rows: Iterable<Row>, silent: SilentSteps): ReadonlySet<Row> {
  const found = new Set(rows);
  for (const row of found) for (const next of silent(row)) found.add(next); // grows while it is walked
  return found;
}

/** The states that an actor may be in. */
export class PossibleStates {
  #rows: ReadonlySet<Row>;
  readonly #silent: SilentSteps;

  /** In one of `rows`. */
  constructor(rows: Iterable<Row>, silent: SilentSteps) {
    this.#silent = silent;
    this.#rows = closed(rows, silent);
  }

  /**
   * One of `events` happens, whichever of them the chart allows; false: it allows none, wherever the actor may be.
   *
   * @param effect What the step has done, where that was heard: a step without it was another one.
   */
  take(events: readonly string[], effect?: string): boolean {
    const next = [...this.#rows].flatMap((row) => events.map((event) => row.step(event)))
      .filter((step) => step !== undefined)
      .filter(({ effects }) => effect === undefined || effects?.includes(effect));
    if (next.length === 0) return false;
    this.#rows = closed(next.map(({ row }) => row), this.#silent);
    return true;
  }

  /** It may be in one of `rows` as well, after one of `events` where they allow it. */
  orAfter(rows: readonly Row[], events: readonly string[]): void {
    const other = new PossibleStates(rows, this.#silent);
    if (other.take(events)) this.#rows = new Set([...this.#rows, ...other.#rows]);
  }

  /** `event` may have happened as well, or may happen from now on. */
  may(event: string): void {
    const next = [...this.#rows].map((row) => row.step(event)?.row)
      .filter((row) => row !== undefined);
    this.#rows = closed([...this.#rows, ...next], this.#silent);
  }

  /** Whether it must have a tag, wherever it may be. */
  must(tag: string): boolean {
    return [...this.#rows].every(({ tags }) => tags[tag] === true);
  }

  /** The names of the states that it may be in, the outermost ones first. */
  get names(): readonly string[] {
    return [...new Set([...this.#rows].map(({ snapshot }) => nameOf(snapshot.value)))].sort();
  }
}

/** A state's value in words: `inUse.open.steady`. */
function nameOf(value: unknown): string {
  if (typeof value === "string") return value;
  return Object.entries(value as object)
    .map(([state, inner]) => `${state}.${nameOf(inner)}`).join(" ");
}
