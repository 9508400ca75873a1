/**
 * The choices of a run as text: short, in lines that an editor shows, and the same again when it is read.
 *
 * A word is a choice: the first letter of its kind, how many ways there were, the offset from what fifo would
 * do after a point where it is not 0, and how often the same choice came in a row after a star: `i3`, `i2.1`,
 * `d1000.512`, `f65*12`.
 *
 * @module
 */

import type { Choice, ChoiceKind } from "../../actors/runtime/chooser.ts";

/** The letter of each kind. */
const LETTERS: Readonly<Record<ChoiceKind, string>> = { item: "i", fault: "f", draw: "d" };
const KINDS = new Map(
  Object.entries(LETTERS).map(([kind, letter]) => [letter, kind as ChoiceKind]),
);
const WORD = /^([a-z])(\d{1,10})(?:\.(\d{1,10}))?(?:\*(\d{1,8}))?$/;
const LINE_COLUMNS = 96;
const COUNT_MAX = 2 ** 32;
/** More choices than this no world makes: what says that there are more is no record of one. */
const CHOICES_MAX = 2 ** 22;

/** Choices cannot be read. */
export class ChoicesError extends Error {}

/** The word of a choice that came `times` times in a row. */
function wordOf({ kind, count, offset }: Choice, times: number): string {
  const chosen = offset === 0 ? "" : `.${offset}`;
  return `${LETTERS[kind]}${count}${chosen}${times === 1 ? "" : `*${times}`}`;
}

function isSame(a: Choice, b: Choice): boolean {
  return a.kind === b.kind && a.count === b.count && a.offset === b.offset;
}

/** `choices` as lines of words. */
export function linesOfChoices(choices: readonly Choice[]): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (let at = 0; at < choices.length;) {
    const choice = choices[at]!;
    const start = at;
    while (at < choices.length && isSame(choices[at]!, choice)) at++;
    const word = wordOf(choice, at - start);
    if (line !== "" && line.length + 1 + word.length > LINE_COLUMNS) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** The choice of a word, and how often it came. */
function readWord(word: string): { readonly choice: Choice; readonly times: number } {
  const [, letter = "", count = "", offset = "0", times = "1"] = WORD.exec(word) ?? [];
  const kind = KINDS.get(letter);
  const choice = { kind: kind ?? "item", count: Number(count), offset: Number(offset) };
  const isChoice = kind !== undefined && choice.count >= 2 && choice.count <= COUNT_MAX &&
    choice.offset < choice.count && Number(times) >= 1;
  if (!isChoice) throw new ChoicesError(`${JSON.stringify(word.slice(0, 40))} is no choice`);
  return { choice, times: Number(times) };
}

/**
 * The choices that `lines` tell.
 *
 * @throws {ChoicesError} They tell none; the message says which word is wrong.
 */
export function choicesOfLines(lines: readonly string[]): readonly Choice[] {
  const choices: Choice[] = [];
  for (const word of lines.flatMap((line) => line.split(" "))) {
    const { choice, times } = readWord(word);
    if (choices.length + times > CHOICES_MAX) {
      throw new ChoicesError(`there are more than ${CHOICES_MAX} choices`);
    }
    for (let time = 0; time < times; time++) choices.push(choice);
  }
  return choices;
}
