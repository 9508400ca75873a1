/**
 * Promise: `tests/vectors/digests.json` has the digests of the vectors that this version gives away. Those of versions before
 * stay as they are.
 *
 * The command `deno task vector-digests` writes the file; with `--check` it says whether it is current, as a test does.
 *
 * @module
 */

import { PACKAGE_VERSION } from "../simulator/artefacts/package_version.ts";
import { digestOf, vectorFiles } from "../simulator/vectors/sets/files.ts";
import { runGenerator } from "./generated_file.ts";

const PATH = "tests/vectors/digests.json";

if (import.meta.main) {
  const files = await vectorFiles();
  const digests = Object.fromEntries(files.map(({ name, text }) => [name, digestOf(text)]));
  const file = {
    command: "deno task vector-digests",
    description: `Writes the digests of the vectors that are given away, ${PATH}.`,
    path: PATH,
    done: "written",
    textOf: (before: string) =>
      `${JSON.stringify({ ...JSON.parse(before), [PACKAGE_VERSION]: digests }, null, 2)}\n`,
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
