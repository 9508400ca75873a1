/**
 * How reports lie on a terminal: grouped numbers, lines that are folded between words, tables that
 * become narrower step by step, colours.
 *
 * @module
 */

import Table from "cli-table3";

/** Where a report goes. */
export interface Look {
  /** How wide it may be. Default: tables have 80 columns, and lines are as long as they are. */
  readonly columns?: number;
  /** Whether verdicts have colours. Default: no. */
  readonly isColored?: boolean;
}

/** What tables have where nobody says how wide they may be. */
const TABLE_COLUMNS = 80;

/** Colours, as terminals number them. */
const COLORS = { red: 31, green: 32, yellow: 33 } as const;

/** `text` in a colour, where the look has any; null: in none. */
export function painted(
  text: string,
  color: keyof typeof COLORS | null,
  { isColored = false }: Look,
): string {
  return isColored && color !== null ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text;
}

/** Thousands are told apart by spaces, whatever the language of the machine. */
export function grouped(value: number | bigint): string {
  return String(value).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, " ");
}

/** Columns that `text` takes. */
function widthOf(text: string): number {
  // deno-lint-ignore no-control-regex -- colours take no columns
  return [...text.replaceAll(/\x1b\[\d+m/g, "")].length;
}

/**
 * `text` in lines of `columns` at most: folded between words, never within a grouped number.
 *
 * @param indent What all lines but the first begin with.
 */
export function folded(text: string, columns: number, indent: string = "  "): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ (?!\d{3}(?!\d))/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (widthOf(longer) > columns && line.trim() !== "") {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line].join("\n");
}

/** A table's content. */
export interface TableContent {
  /** The names of its columns; empty: they have none. A column without a name goes with the one before. */
  readonly head: readonly string[];
  /** Its cells, in as many columns in every row; the first one says what the row is. */
  readonly rows: readonly (readonly string[])[];
  /** Which columns end at their right edge. Default: all but the first. */
  readonly isRight?: (column: number) => boolean;
}

/**
 * The table for `columns` columns: with a frame, without columns that are empty, without a frame, or,
 * where even that is too wide, a line of text for each row.
 */
export function tableText(content: TableContent, { columns = TABLE_COLUMNS }: Look = {}): string {
  const dense = withoutEmpty(content);
  for (const text of [framed(content), framed(dense), bare(dense)]) {
    if (text.split("\n").every((line) => widthOf(line) <= columns)) return text;
  }
  return content.rows
    .map((row) => folded(sentence(content.head, row), columns).replaceAll(STUCK, " "))
    .join("\n");
}

/** The same table without columns that have nothing but a name. */
function withoutEmpty(content: TableContent): TableContent {
  const { head, rows, isRight = isRightByDefault } = content;
  const kept = (rows[0] ?? []).map((_, at) => at).filter((at) =>
    rows.some((row) => row[at] !== "")
  );
  const keep = (cells: readonly string[]) => kept.map((at) => cells[at]!);
  return {
    head: head.length === 0 ? head : keep(head),
    rows: rows.map(keep),
    isRight: (column) => isRight(kept[column]!),
  };
}

/** A space at which no line is folded. */
const STUCK = "\u00a0";

const isRightByDefault = (column: number) => column > 0;

function framed({ head, rows, isRight = isRightByDefault }: TableContent): string {
  const table = new Table({
    head: [...head],
    colAligns: (rows[0] ?? []).map((_, at) => isRight(at) ? "right" : "left"),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

function bare({ head, rows, isRight = isRightByDefault }: TableContent): string {
  const all = head.length === 0 ? rows : [head, ...rows];
  const widths = (all[0] ?? []).map((_, at) => Math.max(...all.map((row) => widthOf(row[at]!))));
  return all.map((row) =>
    row.map((cell, at) => {
      const space = " ".repeat(widths[at]! - widthOf(cell));
      return isRight(at) ? space + cell : cell + space;
    }).join("  ").trimEnd()
  ).join("\n");
}

/** `packets: guest to host 276, host to guest 276`. */
function sentence(head: readonly string[], [name = "", ...cells]: readonly string[]): string {
  const parts: string[] = [];
  for (const [at, cell] of cells.entries()) {
    const column = head[at + 1] ?? "";
    if (cell === "") continue;
    if (column !== "" || parts.length === 0) {
      // A number stays beside its whole name.
      parts.push(`${column} ${cell}`.trim().replaceAll(" ", STUCK));
    } else parts.push(`${parts.pop()} ${cell}`);
  }
  return `${name}: ${parts.join(", ")}`;
}
