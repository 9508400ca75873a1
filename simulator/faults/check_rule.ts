/**
 * Whether a rule can be one: rules come from scenarios, which may be files.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { isUint } from "../../core/units.ts";
import type { Fault } from "./basics.ts";
import type { FaultRule } from "./rule.ts";
import { FAULTS } from "./table.ts";
import { OPPORTUNITIES_MAX } from "./trigger.ts";

/** Longest time that something may be put off, in virtual milliseconds: an hour. */
const MS_MAX = 3_600_000;

/** What a scenario calls its guests and drivers. */
export interface ScenarioNames {
  /** Its guests. */
  readonly guests: readonly string[];
  /** Its drivers. */
  readonly drivers: readonly string[];
}

/** Members that a rule of any fault may have. */
const MEMBERS = ["do", "where", "nth", "oneIn", "budget"];

/** What is wrong with a rule, in words; null where it is good. */
export function faultInRule(rule: FaultRule, names: ScenarioNames): string | null {
  const name: unknown = rule?.do;
  if (typeof name !== "string" || !Object.hasOwn(FAULTS, name)) {
    return `do must be one of ${Object.keys(FAULTS).join(", ")}, not ${describe(name)}`;
  }
  const fault: Fault<never> = FAULTS[name as FaultRule["do"]];
  const known = [...MEMBERS, ...Object.keys(fault.parameters)];
  const stray = Object.keys(rule).find((member) => !known.includes(member));
  if (stray !== undefined) return `${name} has no ${stray}, but ${known.join(", ")}`;
  return numbersFault(rule, fault) ?? whereFault(rule, fault, names);
}

function numbersFault(rule: FaultRule, { parameters }: Fault<never>): string | null {
  const numbers = rule as unknown as Readonly<Record<string, unknown>>;
  for (const member of ["nth", "oneIn", "budget", ...Object.keys(parameters)]) {
    const most = member in parameters ? MS_MAX : OPPORTUNITIES_MAX;
    const value = numbers[member];
    if (value === undefined || (isUint(value, most) && value > 0)) continue;
    return `${member} must be a whole number from 1 to ${most}, not ${describe(value)}`;
  }
  return rule.nth !== undefined && rule.oneIn !== undefined
    ? "nth says when it happens, so that oneIn says nothing"
    : null;
}

function whereFault(rule: FaultRule, { where }: Fault<never>, names: ScenarioNames): string | null {
  const given: Readonly<Record<string, unknown>> = { ...rule.where };
  const stray = Object.keys(given).find((member) => !where.includes(member));
  if (stray !== undefined) return `${rule.do} knows where by ${where.join(", ")}, not by ${stray}`;
  const lists = [["guest", names.guests], ["driver", names.drivers]] as const;
  for (const [member, list] of lists) {
    const value = given[member];
    if (value === undefined || list.includes(String(value))) continue;
    const those = list.length === 0 ? "none" : list.join(", ");
    return `there is no ${member} ${describe(value)}: there are ${those}`;
  }
  return null;
}
