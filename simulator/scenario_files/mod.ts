/**
 * Scenarios as files: what a scenario of the simulator, or of one's own, is run with, in YAML.
 *
 * ```yaml
 * scenario: everything
 * numbers: { guests: 1, packets: [4, 12] }
 * faults:
 *   - { do: guestMigrated, where: { guest: alpha } }
 * seeds: { count: 1000 }
 * ```
 *
 * A file is text here, and what it names is loaded by whoever reads it: this runs in any runtime. Under Deno
 * the YAML library asks for two variables of the environment, which it need not have:
 * `--ignore-env=LOG_TOKENS,LOG_STREAM`.
 *
 * @example
 * ```ts
 * import { runWorld } from "@vmbus/kmcl/simulator";
 * import { readScenarioFile } from "@vmbus/kmcl/scenario-files";
 *
 * const { scenario, settings } = await readScenarioFile("scenario: echo\ncodec: vmbus\n");
 * const { findings } = await runWorld(scenario, { seed: 7, ...settings });
 * console.log(findings.length); // 0
 * ```
 *
 * @module
 */

export type { Position } from "./positions.ts";
export { ScenarioFileError, type ScenarioFileProblem } from "./problem.ts";
export { readScenarioFile } from "./read.ts";
export type { ScenarioFile, ScenarioFileOptions, ScenarioLoader } from "./read.ts";
export { type JsonSchema, scenarioJsonSchema } from "./schema.ts";
