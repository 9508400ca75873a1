/**
 * A child process of `simulate --check-determinism`. It runs what its arguments ask for, and says on stdout all
 * that happened, one entry a line, and in the last line what the run came to. Needs what `simulate` needs.
 *
 * @module
 */

import type { Fabric } from "../../../mod.ts";
import { textOfEntry } from "../../sweeps/compare.ts";
import { endWith, EXIT_OK, writeAll } from "../command.ts";
import { namedPaths, openFiles } from "../named_files.ts";
import { readRequest } from "../request.ts";
import { scenarios } from "../scenarios.ts";

/** Lines that are written at once. */
const LINES = 1000;

function* linesOf(fabrics: readonly Fabric[], outcome: unknown): Generator<string> {
  for (const { trace } of fabrics) for (const entry of trace) yield textOfEntry(entry).join(" ");
  yield JSON.stringify(outcome);
}

async function main(args: readonly string[]): Promise<number> {
  const request = readRequest(args, scenarios);
  if (!("seed" in request)) throw new Error("Cannot compare runs: the arguments ask for none");
  const { scenario, seed, schedule, codec, numbers } = request;
  using stack = new DisposableStack();
  const files = await openFiles(request, stack);
  const paths = Object.fromEntries(namedPaths(request, "path"));
  const fabrics: Fabric[] = [];
  const onFabric = (fabric: Fabric) => void fabrics.push(fabric);
  const outcome = await scenario.run({ seed, schedule, codec, numbers, files, paths, onFabric });
  let block: string[] = [];
  const write = () => {
    writeAll(Deno.stdout, block.map((line) => `${line}\n`).join(""));
    block = [];
  };
  for (const line of linesOf(fabrics, outcome)) if (block.push(line) === LINES) write();
  write();
  return EXIT_OK;
}

if (import.meta.main) Deno.exitCode = await main(Deno.args).catch((error) => endWith(error));
