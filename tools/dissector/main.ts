/**
 * Promise: `tools/vmbus.lua` dissects what the package says, as its layouts have it.
 *
 * The command `deno task dissector` writes it; with `--check` it says whether the file is current.
 *
 * @module
 */

import { runGenerator } from "../generated_file.ts";
import { dissectorText, HAND_WRITTEN } from "./dissector.ts";

const PATH = "tools/vmbus.lua";

if (import.meta.main) {
  const parts = await Promise.all(HAND_WRITTEN.map((path) => Deno.readTextFile(path)));
  const file = {
    command: "deno task dissector",
    description: `Writes Wireshark's dissector of VMBus, ${PATH}.`,
    path: PATH,
    done: "written",
    textOf: () => dissectorText(parts),
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
