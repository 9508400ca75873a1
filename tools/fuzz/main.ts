/**
 * The command `deno task fuzz`: fuzzes the package's own targets, or those of a module.
 *
 * @module
 */

import { fuzzMain } from "../../simulator/cli/fuzz/main.ts";
import { SWEEP_PERMISSIONS } from "../../simulator/cli/permissions.ts";
import { startOf } from "../../simulator/cli/start.ts";

if (import.meta.main) {
  Deno.exitCode = await fuzzMain(
    Deno.args,
    (args) => startOf("fuzz", import.meta.url, SWEEP_PERMISSIONS, args),
    import.meta.resolve("./targets.ts"),
  );
}
