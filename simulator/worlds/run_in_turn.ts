/**
 * A fault at each of its opportunities in turn: not by chance.
 *
 * @module
 */

import type { FaultRule } from "../faults/rule.ts";
import { runWorld } from "./run_world.ts";
import type { WorldResult, WorldSettings } from "./settings.ts";
import type { DriverTable, ScenarioDefinition } from "./world.ts";

/**
 * Runs a scenario once for each opportunity of a rule: in the first world it happens at the first one, and so on; in
 * the last world it does not happen any more, as there are so few. Nothing else goes wrong in them.
 *
 * @example
 * ```ts
 * import { runInTurn, type ScenarioDefinition } from "@vmbus/kmcl/simulator";
 *
 * async function eachAllocationMayFail(scenario: ScenarioDefinition): Promise<void> {
 *   for await (const { findings } of runInTurn(scenario, { do: "memoryExhausted" })) {
 *     if (findings.length > 0) console.log(findings);
 *   }
 * }
 * ```
 *
 * @param rule What happens, and where; its `nth`, `oneIn` and `budget` are not looked at.
 * @throws {TypeError | RangeError} A setting is not what it should be.
 */
export async function* runInTurn<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  rule: FaultRule,
  settings: WorldSettings = {},
): AsyncGenerator<WorldResult, void> {
  const { oneIn: _, ...kind } = rule;
  for (let nth = 1;; nth++) {
    const faults = [{ ...kind, nth, budget: 1 } as FaultRule];
    const result = await runWorld({ ...scenario, faults }, settings);
    yield result;
    if (result.faults.length === 0) return;
  }
}
