/**
 * Records a world.
 *
 * @module
 */

import type { Checker } from "../checkers/checker.ts";
import { PACKAGE_VERSION } from "../artefacts/package_version.ts";
import { runWorld } from "../worlds/run_world.ts";
import type { WorldResult, WorldSettings } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import { RunRecorder } from "./recorder.ts";
import type { RecordedFinding, RecordedRun, Recording } from "./recording.ts";

/** What a world is run with to be recorded. */
interface RecordedWorld<Drivers extends DriverTable> {
  /** The scenario, with somebody who looks. */
  readonly scenario: ScenarioDefinition<Drivers>;
  /** What the world must be run with. */
  readonly settings: Pick<WorldSettings, "trace" | "onChoice" | "sourceLines">;
}

/** What `recorder` needs to record a world of `scenario`. */
export function recorded<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  recorder: RunRecorder,
): RecordedWorld<Drivers> {
  const watcher: Checker = {
    name: "recorder",
    attach: ({ fabric }) => {
      recorder.watch(fabric);
      return { detach: recorder.end };
    },
  };
  return {
    scenario: { ...scenario, checkers: [...scenario.checkers ?? [], watcher] },
    settings: { trace: "full", onChoice: recorder.chose, sourceLines: true },
  };
}

/** What a world was run with, by name. */
export function optionsOfWorld(
  { seed, schedule, codec }: Pick<WorldResult, "seed" | "schedule"> & {
    readonly codec: WorldResult["codec"] | null;
  },
  { isFaulty = true }: Pick<WorldSettings, "isFaulty">,
): Readonly<Record<string, string>> {
  return {
    seed: String(seed),
    schedule: typeof schedule === "string" ? schedule : JSON.stringify(schedule),
    codec: codec ?? "drawn from the seed",
    faults: isFaulty ? "as the scenario has them" : "none",
  };
}

/** The facts of a run of `scenario`. */
export function runFacts(
  { name, title }: Pick<ScenarioDefinition, "name" | "title">,
  options: Readonly<Record<string, string>>,
  digest: string | null,
  replay: string | null,
): RecordedRun {
  return { scenario: name, title, options, package: PACKAGE_VERSION, replay, digest };
}

/**
 * Runs a scenario once, and records it: for {@linkcode pageOf} and {@linkcode traceEventsOf}.
 *
 * @param about The finding that the recording is about. Default: the first one.
 * @throws {ReplayError} It was given choices, and is not the run that they are of.
 * @throws {TypeError | RangeError} A setting is not what it should be.
 */
export async function recordRun<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  settings: WorldSettings = {},
  about?: RecordedFinding,
): Promise<Recording> {
  const recorder = new RunRecorder(scenario.payloads);
  const world = recorded(scenario, recorder);
  const { onChoice } = settings;
  const result = await runWorld(world.scenario, {
    ...settings,
    ...world.settings,
    onChoice: (choice) => {
      recorder.chose(choice);
      onChoice?.(choice);
    },
  });
  const options = optionsOfWorld(result, settings);
  const run = runFacts(scenario, options, result.traceDigest, null);
  return recorder.recording(run, aboutFirst(result.findings, about));
}

/** Findings, that which a page is about first. */
export function aboutFirst(
  findings: readonly RecordedFinding[],
  about: RecordedFinding | undefined,
): readonly RecordedFinding[] {
  const isIt = ({ rule, place }: RecordedFinding) => rule === about?.rule && place === about?.place;
  return about === undefined
    ? findings
    : [...findings.filter(isIt), ...findings.filter((each) => !isIt(each))];
}
