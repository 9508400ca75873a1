/**
 * What tshark shows of a world of the disk: it runs the world, and tshark on its capture.
 *
 * @module
 */

import { RunCapture } from "../../simulator/capture/capture.ts";
import { captured } from "../../simulator/capture/captured.ts";
import { runWorld } from "../../simulator/mod.ts";
import { disk } from "../../simulator/scenarios/disk/scenario.ts";
import type { ShownCapture } from "./picture.ts";

/** Lines of the list. */
const LIST_MAX = 20;
const COLUMNS = [
  "frame.number",
  "_ws.col.Time",
  "_ws.col.Source",
  "_ws.col.Destination",
  "_ws.col.Info",
];
const TIME_DIGITS = 6;
/** The packet that is opened: the first write, with the memory that it is of. */
const OPENED = "vmbus.disk.operation == 3 && vmbus.gpa.range_count";

async function tshark(path: string, ...args: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command("tshark", {
    args: ["-2", "-X", "lua_script:tools/vmbus.lua", "-r", path, ...args],
  }).output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`Cannot run tshark: ${text.decode(stderr).trim()}`);
  return text.decode(stdout).trimEnd().split("\n");
}

/** The lines of VMBus alone, with the capture's own header closed, and without bits that are not set. */
function treeOf(lines: readonly string[]): string[] {
  const own = lines.slice(lines.findIndex((line) => line.startsWith("Hyper-V VMBus")));
  const end = own.indexOf("");
  let isInHeader = false;
  return (end === -1 ? own : own.slice(0, end)).filter((line) => {
    const isHeader = line.startsWith("    Capture header");
    if (!line.startsWith("        ")) isInHeader = isHeader;
    return (isHeader || !isInHeader) && !line.endsWith(" = False");
  });
}

/** A line of the list; times have as many digits in all versions. */
function shownRow(line: string): readonly string[] {
  const columns = line.split("\t");
  return columns.with(1, Number(columns[1]).toFixed(TIME_DIGITS));
}

/** A world of the disk in which nothing goes wrong, as tshark shows it. */
export async function shownDisk(): Promise<ShownCapture> {
  const path = await Deno.makeTempFile({ suffix: ".pcapng" });
  try {
    using file = await Deno.open(path, { write: true });
    const run = new RunCapture((bytes) => void file.writeSync(bytes));
    const settings = { seed: 3, codec: "vmbus", schedule: "fifo", isFaulty: false } as const;
    await runWorld(captured(disk, run), { ...settings, onChoice: run.chose });
    run.close([]);
    const fields = COLUMNS.flatMap((column) => ["-e", column]);
    const list = (await tshark(path, "-T", "fields", ...fields)).map(shownRow);
    const [found = ""] = await tshark(path, "-Y", OPENED, "-T", "fields", "-e", "frame.number");
    const opened = Number(found) - 1;
    const first = Math.max(0, Math.min(opened - LIST_MAX / 2, list.length - LIST_MAX));
    return {
      list: list.slice(first, first + LIST_MAX),
      opened: opened - first,
      tree: treeOf(await tshark(path, "-Y", `frame.number == ${found}`, "-V")),
    };
  } finally {
    await Deno.remove(path);
  }
}
