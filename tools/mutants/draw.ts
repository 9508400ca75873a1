/**
 * Which mutants a seed stands for.
 *
 * @module
 */

import { Chance } from "../../core/chance.ts";
import type { SourceFile } from "../source.ts";
import { type Mutant, mutantsIn, OPERATORS } from "./operators.ts";

const LOTS = 2 ** 48;

/** A mutant and its lot. */
interface Drawn {
  readonly mutant: Mutant;
  readonly lot: number;
}

/** What names a mutant of a file, whatever the lines around it: its line, and which of equal ones it is. */
function keysOf(source: SourceFile, mutants: readonly Mutant[]): string[] {
  const lines = source.text.split("\n");
  const seen = new Map<string, number>();
  return mutants.map(({ path, operator, line, column }) => {
    const key = `${path} ${operator} ${column} ${lines[line - 1]}`;
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return `${key} ${count}`;
  });
}

/**
 * `count` mutants of `sources`, as many of each operator as of another.
 *
 * Each token draws a lot of its own, and the least lots win: a change of one line replaces the mutants of
 * that line and no others, so that a seed finds the same in tomorrow's code.
 */
export function drawMutants(
  sources: readonly SourceFile[],
  seed: number,
  count: number,
): Mutant[] {
  const chance = Chance.fromSeed(seed);
  const drawn: Drawn[] = sources.flatMap((source) => {
    const mutants = mutantsIn(source);
    const keys = keysOf(source, mutants);
    return mutants.map((mutant, at) => ({ mutant, lot: chance.fork(keys[at]!).below(LOTS) }));
  });
  drawn.sort((a, b) => a.lot - b.lot);
  const queues = OPERATORS.map((operator) =>
    drawn.filter(({ mutant }) => mutant.operator === operator)
  );
  const chosen: Mutant[] = [];
  for (let round = 0; queues.some((queue) => queue.length > round); round++) {
    for (const queue of queues) {
      if (queue[round] !== undefined) chosen.push(queue[round]!.mutant);
      if (chosen.length === count) return chosen;
    }
  }
  return chosen;
}
