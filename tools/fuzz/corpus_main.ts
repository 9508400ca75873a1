/**
 * The command `deno task fuzz:corpus`: writes the seeds of the package's targets anew; with `--check` it says
 * which of them are not what they would be.
 *
 * @module
 */

import { print, tell } from "../../simulator/cli/command.ts";
import { corpusFile, corpusText } from "./corpus.ts";
import { packageTargets } from "./targets.ts";

/** Names of targets whose file is not what `isWritten` would make it; writes them where it is so said. */
async function updateCorpus(isWritten: boolean): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const { target: { name }, makeSeeds } of packageTargets) {
    const file = corpusFile(name);
    const text = corpusText(await makeSeeds());
    const found = await Deno.readTextFile(file).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return null; // it is made now
      throw error;
    });
    if (found === text) continue;
    stale.push(name);
    if (isWritten) await Deno.writeTextFile(file, text);
  }
  return stale;
}

if (import.meta.main) {
  const isCheck = Deno.args.includes("--check");
  const stale = await updateCorpus(!isCheck);
  if (isCheck && stale.length > 0) {
    tell(`Seeds are not current: ${stale.join(", ")}: run deno task fuzz:corpus\n`);
    Deno.exitCode = 1;
  } else print(stale.length === 0 ? "corpus: current\n" : `corpus: wrote ${stale.join(", ")}\n`);
}
