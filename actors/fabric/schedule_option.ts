/**
 * Checks the option `schedule` of a fabric.
 *
 * @module
 */

import {
  type PctSchedule,
  type Schedule,
  SCHEDULE_NAMES,
  type ScheduleName,
} from "../runtime/schedule.ts";
import { checkBounds, show, withDefaults } from "./read_options.ts";

const WHAT = "a schedule";

/** Smallest and largest value of each number that schedule "pct" takes. */
const PCT_BOUNDS: Readonly<
  Record<Exclude<keyof PctSchedule, "name">, readonly [number, number]>
> = {
  depth: [1, 64],
  steps: [1, 2 ** 32],
};

/** An object as a program may pass it. */
const UNSET = { name: undefined, depth: undefined, steps: undefined };

function checkName(what: string, value: unknown): ScheduleName {
  const name = SCHEDULE_NAMES.find((known) => known === value);
  if (name !== undefined) return name;
  const list = SCHEDULE_NAMES.map(show).join(", ");
  throw new TypeError(`Cannot create ${what} must be one of ${list}, not ${show(value)}`);
}

/**
 * A schedule as a program gives it: a name, or an object, of which a copy is returned.
 *
 * @throws {TypeError | RangeError} It is none.
 */
export function checkSchedule(value: unknown): Schedule {
  if (typeof value !== "object" || value === null) {
    return checkName("a fabric: schedule", value);
  }
  const { name: given, ...numbers } = withDefaults<Record<string, unknown>>(WHAT, value, UNSET);
  const name = checkName(`${WHAT}: name`, given);
  const set = Object.entries(numbers).filter(([, number]) => number !== undefined);
  if (name !== "pct") {
    if (set.length === 0) return name;
    throw new TypeError(`Cannot create ${WHAT}: ${show(name)} takes no ${set[0]![0]}`);
  }
  for (const [key, bounds] of Object.entries(PCT_BOUNDS)) {
    if (numbers[key] !== undefined) checkBounds(WHAT, key, numbers[key], bounds);
  }
  return { name, ...Object.fromEntries(set) };
}
