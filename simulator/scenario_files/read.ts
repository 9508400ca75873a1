/**
 * From the text of a scenario's file to the scenario.
 *
 * @module
 */

import { type Document, LineCounter, parseDocument } from "yaml";
import { messageOf } from "../../core/describe.ts";
import { simulatedScenarios } from "../scenarios/all.ts";
import { defineScenario } from "../worlds/define_scenario.ts";
import type { WorldSettings } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import { nameProblems, rangeOf, type RawContent } from "./names.ts";
import { whatIsRight } from "./nearest.ts";
import { type Path, Positions } from "./positions.ts";
import { FILE_LENGTH_MAX, ScenarioFileError, type ScenarioFileProblem } from "./problem.ts";
import { type ScenarioFileContent, scenarioFileSchema } from "./schema.ts";
import { shapeProblems } from "./shape.ts";

/** Loads the scenario that the module at `path`, relative to the file, exports. It rejects where there is none. */
export type ScenarioLoader = (path: string) => Promise<ScenarioDefinition>;

/** What a file says. */
export interface ScenarioFile {
  /** The scenario. */
  readonly scenario: ScenarioDefinition;
  /** How its worlds are run, as far as the file says. */
  readonly settings: Pick<WorldSettings, "schedule" | "codec" | "itemsMax">;
  /** Which worlds: the first seed, and how many; null where the file does not say. */
  readonly seeds: { readonly from: bigint; readonly count: number } | null;
}

/** What goes with the text of a file. */
export interface ScenarioFileOptions {
  /** What it is called in messages. Default `"scenario"`. */
  readonly file?: string;
  /** Loads modules. Without it a file is made of a scenario of this package. */
  readonly load?: ScenarioLoader;
}

/**
 * Reads a scenario's file. Nothing but `load` reaches outside of the text.
 *
 * @throws {ScenarioFileError} It is no scenario: all that is wrong is told at once.
 */
export async function readScenarioFile(
  text: string,
  { file = "scenario", load }: ScenarioFileOptions = {},
): Promise<ScenarioFile> {
  if (text.length > FILE_LENGTH_MAX) {
    const message = `there are more than ${FILE_LENGTH_MAX} characters`;
    throw new ScenarioFileError(file, [{ line: 1, column: 1, message }]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const positions = new Positions(document, lines);
  const fail = (problems: readonly ScenarioFileProblem[]): never => {
    throw new ScenarioFileError(file, problems);
  };
  // What follows a mistake of writing is guessed: nothing is said about it.
  if (document.errors.length > 0) {
    return fail(document.errors.map(({ pos, message }) => ({ ...positions.at(pos[0]), message })));
  }
  const content = contentOf(document);
  if (content instanceof AliasError) {
    return fail([{ ...positions.at(0), message: content.message }]);
  }
  const { success, data, error } = scenarioFileSchema.safeParse(content);
  const issues = error?.issues ?? [];
  const problems = [...shapeProblems(content, issues, positions)];
  const isShaped = (path: Path) =>
    !issues.some((issue) => path.every((step, at) => issue.path[at] === step));
  const raw = typeof content === "object" && content !== null ? content as RawContent : {};
  const base = await findBase(raw, load);
  if (typeof base === "string") {
    problems.push({ ...positions.ofValue(["scenario"]), message: base });
  } else if (base !== null) problems.push(...nameProblems(raw, base, positions, isShaped));
  if (problems.length > 0 || !success || base === null || typeof base === "string") {
    return fail(problems);
  }
  return fileOf(base, data);
}

/** Aliases say what is nowhere, what never ends, or too much. */
class AliasError extends Error {}

/** What the text says, with its aliases followed. */
function contentOf(document: Document.Parsed): unknown {
  try {
    const content: unknown = document.toJS();
    return isEndless(content, new Map())
      ? new AliasError("an alias stands in what it means")
      : content;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return new AliasError(error.message);
  }
}

/** Whether `value` is a part of itself; `known` has what was looked at, true while that is being done. */
function isEndless(value: unknown, known: Map<object, boolean>): boolean {
  if (typeof value !== "object" || value === null) return false;
  const isInside = known.get(value);
  if (isInside !== undefined) return isInside;
  known.set(value, true);
  if (Object.values(value).some((each) => isEndless(each, known))) return true;
  known.set(value, false);
  return false;
}

/** What a file is made of; what is wrong with that, in words; null where it does not say. */
async function findBase(
  { scenario }: RawContent,
  load: ScenarioLoader | undefined,
): Promise<ScenarioDefinition | string | null> {
  if (typeof scenario !== "string" || scenario === "") return null;
  if (!/[./\\]/.test(scenario)) {
    const names = simulatedScenarios.map(({ name }) => name);
    return simulatedScenarios.find(({ name }) => name === scenario) ??
      `there is no scenario ${scenario}: ${whatIsRight(scenario, names)}`;
  }
  if (load === undefined) return `scenario must be a name: modules are not loaded here`;
  try {
    return await load(scenario);
  } catch (error) { // what it says is for whoever wrote the file
    return `the module ${scenario} has no scenario: ${messageOf(error)}`;
  }
}

function fileOf(base: ScenarioDefinition, content: ScenarioFileContent): ScenarioFile {
  const { name = base.name, title = base.title, faults = base.faults, seeds, ...rest } = content;
  const scenario = {
    ...base,
    name,
    title,
    partitions: partitionsOf(base, content),
    ...base.numbers !== undefined && { numbers: numbersOf(base.numbers, content) },
    ...base.drivers !== undefined && { drivers: driversOf(base.drivers, content) },
    ...faults !== undefined && { faults },
    expected: [...base.expected ?? [], ...content.expected ?? []],
  };
  const { schedule, codec, itemsMax } = rest;
  return {
    scenario: defineScenario(scenario as ScenarioDefinition),
    settings: {
      ...schedule !== undefined && { schedule: schedule as NonNullable<WorldSettings["schedule"]> },
      ...codec !== undefined && { codec },
      ...itemsMax !== undefined && { itemsMax },
    },
    seeds: seedsOf(seeds),
  };
}

function seedsOf(seeds: ScenarioFileContent["seeds"]): ScenarioFile["seeds"] {
  if (seeds === undefined) return null;
  if (typeof seeds === "number") return { from: BigInt(seeds), count: 1 };
  return { from: BigInt(seeds.from ?? 0), count: seeds.count };
}

function partitionsOf(base: ScenarioDefinition, { partitions = {} }: ScenarioFileContent) {
  return Object.fromEntries(
    Object.entries(base.partitions).map(([name, options]) => [
      name,
      { ...options, ...partitions[name] },
    ]),
  );
}

function numbersOf(
  numbers: NonNullable<ScenarioDefinition["numbers"]>,
  content: ScenarioFileContent,
): ScenarioDefinition["numbers"] {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, number]) => {
      const given = content.numbers?.[name];
      const [least, most] = given === undefined ? [number.least, number.most] : rangeOf(given);
      return [name, { ...number, least, most }];
    }),
  );
}

function driversOf(drivers: DriverTable, content: ScenarioFileContent): DriverTable {
  return Object.fromEntries(
    Object.entries(drivers).map(([name, entry]) => {
      const given = content.drivers?.[name];
      return [name, given === undefined ? entry : { ...entry, options: given.options }];
    }),
  );
}
