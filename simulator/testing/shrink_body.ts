/**
 * The story of a body of `testFabric` that failed, in a run with as few switches as are needed.
 *
 * @module
 */

import type { Chooser } from "../../actors/runtime/chooser.ts";
import { ReplayChooser } from "../../actors/runtime/choosers/replay.ts";
import type { Schedule, TraceEntry } from "../../mod.ts";
import { type AttemptEnd, type RunMaker, ShrinkError } from "../shrinking/attempt.ts";
import type { Plan } from "../shrinking/plan.ts";
import { chooserOfPlan } from "../shrinking/plan_chooser.ts";
import { sizesText } from "../shrinking/report.ts";
import { shrink } from "../shrinking/shrink.ts";
import { type ToldChooser, toldChooser } from "../shrinking/told_chooser.ts";
import { storyOf } from "../story/story_of.ts";
import { textOfStory } from "../story/text.ts";
import type { RunRecord } from "../sweeps/artefact.ts";
import { choicesOfLines, linesOfChoices } from "../sweeps/choices_text.ts";
import { type Finding, placeOfViolation } from "../worlds/finding.ts";
import { type Choice, ITEMS_MAX } from "../worlds/settings.ts";
import { type FabricTestError, titleOf } from "./failure.ts";
import type { FabricRun } from "./options.ts";

/** Runs of a body that are made to make one smaller: a body may take long. */
const RERUNS_MAX = 100;

/** How a body was run once more. */
export interface BodyEnd {
  /** How it failed; null: it did not. */
  readonly failure: FabricTestError | null;
  /** All that happened, where that was asked for. */
  readonly trace: readonly TraceEntry[];
}

/** Runs a body once more in a fabric that `chooser` chooses for. */
export type RunBody = (chooser: Chooser, trace: "full" | "off") => Promise<BodyEnd>;

/** What a failure is about: misuse, what a checker found, or what the body threw, without its numbers. */
function findingOf(
  { violations: [violation], findings: [finding], thrown }: FabricTestError,
): Finding {
  if (violation !== undefined) {
    const { rule, call, channel, message } = violation;
    const place = placeOfViolation(call, channel);
    return { kind: "correctness", rule, place, message, by: "verifier", step: 0 };
  }
  if (finding !== undefined) return finding;
  const text = titleOf(thrown);
  const place = text.replaceAll(/\d+/g, "0").slice(0, 200);
  return { kind: "crash", rule: "the body ends well", place, message: text, by: "body", step: 0 };
}

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
    const { failure } = await this.#run(chooser, "off");
    const findings = failure === null ? [] : [findingOf(failure)];
    return { findings, choices: chooser.choices, faults: 0, lastFault: null };
  }

  async record(choices: readonly Choice[]): Promise<RunRecord> {
    const { findings, choices: { length: steps } } = await this.#end(
      toldChooser(new ReplayChooser(choices)),
    );
    const { rule, place } = this.#finding;
    if (!findings.some((each) => each.rule === rule && each.place === place)) {
      throw new ShrinkError(
        "the body does not fail with the same choices: it depends on something else",
      );
    }
    const lines = linesOfChoices(choices);
    return {
      settings: this.#settings,
      finding: this.#finding,
      steps,
      digest: null,
      choices: lines,
    };
  }
}

/** What a body is run with. */
export interface RunOfBody {
  /** The run that failed. */
  readonly run: FabricRun;
  /** Its schedule. */
  readonly schedule: Schedule;
  /** Chooses as the seed does. */
  readonly seeded: Chooser;
}

/**
 * The story of a failure, in a run with fewer switches; null: the body does not fail that way each time, or fails
 * without any.
 */
export async function bodyStory(
  failure: FabricTestError,
  runBody: RunBody,
  { run: { seed, codec }, schedule, seeded }: RunOfBody,
): Promise<string | null> {
  const finding = findingOf(failure);
  const settings = { seed: String(seed), codec, schedule, isFaulty: false, itemsMax: ITEMS_MAX };
  const maker = new BodyMaker(runBody, seeded, settings, finding);
  try {
    const shrunk = await shrink(maker, finding, { rerunsMax: RERUNS_MAX });
    const choices = choicesOfLines(shrunk.record.choices ?? []);
    const { trace } = await runBody(new ReplayChooser(choices), "full");
    const story = storyOf({ scenario: "testFabric", seed: BigInt(seed), trace }, finding);
    return `made smaller: ${sizesText(shrunk)}\n\n${textOfStory(story)}`;
  } catch (error) {
    if (error instanceof ShrinkError) return null;
    throw error;
  }
}
