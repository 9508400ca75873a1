/**
 * Makes the run of a body of `testFabric` smaller: it fails the same way, with as few switches as are needed.
 *
 * @module
 */

import type { Chooser } from "../../actors/runtime/chooser.ts";
import { ReplayChooser } from "../../actors/runtime/choosers/replay.ts";
import { type AttemptEnd, type RunMaker, ShrinkError } from "../shrinking/attempt.ts";
import type { Plan } from "../shrinking/plan.ts";
import { chooserOfPlan } from "../shrinking/plan_chooser.ts";
import { sizesText } from "../shrinking/report.ts";
import { shrink } from "../shrinking/shrink.ts";
import { type ToldChooser, toldChooser } from "../shrinking/told_chooser.ts";
import type { RunRecord } from "../artefacts/artefact.ts";
import { causeOf } from "../artefacts/causes.ts";
import { choicesOfLines, linesOfChoices } from "../artefacts/choices_text.ts";
import type { Finding } from "../finding.ts";
import { type Choice, ITEMS_MAX } from "../worlds/settings.ts";
import { findingOf } from "./body_finding.ts";
import type { FabricRun, TestPlan } from "./options.ts";
import type { RunBody } from "./run_of_body.ts";

/** Runs of a body that are made to make one smaller: a body may take long. */
const RERUNS_MAX = 100;

/** Makes runs of a body. */
class BodyMaker implements RunMaker {
  readonly #run: RunBody;
  readonly #seeded: Chooser;
  readonly #settings: RunRecord["settings"];
  readonly #finding: Finding;

  constructor(run: RunBody, seeded: Chooser, settings: RunRecord["settings"], finding: Finding) {
    this.#run = run;
    this.#seeded = seeded;
    this.#settings = settings;
    this.#finding = finding;
  }

  first(): Promise<AttemptEnd> {
    return this.#end(toldChooser(this.#seeded));
  }

  attempt(plan: Plan): Promise<AttemptEnd> {
    return this.#end(chooserOfPlan(plan));
  }

  async #end(chooser: ToldChooser): Promise<AttemptEnd> {
    const { failure } = await this.#run({ chooser, trace: "off" });
    const { choices } = chooser;
    const findings = failure === null ? [] : [findingOf(failure, choices.length)];
    return { findings, choices, faults: 0, lastFault: null };
  }

  async record(choices: readonly Choice[]): Promise<RunRecord> {
    const { findings, choices: { length: steps } } = await this.#end(
      toldChooser(new ReplayChooser(choices)),
    );
    if (!findings.some((each) => causeOf(each) === causeOf(this.#finding))) {
      throw new ShrinkError(
        "the body does not fail with the same choices: it depends on something else",
      );
    }
    return {
      settings: this.#settings,
      finding: this.#finding,
      steps,
      digest: null,
      choices: linesOfChoices(choices),
    };
  }
}

/** A run of a body that was made smaller. */
export interface SmallerBody {
  /** Its choices; null: the body does not fail that way each time, and the seed makes its run. */
  readonly choices: readonly Choice[] | null;
  /** What is said of it. */
  readonly text: string;
}

/** Makes the run smaller that a seed makes by `seeded`, and that fails with `finding`. */
export async function smallerBody(
  runAgain: RunBody,
  { shared: { schedule = "fifo" } }: TestPlan,
  { seed, codec }: FabricRun,
  { seeded, finding }: { readonly seeded: Chooser; readonly finding: Finding },
): Promise<SmallerBody> {
  const settings = { seed: String(seed), codec, schedule, isFaulty: false, itemsMax: ITEMS_MAX };
  const maker = new BodyMaker(runAgain, seeded, settings, finding);
  try {
    const shrunk = await shrink(maker, finding, { rerunsMax: RERUNS_MAX });
    const choices = choicesOfLines(shrunk.record.choices ?? []);
    return { choices, text: `made smaller: ${sizesText(shrunk)}` };
  } catch (error) {
    if (!(error instanceof ShrinkError)) throw error;
    return { choices: null, text: `not made smaller: ${error.message}` };
  }
}
