/**
 * What of a file's content does not go with the scenario that it is made of: names of guests, drivers and
 * numbers.
 *
 * @module
 */

import { messageOf } from "../../core/describe.ts";
import { checkSchedule } from "../../actors/fabric/schedule_option.ts";
import { faultInRule } from "../faults/check_rule.ts";
import type { FaultRule } from "../faults/rule.ts";
import type { ScenarioDefinition } from "../worlds/world.ts";
import { whatIsRight } from "./nearest.ts";
import type { Path, Positions } from "./positions.ts";
import type { ScenarioFileProblem } from "./problem.ts";

/** What a file says, which may be anything. */
export type RawContent = Readonly<Record<string, unknown>>;

/** The members of a map; none of what is no map. */
function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? Object.entries(value) : [];
}

/** What is wrong with `content`, where it is made of `base`; `isShaped` tells what the schema has accepted. */
export function nameProblems(
  content: RawContent,
  base: ScenarioDefinition,
  positions: Positions,
  isShaped: (path: Path) => boolean,
): readonly ScenarioFileProblem[] {
  const known = {
    numbers: Object.keys(base.numbers ?? {}),
    partitions: Object.keys(base.partitions),
    drivers: Object.keys(base.drivers ?? {}),
  };
  const strangers = Object.entries(known).flatMap(([member, names]) =>
    membersOf(content[member]).filter(([name]) => !names.includes(name)).map(([name]) => ({
      ...positions.ofKey([member, name]),
      message: `${base.name} has no ${member.slice(0, -1)} ${name}: ${whatIsRight(name, names)}`,
    }))
  );
  return [
    ...strangers,
    ...boundProblems(content, base, positions, isShaped),
    ...levelProblems(content, known.partitions, positions, isShaped),
    ...faultProblems(content, known, positions, isShaped),
    ...scheduleProblems(content, positions, isShaped),
  ];
}

function boundProblems(
  { numbers }: RawContent,
  base: ScenarioDefinition,
  positions: Positions,
  isShaped: (path: Path) => boolean,
): readonly ScenarioFileProblem[] {
  return membersOf(numbers).flatMap(([name, given]) => {
    const bounds = base.numbers?.[name];
    if (bounds === undefined || !isShaped(["numbers", name])) return [];
    const [least, most] = rangeOf(given as NumberRange);
    if (bounds.least <= least && least <= most && most <= bounds.most) return [];
    const message =
      `numbers.${name} must be from ${bounds.least} to ${bounds.most}, the lesser first`;
    return [{ ...positions.ofValue(["numbers", name]), message }];
  });
}

/** A machine is there before a further trust level of it. */
function levelProblems(
  { partitions }: RawContent,
  names: readonly string[],
  positions: Positions,
  isShaped: (path: Path) => boolean,
): readonly ScenarioFileProblem[] {
  return membersOf(partitions).flatMap(([name, given]) => {
    const path = ["partitions", name];
    if (!isShaped(path) || !names.includes(name)) return [];
    const { vtlOf } = given as { readonly vtlOf?: string };
    const before = names.slice(0, names.indexOf(name));
    if (vtlOf === undefined || before.includes(vtlOf)) return [];
    const message = `no guest ${vtlOf} stands before ${name}: ${whatIsRight(vtlOf, before)}`;
    return [{ ...positions.ofValue([...path, "vtlOf"]), message }];
  });
}

function faultProblems(
  { faults }: RawContent,
  { partitions, drivers }: {
    readonly partitions: readonly string[];
    readonly drivers: readonly string[];
  },
  positions: Positions,
  isShaped: (path: Path) => boolean,
): readonly ScenarioFileProblem[] {
  const rules: readonly unknown[] = Array.isArray(faults) ? faults : [];
  return rules.flatMap((rule, at) => {
    const path = ["faults", at];
    if (!isShaped(path)) return [];
    const { where } = rule as { readonly where?: Readonly<Record<string, unknown>> };
    for (const [member, names] of [["guest", partitions], ["driver", drivers]] as const) {
      const name = where?.[member];
      if (typeof name !== "string" || names.includes(name)) continue;
      const message = `there is no ${member} ${name}: ${whatIsRight(name, names)}`;
      return [{ ...positions.ofValue([...path, "where", member]), message }];
    }
    const wrong = faultInRule(rule as FaultRule, { guests: partitions, drivers });
    return wrong === null
      ? []
      : [{ ...positions.ofValue(path), message: `faults.${at}: ${wrong}` }];
  });
}

function scheduleProblems(
  { schedule }: RawContent,
  positions: Positions,
  isShaped: (path: Path) => boolean,
): readonly ScenarioFileProblem[] {
  if (schedule === undefined || !isShaped(["schedule"])) return [];
  try {
    checkSchedule(schedule);
    return [];
  } catch (error) { // what it says is for whoever wrote the file
    return [{ ...positions.ofValue(["schedule"]), message: messageOf(error) }];
  }
}

/** A number of a file: one, or the two that it is drawn between. */
export type NumberRange = number | readonly [least: number, most: number];

/** Its bounds. */
export function rangeOf(range: NumberRange): readonly [least: number, most: number] {
  return typeof range === "number" ? [range, range] : range;
}
