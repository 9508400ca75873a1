/**
 * Scenarios as values.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { faultInRule } from "../faults/check_rule.ts";
import type { FaultRule } from "../faults/rule.ts";
import { isUint } from "../../core/units.ts";
import { DRAWN_OPTIONS } from "./drawn_options.ts";
import { isScenarioPayload, SCENARIO_PAYLOAD_FORM } from "./payloads.ts";
import type { DriverTable, ScenarioDefinition } from "./world.ts";

const NUMBER_MAX = 2 ** 32 - 1;
/** What a scenario may be called. */
export const SCENARIO_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

function refuse(reason: string): never {
  throw new TypeError(`Cannot define a scenario: ${reason}`);
}

type Members = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The members of what must be an object; none where it may be left out, and is. */
function membersOf(what: string, value: unknown): readonly (readonly [string, unknown])[] {
  if (value === undefined) return [];
  if (!isObject(value)) refuse(`${what} must be an object, not ${describe(value)}`);
  return Object.entries(value);
}

/** What must be a list; an empty one where it is left out. */
function listOf(what: string, value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) refuse(`its ${what} must be a list, not ${describe(value)}`);
  return value;
}

function checkNumbers(numbers: unknown): void {
  for (const [name, number] of membersOf("its numbers", numbers)) {
    const { least, most }: Members = Object(number);
    if (isUint(most, NUMBER_MAX) && isUint(least, most)) continue;
    refuse(`its number ${name} must be from a whole number to one that is no less, up to 2^32 - 1`);
  }
}

function checkDrivers(drivers: unknown, guests: readonly string[]): void {
  for (const [driver, entry] of membersOf("its drivers", drivers)) {
    const place: Members = Object(entry);
    const guest = "in" in place ? place.in : place.serves;
    if (typeof guest === "string" && guests.includes(guest)) continue;
    const known = guests.join(", ") || "none";
    refuse(`driver ${driver} names the guest ${describe(guest)}; its guests are: ${known}`);
  }
}

/** Lists, each with what its members must be. */
function checkLists(definition: Members, guests: readonly string[]): void {
  const lists: Readonly<Record<string, readonly [(each: unknown) => boolean, string]>> = {
    checkers: [isChecker, "one with a name and a function attach"],
    payloads: [isScenarioPayload, SCENARIO_PAYLOAD_FORM],
    reach: [(each) => typeof each === "string", "a text"],
    hostile: [(each) => guests.some((guest) => guest === each), `one of ${guests.join(", ")}`],
    expected: [isKnownFinding, "one with a rule and a place, which are texts"],
  };
  for (const [list, [isRight, right]] of Object.entries(lists)) {
    const at = listOf(list, definition[list]).findIndex((each) => !isRight(each));
    if (at !== -1) refuse(`each of its ${list} must be ${right}, and number ${at} is not`);
  }
}

function isChecker(value: unknown): boolean {
  const { name, attach }: Members = Object(value);
  return typeof name === "string" && typeof attach === "function";
}

function isKnownFinding(value: unknown): boolean {
  const { rule, place }: Members = Object(value);
  return typeof rule === "string" && typeof place === "string";
}

/**
 * A scenario as a value, checked as far as that can be done before it runs. `World.driver` knows the types of
 * its drivers.
 *
 * @throws {TypeError} It cannot be a scenario: the message says why.
 */
export function defineScenario<const Drivers extends DriverTable = Record<never, never>>(
  definition: ScenarioDefinition<Drivers>,
): ScenarioDefinition<Drivers> {
  if (!isObject(definition)) refuse(`it must be an object, not ${describe(definition)}`);
  const { name, title, partitions, drivers, draws, workload, end, stateOf } = definition;
  if (typeof name !== "string" || !SCENARIO_NAME.test(name)) {
    refuse(`its name must be lower case words with - between them, not ${describe(name)}`);
  }
  if (typeof title !== "string") refuse(`its title must be a text, not ${describe(title)}`);
  if (typeof workload !== "function") {
    refuse(`its workload must be a function, not ${describe(workload)}`);
  }
  if (end !== undefined && typeof end !== "function") {
    refuse(`its end must be a function, not ${describe(end)}`);
  }
  if (stateOf !== undefined && typeof stateOf !== "function") {
    refuse(`its stateOf must be a function, not ${describe(stateOf)}`);
  }
  for (const option of listOf("draws", draws)) {
    if (DRAWN_OPTIONS.some((known) => known === option)) continue;
    refuse(`its draws must be of ${DRAWN_OPTIONS.join(", ")}, not ${describe(option)}`);
  }
  if (partitions === undefined) refuse("its partitions must be an object, not undefined");
  checkPartitions(partitions);
  const guests = Object.keys(partitions);
  checkNumbers(definition.numbers);
  checkDrivers(drivers, guests);
  checkLists(definition as unknown as Members, guests);
  const names = { guests, drivers: Object.keys(drivers ?? {}) };
  for (const [at, rule] of listOf("faults", definition.faults).entries()) {
    const wrong = faultInRule(rule as FaultRule, names);
    if (wrong !== null) refuse(`fault ${at}: ${wrong}`);
  }
  defined.add(definition);
  return definition;
}

function checkPartitions(partitions: unknown): void {
  const before: string[] = [];
  for (const [guest, options] of membersOf("its partitions", partitions)) {
    if (!isObject(options)) refuse(`guest ${guest} must be an object, not ${describe(options)}`);
    const { vtlOf } = options;
    if (vtlOf !== undefined && !before.some((name) => name === vtlOf)) {
      refuse(`guest ${guest}: vtlOf must name a guest before it, not ${describe(vtlOf)}`);
    }
    before.push(guest);
  }
}

/** Those that were checked. */
const defined = new WeakSet<object>();

/**
 * Checks what may not have come from {@linkcode defineScenario}.
 *
 * @throws {TypeError} It cannot be a scenario.
 */
export function requireScenario<Drivers extends DriverTable>(
  definition: ScenarioDefinition<Drivers>,
): void {
  if (!isObject(definition) || !defined.has(definition)) defineScenario(definition);
}
