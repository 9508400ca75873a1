/**
 * How soon the schedules find what only some orders show, how many orders they make of one piece of work, and
 * what that costs. Each protocol has a mistake, and is hunted through as a sweep does it by default.
 *
 * @module
 */

import process from "node:process";
import type { Schedule } from "../mod.ts";
import { exploreScenario } from "../simulator/exploring/explore_scenario.ts";
import { PROTOCOLS } from "../simulator/scenarios/protocols/all.ts";
import { hunts } from "../simulator/worlds/hunt.ts";
import { runWorld } from "../simulator/worlds/run_world.ts";
import type { Figure, Goal, Row } from "./figure.ts";
import { median } from "./measure.ts";
import { raceSchedules } from "./schedules_race.ts";
import { worldsFigure } from "./worlds.ts";

/** What sweeps do by default. */
const SCHEDULE: Schedule = "portfolio";
/** Runs of the burst pair whose orders are counted: before there were scheduling points they had 33. */
const ORDER_SEEDS = 3000;
/** Seeds of the correct ring, for each round: with the default rounds 18 000. */
const CORRECT_SEEDS_PER_ROUND = 2000;

/** A protocol whose mistake is hunted. */
export interface Prey {
  /** Its name. */
  readonly protocol: string;
  /** What the row says of it, with the numbers of other tools. */
  readonly work: string;
  /** Hunts. */
  readonly hunts: number;
  /** Seeds after which a hunt is given up. */
  readonly seedsMax: number;
  /** Seeds in the median, at most. */
  readonly median: number;
}

const PREY: readonly Prey[] = [
  {
    protocol: "burst",
    work: "burst pair: the host is taken to have read the whole burst",
    hunts: 20,
    seedsMax: 200,
    median: 10,
  },
  {
    protocol: "ring-signalling",
    work: "ring signalling: no second look (models: random 4, PCT 12, POS 5, URW 4)",
    hunts: 50,
    seedsMax: 500,
    median: 10,
  },
  {
    protocol: "teardown",
    work: "teardown of depth 3 (models: random in 11 of 50, PCT 26, POS 25, URW 1 901)",
    hunts: 50,
    seedsMax: 1000,
    median: 50,
  },
  {
    protocol: "uneven",
    work: "uneven 1:25 (Shuttle: random not in 10 000, URW within 1 000)",
    hunts: 50,
    seedsMax: 500,
    median: 25,
  },
  {
    protocol: "bounded-buffer",
    work: "bounded buffer (Coyote's tutorial: 26 schedules)",
    hunts: 50,
    seedsMax: 500,
    median: 26,
  },
  {
    protocol: "two-phase-commit",
    work: "two-phase commit (P: random 237, in 10 of 10; feedback 526, in 9)",
    hunts: 10,
    seedsMax: 3000,
    median: 237,
  },
];

/** A row that stands for itself: the same seeds find the same on every machine. */
function row(
  work: string,
  value: number,
  unit: Row["unit"],
  [kind, bar]: readonly [Goal["kind"], number],
): Row {
  const goal: Goal = { kind, bar, stretch: null, isExact: true };
  return { work, name: "kmcl", value, unit, beside: null, score: value, goal };
}

/** The median of hunts, and how many of them found it. One that did not counts as one seed more than it had. */
export async function huntRows(prey: Prey): Promise<Row[]> {
  const { protocol, work, seedsMax, hunts: count } = prey;
  const options = { schedule: SCHEDULE, seedsMax };
  const seeds = await hunts(PROTOCOLS[protocol]!(true), options, count);
  const capped = seeds.map((each) => Math.min(each, seedsMax + 1));
  const found = seeds.filter((each) => each <= seedsMax).length;
  return [
    row(work, median(capped), "seeds", ["atMost", prey.median]),
    row(`the same: found, of ${count} hunts of ${seedsMax} seeds at most`, found, "hunts", [
      "atLeast",
      count,
    ]),
  ];
}

/** In how many orders the drivers of the burst pair see what happens: callbacks, returning waits, statuses. */
async function orders(): Promise<Row> {
  const right = PROTOCOLS["burst"]!(false);
  const seen = new Set<string>();
  for (let seed = 0; seed < ORDER_SEEDS; seed++) {
    const { orderDigest } = await runWorld(right, { seed, schedule: "random", trace: "off" });
    seen.add(orderDigest);
  }
  const work = `orders of the burst pair that its drivers can see, ${ORDER_SEEDS} seeds of random`;
  return row(work, seen.size, "orders", ["atLeast", 2500]);
}

/** How often the ring is blamed that has no mistake. */
async function falseAlarms(rounds: number): Promise<Row> {
  const right = PROTOCOLS["ring-signalling"]!(false);
  const count = rounds * CORRECT_SEEDS_PER_ROUND;
  let alarms = 0;
  for (let seed = 0; seed < count; seed++) {
    const { findings } = await runWorld(right, { seed, schedule: SCHEDULE, trace: "off" });
    if (findings.length > 0) alarms++;
  }
  const work = `ring signalling without a mistake, ${count} seeds`;
  return row(work, alarms, "alarms", ["atMost", 0]);
}

/** Runs in which the ring without a mistake is to be proved right, and seconds of a processor. */
const PROOF_RUNS = 5000;
const PROOF_SECONDS = 10;

/** What it takes to go through all orders of the ring that has no mistake; one run more than may be where that is too few. */
export async function proofRows(runsMax: number = PROOF_RUNS): Promise<Row[]> {
  const before = process.cpuUsage();
  const settings = { executionsMax: runsMax - 1 };
  const report = await exploreScenario(PROTOCOLS["ring-signalling"]!(false), settings);
  const { user, system } = process.cpuUsage(before);
  const isProved = report.isComplete && report.found.length === 0;
  const work = "ring signalling, 3 packets: all orders gone through, nothing found";
  const time: Goal = { kind: "atMost", bar: PROOF_SECONDS, stretch: null };
  const seconds = (user + system) / 1e6;
  return [
    row(
      `${work} (Loom: 1 374 750 runs; Spin: 903 states)`,
      isProved ? report.executions : runsMax + 1,
      "runs",
      [
        "atMost",
        PROOF_RUNS,
      ],
    ),
    {
      ...row(`${work}: seconds of a processor`, seconds, "s", ["atMost", PROOF_SECONDS]),
      goal: time,
    },
  ];
}

/** The figure. */
export const schedulersFigure: Figure = {
  measure: async (options) => [
    ...await worldsFigure.measure(options),
    ...await raceSchedules(options),
  ],
  measureOnce: async ({ rounds }) => {
    const rows = [await orders()];
    for (const prey of PREY) rows.push(...await huntRows(prey));
    rows.push(await falseAlarms(rounds));
    return [...rows, ...await proofRows()]; // last: its seconds are those of code that has run for long
  },
};
