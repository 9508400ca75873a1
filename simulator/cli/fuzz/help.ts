/**
 * What the help of `deno task fuzz` says beside its options.
 *
 * @module
 */

import { folded } from "../../layout.ts";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, helpColumns } from "../command.ts";

const PARAGRAPHS = [
  "A target takes bytes from a side that is not trusted: a decoder, a driver, a whole partition. Its inputs are " +
  "made of seeds that are in order, by mutations of bytes and by draws that have the right structure; what " +
  "reaches code that none has reached is kept, and changed further. The same seed makes the same inputs.",
  "A target fails where it throws, where it does not come back, where its outcome depends on bytes around the " +
  "input, where it writes to them, and where it keeps more than 64 MiB. Each runs in a process of its own, " +
  "which may read files. An input that fails is made smaller, and kept in a file: --replay FILE runs it again.",
  `Exit code: ${EXIT_OK} nothing failed, ${EXIT_FAILED} something did, ${EXIT_USAGE} it could not run as asked, ` +
  "130 Ctrl-C, which says what was done. With --json an object is printed in each of these cases.",
];

/**
 * The text.
 *
 * @param name What starts the command.
 * @param hasOwn Whether there are targets where it is told no module.
 */
export function fuzzHelp(name: string, hasOwn: boolean): string {
  const columns = helpColumns();
  const paragraphs = PARAGRAPHS.map((each) => folded(each, columns, ""));
  const own = ["--list", "--time 60s", "--target ring --cases 1000000 --seed 7"];
  const examples = [
    ...hasOwn ? own : ["my_targets.ts --list"],
    "my_targets.ts --time 60s",
    "my_targets.ts --replay fuzz-failures/my-device-crash-23.json",
  ];
  const lines = examples.map((each) => `  ${name} ${each}`);
  return `\n${[...paragraphs, ["Examples:", ...lines].join("\n")].join("\n\n")}`;
}
