/**
 * `simulate shrink`: makes a run smaller that a sweep found something in.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { addressOf, withLinesFrom } from "../../driver_lines.ts";
import { findingLines } from "../../finding_lines.ts";
import type { Look } from "../../layout.ts";
import { sizesText } from "../../shrinking/report.ts";
import { shrinkArtefact, type ShrunkRun } from "../../shrinking/shrink_run.ts";
import { ShrinkError } from "../../shrinking/attempt.ts";
import { storyOfRun } from "../../shrinking/story_of_run.ts";
import { mermaidOfStory } from "../../story/mermaid.ts";
import type { Story } from "../../story/story.ts";
import { textOfStory } from "../../story/text.ts";
import type { RunArtefact } from "../../artefacts/artefact.ts";
import type { ReadArtefact } from "../../artefacts/read_artefact.ts";
import { shellQuoted, visible, visibleJson } from "../../text.ts";
import {
  type ArtefactsScenario,
  readArtefactFile,
  refusalOf,
  scenarioOfArtefact,
} from "../artefact_file.ts";
import { cannot, EXIT_FAILED, EXIT_OK, print, stdoutLook, tell } from "../command.ts";
import { pathFrom } from "../path_from.ts";
import { ProgressLine } from "../progress_line.ts";
import { checkWritten, writeAsked } from "../written_files.ts";
import type { Start } from "../start.ts";
import type { Stop } from "../stop.ts";
import { runSubcommand } from "../subcommand.ts";
import { isShrinkForPrograms, readShrink, type ShrinkRequest } from "./request.ts";

/** How wide a story is where nobody says; a narrower one than the least has no room for words. */
const STORY_COLUMNS = 100;
const STORY_COLUMNS_MIN = 40;

/** What a report says. */
interface ShrinkEnd {
  /** Why the run could not be made smaller; null: it was. */
  readonly error: ShrinkError | null;
  /** The smaller run; null where there is none. */
  readonly shrunk: ShrunkRun | null;
  /** Where it was written; null: nowhere. */
  readonly out: string | null;
  /** The command that runs it again. */
  readonly replay: string | null;
  /** What happened in it; null where there is none. */
  readonly story: Story | null;
  /** Whether it was stopped before its end. */
  readonly isStopped: boolean;
}

function textOf({ error, shrunk, out, replay, story }: ShrinkEnd, look: Look): string {
  if (shrunk === null) return `${visible(error!.message)}\n`;
  const lines = [
    ...findingLines(shrunk.artefact.finding, look),
    `     ${sizesText(shrunk)}`,
    `     ${visible(out!)}`,
    `     ${replay}`,
    "",
  ];
  const { columns: width = STORY_COLUMNS, isColored: colour = false } = look;
  return `${lines.join("\n")}\n${
    textOfStory(story!, { width: Math.max(width, STORY_COLUMNS_MIN), colour })
  }`;
}

/** The report for programs. */
function jsonOf({ error, shrunk, out, replay, story, isStopped }: ShrinkEnd, from: string): string {
  return visibleJson({
    ok: error === null && !isStopped,
    error: error?.message ?? (isStopped ? "Stopped" : null),
    stopped: isStopped,
    from,
    artefact: out,
    replay,
    finding: shrunk?.artefact.finding ?? null,
    reruns: shrunk?.reruns ?? null,
    before: shrunk?.before ?? null,
    after: shrunk?.after ?? null,
    divergedAt: error?.divergence?.step ?? null,
    story: story?.lines ?? null,
  });
}

/** The report for programs where nothing ran. */
function jsonFailure(error: string): string {
  return visibleJson({
    ok: false,
    error,
    stopped: false,
    from: null,
    artefact: null,
    replay: null,
    finding: null,
    reruns: null,
    before: null,
    after: null,
    divergedAt: null,
    story: null,
  });
}

