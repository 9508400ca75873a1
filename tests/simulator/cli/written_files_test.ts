import { assertEquals, assertThrows } from "@std/assert";
import { checkWritten, replaceFile } from "../../../simulator/cli/written_files.ts";
import { makeLink } from "../../support/deno_process.ts";
import { withTree } from "../../support/temp_tree.ts";

// Whoever may write there, as root may, would have no device any more.
Deno.test("checkWritten: a device is no file that can be replaced", () => {
  assertThrows(
    () => checkWritten([["--report", "/dev/null"]], []),
    Error,
    "Cannot write /dev/null: it is a device or pipe, not a file; name another file with --report",
  );
});

Deno.test("replaceFile: replaces a file or a link, and nothing else", async () => {
  await withTree({ "file": "old", "folder/file": "kept" }, async (root) => {
    await makeLink("file", `${root}/link`);
    await makeLink("/dev/null", `${root}/device`);
    replaceFile(`${root}/link`, "new");
    assertEquals(Deno.readTextFileSync(`${root}/link`), "new");
    assertEquals(Deno.readTextFileSync(`${root}/file`), "old");
    assertThrows(() => replaceFile(`${root}/folder`, ""), Error, "it is a folder");
    assertThrows(() => replaceFile(`${root}/device`, ""), Error, "it is a device or pipe");
    assertEquals([...Deno.readDirSync(root)].length, 4);
  });
});
