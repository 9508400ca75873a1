/**
 * A picture of what tshark shows of a capture: the list of packets, and one of them with its fields. It has the words
 * that tshark prints, set as a window of Wireshark sets them.
 *
 * @module
 */

/** What is drawn. */
export interface ShownCapture {
  /** A line a packet: number, time, source, destination, and what it is. */
  readonly list: readonly (readonly string[])[];
  /** Which of them is opened, from 0. */
  readonly opened: number;
  /** The lines of its fields, each indented by four spaces a level. */
  readonly tree: readonly string[];
}

const WIDTH = 920;
const LINE = 17;
const LEFT = 12;
const HEAD = 26;
/** Where columns of the list begin. */
const COLUMNS = [12, 56, 140, 200, 260] as const;
const TITLES = ["No.", "Time", "Source", "Dest.", "Info"] as const;
const INDENT = 18;
const CHARACTERS_MAX = 108;

const STYLE =
  `text { font: 12px "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1c1c1c; white-space: pre; }
.head { font-weight: bold; fill: #444; }
.note { fill: #7a3d00; }
.open { fill: #fff; }
.generated { fill: #5a5a8a; }`;

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function textAt(x: number, y: number, text: string, kind = ""): string {
  const cut = text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX - 1)}…` : text;
  const words = kind === "" ? "" : ` class="${kind}"`;
  return `<text x="${x}" y="${y}"${words}>${escaped(cut)}</text>`;
}

function box(y: number, height: number, fill: string): string {
  return `<rect x="0" y="${y}" width="${WIDTH}" height="${height}" fill="${fill}"/>`;
}

function rowOf(cells: readonly string[], at: number, isOpened: boolean): string[] {
  const top = HEAD + at * LINE;
  const isNote = cells.at(-1)!.startsWith("note");
  const fill = isOpened ? "#2f6fbd" : isNote ? "#fdeccf" : at % 2 === 0 ? "#ffffff" : "#f4f7fb";
  const kind = isOpened ? "open" : isNote ? "note" : "";
  return [
    box(top, LINE, fill),
    ...cells.map((cell, column) => textAt(COLUMNS[column]!, top + 13, cell, kind)),
  ];
}

/** Whether the line of the tree has lines inside it. */
function hasInside(tree: readonly string[], at: number): boolean {
  const next = tree[at + 1];
  return next !== undefined && indentOf(next) > indentOf(tree[at]!);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function treeLine(tree: readonly string[], at: number, top: number): string {
  const line = tree[at]!;
  const x = LEFT + indentOf(line) / 4 * INDENT;
  const text = line.trim();
  const mark = hasInside(tree, at) ? "▾ " : text.startsWith("Capture header") ? "▸ " : "  ";
  return textAt(x, top + 13, mark + text, /^\[.*\]$/.test(text) ? "generated" : "");
}

/** The picture, as SVG. */
export function pictureOf({ list, opened, tree }: ShownCapture): string {
  const treeTop = HEAD + list.length * LINE + 8;
  const height = treeTop + tree.length * LINE + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    `<style>${STYLE}</style>`,
    box(0, height, "#ffffff"),
    box(0, HEAD, "#e3e8ef"),
    ...TITLES.map((title, column) => textAt(COLUMNS[column]!, 17, title, "head")),
    ...list.flatMap((cells, at) => rowOf(cells, at, at === opened)),
    box(treeTop - 8, 8, "#d5dbe3"),
    ...tree.map((_, at) => treeLine(tree, at, treeTop + 2 + at * LINE)),
    "</svg>",
    "",
  ].join("\n");
}