/** Makes the run smaller, and shows how far that is. */
async function shrinkShown(
  { scenario }: ArtefactsScenario,
  artefact: ReadArtefact,
  { path, rerunsMax }: ShrinkRequest,
  { signal, line }: { readonly signal: AbortSignal; readonly line: ProgressLine },
): Promise<ShrunkRun | ShrinkError> {
  try {
    return await shrinkArtefact(scenario, artefact, {
      rerunsMax,
      signal,
      onProgress: ({ reruns, size: { faults, switches } }) =>
        line.show(reruns, rerunsMax, `re-runs, ${faults} faults, ${switches} switches`),
    });
  } catch (error) {
    if (error instanceof ShrinkError) return error;
    throw refusalOf(error, `shrink ${path}`);
  } finally {
    line.clear();
  }
}

/** The text of an artefact that lies in `folder`. */
function fileText(artefact: RunArtefact, folder: string, scenarioFile: string | null): string {
  const { name } = artefact.scenario;
  const file = scenarioFile === null ? {} : { file: pathFrom(folder, scenarioFile) };
  const finding = withLinesFrom(addressOf(folder), artefact.finding);
  return `${JSON.stringify({ ...artefact, scenario: { name, ...file }, finding }, null, 2)}\n`;
}

/** Keeps what came of it, and tells it. */
async function keep(
  shrunk: ShrunkRun,
  { scenario, file }: ArtefactsScenario,
  { out, mermaid }: ShrinkRequest,
  command: string,
): Promise<Pick<ShrinkEnd, "shrunk" | "out" | "replay" | "story">> {
  const text = fileText(shrunk.artefact, resolve(dirname(out)), file);
  writeAsked(out, text, "name another file with --out");
  const story = await storyOfRun(scenario, shrunk.artefact);
  if (mermaid !== null) {
    writeAsked(mermaid, mermaidOfStory(story), "name another file with --mermaid");
  }
  return { shrunk, out, replay: `${command} replay ${shellQuoted(out)}`, story };
}

async function shrink(
  request: ShrinkRequest,
  { command, isDumb }: Start,
  stop: Stop,
): Promise<number> {
  const { path, isJson, out, mermaid } = request;
  const diagram: [string, string][] = mermaid === null ? [] : [["--mermaid", mermaid]];
  checkWritten([["--out", out], ...diagram], [["the run", path]]);
  const artefact = await readArtefactFile("shrink", path);
  refuseLost(path, artefact);
  const found = await scenarioOfArtefact("shrink", path, artefact);
  const line = new ProgressLine(isDumb ? { isShown: false } : {});
  const shrunk = await shrinkShown(found, artefact, request, { signal: stop.signal, line });
  const isStopped = stop.signal.aborted;
  const nothing = { shrunk: null, out: null, replay: null, story: null };
  const end: ShrinkEnd = shrunk instanceof ShrinkError
    ? { error: shrunk, ...nothing, isStopped }
    : { error: null, ...await keep(shrunk, found, request, command), isStopped };
  if (isStopped) tell("Stopped; the smallest run by then is kept\n");
  print(isJson ? `${jsonOf(end, path)}\n` : textOf(end, stdoutLook(isDumb)));
  if (isStopped) return stop.exitCode;
  return end.error === null ? EXIT_OK : EXIT_FAILED;
}

/** A world that its process dies of, or that never ends, cannot be run here. */
function refuseLost(path: string, { steps }: ReadArtefact): void {
  if (steps !== null) return;
  const reason = "its process died of this run, or ended it as it never did";
  throw cannot(`shrink ${path}`, reason, "a sweep makes such a run smaller, in another process");
}

/**
 * Runs the command and gives its exit code.
 *
 * @param readStart Tells how `simulate` was started; the first argument is the word `shrink`.
 */
export async function shrinkMain(readStart: () => Start): Promise<number> {
  return await runSubcommand({
    word: "shrink",
    isForPrograms: isShrinkForPrograms,
    read: readShrink,
    run: shrink,
    jsonFailure,
  }, readStart);
}
