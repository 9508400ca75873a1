/**
 * From what a command line calls a scenario to the scenario: one of the package's, or a file of the user's.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf } from "../../core/describe.ts";
import type { ScenarioDefinition } from "../mod.ts";
import type { ScenarioFile } from "../scenario_files/mod.ts";
import { FILE_LENGTH_MAX, ScenarioFileError } from "../scenario_files/problem.ts";
import { defineScenario } from "../worlds/define_scenario.ts";
import { shellQuoted } from "../text.ts";
import { cannot, UsageError, UsageErrors } from "./command.ts";
import { MACHINE } from "./file_system.ts";
import { openToRead } from "./opened_file.ts";
import { simulatedScenarios } from "../scenarios/all.ts";

/** UTF-8 of one character more than a file may have. */
const FILE_BYTES_MAX = 4 * (FILE_LENGTH_MAX + 1);

/** Whether `scenario` is a file's path, and no name. */
export function isFile(scenario: string): boolean {
  return /[./\\]/.test(scenario);
}

/** Whether `scenario` is the path of a file that says what runs, and how, and is no program. */
export function isText(scenario: string): boolean {
  return /\.ya?ml$/.test(scenario);
}

/**
 * The scenario that is called `scenario`. Its module runs, if it is one: whoever loads it trusts it.
 *
 * @throws {UsageError} There is none, or it cannot be loaded.
 */
export async function findScenario(scenario: string): Promise<ScenarioFile> {
  if (isText(scenario)) return await readText(scenario);
  const found = isFile(scenario)
    ? await importScenario(scenario)
    : simulatedScenarios.find(({ name }) => name === scenario);
  if (found !== undefined) return { scenario: found, settings: {}, seeds: null };
  const names = simulatedScenarios.map(({ name }) => name).join(", ");
  throw new UsageError(
    `Cannot find the scenario ${
      shellQuoted(scenario)
    }: there are ${names}; the path of a file has a . in it`,
  );
}

/** What the text at `path` says, in YAML. */
async function readText(path: string): Promise<ScenarioFile> {
  const { file: open, info } = await openToRead(MACHINE, path, `the scenario ${path}`);
  using file = open;
  // Of one that is too long there is enough to tell that it is.
  const bytes = new Uint8Array(Math.min(info.size, FILE_BYTES_MAX));
  const text = new TextDecoder().decode(bytes.subarray(0, file.read(0, bytes)));
  // What reads YAML takes longer to load than all else, and most scenarios are none.
  const { readScenarioFile } = await import("../scenario_files/mod.ts");
  try {
    const load = (module: string) => importScenario(resolve(dirname(path), module));
    return await readScenarioFile(text, { file: path, load });
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) throw error;
    throw new UsageErrors(error.message.split("\n")); // a line for each mistake, with its place
  }
}

/** The scenario that the module at `path` exports. */
async function importScenario(path: string): Promise<ScenarioDefinition> {
  const action = `load the scenario ${path}`;
  const hint = "name a module that exports one as default, or as scenario";
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw cannot(action, messageOf(error), hint);
  }
  const exported = module.default ?? module.scenario;
  if (typeof exported !== "object" || exported === null) {
    throw cannot(action, "it exports neither a default nor a scenario", hint);
  }
  try {
    return defineScenario(exported as ScenarioDefinition);
  } catch (error) {
    throw cannot(action, messageOf(error), hint);
  }
}
