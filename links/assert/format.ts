/**
 * How values and their differences are written in error texts.
 *
 * @module
 */

import { type DiffLine, diffLines, type LineKind } from "./diff.ts";

/** `value` as text: keys sorted, nothing left out, so that equal values read equally. */
export function format(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    getters: true,
    strAbbreviateSize: Infinity,
  });
}

/** Text in a terminal's style number `open`, until `close`; plain where colours are not wanted. */
function styled(text: string, open: number, close: number): string {
  if (Deno.noColor) return text;
  const begin = `\x1b[${open}m`;
  const end = `\x1b[${close}m`;
  return `${begin}${text.replaceAll(end, begin)}${end}`;
}

const bold = (text: string) => styled(text, 1, 22);
const green = (text: string) => styled(text, 32, 39);
const white = (text: string) => styled(text, 37, 39);
const gray = (text: string) => styled(text, 90, 39);

/** Red text. */
export function red(text: string): string {
  return styled(text, 31, 39);
}

/** How a line of each kind is shown: its sign, and its style. */
const LINES: Readonly<Record<LineKind, readonly [sign: string, style: (text: string) => string]>> =
  {
    removed: ["-   ", (text) => red(bold(text))],
    added: ["+   ", (text) => green(bold(text))],
    common: ["    ", white],
  };

/** Where characters that cannot be seen are written out, the line breaks among them. */
const VISIBLE: readonly (readonly [RegExp, string])[] = [
  [/\\/g, "\\\\"],
  // deno-lint-ignore no-control-regex -- the characters that are to be seen
  [/\x08/g, "\\b"],
  [/\f/g, "\\f"],
  [/\t/g, "\\t"],
  [/\v/g, "\\v"],
  [/\r(?!\n)/g, "\\r"],
  [/\r\n/g, "\\r\\n\r\n"],
  [/(?<!\r)\n/g, "\\n\n"],
];

/** The lines of a text, each with its line break, made visible. */
function linesOfText(text: string): string[] {
  const visible = VISIBLE.reduce((shown, [what, how]) => shown.replaceAll(what, how), text);
  return `${visible}\n`.match(/.*?(?:\r\n|\n)/gs) ?? [];
}

function show({ kind, text }: DiffLine): string {
  const [sign, style] = LINES[kind];
  return style(`${sign}${text}`);
}

/** The part of an error text that shows where two values differ; two texts are compared line by line. */
export function diff(actual: unknown, expected: unknown): string {
  const areTexts = typeof actual === "string" && typeof expected === "string";
  const lines = areTexts
    ? [diffLines(linesOfText(actual), linesOfText(expected)).map(show).join("")]
    : diffLines(format(actual).split("\n"), format(expected).split("\n")).map(show);
  const title = `    ${gray(bold("[Diff]"))} ${red(bold("Actual"))} / ${green(bold("Expected"))}`;
  return ["", "", title, "", "", ...lines, ""].join("\n");
}
