/**
 * A failure of `testFabric` with all that can be told of it: its story, and the files that are left of it.
 *
 * @module
 */

import type { Chooser } from "../../actors/runtime/chooser.ts";
import { createChooser } from "../../actors/runtime/schedule.ts";
import { ReplayChooser } from "../../actors/runtime/choosers/replay.ts";
import { addressOf, addressOfCurrent, lineFrom, withLinesFrom } from "../driver_lines.ts";
import { pageOf } from "../pages/page.ts";
import { runFacts } from "../pages/record_run.ts";
import { recordingFrom } from "../pages/recording.ts";
import { RunRecorder } from "../pages/recorder.ts";
import { toldChooser } from "../shrinking/told_chooser.ts";
import { storyOf } from "../story/story_of.ts";
import type { Story } from "../story/story.ts";
import { textOfStory } from "../story/text.ts";
import { artefactName, namePart } from "../artefacts/artefact.ts";
import { causeOf } from "../artefacts/causes.ts";
import type { Finding } from "../finding.ts";
import type { Choice } from "../worlds/settings.ts";
import {
  BODY_SUFFIX,
  bodyArtefact,
  type FabricTestArtefact,
  settingsToKeep,
  typedSeed,
} from "./body_artefact.ts";
import { findingOf } from "./body_finding.ts";
import { FabricTestError } from "./failure.ts";
import { keepFile, type KeptFile, keptText } from "./kept_files.ts";
import { type FabricRun, replayOption, type TestPlan } from "./options.ts";
import type { BodyEnd, RunBody } from "./run_of_body.ts";
import { smallerBody } from "./shrink_body.ts";

/** A test, and which of its runs failed. */
export interface TestRun {
  /** What the test runs. */
  readonly plan: TestPlan;
  /** The run. */
  readonly run: FabricRun;
  /** Where the test is, with line and column; null: nobody can tell. */
  readonly place: string | null;
}

/** A run that was recorded. */
export interface RecordedBody extends BodyEnd {
  /** Who recorded it. */
  readonly recorder: RunRecorder;
  /** Choices that it made. */
  readonly steps: number;
}

/** Records a run in which `chooser` chooses; null: nobody is asked, as its schedule is fifo. */
export async function recordBody(
  runAgain: RunBody,
  chooser: Chooser | null,
): Promise<RecordedBody> {
  const recorder = new RunRecorder();
  const told = chooser === null ? undefined : toldChooser(chooser, recorder.chose);
  const end = await runAgain({ chooser: told, recorder, trace: "full", sourceLines: true });
  return { ...end, recorder, steps: told?.choices.length ?? 0 };
}

/**
 * `failure`, of which more is known by runs that are made for that: the same one with its lines, a smaller one, and
 * one that is recorded.
 */
export async function toldFailure(
  failure: FabricTestError,
  test: TestRun,
  runAgain: RunBody,
): Promise<FabricTestError> {
  const { plan, run } = test;
  const { shared } = plan;
  const seeded = () => createChooser(shared.schedule ?? "fifo", run.seed);
  const first = seeded();
  // Lines of sources cost too much to be kept each time. The run is the same with them, and fails again.
  const lacksLines = shared.sourceLines === undefined &&
    failure.violations.some(({ first }) => first !== null);
  // In real time the same choices need not come to the same.
  const isTold = plan.story && shared.clock !== "real";
  // Where nothing is drawn there is nothing to make smaller, and the run that is recorded has its lines.
  const isSame = isTold && first === null;
  const withLines = lacksLines && !isSame
    ? (await runAgain({ sourceLines: true })).failure ?? failure
    : failure;
  if (!isTold) return withLines;
  const finding = findingOf(failure, 0);
  const { choices, text } = first === null
    ? { choices: [], text: null }
    : await smallerBody(runAgain, plan, run, { seeded: first, finding });
  const chooser = first === null ? null : choices === null ? seeded() : new ReplayChooser(choices);
  const recorded = await recordBody(runAgain, chooser);
  const again = recorded.failure;
  if (again === null || causeOf(findingOf(again, 0)) !== causeOf(finding)) {
    const reason = "nothing is kept: the body does not fail that way each time that it is run";
    return retold(withLines, [...text === null ? [] : [text], reason], null, null);
  }
  const kept = await keep(findingOf(again, recorded.steps), recorded, test, choices);
  const lines = [...text === null ? [] : [text, ""], ...kept.lines];
  return retold(isSame ? again : withLines, lines, kept.artefact, kept.story);
}

