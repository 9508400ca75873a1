import { assertEquals } from "@std/assert";
import { listFiles } from "../../tools/source.ts";
import { withTree } from "../support/temp_tree.ts";

Deno.test("listFiles: only folders of the root are foreign, whatever others are called", async () => {
  const files = {
    "coverage/a.ts": "",
    "node_modules/b.ts": "",
    ".hidden/c.ts": "",
    "simulator/coverage/d.ts": "",
    "e.md": "",
  };
  await withTree(files, async (root) => {
    assertEquals(await listFiles(root, [".ts"]), ["simulator/coverage/d.ts"]);
  });
});
