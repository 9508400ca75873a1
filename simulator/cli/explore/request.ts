/**
 * From the arguments of `simulate explore` to what is to be explored.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { COUNT_MOST, DEPTH_MAX, DRAW_WAYS_MAX, EXECUTIONS_MAX } from "../../exploring/settings.ts";
import { folded } from "../../layout.ts";
import { ITEMS_MAX } from "../../worlds/settings.ts";
import {
  asksForJson,
  createCommand,
  EXIT_FAILED,
  EXIT_OK,
  EXIT_USAGE,
  helpColumns,
  UsageError,
} from "../command.ts";
import { parseTime, parseWhole } from "../option_values.ts";
import { addScenario, scenarioGiven } from "../scenario_argument.ts";

/** Nothing was found, and not all was gone through: neither a proof nor a failure. */
export const EXIT_BOUNDED = 3;

const ARTEFACTS = "explore-failures";
const SCOUTS = 200;

/** What is to be explored. */
export interface ExploreRequest {
  /** The scenario, as it was asked for. */
  readonly scenario: string;
  /** Encoding of packets in the rings. */
  readonly codec: "msgpack" | "vmbus";
  /** Runs at most. */
  readonly executions: number;
  /** Runs by chance that come first. */
  readonly scouts: number;
  /** Milliseconds after which nothing is begun; null: it takes what it takes. */
  readonly timeMs: number | null;
  /** Choices of a run that are gone through. */
  readonly depth: number;
  /** Draws of so many ways at most are gone through. */
  readonly draws: number;
  /** Work items and timers that a phase of a run may take. */
  readonly items: number;
  /** Whether turns that touch nothing in common are taken in one order alone. */
  readonly isReduced: boolean;
  /** Whether states are matched. */
  readonly isMatched: boolean;
  /** Whether matched states are compared by what follows them. */
  readonly verifiesMatching: boolean;
  /** The folder for artefacts. */
  readonly artefacts: string;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

/** That the scenarios are to be listed. */
export interface ExploreListRequest {
  /** Tells it from the other. */
  readonly list: true;
  /** Whether the list is for programs. */
  readonly isJson: boolean;
}

const PARAGRAPHS = [
  "Goes through all orders in which the work of a scenario's world can be done, choice by choice, and says whether " +
  "one of them breaks a rule; the first that does ends it. Of turns that touch nothing in common one order is " +
  "enough; and where the scenario says what its drivers know (stateOf), nothing is gone through twice from the same " +
  "state. The report says what was left out: nothing goes wrong in these runs, and a draw of more ways than --draws " +
  "is 0. It is for small worlds: a few packets of one channel are thousands of runs.",
  "Before that it tries --scouts orders by chance, which soon find what many orders have. What is found is kept in a " +
  "file as a sweep keeps it: simulate replay FILE runs it again, simulate shrink FILE makes it smaller and tells its " +
  "story.",
  `Exit code: ${EXIT_OK} all orders were gone through and nothing was found, ${EXIT_FAILED} something was, ` +
  `${EXIT_USAGE} it could not run as asked, ${EXIT_BOUNDED} nothing was found as far as it came, and that was not ` +
  "everything, 130 Ctrl-C. With --json an object is printed in each of these cases.",
];

function helpOf(name: string): string {
  const columns = helpColumns();
  const paragraphs = PARAGRAPHS.map((each) => folded(each, columns, ""));
  return `\n${paragraphs.join("\n\n")}\n
Examples:
  ${name} --list
  ${name} ring-signalling
  ${name} my_scenario.ts --time 60s --json`;
}

function createExplore(name: string): Command {
  return addScenario(createCommand(name))
    .description("Goes through all orders of a small world.")
    .option("--list", "list the scenarios that are there")
    .addOption(
      new Option("--executions <N>", "runs at most, those by chance left out")
        .argParser(parseWhole(1, COUNT_MOST)).default(EXECUTIONS_MAX),
    )
    .option("--time <TIME>", "begin nothing after this time: 60s, 5m, 2h", parseTime)
    .addOption(
      new Option("--scouts <N>", "orders by chance that come first")
        .argParser(parseWhole(0, COUNT_MOST)).default(SCOUTS),
    )
    .addOption(
      new Option("--depth <N>", "choices of a run that are gone through")
        .argParser(parseWhole(1, COUNT_MOST)).default(DEPTH_MAX),
    )
    .addOption(
      new Option("--draws <N>", "draws of so many ways at most are gone through, others are 0")
        .argParser(parseWhole(0, COUNT_MOST)).default(DRAW_WAYS_MAX),
    )
    .addOption(
      new Option("--items <N>", "work items that a phase of a run may take")
        .argParser(parseWhole(1, COUNT_MOST)).default(ITEMS_MAX),
    )
    .addOption(
      new Option("--codec <CODEC>", "how packets are encoded").choices(["msgpack", "vmbus"])
        .default("msgpack"),
    )
    .option("--no-reduction", "take all orders, also of turns that touch nothing in common")
    .option("--no-matching", "go through each state as often as it is met")
    .option(
      "--verify-matching",
      "keep whole states, and compare what follows those that were met before",
    )
    .addOption(
      new Option("--artefacts <DIR>", "where a failure is kept, a file for each cause")
        .default(ARTEFACTS, ARTEFACTS),
    )
    .option("--json", "print one JSON object instead of text")
    .allowExcessArguments(false)
    .addHelpText("after", () => helpOf(name));
}

/** What commander makes of the options. */
interface Values {
  readonly list?: true;
  readonly executions: number;
  readonly time?: number;
  readonly scouts: number;
  readonly depth: number;
  readonly draws: number;
  readonly items: number;
  readonly codec: "msgpack" | "vmbus";
  readonly reduction: boolean;
  readonly matching: boolean;
  readonly verifyMatching?: true;
  readonly artefacts: string;
  readonly json?: true;
}

/** Whether `args` ask for a report for programs, also where nothing can be run with them. */
export function isExploreForPrograms(args: readonly string[]): boolean {
  return asksForJson(createExplore("explore"), args);
}

/**
 * What `args` ask for.
 *
 * @param name What starts the command.
 * @throws {CommanderError} They cannot be understood, or they ask for help; both have been answered.
 * @throws {UsageError} They do not belong together.
 */
export function readExplore(
  args: readonly string[],
  name: string,
): ExploreRequest | ExploreListRequest {
  const command = createExplore(name).parse(args, { from: "user" });
  const values = command.opts<Values>();
  const isJson = values.json === true;
  if (values.list === true) return { list: true, isJson };
  const { executions, scouts, depth, draws, items, codec, artefacts } = values;
  const scenario = scenarioGiven(command);
  if (scenario === null) {
    throw new UsageError(`Cannot explore: name a scenario: see ${name} --list`);
  }
  const verifiesMatching = values.verifyMatching === true;
  if (verifiesMatching && !values.matching) {
    throw new UsageError("--verify-matching does not go with --no-matching: nothing is matched");
  }
  return {
    scenario,
    codec,
    executions,
    scouts,
    timeMs: values.time ?? null,
    depth,
    draws,
    items,
    isReduced: values.reduction,
    isMatched: values.matching,
    verifiesMatching,
    artefacts,
    isJson,
  };
}