/** The failure of a run that was made again from its artefact, and recorded at once. */
export async function toldReplay(
  failure: FabricTestError,
  recorded: RecordedBody,
  test: TestRun,
): Promise<FabricTestError> {
  const finding = findingOf(failure, recorded.steps);
  const name = nameOf(test, finding);
  const story = storyOfBody(finding, recorded, test);
  const page = await keepPage(finding, recorded, test, { name, replay: failure.replay });
  return retold(failure, [textOfStory(story), keptText("page", page)], null, story);
}

/** The same failure, with more to tell. */
function retold(
  failure: FabricTestError,
  lines: readonly string[],
  artefact: FabricTestArtefact | null,
  story: Story | null,
): FabricTestError {
  const { thrown, violations, leaks, findings, run, replay } = failure;
  const fabric = { violations, leaks: () => leaks };
  return new FabricTestError(thrown, fabric, findings, run, replay, { lines, artefact, story });
}

/** What the files of a run are called. */
function nameOf({ place, run: { seed } }: TestRun, finding: Finding): string {
  const [, file = "", line = ""] = /([^/]*?)(?:\.[a-z]+)?:(\d+):\d+$/.exec(place ?? "") ?? [];
  const what = [namePart(file), line].filter((part) => part !== "").join("-");
  return artefactName(what === "" ? "test" : what, String(seed), finding);
}

/** What a test is called by in its story and on its page: file and line. */
function titleOfTest({ place }: TestRun): string {
  if (place === null) return "testFabric";
  return lineFrom(addressOfCurrent(), place);
}

function storyOfBody(finding: Finding, { trace }: RecordedBody, test: TestRun): Story {
  const { seed } = test.run;
  return storyOf({ scenario: titleOfTest(test), seed: BigInt(seed), trace }, finding);
}

/** Keeps a run that was recorded, and says where. */
async function keep(
  finding: Finding,
  recorded: RecordedBody,
  test: TestRun,
  choices: readonly Choice[] | null,
): Promise<{
  readonly lines: readonly string[];
  readonly artefact: FabricTestArtefact;
  readonly story: Story;
}> {
  const { plan: { shared, folder }, run: { seed, codec }, place } = test;
  const story = storyOfBody(finding, recorded, test);
  const address = addressOf(folder);
  const artefact = bodyArtefact({
    test: place === null ? null : lineFrom(address, place),
    seed: typedSeed(seed),
    codec,
    settings: settingsToKeep(shared),
    finding: withLinesFrom(address, finding),
    steps: recorded.steps,
    choices,
  });
  const name = nameOf(test, finding);
  const file = keepFile(folder, name + BODY_SUFFIX, `${JSON.stringify(artefact, null, 2)}\n`);
  const replay = "path" in file ? `testFabric({ ${replayOption(file.path)} }, …)` : null;
  const page = await keepPage(finding, recorded, test, { name, replay });
  const lines = [
    textOfStory(story),
    keptText("artefact", file),
    keptText("page", page),
    ...replay === null ? [] : [`replay the artefact: ${replay}`],
  ];
  return { lines, artefact, story };
}

async function keepPage(
  finding: Finding,
  { recorder }: RecordedBody,
  test: TestRun,
  { name, replay }: { readonly name: string; readonly replay: string | null },
): Promise<KeptFile> {
  const { plan: { shared: { schedule = "fifo" }, folder }, run: { seed, codec } } = test;
  const scenario = { name: titleOfTest(test), title: "a run of the body of testFabric" };
  const options = {
    seed: String(seed),
    schedule: typeof schedule === "string" ? schedule : JSON.stringify(schedule),
    codec,
  };
  const recording = recorder.recording(runFacts(scenario, options, null, replay), [finding]);
  const page = await pageOf(recordingFrom(addressOfCurrent(), recording));
  return keepFile(folder, `${name}.html`, page);
}
