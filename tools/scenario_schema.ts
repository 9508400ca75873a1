/**
 * Promise: `docs/scenario.schema.json`, which editors check scenario files with, is what they are read with.
 *
 * The command `deno task scenario-schema` writes the file; with `--check` it says whether it is current.
 *
 * @module
 */

import { scenarioJsonSchema } from "../simulator/scenario_files/mod.ts";
import { runGenerator } from "./generated_file.ts";

const PATH = "docs/scenario.schema.json";

if (import.meta.main) {
  const file = {
    command: "deno task scenario-schema",
    description: `Writes the JSON Schema of scenario files, ${PATH}.`,
    path: PATH,
    done: "written",
    textOf: () => `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`,
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
