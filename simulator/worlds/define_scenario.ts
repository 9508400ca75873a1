/**
 * Scenarios as values.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { faultInRule } from "../faults/check_rule.ts";
import { isUint } from "../../core/units.ts";
import type { DriverTable, ScenarioDefinition } from "./world.ts";

const NUMBER_MAX = 2 ** 32 - 1;
/** What a scenario may be called. */
export const SCENARIO_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

function refuse(reason: string): never {
  throw new TypeError(`Cannot define a scenario: ${reason}`);
}

/**
 * A scenario as a value, checked as far as that can be done before it runs. `World.driver` knows the types of
 * its drivers.
 *
 * @throws {TypeError} It is none: the message says what is wrong.
 */
export function defineScenario<const Drivers extends DriverTable = Record<never, never>>(
  definition: ScenarioDefinition<Drivers>,
): ScenarioDefinition<Drivers> {
  const { name, title, partitions, drivers, workload } = definition;
  if (typeof name !== "string" || !SCENARIO_NAME.test(name)) {
    refuse(`its name must be lower case words with - between them, not ${describe(name)}`);
  }
  if (typeof title !== "string") refuse(`its title must be a text, not ${describe(title)}`);
  if (typeof workload !== "function") {
    refuse(`its workload must be a function, not ${describe(workload)}`);
  }
  for (const [number, { least, most }] of Object.entries(definition.numbers ?? {})) {
    if (isUint(least, most) && isUint(most, NUMBER_MAX)) continue;
    refuse(
      `its number ${number} must be from a whole number to one that is no less, up to 2^32 - 1`,
    );
  }
  for (const [driver, entry] of Object.entries<DriverTable[string]>(drivers ?? {})) {
    const guest = "in" in entry ? entry.in : entry.serves;
    if (Object.hasOwn(partitions, guest)) continue;
    const known = Object.keys(partitions).join(", ") || "none";
    refuse(`driver ${driver} names the guest ${describe(guest)}; its guests are: ${known}`);
  }
  const names = { guests: Object.keys(partitions), drivers: Object.keys(drivers ?? {}) };
  for (const [at, rule] of (definition.faults ?? []).entries()) {
    const wrong = faultInRule(rule, names);
    if (wrong !== null) refuse(`fault ${at}: ${wrong}`);
  }
  return definition;
}
