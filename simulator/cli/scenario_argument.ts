/**
 * The scenario that a command runs, as a word of its own or with `--scenario`.
 *
 * @module
 */

import type { Command } from "commander";
import { simulatedScenarios } from "../scenarios/all.ts";
import { UsageError } from "./command.ts";

/** Has a command take a scenario in both ways. */
export function addScenario(command: Command): Command {
  const names = simulatedScenarios.map(({ name }) => name);
  return command
    .usage("[options] [SCENARIO]")
    .argument("[scenario]", `what is run: ${[...names, "the path of a file"].join(", ")}`)
    .option("--scenario <SCENARIO>", "the same as an option");
}

/**
 * The scenario that a command was given; null: none.
 *
 * @throws {UsageError} It is given twice, or is empty.
 */
export function scenarioGiven(command: Command): string | null {
  const [word] = command.args;
  const { scenario } = command.opts<{ readonly scenario?: string }>();
  if (word !== undefined && scenario !== undefined) {
    throw new UsageError("the scenario is given twice");
  }
  const given = word ?? scenario ?? null;
  if (given !== "") return given;
  throw new UsageError("the scenario must be a name or the path of a file");
}
