/**
 * A story as a sequence diagram of Mermaid.
 *
 * @module
 */

import { visible } from "../text.ts";
import { WORLD } from "./cast.ts";
import type { Story, StoryLine, StoryMark } from "./story.ts";

/** Lines of a story, and participants: with more of them nobody sees anything. */
const LINES_MAX = 150;
const PARTICIPANTS_MAX = 40;
/** Letters of a text. */
const TEXT_LENGTH_MAX = 160;

const SIGNS: Readonly<Record<StoryMark, string>> = {
  switch: "switch: ",
  fault: "fault: ",
  finding: "found: ",
};

/** What Mermaid takes for itself, or might: all but letters, digits and a few signs that mean nothing to it. */
const OWN = /[^\p{L}\p{N} ,.()/'_=+?!→…×-]/gu;
/** A word with which Mermaid ends something. */
const END = /\bend\b/gi;

/**
 * The story as the text of a Mermaid sequence diagram of less than 200 lines: whoever takes part, what crosses between
 * them as arrows, and all else as notes. Of a longer story the last lines are shown.
 */
export function mermaidOfStory({ participants, lines }: Story): string {
  const shown = lines.slice(-LINES_MAX);
  const left = lines.length - shown.length;
  const present = new Set(shown.flatMap(({ who, to = who }) => [who, to]));
  const known = participants.filter((who) => present.has(who)).slice(0, PARTICIPANTS_MAX);
  const whos = known.length > 0 ? known : [WORLD];
  const ids = new Map(whos.map((who, at) => [who, `p${at}`]));
  const heads = whos.map((who) => `  participant ${ids.get(who)} as ${escaped(who)}`);
  const all = whos.length === 1 ? "p0" : `p0,p${whos.length - 1}`;
  const note = left === 0 ? [] : [`  Note over ${all}: ${left} earlier lines are left out`];
  const body = shown.map((line) => textOfLine(line, ids, all));
  return ["sequenceDiagram", ...heads, ...note, ...body, ""].join("\n");
}

function textOfLine(
  { who, to, text, mark }: StoryLine,
  ids: ReadonlyMap<string, string>,
  all: string,
): string {
  const sign = mark === undefined ? "" : SIGNS[mark];
  const words = escaped(`${sign}${text}`);
  const [from, target] = [ids.get(who), to === undefined ? undefined : ids.get(to)];
  if (from !== undefined && target !== undefined) return `  ${from}->>${target}: ${words}`;
  return `  Note over ${mark === "finding" ? all : from ?? all}: ${words}`;
}

/** A text that Mermaid shows as it is: no part of it is an instruction. */
function escaped(text: string): string {
  const seen = visible(text);
  const cut = seen.length <= TEXT_LENGTH_MAX ? seen : `${seen.slice(0, TEXT_LENGTH_MAX)}…`;
  return cut.toWellFormed().replaceAll(OWN, codeOf).replaceAll(
    END,
    (word) => codeOf(word[0]!) + word.slice(1),
  );
}

/** A letter as Mermaid has it written by its number. */
function codeOf(letter: string): string {
  return `#${letter.codePointAt(0)};`;
}
