/**
 * How values and their differences are written in error texts.
 *
 * @module
 */

import { inspect } from "node:util";

/** Lines that are compared with each other; the rest of a longer difference is left out. */
const DIFF_LINES_MAX = 1000;

/** Equal lines that are shown before and after a difference. */
const CONTEXT_LINES = 5;

/** `value` as text: keys sorted, nothing left out, so that equal values read equally. */
export function format(value: unknown): string {
  return inspect(value, {
    depth: Infinity,
    sorted: true,
    compact: false,
    maxArrayLength: null,
    maxStringLength: null,
  });
}

/** For each pair of tails, how many lines they have in common, in order. */
function commonTails(
  a: readonly string[],
  b: readonly string[],
): Uint16Array[] {
  const rows = Array.from(
    { length: a.length + 1 },
    () => new Uint16Array(b.length + 1),
  );
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      rows[i]![j] = a[i] === b[j]
        ? rows[i + 1]![j + 1]! + 1
        : Math.max(rows[i + 1]![j]!, rows[i]![j + 1]!);
    }
  }
  return rows;
}

/** The lines of both texts: `-` only in the actual one, `+` only in the expected one. */
function diffLines(
  actual: readonly string[],
  expected: readonly string[],
): string[] {
  const common = commonTails(actual, expected);
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < actual.length || j < expected.length) {
    if (i < actual.length && actual[i] === expected[j]) {
      lines.push(`    ${actual[i++]}`);
      j++;
    } else if (
      j === expected.length ||
      i < actual.length && common[i + 1]![j]! >= common[i]![j + 1]!
    ) {
      lines.push(`-   ${actual[i++]}`);
    } else {
      lines.push(`+   ${expected[j++]}`);
    }
  }
  return lines;
}

/** How many lines from the first on are equal. */
function commonHead(a: readonly string[], b: readonly string[]): number {
  const length = Math.min(a.length, b.length);
  let equal = 0;
  while (equal < length && a[equal] === b[equal]) equal++;
  return equal;
}

/** The part of an error text that shows where two values differ. */
export function diff(actual: unknown, expected: unknown): string {
  let a = format(actual).split("\n");
  let b = format(expected).split("\n");
  const skipped = Math.max(0, commonHead(a, b) - CONTEXT_LINES);
  a = a.slice(skipped);
  b = b.slice(skipped);
  const tail = commonHead(a.toReversed(), b.toReversed());
  const dropped = Math.max(0, tail - CONTEXT_LINES);
  a = a.slice(0, Math.min(a.length - dropped, DIFF_LINES_MAX));
  b = b.slice(0, Math.min(b.length - dropped, DIFF_LINES_MAX));
  const before = skipped > 0 ? [`    … ${skipped} equal lines`] : [];
  const after = dropped > 0 ? [`    … ${dropped} equal lines`] : [];
  return [
    "",
    "",
    "    [Diff] Actual / Expected",
    "",
    "",
    ...before,
    ...diffLines(a, b),
    ...after,
    "",
  ].join("\n");
}
