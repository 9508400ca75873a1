/**
 * The command of `deno task sweep` for who has the package and no clone of its repository. It runs a scenario
 * of the user's own, or one of the package's, with many seeds, and groups what they find:
 *
 * ```sh
 * deno run --allow-read --allow-write --allow-run=deno jsr:@vmbus/kmcl/sweep my_scenario.ts --seeds 10000
 * ```
 *
 * `--allow-read` is for the scenario, `--allow-write` for the folder of what failed, `--allow-run` for
 * processes of the runtime in which the worlds run; these may read files and nothing else.
 *
 * @module
 */

import { SWEEP_PERMISSIONS } from "./permissions.ts";
import { startOfPackage } from "./start.ts";
import { sweepMain } from "./sweep/main.ts";

if (import.meta.main) {
  Deno.exitCode = await sweepMain(
    Deno.args,
    (args) => startOfPackage("sweep", import.meta.url, SWEEP_PERMISSIONS, args),
  );
}
