/**
 * The program that hunts for a canary and makes smaller what it finds, in a process of its own: what it runs may
 * never end.
 *
 * Its one argument is a {@linkcode ShrinkOrder} as JSON. It prints a {@linkcode ShrinkTold} as JSON in each line.
 *
 * @module
 */

import { shrink } from "../../simulator/shrinking/shrink.ts";
import type { RunSize } from "../../simulator/shrinking/size.ts";
import { WorldMaker } from "../../simulator/shrinking/world_maker.ts";
import { artefactOf } from "../../simulator/artefacts/artefact.ts";
import { readArtefact } from "../../simulator/artefacts/read_artefact.ts";
import { replayRun } from "../../simulator/artefacts/replay.ts";
import { firstSeed } from "../../simulator/worlds/hunt.ts";
import { runWorld } from "../../simulator/worlds/run_world.ts";
import { ITEMS_MAX, type WorldResult } from "../../simulator/worlds/settings.ts";
import type { ScenarioDefinition } from "../../simulator/worlds/world.ts";
import { SCENARIOS } from "./scenarios.ts";

/** What is hunted, and made smaller. */
export interface ShrinkOrder {
  /** The scenario, by its name among those that canaries are hunted in. */
  readonly scenario: string;
  /** How many hunts there are. */
  readonly hunts: number;
  /** Seeds after which a hunt is given up. */
  readonly seedsMax: number;
  /** Runs that may be made for a smaller one. */
  readonly rerunsMax: number;
}

/** A run that was made smaller. */
export interface ShrinkOutcome {
  /** The seed that found it. */
  readonly seed: string;
  /** What it found. */
  readonly rule: string;
  /** How large the run was. */
  readonly before: RunSize;
  /** How large it is. */
  readonly after: RunSize;
  /** Runs that were made. */
  readonly reruns: number;
  /** Whether the smaller run replays, choice by choice, to the same finding and the same trace. */
  readonly replays: boolean;
}

/** What it says: what a hunt came to; or that it works. */
export type ShrinkTold = { readonly outcome: ShrinkOutcome | null } | "works";

function tell(told: ShrinkTold): void {
  console.log(JSON.stringify(told));
}

async function find(
  scenario: ScenarioDefinition,
  hunt: number,
  seedsMax: number,
): Promise<WorldResult | null> {
  for (let seed = firstSeed(hunt); seed < firstSeed(hunt) + seedsMax; seed++) {
    tell("works");
    const result = await runWorld(scenario, { seed, trace: "off" });
    if (result.findings.length > 0) return result;
  }
  return null;
}

async function shrinkFound(
  scenario: ScenarioDefinition,
  { seed, schedule, codec, choices, findings: [finding] }: WorldResult,
  rerunsMax: number,
): Promise<ShrinkOutcome> {
  const settings = { seed: String(seed), schedule, codec, isFaulty: true, itemsMax: ITEMS_MAX };
  const maker = new WorldMaker(scenario, { settings, finding: finding!, choices });
  const onProgress = () => tell("works");
  const { record, ...figures } = await shrink(maker, finding!, { rerunsMax, onProgress });
  const artefact = readArtefact({ ...artefactOf(record, { name: scenario.name }) });
  const { finding: again, isSameTrace } = await replayRun(scenario, artefact);
  const replays = again !== null && isSameTrace === true;
  return { seed: String(seed), rule: finding!.rule, ...figures, replays };
}

if (import.meta.main) {
  const { scenario, hunts, seedsMax, rerunsMax }: ShrinkOrder = JSON.parse(Deno.args[0] ?? "");
  const definition = SCENARIOS[scenario]!();
  for (let hunt = 0; hunt < hunts; hunt++) {
    const found = await find(definition, hunt, seedsMax);
    tell({ outcome: found === null ? null : await shrinkFound(definition, found, rerunsMax) });
  }
}
