/**
 * Promise: `docs/simulator.md` lists the faults as they are. Its table is made from the table of faults.
 *
 * The command `deno task faults` writes it; with `--check` it says whether the file is current.
 *
 * @module
 */

import type { Fault } from "../simulator/faults/basics.ts";
import { FAULTS } from "../simulator/faults/table.ts";
import { runGenerator } from "./generated_file.ts";

const PATH = "docs/simulator.md";
const BEGIN = "<!-- faults -->";
const END = "<!-- end of faults -->";

/** The table, a line a fault. */
export function faultTable(faults: Readonly<Record<string, Fault<never>>>): string {
  const rows = Object.entries(faults).map(([name, fault]) => {
    const { does, realMachine, touches, where, oneIn, budget } = fault;
    const parameters = Object.entries(fault.parameters)
      .map(([parameter, { meaning, default: value }]) => `\`${parameter}\` ${meaning} (${value})`);
    const places = where.map((member) => `\`${member}\``).join(", ");
    const cells = [
      `\`${name}\``,
      [does, ...parameters].join(" "),
      realMachine,
      touches,
      places,
      `${oneIn}, ${budget}`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const head =
    "| `do` | what happens | on a real machine | who can tell | `where` | `oneIn`, `budget` |";
  return [head, "|---|---|---|---|---|---|", ...rows].join("\n");
}

/** `text`, with the table written again. */
export function withFaultTable(text: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) {
    throw new Error(`Cannot write the table of faults: ${PATH} must have ${BEGIN} and ${END}`);
  }
  const before = text.slice(0, begin + BEGIN.length);
  return `${before}\n${faultTable(FAULTS)}\n${text.slice(end)}`;
}

if (import.meta.main) {
  const file = {
    command: "deno task faults",
    description: `Writes the table of faults, in ${PATH}.`,
    path: PATH,
    done: "written",
    textOf: withFaultTable,
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
