/**
 * Runs the worlds of one scenario seed by seed, and keeps what it takes to have those again that failed.
 *
 * @module
 */

import { ReplayError } from "../../actors/runtime/choosers/replay.ts";
import type { Finding } from "../finding.ts";
import { runWorld } from "../worlds/run_world.ts";
import type { WorldResult, WorldSettings } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import { recordOf, type RunRecord, type RunSettings } from "../artefacts/artefact.ts";
import { causeOf, Causes } from "../artefacts/causes.ts";
import type { Tally } from "./tally.ts";

/** What a runner does beside counting. */
export interface SeedRunnerOptions {
  /** What worlds are run with beside their settings. */
  readonly world?: Pick<WorldSettings, "trace" | "onChoice">;
  /** Is told of each world. */
  readonly onWorld?: (result: WorldResult) => void;
}

/** Runs seeds of one scenario. */
export class SeedRunner<Drivers extends DriverTable = DriverTable> {
  readonly #scenario: ScenarioDefinition<Drivers>;
  readonly #settings: RunSettings;
  readonly #options: SeedRunnerOptions;
  /** Causes whose run of the lowest seed is kept already. */
  readonly #kept = new Causes();

  /** Runs worlds of `scenario`. */
  constructor(
    scenario: ScenarioDefinition<Drivers>,
    settings: RunSettings,
    options: SeedRunnerOptions = {},
  ) {
    this.#scenario = scenario;
    this.#settings = settings;
    this.#options = options;
  }

  /** Runs the world of `seed`, adds it to `tally`, and says whether something was found. */
  async run(seed: bigint, tally: Tally): Promise<boolean> {
    const { codec, ...settings } = this.#settings;
    const given = { ...settings, ...codec !== null && { codec } };
    const { world, onWorld } = this.#options;
    const result = await runWorld(this.#scenario, { ...given, ...world, seed });
    onWorld?.(result);
    tally.addWorld(result, await this.#recordsOf(result));
    return result.findings.length > 0;
  }

  /** The runs to keep: one for each cause that was not met in a lower seed. */
  async #recordsOf(result: WorldResult): Promise<readonly RunRecord[]> {
    const seed = String(result.seed);
    const isNew = result.findings.filter((finding) => this.#kept.wants(finding, seed));
    if (isNew.length === 0) return [];
    const told = await this.#toldAgain(result);
    const records = isNew.map((finding) => {
      const again = told.find((each) => causeOf(each) === causeOf(finding));
      return recordOf(result, again ?? finding, this.#settings);
    });
    for (const { finding } of records) {
      this.#kept.add({ finding, seed, worlds: 1, record: null });
    }
    return records;
  }

  /** What the same run finds where the lines of drivers are kept: that costs too much for each run. */
  async #toldAgain(result: WorldResult): Promise<readonly Finding[]> {
    const { seed, schedule, codec, choices } = result;
    const { isFaulty, itemsMax } = this.#settings;
    const same = { seed, schedule, codec, choices, isFaulty, itemsMax, sourceLines: true };
    try {
      return (await runWorld(this.#scenario, same)).findings;
    } catch (error) {
      // It cannot be had again: then it is told as it was. Whoever replays it learns from which step on.
      if (error instanceof ReplayError) return [];
      throw error;
    }
  }
}
