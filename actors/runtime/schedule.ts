/**
 * The schedules of a fabric by name, and the chooser of each.
 *
 * @module
 */

import { Chance } from "../../core/chance.ts";
import type { ToldChoices } from "./choice_trace.ts";
import type { Chooser } from "./chooser.ts";
import { PctChooser } from "./choosers/pct.ts";
import { PosChooser } from "./choosers/pos.ts";
import { RandomChooser } from "./choosers/random.ts";
import { UrwChooser } from "./choosers/urw.ts";
import { Scheduler } from "./scheduler.ts";

/**
 * How the next item is chosen. `"fifo"`: the oldest. The others draw from the seed: `"random"` any item,
 * each as likely as the others; `"pos"` by priorities that are drawn anew for items which touch what the last
 * one touched; `"pct"` by a priority for each worker, which seldom changes; `"urw"` in proportion to the
 * work that is queued; `"portfolio"` by one of these, which is drawn first.
 */
export type ScheduleName = "fifo" | "random" | "pos" | "pct" | "urw" | "portfolio";

/** Schedule `"pct"` with its bounds. */
export interface PctSchedule {
  /** Tells it from the others. */
  readonly name: "pct";
  /** Steps that must come in one order for a mistake to show, from 1 to 64. Default 3. */
  readonly depth?: number;
  /**
   * Choices among several items that a run is expected to have, from 1 to 2^32; after these, and 10 000 at
   * least, each item is as likely as any other. Default: a power of two from 8 to 4096, drawn from the seed.
   */
  readonly steps?: number;
  /** See {@linkcode DrawnSchedule.points}. */
  readonly points?: boolean;
}

/** A schedule that draws from the seed, and has no bounds. */
export interface DrawnSchedule {
  /** Which one. */
  readonly name: Exclude<ScheduleName, "fifo" | "pct">;
  /** Whether items may be overtaken at scheduling points; if not, each runs to its end. Default true. */
  readonly points?: boolean;
}

/** How the next item is chosen: a name, or an object with what the schedule needs. */
export type Schedule = ScheduleName | { readonly name: "fifo" } | DrawnSchedule | PctSchedule;

/** All names, fifo first. */
export const SCHEDULE_NAMES: readonly ScheduleName[] = [
  "fifo",
  "random",
  "pos",
  "pct",
  "urw",
  "portfolio",
];

/** What a portfolio draws from: no one of them finds everything. */
const PORTFOLIO: readonly Schedule[] = [
  "random",
  "pos",
  { name: "pct", depth: 2 },
  { name: "pct", depth: 3 },
  "urw",
];
const DEPTH = 3;

/** Whether items stop at scheduling points. */
function hasPoints(schedule: Schedule): boolean {
  if (typeof schedule === "string") return schedule !== "fifo";
  return schedule.name !== "fifo" && schedule.points !== false;
}

/**
 * The chooser of `schedule`, which draws from `seed`; null: fifo, which asks nobody.
 *
 * @throws {TypeError | RangeError} `seed` is no seed, whatever the schedule.
 */
export function createChooser(schedule: Schedule, seed: number | bigint): Chooser | null {
  const chance = Chance.fromSeed(seed);
  const options: Exclude<Schedule, ScheduleName> = typeof schedule === "string"
    ? { name: schedule }
    : schedule;
  if (options.name === "fifo") return null;
  const draws = chance.fork("schedule");
  switch (options.name) {
    case "random":
      return new RandomChooser(draws);
    case "pos":
      return new PosChooser(draws);
    case "pct": {
      const { depth = DEPTH, steps = null } = options;
      return new PctChooser(draws, { depth, steps });
    }
    case "urw":
      return new UrwChooser(draws);
    case "portfolio": {
      const drawn = chance.fork("portfolio").below(PORTFOLIO.length);
      return createChooser(PORTFOLIO[drawn]!, seed);
    }
  }
}

/** The scheduler of a fabric with `schedule`, which asks `chooser` and tells what was chosen. */
export function createScheduler(schedule: Schedule, { chooser, chose }: ToldChoices): Scheduler {
  const scheduler = new Scheduler(chooser, hasPoints(schedule));
  scheduler.onChoice = chose;
  return scheduler;
}
