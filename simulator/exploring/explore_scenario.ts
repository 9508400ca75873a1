/**
 * Goes through all orders of a small world.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { isUint } from "../../core/units.ts";
import { causeOf } from "../artefacts/causes.ts";
import type { Finding } from "../finding.ts";
import { findGuided, runWorld } from "../worlds/run_world.ts";
import { type Choice, ITEMS_MAX, type WorldSettings } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import { linesOfChoices } from "../artefacts/choices_text.ts";
import { Continuation, type MatchedRuns } from "./continuation.ts";
import { Matching } from "./matching.ts";
import { Scout } from "./scout.ts";
import { Search } from "./search.ts";
import { ExploreError } from "./explore_error.ts";
import {
  COUNT_MOST,
  DEPTH_MAX,
  DRAW_WAYS_MAX,
  EXECUTIONS_MAX,
  type ExploreFailure,
  type ExploreReport,
  type ExploreSettings,
} from "./settings.ts";

/** A schedule with all scheduling points: who is next is chosen elsewhere. */
const SCHEDULE = "random";

const DEFAULTS = {
  codec: "msgpack",
  executionsMax: EXECUTIONS_MAX,
  scouts: 0,
  depthMax: DEPTH_MAX,
  drawWaysMax: DRAW_WAYS_MAX,
  isReduced: true,
  isMatched: true,
  verifiesMatching: false,
  itemsMax: ITEMS_MAX,
  isGivenUp: () => false,
  onProgress: () => {},
} satisfies Required<ExploreSettings>;

type Settings = Required<ExploreSettings>;

const COUNTS = ["executionsMax", "scouts", "depthMax", "drawWaysMax", "itemsMax"] as const;

function checked(given: ExploreSettings): Settings {
  const settings = { ...DEFAULTS, ...given };
  for (const name of COUNTS) {
    const value: unknown = settings[name];
    if (isUint(value, COUNT_MOST)) continue;
    throw new RangeError(
      `Cannot explore: ${name} must be a whole number up to ${COUNT_MOST}, not ${describe(value)}`,
    );
  }
  return settings;
}

/** What the run of `choices` found, with the run as it is to its end. */
async function failuresOf<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  findings: readonly Finding[],
  settings: WorldSettings,
): Promise<readonly ExploreFailure[]> {
  const run = await runWorld(scenario, { ...settings, sourceLines: true });
  const told = [...run.findings, ...run.expected];
  const byCause = new Map(findings.map((finding) => [causeOf(finding), finding]));
  return [...byCause].map(([cause, finding]) => (
    { finding: told.find((each) => causeOf(each) === cause) ?? finding, run }
  ));
}

/** Runs of one exploration. */
class Exploration<Drivers extends DriverTable> {
  readonly search: Search;
  scouted = 0;
  executions = 0;
  found: readonly ExploreFailure[] = [];
  readonly #scenario: ScenarioDefinition<Drivers>;
  readonly #settings: Settings;

  constructor(scenario: ScenarioDefinition<Drivers>, settings: Settings) {
    this.#scenario = scenario;
    this.#settings = settings;
    const { isReduced, depthMax, drawWaysMax, verifiesMatching } = settings;
    const matching = unmatchedReason(scenario, settings) === null
      ? new Matching(verifiesMatching)
      : null;
    const isWatched = hasCheckers(scenario);
    this.search = new Search({ isReduced, isWatched, depthMax, drawWaysMax, matching });
  }

