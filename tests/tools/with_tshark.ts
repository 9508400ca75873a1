/**
 * Captures in Debian's tshark: tests of `deno task test:tools`, which the suite does not find by their name.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { capture } from "../../simulator/mod.ts";
import { openPair } from "../support/connected_pair.ts";
import { createFabric } from "../support/fabric.ts";
import { runTool, testWithTools } from "../support/installed.ts";
import { withTree } from "../support/temp_tree.ts";

testWithTools("capture: tshark reads the file, with interfaces, directions and comments", [
  "tshark",
], async () => {
  await withTree({}, async (root) => {
    const path = `${root}/run.pcapng`;
    const fabric = createFabric();
    using file = Deno.createSync(path);
    const captured = capture(fabric, (bytes) => void file.writeSync(bytes));
    const guest = fabric.createPartition({ name: "one" });
    await openPair({ within: { fabric, guest } });
    captured.note("one", "it is open");
    captured.end();
    const fields = ["frame.interface_name", "frame.packet_flags_direction", "frame.comment"];
    const columns = fields.flatMap((field) => ["-e", field]);
    const { code, stdout } = await runTool("tshark", ["-r", path, "-T", "fields", ...columns]);
    assertEquals(code, 0);
    const lines = stdout.trimEnd().split("\n");
    assertEquals(lines[0], "one: bus\t0x00000002\t");
    assertEquals(lines[1], "one: bus\t0x00000001\t");
    assertEquals(lines.at(-1), "one: bus\t0x00000002\tit is open");
  });
});
