/**
 * Which tests can notice a change of a file, the likeliest first.
 *
 * @module
 */

import { arrowsOf } from "../imports.ts";
import type { SourceFile } from "../source.ts";

/** Files that start processes, which nobody could end. */
const START_PROCESSES = [
  "tests/support/deno_process.ts",
  "tools/canaries/hunts.ts",
  "tools/canaries/shrink.ts",
  "simulator/cli/child_process.ts",
];

/** The files that import each file. */
export type Importers = ReadonlyMap<string, readonly string[]>;

/** The files that import each of `sources`. */
export function importersOf(sources: readonly SourceFile[]): Importers {
  const importers = new Map<string, string[]>();
  for (const { from, to } of arrowsOf(sources)) {
    const list = importers.get(to);
    if (list === undefined) importers.set(to, [from]);
    else list.push(from);
  }
  return importers;
}

/** The files that need `path`, and over how many imports the nearest way goes. */
function distancesFrom(path: string, importers: Importers): Map<string, number> {
  const distances = new Map([[path, 0]]);
  for (const [file, distance] of distances) { // grows while it is walked
    for (const importer of importers.get(file) ?? []) {
      if (!distances.has(importer)) distances.set(importer, distance + 1);
    }
  }
  return distances;
}

/** The words of a path, without what all paths have. */
function wordsOf(path: string): Set<string> {
  const words = path.replace(/(?:_test)?\.ts$/, "").split(/[/_]/);
  // A test of gpadls is near to a file called gpadl.
  return new Set(words.map((word) => word.replace(/s$/, "")).filter((word) => word !== "test"));
}

/**
 * The tests that load `path` and start no processes: the one that mirrors it first, then those whose names
 * have the most words with it in common, and of these the nearest by import.
 */
export function testsOf(path: string, importers: Importers): string[] {
  const distances = distancesFrom(path, importers);
  const starters = new Set(
    START_PROCESSES.flatMap((file) => [...distancesFrom(file, importers).keys()]),
  );
  const words = wordsOf(path);
  const mirror = `tests/${path.replace(/\.ts$/, "_test.ts")}`;
  const rankOf = (test: string) => {
    const common = [...wordsOf(test)].filter((word) => words.has(word)).length;
    return (test === mirror ? 0 : 1000) - 10 * common + (distances.get(test) ?? 0);
  };
  return [...distances.keys()]
    .filter((file) => file.startsWith("tests/") && file.endsWith("_test.ts"))
    .filter((file) => !starters.has(file))
    .map((test) => ({ test, rank: rankOf(test) }))
    .sort((a, b) => a.rank - b.rank || (a.test < b.test ? -1 : 1))
    .map(({ test }) => test);
}
