/**
 * The command of `deno task simulate` for who has the package and no clone of its repository. It runs a
 * scenario on real files, and says how it went:
 *
 * ```sh
 * deno run --allow-read --allow-write jsr:@vmbus/kmcl/simulate --help
 * ```
 *
 * `--allow-read` is for the files that the command line names and those beside them, `--allow-write` for
 * those that it names to be written, what lies beside them, and a temporary folder. `--scenario echo`
 * without `--file` needs neither.
 *
 * @module
 */

import { main } from "./main.ts";
import { SIMULATE_PERMISSIONS } from "./permissions.ts";
import { startOfPackage } from "./start.ts";

if (import.meta.main) {
  Deno.exitCode = await main(
    Deno.args,
    (args) => startOfPackage("simulate", import.meta.url, SIMULATE_PERMISSIONS, args),
  );
}
