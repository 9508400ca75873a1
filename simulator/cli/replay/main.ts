/**
 * `simulate replay`: makes a run again from the file that a sweep kept of it.
 *
 * @module
 */

import type { ScenarioDefinition } from "../../mod.ts";
import { captured, findingsOf, nameOfArtefact } from "../../capture/captured.ts";
import { findingLines } from "../../finding_lines.ts";
import type { Look } from "../../layout.ts";
import type { ReadArtefact } from "../../artefacts/read_artefact.ts";
import { type Replayed, replayRun } from "../../artefacts/replay.ts";
import { shellQuoted, visible, visibleJson } from "../../text.ts";
import { readArtefactFile, refusalOf, scenarioOfArtefact } from "../artefact_file.ts";
import { endWith, EXIT_FAILED, EXIT_OK, print, stdoutLook, tell } from "../command.ts";
import { recordReplay } from "../../pages/record_replay.ts";
import { checkReportPaths, openCapture, wantsReport, writeReports } from "../pages/report_files.ts";
import type { Start } from "../start.ts";
import { isReplayForPrograms, readReplay, type ReplayRequest } from "./request.ts";

/** Stops for a debugger before one choice; says so, and where there was no such choice. */
class Stopping {
  readonly #until: number | null;
  #isReached = false;

  constructor(until: number | null) {
    this.#until = until;
  }

  readonly beforeChoice = (step: number): void => {
    if (step !== this.#until) return;
    this.#isReached = true;
    tell(`step ${step}: stops here under a debugger\n`);
    // deno-lint-ignore no-debugger -- it is what --until is for
    debugger;
  };

  tellEnd(): void {
    if (this.#until === null || this.#isReached) return;
    tell(`step ${this.#until}: the run did not come to it\n`);
  }
}

const TRACE_TEXT = { true: "the same", false: "another one" } as const;

function textOf(artefact: ReadArtefact, replayed: Replayed, look: Look): string {
  const { divergence, finding, others, isSameTrace } = replayed;
  const { rule, place } = artefact.finding;
  const lines = [
    ...finding === null ? [] : findingLines(finding, look, ", as before"),
    ...others.flatMap((other) => findingLines(other, look)),
    ...divergence === null
      ? []
      : [`another run from step ${divergence.step} on: ${divergence.reason}`],
    ...finding === null && divergence === null
      ? [`not found any more: ${visible(rule)}, at ${visible(place)}`]
      : [],
    ...isSameTrace === null ? [] : [`trace: ${TRACE_TEXT[`${isSameTrace}`]}`],
  ];
  return `${lines.join("\n")}\n`;
}

/** The report for programs. */
function jsonOf(artefact: ReadArtefact, replayed: Replayed, ok: boolean): string {
  const { divergence, finding, others, isSameTrace } = replayed;
  const error = divergence?.reason ?? finding?.message ?? others[0]?.message ?? null;
  const { scenario, settings: { seed }, package: writtenBy } = artefact;
  return visibleJson({
    ok,
    error,
    scenario: scenario.name,
    seed,
    writtenBy,
    found: finding !== null,
    finding,
    others,
    divergedAt: divergence?.step ?? null,
    sameTrace: isSameTrace,
  });
}

/** The report for programs where nothing ran. */
function jsonFailure(error: string): string {
  return visibleJson({
    ok: false,
    error,
    scenario: null,
    seed: null,
    writtenBy: null,
    found: null,
    finding: null,
    others: null,
    divergedAt: null,
    sameTrace: null,
  });
}

/** Makes the run again; records and captures it, and writes that, where reports are asked for. */
async function replayWith(
  scenario: ScenarioDefinition,
  artefact: ReadArtefact,
  { path, reports }: ReplayRequest,
  command: string,
  beforeChoice: (step: number) => void,
): Promise<Replayed> {
  using file = openCapture(reports, nameOfArtefact(artefact));
  const looked = file === null ? scenario : captured(scenario, file.run);
  const more = { beforeChoice, ...file !== null && { onChoice: file.run.chose } };
  if (!wantsReport(reports)) {
    const replayed = await replayRun(looked, artefact, more);
    file?.finish(findingsOf(replayed));
    return replayed;
  }
  const again = `${command} ${shellQuoted(path)}`;
  const { replayed, recording } = await recordReplay(looked, artefact, again, more);
  file?.finish(findingsOf(replayed));
  await writeReports(reports, recording);
  return replayed;
}

async function replay(
  request: ReplayRequest,
  command: string,
  isDumb: boolean,
): Promise<number> {
  const { path, until, reports, isJson } = request;
  checkReportPaths(reports, [["the run", path]]);
  const artefact = await readArtefactFile("replay", path);
  const { scenario } = await scenarioOfArtefact("replay", path, artefact);
  const stopping = new Stopping(until);
  const { beforeChoice } = stopping;
  const replayed = await replayWith(scenario, artefact, request, command, beforeChoice)
    .catch((error) => {
      throw refusalOf(error, `replay ${path}`);
    });
  stopping.tellEnd();
  const { divergence, finding, others } = replayed;
  const ok = divergence === null && finding === null && others.length === 0;
  print(
    isJson ? `${jsonOf(artefact, replayed, ok)}\n` : textOf(artefact, replayed, stdoutLook(isDumb)),
  );
  return ok ? EXIT_OK : EXIT_FAILED;
}

/**
 * Runs the command and gives its exit code. A signal ends it as any program: a world without end hears none.
 *
 * @param readStart Tells how `simulate` was started; the first argument is the word `replay`.
 */
export async function replayMain(readStart: () => Start): Promise<number> {
  let isJson = false;
  try {
    const { command, args, isDumb } = readStart();
    const own = args.slice(1);
    isJson = isReplayForPrograms(own);
    const name = `${command} replay`;
    return await replay(readReplay(own, name), name, isDumb);
  } catch (error) {
    return endWith(error, (reason) => isJson && print(`${jsonFailure(reason)}\n`));
  }
}
