/**
 * The command `deno task mutants`: plants single-token changes in product code, one at a time, each in a
 * copy of the repository in a temporary folder, and runs the tests that load the file until one fails. A
 * change that no test notices survives: it shows what the tests do not know.
 *
 * @module
 */

import { InvalidArgumentError } from "commander";
import {
  cannot,
  createCommand,
  endWith,
  EXIT_FAILED,
  EXIT_OK,
  print,
  tell,
} from "../../simulator/cli/command.ts";
import { readSources } from "../source.ts";
import { drawMutants } from "./draw.ts";
import { type Mutant, plant } from "./operators.ts";
import { type Importers, importersOf, testsOf } from "./order.ts";
import { copyRepository, isWellTyped, runTests } from "./suite.ts";

/** Where mutants are planted. */
const PRODUCT = /^(?:core|actors|kmcl|devices)\//;

/** Of so many mutants one may survive. */
const TOLERANCE = 25;

/** Tests that are run at once: first a few, as most mutants are noticed by the nearest test. */
const BATCHES = [6, 24, Infinity];

/** Where no test has ended for so long, none will: each takes seconds at most. */
const STALL_SECONDS = 120;

const HELP = `
Operators: boundary (< and <=, > and >=), equality (=== and !==), logic (&& and ||), boolean (true and
false), negation (! left out), number (one more), arithmetic (+ and -), status (one STATUS_ for another),
call (a statement that only calls, left out).

A mutant is noticed where a test fails, where the tests come to no end, or where the package is no longer
well typed. Tests that start processes are left out.

Exit code: 0 at most one mutant in ${TOLERANCE} survives, 1 more do, 2 an argument cannot be used, or the
tests fail without a mutant.

Example:
  deno task mutants --seed 1 --only 7`;

interface Options {
  readonly seed: number;
  readonly count: number;
  readonly only?: number;
}

/** What became of a mutant. */
interface Verdict {
  readonly isNoticed: boolean;
  readonly words: string;
  /** The tests by which it was noticed: without a mutant they must pass. */
  readonly witnesses: readonly string[];
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
  };
}

/** `core/ring/layout.ts:12:8 boundary: < becomes <=`. */
function nameOf({ path, line, column, operator, start, end, replacement }: Mutant, text: string) {
  const before = text.slice(start, end).replaceAll(/\s+/g, " ");
  const after = replacement === "" || replacement === ";"
    ? "is left out"
    : `becomes ${replacement}`;
  return `${path}:${line}:${column} ${operator}: ${before} ${after}`;
}

/** Runs tests in the copy at `root`, in batches, until one fails. */
async function judge(root: string, tests: readonly string[]): Promise<Verdict> {
  let at = 0;
  for (const size of BATCHES) {
    const batch = tests.slice(at, at + size);
    if (batch.length === 0) break;
    at += batch.length;
    const outcome = await runTests(root, batch, STALL_SECONDS);
    if (outcome.kind === "failed") {
      const witnesses = outcome.file === null ? batch : [outcome.file];
      return { isNoticed: true, words: `noticed by ${outcome.words}`, witnesses };
    }
    if (outcome.kind === "hung") {
      return { isNoticed: true, words: "noticed: the tests do not end", witnesses: batch };
    }
  }
  return await isWellTyped(root)
    ? { isNoticed: false, words: `SURVIVES ${tests.length} files of tests`, witnesses: [] }
    : { isNoticed: true, words: "noticed by deno check", witnesses: [] };
}

/** Plants `mutant` in the copy at `root`, and takes it out again. */
async function tryMutant(root: string, mutant: Mutant, importers: Importers): Promise<Verdict> {
  const file = `${root}/${mutant.path}`;
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, plant(text, mutant));
  try {
    return await judge(root, testsOf(mutant.path, importers));
  } finally {
    await Deno.writeTextFile(file, text);
  }
}

/** Tries the mutants of `options` in the copy at `root`; how many were noticed, and of how many. */
async function tryAll(
  root: string,
  { seed, count, only }: Options,
): Promise<{ noticed: number; tried: number }> {
  const sources = await readSources(root);
  const importers = importersOf(sources);
  const product = sources.filter(({ path }) => PRODUCT.test(path));
  const texts = new Map(product.map(({ path, text }) => [path, text]));
  const mutants = drawMutants(product, seed, Math.max(count, only ?? 0));
  const all = new Set<string>();
  let [noticed, tried] = [0, 0];
  for (const [at, mutant] of mutants.entries()) {
    if (only !== undefined && at + 1 !== only) continue;
    const { isNoticed, words, witnesses } = await tryMutant(root, mutant, importers);
    tried++;
    if (isNoticed) noticed++;
    for (const witness of witnesses) all.add(witness);
    const replay = isNoticed ? "" : `\n    deno task mutants --seed ${seed} --only ${at + 1}`;
    const number = String(at + 1).padStart(3);
    print(`${number} ${nameOf(mutant, texts.get(mutant.path)!)}\n    ${words}${replay}\n`);
  }
  await assertGood(root, [...all]);
  return { noticed, tried };
}

/** A test that fails without a mutant has noticed nothing. */
async function assertGood(root: string, witnesses: readonly string[]): Promise<void> {
  if (witnesses.length === 0) return;
  const outcome = await runTests(root, witnesses, STALL_SECONDS);
  if (outcome.kind === "passed") return;
  const words = outcome.kind === "failed" ? outcome.words : "they do not end";
  throw cannot("judge", `the tests fail without a mutant, too: ${words}`, "mend them first");
}

async function main(args: string[]): Promise<number> {
  const command = createCommand("deno task mutants")
    .description("Plants faults in product code, and sees whether the tests notice.")
    .option("--seed <S>", "which faults", wholeNumber(0), 1)
    .option("--count <N>", "how many", wholeNumber(1), 25)
    .option("--only <N>", "the N-th of them alone", wholeNumber(1))
    .addHelpText("after", HELP)
    .allowExcessArguments(false);
  const options = command.parse(args, { from: "user" }).opts<Options>();
  const root = await Deno.makeTempDir({ prefix: "mutants-" });
  try {
    await copyRepository(".", root);
    tell(`Mutants live in ${root}\n`);
    const { noticed, tried } = await tryAll(root, options);
    print(`seed ${options.seed}: ${noticed} of ${tried} noticed\n`);
    const survivorsMax = options.only === undefined
      ? Math.max(1, Math.floor(tried / TOLERANCE))
      : 0;
    return tried - noticed <= survivorsMax ? EXIT_OK : EXIT_FAILED;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    Deno.exitCode = endWith(error);
  }
}
