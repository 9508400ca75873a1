/**
 * A sweep in this process, for tests of a user's own.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { isUint } from "../../core/units.ts";
import { ITEMS_MAX, type WorldSettings } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import type { RunSettings } from "../artefacts/artefact.ts";
import { SeedRunner } from "./seed_runner.ts";
import { SEED_END } from "./seed_ranges.ts";
import { summaryOf, type SweepSummary } from "./summary.ts";
import { Tally } from "./tally.ts";

/** Most seeds of one call. */
const SEEDS_MAX = 2 ** 32;

/** Which worlds a sweep runs. */
export interface SweepOptions
  extends Pick<WorldSettings, "schedule" | "codec" | "isFaulty" | "itemsMax"> {
  /** How many seeds, from 1 to 2^32. */
  readonly seeds: number;
  /** The first of them. Default 0. */
  readonly from?: number | bigint;
  /** Whether it ends at the first failure. Default false. */
  readonly isUntilFailure?: boolean;
}

function settingsOf(options: SweepOptions): RunSettings {
  const { schedule = "portfolio", codec = null, isFaulty = true, itemsMax = ITEMS_MAX } = options;
  return { schedule, codec, isFaulty, itemsMax };
}

/** The first seed, and the one after the last. */
function seedsOf({ seeds, from = 0 }: SweepOptions): readonly [bigint, bigint] {
  if (!isUint(seeds, SEEDS_MAX) || seeds === 0) {
    throw new RangeError(
      `Cannot sweep: seeds must be a whole number from 1 to 2^32, not ${describe(seeds)}`,
    );
  }
  const isSeed = typeof from === "bigint" ? from >= 0n : isUint(from, Number.MAX_SAFE_INTEGER);
  const first = isSeed ? BigInt(from) : -1n;
  const end = first + BigInt(seeds);
  if (first >= 0n && end <= SEED_END) return [first, end];
  throw new RangeError(
    `Cannot sweep: from must be a seed, with ${seeds} seeds below 2^64, not ${describe(from)}`,
  );
}

/**
 * Runs a scenario with one seed after the other, and groups what they find. `deno task sweep` does the same in
 * several processes, and survives a world without end.
 *
 * @throws {TypeError | RangeError} An option is not what it should be.
 */
export async function sweepWorlds<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  options: SweepOptions,
): Promise<SweepSummary> {
  const [from, end] = seedsOf(options);
  const settings = settingsOf(options);
  const runner = new SeedRunner(scenario, settings);
  const tally = new Tally();
  for (let seed = from; seed < end; seed++) {
    if (await runner.run(seed, tally) && options.isUntilFailure === true) break;
  }
  const { name, expected = [] } = scenario;
  return summaryOf(tally.data, { name, expected }, ({ seed }) => ({
    artefact: null,
    replay: callOf(seed, settings),
    shrunk: null,
    notShrunk: null,
  }));
}

/** The call that runs the world of a seed again. */
function callOf(seed: string, { schedule, codec, isFaulty }: RunSettings): string {
  const words = [
    `seed: ${seed}n`,
    `schedule: ${JSON.stringify(schedule)}`,
    ...codec === null ? [] : [`codec: ${JSON.stringify(codec)}`],
    ...isFaulty ? [] : ["isFaulty: false"],
  ];
  return `runWorld(scenario, { ${words.join(", ")} })`;
}