  get #world(): WorldSettings {
    const { codec, itemsMax } = this.#settings;
    return { schedule: SCHEDULE, codec, itemsMax, isFaulty: false, trace: "off" };
  }

  /** Runs some orders by chance; false where something was found, or it is given up. */
  async scout(): Promise<boolean> {
    const { scouts, isGivenUp } = this.#settings;
    for (let seed = 0; seed < scouts; seed++) {
      if (isGivenUp()) return false;
      const scout = new Scout(seed);
      this.scouted++;
      const findings = await findGuided(this.#scenario, this.#world, scout);
      if (await this.#finds(findings, scout.choices)) return false;
    }
    return true;
  }

  /** Goes through all orders; false where that did not come to its end. */
  async goThrough(): Promise<boolean> {
    const { executionsMax, isGivenUp, onProgress } = this.#settings;
    while (this.executions < executionsMax && !isGivenUp()) {
      this.executions++;
      const findings = await findGuided(this.#scenario, this.#world, this.search);
      if (await this.#finds(findings, this.search.choices)) return false;
      const hasNext = this.search.next();
      if (this.search.matched !== null) await this.#compare(this.search.matched);
      if (!hasNext) return true;
      onProgress(this.executions);
    }
    return false;
  }

  /** Compares what follows two runs that came to the same state, in one order of what follows. */
  async #compare({ first, again }: MatchedRuns): Promise<void> {
    const seed = this.executions;
    const [one, other] = [await this.#continued(first, seed), await this.#continued(again, seed)];
    const at = one.findIndex((each, place) => each !== other[place]);
    if (at < 0 && one.length === other.length) return;
    throw new ExploreError(
      `Cannot explore ${this.#scenario.name}: two runs came to what counts as the same state, and ${
        Math.max(at, 0)
      } choices later they differ, so stateOf leaves something out that what follows hangs on: ` +
        `${linesOfChoices(first).join(" ")} and ${linesOfChoices(again).join(" ")}`,
    );
  }

  async #continued(choices: readonly Choice[], seed: number): Promise<readonly string[]> {
    const matching = new Matching(true);
    const continuation = new Continuation(choices, seed, matching);
    const findings = await findGuided(this.#scenario, this.#world, continuation);
    matching.detach();
    return [...continuation.seen, findings.map(causeOf).sort().join()];
  }

  async #finds(findings: readonly Finding[], choices: readonly Choice[]): Promise<boolean> {
    if (findings.length === 0) return false;
    this.found = await failuresOf(this.#scenario, findings, {
      ...this.#world,
      trace: "digest",
      choices,
    });
    return true;
  }
}

/**
 * Goes through all orders in which the work of a scenario's world can be done, until something is found: of turns
 * that touch nothing in common in one order alone, and from each state that it can tell once. Nothing goes wrong in
 * them, and what is drawn is 0, apart from draws of a few ways where it is asked to go through those as well.
 *
 * @example
 * ```ts
 * import { exploreScenario, type ScenarioDefinition } from "@vmbus/kmcl/simulator";
 *
 * async function proves(scenario: ScenarioDefinition): Promise<boolean> {
 *   const { isComplete, found } = await exploreScenario(scenario, { executionsMax: 100_000 });
 *   return isComplete && found.length === 0;
 * }
 * ```
 *
 * @throws {RangeError} A setting is not what it should be.
 * @throws {Error} The scenario is not deterministic; or its `stateOf` throws, gives what is no plain data, or leaves
 * something out, where that is looked for.
 */
export async function exploreScenario<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  given: ExploreSettings = {},
): Promise<ExploreReport> {
  const settings = checked(given);
  const exploration = new Exploration(scenario, settings);
  const isThrough = await exploration.scout() && await exploration.goThrough();
  const { search, scouted, executions, found } = exploration;
  const { counts, states } = search;
  const isWhole = isThrough && counts.tooDeep === 0;
  return {
    scenario: scenario.name,
    codec: settings.codec,
    scouted,
    executions,
    states,
    counts,
    unmatchedReason: unmatchedReason(scenario, settings),
    isComplete: isWhole,
    bounds: {
      executions: !isThrough && found.length === 0 && executions >= settings.executionsMax,
      givenUp: !isThrough && found.length === 0 && executions < settings.executionsMax,
      tooDeep: counts.tooDeep,
      fixedDraws: counts.fixedDraws,
      faultRules: scenario.faults?.length ?? 0,
    },
    found,
  };
}

function hasCheckers<Drivers extends DriverTable>(
  { checkers = [] }: ScenarioDefinition<Drivers>,
): boolean {
  return checkers.length > 0;
}

function unmatchedReason<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  { isMatched }: Settings,
): string | null {
  if (!isMatched) return "it was asked not to";
  if (hasCheckers(scenario)) return "nobody knows what the scenario's own checkers remember";
  const { stateOf } = scenario;
  return stateOf === undefined ? "the scenario does not say what its drivers know" : null;
}
