/**
 * Hunts: how many seeds it takes until a world of a scenario finds something.
 *
 * @module
 */

import type { Schedule } from "../../mod.ts";
import type { Finding } from "../finding.ts";
import { runWorld } from "./run_world.ts";
import type { DriverTable, ScenarioDefinition } from "./world.ts";

/** Seeds of one hunt, and of the one after it, are so far apart. */
const HUNT_SEEDS = 2 ** 20;

/** Schedules that hunts are compared by, with the name of each. */
export const HUNT_SCHEDULES: Readonly<Record<string, Schedule>> = {
  "random": "random",
  "pos": "pos",
  "pct 2": { name: "pct", depth: 2 },
  "pct 3": { name: "pct", depth: 3 },
  "urw": "urw",
  "portfolio": "portfolio",
};

/** The first seed of a hunt. */
export function firstSeed(hunt: number): number {
  return hunt * HUNT_SEEDS;
}

/** How worlds are hunted through. */
export interface HuntOptions {
  /** Order of runnable work. */
  readonly schedule: Schedule;
  /** Which hunt it is, from 0: no two have a seed in common. */
  readonly hunt: number;
  /** Seeds after which it is given up. */
  readonly seedsMax: number;
  /** Hears of each world before it runs. */
  readonly onWorld?: () => void;
}

/** What a hunt has come to. */
export interface Hunted {
  /** How many seeds it took; Infinity where none of them found anything. */
  readonly seeds: number;
  /** The last seed. */
  readonly seed: number;
  /** What its world found. */
  readonly findings: readonly Finding[];
}

/**
 * Runs worlds of a scenario, seed after seed, until one has a finding.
 *
 * @throws {RangeError | TypeError} `schedule` is no schedule.
 */
export async function hunt<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  { schedule, hunt, seedsMax, onWorld }: HuntOptions,
): Promise<Hunted> {
  const first = firstSeed(hunt);
  for (let seeds = 1; seeds <= seedsMax; seeds++) {
    const seed = first + seeds - 1;
    onWorld?.();
    const { findings } = await runWorld(scenario, { seed, schedule, trace: "off" });
    if (findings.length > 0) return { seeds, seed, findings };
  }
  return { seeds: Infinity, seed: first + seedsMax - 1, findings: [] };
}

/** The seeds that each of so many hunts took, in their order. */
export async function hunts<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  { schedule, seedsMax }: Omit<HuntOptions, "hunt">,
  count: number,
): Promise<readonly number[]> {
  const seeds: number[] = [];
  for (let at = 0; at < count; at++) {
    seeds.push((await hunt(scenario, { schedule, hunt: at, seedsMax })).seeds);
  }
  return seeds;
}
