/**
 * A story for a terminal.
 *
 * @module
 */

import { visible } from "../text.ts";
import type { Story, StoryLine, StoryMark } from "./story.ts";

const UNITS_PER_MS = 10_000;
const WIDTH = 100;
/** Narrower than this a line would be all indent. */
const TEXT_WIDTH_LEAST = 24;
/** Whoever is called by a longer name is cut. */
const WHO_LENGTH_MAX = 24;

const SIGNS: Readonly<Record<StoryMark, string>> = { switch: "~", fault: "!", finding: "X" };
const COLOURS: Readonly<Record<StoryMark, string>> = {
  switch: "\x1b[36m",
  fault: "\x1b[33m",
  finding: "\x1b[31m",
};
const NO_COLOUR = "\x1b[0m";

/** How a story is shown. */
export interface StoryTextOptions {
  /** Letters in a row, 40 at least. Default 100. */
  readonly width?: number;
  /** Whether lines that stand out have colours. Default false. */
  readonly colour?: boolean;
}

/** Texts in columns, and what is behind them. */
interface Columns {
  readonly step: number;
  readonly time: number;
  readonly who: number;
}

/**
 * The story as text, a line for each of its lines: the number of choices before it, virtual time in milliseconds where
 * that has changed, who, and what. `~` marks a switch, `!` a fault, `X` what was found. Nothing in it is obeyed by a
 * terminal but the colours that were asked for.
 */
export function textOfStory(story: Story, options: StoryTextOptions = {}): string {
  const { width = WIDTH, colour = false } = options;
  const { lines } = story;
  const columns = {
    step: Math.max(4, ...lines.map(({ step }) => String(step).length)),
    time: Math.max(5, ...lines.map((line) => timeOf(line).length)),
    who: Math.min(WHO_LENGTH_MAX, Math.max(3, ...lines.map(({ who }) => visible(who).length))),
  };
  const head = rowOf(["", "step", "ms", "who"], columns);
  const rows = lines.flatMap((line, at) => {
    const time = timeOf(line);
    const isNew = at === 0 || timeOf(lines[at - 1]!) !== time;
    return textOfLine(line, isNew ? time : "", columns, { width, colour });
  });
  return [`${head}what`, ...rows, ""].join("\n");
}

function timeOf({ at100ns }: StoryLine): string {
  return (at100ns / UNITS_PER_MS).toFixed(3);
}

function rowOf([sign, step, time, who]: readonly string[], columns: Columns): string {
  const [left, middle] = [step!.padStart(columns.step), time!.padStart(columns.time)];
  return `${sign!.padEnd(1)} ${left}  ${middle}  ${who!.padEnd(columns.who)}  `;
}

function textOfLine(
  line: StoryLine,
  time: string,
  columns: Columns,
  { width, colour }: Required<StoryTextOptions>,
): readonly string[] {
  const { step, who, to, text, mark, source, stack = [source ?? ""] } = line;
  const sign = mark === undefined ? "" : SIGNS[mark];
  const start = rowOf([sign, String(step), time, cut(visible(who), columns.who)], columns);
  const arrow = to === undefined ? "" : ` → ${visible(to)}`;
  const places = stack.map((place) => placeOf(visible(place))).join(" < ");
  const place = source === undefined ? "" : ` [${places}]`;
  const words = `${visible(text)}${arrow}${place}`;
  const rows = wrap(words, Math.max(TEXT_WIDTH_LEAST, width - start.length));
  const indent = " ".repeat(start.length);
  const shown = rows.map((row, at) => (at === 0 ? start : indent) + row);
  if (!colour || mark === undefined) return shown;
  return shown.map((row) => `${COLOURS[mark]}${row}${NO_COLOUR}`);
}

/** File, line and column, without the folders that it lies in. */
function placeOf(source: string): string {
  return source.slice(source.lastIndexOf("/") + 1);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** `text` in rows of at most `width` letters; a word that is longer is divided. */
function wrap(text: string, width: number): readonly string[] {
  const rows: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const end = space > 0 ? space : width;
    rows.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  rows.push(rest);
  return rows;
}
