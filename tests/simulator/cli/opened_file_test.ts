import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../simulator/cli/command.ts";
import { OpenedFile } from "../../../simulator/cli/opened_file.ts";
import { memoryFile } from "../../support/echo_stage.ts";
import { withTree } from "../../support/temp_tree.ts";

Deno.test("OpenedFile: reads anywhere, and no further than the file's end", async () => {
  await withTree({}, async (root) => {
    const { bytes } = memoryFile(300_000);
    await Deno.writeFile(`${root}/a`, bytes);
    using file = await OpenedFile.open(`${root}/a`, "a name");
    assertEquals([file.name, file.byteCount], ["a name", 300_000]);
    for (
      const [offset, byteCount] of [[200_000, 100_000], [0, 300_000], [7, 1], [7, 1], [
        0,
        0,
      ]] as const
    ) {
      assertEquals(await file.read(offset, byteCount), bytes.slice(offset, offset + byteCount));
    }
    assertEquals(await file.read(299_990, 100), bytes.slice(299_990));
    assertEquals(await file.read(300_001, 5), new Uint8Array(0));
  });
});

Deno.test("OpenedFile: notices that it was written to, and nothing else", async () => {
  await withTree({ "a": "hello" }, async (root) => {
    const path = `${root}/a`;
    const cases: [change: () => void, message: string | null][] = [
      [() => Deno.readFileSync(path), null],
      [() => Deno.chmodSync(path, 0o600), null],
      [() => Deno.utimeSync(path, 1, 1), "Cannot use x: it changed while it was read: somebody wr"],
      [
        () => Deno.truncateSync(path, 2),
        "it has 2 bytes now, and had 5; run again when nobody wri",
      ],
      [() => Deno.removeSync(path), null],
    ];
    for (const [change, message] of cases) {
      using file = await OpenedFile.open(path, "x");
      change();
      const look = file.assertUnchanged();
      if (message === null) await look;
      else await assertRejects(() => look, UsageError, message);
    }
  });
});

Deno.test("OpenedFile: refuses what is no file, by the name that reports use", async () => {
  await withTree({ "folder/a": "" }, async (root) => {
    const cases: [path: string, message: string][] = [
      [`${root}/gone`, "Cannot read x: there is no such file"],
      [`${root}/folder`, "Cannot read x: it is a folder, not a file"],
      [`${root}/folder/a/b`, "Cannot read x: "],
    ];
    for (const [path, message] of cases) {
      await assertRejects(() => OpenedFile.open(path, "x"), UsageError, message);
    }
  });
});
