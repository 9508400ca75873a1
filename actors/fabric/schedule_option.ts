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
  Record<Exclude<keyof PctSchedule, "name" | "points">, readonly [number, number]>
> = {
  depth: [1, 64],
  steps: [1, 2 ** 32],
};

/** What the schedules that are not like most take beside their names. */
const TAKEN: Readonly<Partial<Record<ScheduleName, readonly string[]>>> = {
  fifo: [],
  pct: ["depth", "steps", "points"],
};
const DRAWN: readonly string[] = ["points"];

/** An object as a program may pass it. */
const UNSET = { name: undefined, depth: undefined, steps: undefined, points: undefined };

function checkName(what: string, value: unknown): ScheduleName {
  const name = SCHEDULE_NAMES.find((known) => known === value);
  if (name !== undefined) return name;
  const list = SCHEDULE_NAMES.map(show).join(", ");
  throw new TypeError(`Cannot create ${what} must be one of ${list}, not ${show(value)}`);
}

/**
 * A schedule as a program gives it: a name, or an object, of which a copy is returned.
 *
 * @throws {TypeError | RangeError} It is no schedule.
 */
export function checkSchedule(value: unknown): Schedule {
  if (typeof value !== "object" || value === null) {
    return checkName("a fabric: schedule", value);
  }
  const options = withDefaults<Record<string, unknown>>(WHAT, value, UNSET);
  const { name: given, points, ...numbers } = options;
  const name = checkName(`${WHAT}: name`, given);
  const taken = TAKEN[name] ?? DRAWN;
  const { name: _, ...others } = options;
  const set = Object.entries(others).filter(([, option]) => option !== undefined);
  const strange = set.find(([key]) => !taken.includes(key));
  if (strange !== undefined) {
    throw new TypeError(`Cannot create ${WHAT}: ${show(name)} takes no ${strange[0]}`);
  }
  if (points !== undefined && typeof points !== "boolean") {
    throw new TypeError(`Cannot create ${WHAT}: points must be true or false, not ${show(points)}`);
  }
  for (const [key, bounds] of Object.entries(PCT_BOUNDS)) {
    if (numbers[key] !== undefined) checkBounds(WHAT, key, numbers[key], bounds);
  }
  return set.length === 0 && name !== "pct"
    ? name
    : { name, ...Object.fromEntries(set) } as Schedule;
}
