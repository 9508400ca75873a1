/**
 * A child process of `deno task sweep`. It is given ranges of seeds on stdin, one a line, runs their worlds,
 * and says on stdout what came of them; it ends when stdin does. Needs `--allow-read` to load a scenario.
 *
 * @module
 */

import { Tally } from "../../sweeps/tally.ts";
import { SeedRunner } from "../../sweeps/seed_runner.ts";
import { UsageError, writeAll } from "../command.ts";
import { findScenario } from "../find_scenario.ts";
import { type ChildMessage, type ChildTask, lineOf, type SeedText } from "./messages.ts";
import { linesOf } from "./lines.ts";

/** What came of worlds is said so often: who stops the sweep loses no more than that. */
const TELL_MS = 200;

function say(message: ChildMessage): void {
  writeAll(Deno.stdout, lineOf(message));
}

/** Runs the worlds of one range. */
async function runRange(
  runner: SeedRunner,
  { from, to }: SeedText,
  isUntilFailure: boolean,
): Promise<void> {
  const end = BigInt(to);
  let begin = BigInt(from);
  let tally = new Tally();
  let toldMs = performance.now();
  for (let seed = begin; seed < end; seed++) {
    say({ at: String(seed) });
    const isLast = await runner.run(seed, tally) && isUntilFailure || seed === end - 1n;
    if (!isLast && performance.now() - toldMs < TELL_MS) continue;
    say({ done: { from: String(begin), to: String(seed + 1n) }, tally: tally.data });
    if (isLast) break;
    [begin, tally, toldMs] = [seed + 1n, new Tally(), performance.now()];
  }
  say({ idle: true });
}

async function main({ scenario: name, settings, isUntilFailure }: ChildTask): Promise<void> {
  // Ctrl-C goes to all processes of a terminal: the one that was started by hand ends the others.
  Deno.addSignalListener("SIGINT", () => {});
  try {
    const scenario = await findScenario(name);
    const { expected = [] } = scenario;
    say({ ready: { name: scenario.name, expected } });
    const runner = new SeedRunner(scenario, settings);
    for await (const line of linesOf(Deno.stdin.readable)) {
      await runRange(runner, JSON.parse(line) as SeedText, isUntilFailure);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say({ refused: error.message });
  }
  Deno.exit();
}

if (import.meta.main) {
  const [task = ""] = Deno.args;
  await main(JSON.parse(task) as ChildTask);
}
