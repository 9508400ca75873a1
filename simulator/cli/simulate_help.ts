/**
 * What the help of `deno task simulate` says beside its options.
 *
 * @module
 */

import { folded } from "../layout.ts";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, helpColumns } from "./command.ts";

/** What comes before the examples; `givenAgain`: the options that --resume takes beside the file. */
const paragraphsOf = (givenAgain: string): readonly string[] => [
  "The run depends on the seed, the options and the content of files alone: the same ones give the same " +
  "trace digest. It ends with a table, the SHA-256 of every file as read and as returned, and the command " +
  "that runs it again. Paths are relative to the folder that you are in. Ctrl-C stops it and says how far " +
  "it came.",
  `Exit code: ${EXIT_OK} all is well, ${EXIT_FAILED} the run found something wrong, ${EXIT_USAGE} it could ` +
  "not run as asked, 130 Ctrl-C. With --json an object is printed in each of these cases: error says what " +
  "is wrong, and null stands for what is not known.",
  "A run can be saved in the middle, and continues in another process: what it needs is kept beside FILE. " +
  `FILE names no file, so ${givenAgain} are given again with --resume; the report of the save has the ` +
  "command.",
  "sweep runs a scenario with many seeds, replay makes a run of a sweep again, shrink makes it smaller, explore goes " +
  "through all orders of a small world; each says more with --help.",
];

const EXAMPLES = [
  "",
  "--migrate 5",
  "--save-at 40% --save-to run.saved",
  "--resume run.saved --out copy",
  "--file film.mkv --out copy.mkv --guests 5 --schedule random",
  "--scenario echo --size 300 --codec vmbus --json",
  "--scenario storage --file film.mkv --disk disk.img --crash-at 40%",
  "--scenario everything --seed 3 --schedule random --report run.html --capture run.pcapng",
];

/**
 * The text, for what starts the command.
 *
 * @param givenAgain The options that --resume takes beside the file, in words.
 */
export function simulateHelp(name: string, givenAgain: string): string {
  const columns = helpColumns();
  const paragraphs = paragraphsOf(givenAgain).map((each) => folded(each, columns, ""));
  const examples = EXAMPLES.map((each) => `  ${name} ${each}`.trimEnd());
  return `\n${[...paragraphs, ["Examples:", ...examples].join("\n")].join("\n\n")}`;
}
