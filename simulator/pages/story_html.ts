/**
 * The story of a run on its page: it can be read without the script, which leads from a line to its entry.
 *
 * @module
 */

import { storyOf } from "../story/story_of.ts";
import type { StoryLine } from "../story/story.ts";
import type { Finding } from "../finding.ts";
import { html } from "./html.ts";
import type { RecordedFinding, Recording } from "./recording.ts";

/** A longer story is closed at first: the diagram comes before it. */
const LINES_OPEN = 40;
/** Of a run that nobody has made smaller the last lines are the story. */
const LINES_MAX = 400;

/** The finding as a world has it; null: the run knows no more than a sentence. */
function findingOf(finding: RecordedFinding | undefined): Finding | null {
  if (finding === undefined) return null;
  const { kind, rule, place, by, step } = finding;
  const isWhole = kind !== undefined && rule !== undefined && place !== undefined &&
    by !== undefined && step !== undefined;
  return isWhole ? { ...finding, kind, rule, place, by, step } : null;
}

function lineHtml({ who, text, to, mark, source }: StoryLine, entry: number): string {
  const words = to === undefined ? text : `${text} → ${to}`;
  const line = `<button type="button" class="link" data-to="${entry}"><b>${html(who)}</b> ${
    html(words)
  }</button>`;
  const from = source === undefined ? "" : ` <code>${html(source)}</code>`;
  return `<li${mark === undefined ? "" : ` class="${mark}"`}>${line}${from}</li>`;
}

/** The story up to what was found first; empty where that is no finding of a world. */
export function storyHtml({ run, findings, entries, steps }: Recording): string {
  const finding = findingOf(findings[0]);
  if (finding === null || steps.length === 0) return "";
  const seed = BigInt(run.options.seed ?? 0);
  const { lines } = storyOf({ scenario: run.scenario, seed, trace: entries }, finding);
  const told = lines.slice(-LINES_MAX);
  let entry = 0;
  const items = told.map((line) => {
    // Steps never become fewer, neither in a story nor in its trace.
    while (entry < steps.length - 1 && steps[entry]! < line.step) entry++;
    return lineHtml(line, entry);
  });
  const left = lines.length - told.length;
  const note = left === 0 ? "" : `, without the first ${left}`;
  return `<details class="story"${told.length <= LINES_OPEN ? " open" : ""}>
<summary>How it came to that, in ${told.length} lines${note}</summary>
<ol>${items.join("\n")}</ol></details>`;
}
