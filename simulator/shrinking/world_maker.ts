/**
 * Makes the runs that a run is made smaller by in this process.
 *
 * @module
 */

import { ReplayChooser, ReplayError } from "../../actors/runtime/choosers/replay.ts";
import { recordOf, type RunRecord } from "../artefacts/artefact.ts";
import { causeOf } from "../artefacts/causes.ts";
import type { ReadArtefact } from "../artefacts/read_artefact.ts";
import type { Finding } from "../finding.ts";
import { runGuided, runWorld } from "../worlds/run_world.ts";
import type { Choice, WorldResult, WorldSettings } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import { type AttemptEnd, type RunMaker, ShrinkError } from "./attempt.ts";
import type { Plan, ToldChoice } from "./plan.ts";
import { chooserOfPlan } from "./plan_chooser.ts";
import { type ToldChooser, toldChooser } from "./told_chooser.ts";

/** What a world that never becomes quiet breaks: it is run to its bound, as it is about that. */
const ENDLESS = "all becomes quiet";
/** Others need not run so long: one that has not come to the finding by then does not count. */
const ITEMS_BOUNDS = [5_000, 50_000];

/** What of an artefact makes its run. */
export type MadeRun = Pick<ReadArtefact, "settings" | "finding" | "choices">;

/** Makes runs of a scenario. */
export class WorldMaker<Drivers extends DriverTable> implements RunMaker {
  readonly #scenario: ScenarioDefinition<Drivers>;
  readonly #finding: Finding;
  readonly #choices: readonly Choice[] | null;
  readonly #given: ReadArtefact["settings"];
  readonly #onChoice: ((choice: ToldChoice) => void) | null;
  /** Work items that a phase of a run may take. */
  #itemsMax: number;

  /** Makes runs like `made`; tells `onChoice` of each of their choices. */
  constructor(
    scenario: ScenarioDefinition<Drivers>,
    { settings, finding, choices }: MadeRun,
    onChoice: ((choice: ToldChoice) => void) | null = null,
  ) {
    this.#scenario = scenario;
    this.#finding = finding;
    this.#choices = choices;
    this.#given = settings;
    this.#onChoice = onChoice;
    this.#itemsMax = settings.itemsMax;
  }

  get #settings(): WorldSettings {
    const { seed, schedule, codec, isFaulty } = this.#given;
    return {
      seed: BigInt(seed),
      schedule,
      ...codec !== null && { codec },
      isFaulty,
      itemsMax: this.#itemsMax,
      trace: "off",
    };
  }

  /** See {@linkcode RunMaker.first}. */
  async first(): Promise<AttemptEnd> {
    const choices = this.#choices ?? (await runWorld(this.#scenario, this.#settings)).choices;
    const { itemsMax } = this.#given;
    const lower = this.#finding.rule === ENDLESS ? [] : ITEMS_BOUNDS;
    for (const bound of [...lower.filter((each) => each < itemsMax), itemsMax]) {
      this.#itemsMax = bound;
      const end = await this.#again(choices);
      if (end !== null) return end;
    }
    const { rule, place } = this.#finding;
    throw new ShrinkError(`not found any more: ${rule}, at ${place}`);
  }

  /**
   * The run that makes `choices`.
   *
   * @throws {ShrinkError} It is another one.
   */
  async replay(choices: readonly Choice[]): Promise<AttemptEnd> {
    const guide = toldChooser(new ReplayChooser(choices), this.#onChoice);
    return await replayed(() => this.#run(guide));
  }

  /** The same; null: the finding is not there. */
  async #again(choices: readonly Choice[]): Promise<AttemptEnd | null> {
    const end = await this.replay(choices);
    return end.findings.some((each) => causeOf(each) === causeOf(this.#finding)) ? end : null;
  }

  /** See {@linkcode RunMaker.attempt}. */
  attempt(plan: Plan): Promise<AttemptEnd> {
    return this.#run(chooserOfPlan(plan, this.#onChoice));
  }

  async #run(guide: ToldChooser): Promise<AttemptEnd> {
    const { findings, faults } = await runGuided(this.#scenario, this.#settings, guide);
    const { step = 0 } = findings.find((each) => causeOf(each) === causeOf(this.#finding)) ?? {};
    const lastFault = faults.findLast((fired) => fired.step <= step)?.fault ?? null;
    return { findings, choices: guide.choices, faults: faults.length, lastFault };
  }

  /** See {@linkcode RunMaker.record}. */
  async record(choices: readonly Choice[]): Promise<RunRecord> {
    const settings: WorldSettings = {
      ...this.#settings,
      choices,
      trace: "digest",
      sourceLines: true,
    };
    const result: WorldResult = await replayed(() => runWorld(this.#scenario, settings));
    const finding = result.findings.find((each) => causeOf(each) === causeOf(this.#finding));
    if (finding === undefined) {
      throw new ShrinkError(
        "the same choices do not come to the same: it depends on something else",
      );
    }
    const { seed: _, ...given } = this.#given;
    return recordOf(result, finding, { ...given, itemsMax: this.#itemsMax });
  }
}

/** What `run` comes to, where it is the run that it is to be. */
async function replayed<R>(run: () => Promise<R>): Promise<R> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error;
    const { step, message: reason } = error;
    throw new ShrinkError(`another run from step ${step} on: ${reason}`, { step, reason });
  }
}
