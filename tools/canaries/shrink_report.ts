/**
 * How small the runs become that find a canary, as a table in Markdown.
 *
 * @module
 */

import type { Canary } from "./canary.ts";
import type { ShrinkOutcome } from "./shrinker.ts";

/** What became of the runs that found a canary. */
export interface CanaryShrunk {
  /** The canary. */
  readonly canary: Canary;
  /** The runs; null: a hunt found nothing. */
  readonly outcomes: readonly (ShrinkOutcome | null)[];
}

/** Switches that a run may have which was made smaller. */
export const SWITCHES_MAX = 3;

/** The run that stayed the largest; null: a hunt found nothing. */
function largestOf({ outcomes }: CanaryShrunk): ShrinkOutcome | null {
  const found = outcomes.filter((outcome) => outcome !== null);
  if (found.length < outcomes.length) return null;
  return found.toSorted((a, b) =>
    b.after.switches - a.after.switches || b.after.faults - a.after.faults
  )[0] ?? null;
}

/** Whether each run replays, and has few switches. */
export function isSmallEnough(shrunk: CanaryShrunk): boolean {
  const largest = largestOf(shrunk);
  return largest !== null && largest.after.switches <= SWITCHES_MAX &&
    shrunk.outcomes.every((outcome) => outcome?.replays === true);
}

function rowOf(shrunk: CanaryShrunk): readonly string[] {
  const name = `\`${shrunk.canary.name}\``;
  const largest = largestOf(shrunk);
  if (largest === null) return [name, "missed", "", "", "", "", "", ""];
  const { before, after, rule } = largest;
  const part = (of: keyof typeof before) => `${before[of]} → ${after[of]}`;
  const reruns = Math.max(...shrunk.outcomes.map((outcome) => outcome!.reruns));
  const isEach = shrunk.outcomes.every((outcome) => outcome!.replays);
  return [
    name,
    rule,
    part("switches"),
    String(after.waits),
    part("faults"),
    part("draws"),
    `${reruns}`,
    isEach ? "all" : "not all",
  ];
}

/** The table, one row for each canary. */
export function shrinkTable(all: readonly CanaryShrunk[]): string {
  const head = [
    "canary",
    "finding",
    "switches",
    "items that wait",
    "faults",
    "numbers",
    "re-runs",
    "replays",
  ];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rows = all.map((each) => line(rowOf(each)));
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows].join("\n");
}

const MARKED = /<!-- shrunk canaries -->\n[^]*?<!-- end of shrunk canaries -->/;

/**
 * `text`, with the table between its marks.
 *
 * @throws {Error} The marks are not there.
 */
export function withShrinkTable(text: string, table: string): string {
  if (!MARKED.test(text)) throw new Error("Cannot write the table: its marks are not there");
  return text.replace(
    MARKED,
    `<!-- shrunk canaries -->\n\n${table}\n\n<!-- end of shrunk canaries -->`,
  );
}
