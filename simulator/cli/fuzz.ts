/**
 * The command of `deno task fuzz` for who has the package and no clone of its repository. It runs targets of
 * the user's own, which a module exports, with many inputs, in child processes:
 *
 * ```sh
 * deno run --allow-read --allow-write --allow-run=deno jsr:@vmbus/kmcl/fuzz my_targets.ts --time 60s
 * ```
 *
 * `--allow-read` is for the module, `--allow-write` for the folder of what failed, `--allow-run` for processes
 * of the runtime in which the targets run; these may read files, and look at their own code coverage.
 *
 * @module
 */

import { fuzzMain } from "./fuzz/main.ts";
import { SWEEP_PERMISSIONS } from "./permissions.ts";
import { startOfPackage } from "./start.ts";

if (import.meta.main) {
  Deno.exitCode = await fuzzMain(
    Deno.args,
    (args) => startOfPackage("fuzz", import.meta.url, SWEEP_PERMISSIONS, args),
    null,
  );
}
