/**
 * What the help of `deno task sweep` says beside its options.
 *
 * @module
 */

import { folded } from "../../layout.ts";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, helpColumns } from "../command.ts";

const PARAGRAPHS = [
  "A seed makes a world: an order of all work, and what goes wrong in it. The same seed makes the same world " +
  "again for as long as the program is unchanged, so a sweep comes to the same result each time, whatever " +
  "the number of processes. Failures are grouped by cause, which is a rule and a place, and of each cause " +
  "the world of the lowest seed is kept in a file: simulate replay FILE runs it again, in later versions as " +
  "well. That run is then made smaller: the same finding, with fewer faults and fewer switches, which are choices " +
  "that fifo would not make. The smaller run is kept beside it; --no-shrink leaves that out. Beside each lies a page " +
  "that shows the run in any browser.",
  "A scenario of your own is a module that exports what defineScenario returns, as default or as scenario, or a " +
  "file in YAML, which may say seeds, schedule and codec as well. It " +
  "runs in child processes that may read files and do nothing else to the machine; what it prints is not shown. A " +
  "world that never ends, or that its process dies of, is a failure like any other.",
  `Exit code: ${EXIT_OK} nothing was found, ${EXIT_FAILED} something was, ${EXIT_USAGE} it could not run as ` +
  "asked, 130 Ctrl-C, which says what was done. Behaviours that no seed reached are no failure. With --json an " +
  "object is printed in each of these cases.",
];

const EXAMPLES = [
  "my_scenario.ts --seeds 10000",
  "my_scenario.ts --until-failure --time 10m",
  "my_scenario.ts --seed 4711",
  "my_scenario.ts --seeds 10000 --report sweep.html",
];

/** The text, for what starts the command. */
export function sweepHelp(name: string): string {
  const columns = helpColumns();
  const paragraphs = PARAGRAPHS.map((each) => folded(each, columns, ""));
  const examples = EXAMPLES.map((each) => `  ${name} ${each}`);
  return `\n${[...paragraphs, ["Examples:", ...examples].join("\n")].join("\n\n")}`;
}
