/**
 * Images of the storage scenario in the hands of the usual tools, dosfstools and mtools: tests of
 * `deno task test:tools`, which the suite does not find by their name.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { storage } from "../../simulator/cli/storage.ts";
import { fatImageBytes, formatFat } from "../../simulator/fat/format.ts";
import type { ScenarioResult } from "../../simulator/mod.ts";
import { sampleBytes } from "../support/disk_stage.ts";
import { runTool, testWithTools } from "../support/installed.ts";
import { withTree } from "../support/temp_tree.ts";

const FILE = sampleBytes(3_000_001, 9);
const NAME = "Grüße an alle.bin";
/** Bits of a table's entry, sectors of a cluster, KiB of the volume. */
const VOLUMES = [["12", "8", "8000"], ["16", "8", "100000"], ["32", "1", "70000"]] as const;

async function run(
  paths: Readonly<Record<string, string>>,
  numbers: Readonly<Record<string, number>> = {},
): Promise<ScenarioResult> {
  const result = await storage.run({ paths, numbers, files: {}, schedule: "random" });
  assertEquals(result.findings, []);
  return result;
}

/** Asserts that the check finds nothing wrong with an image, and would change nothing. */
async function assertClean(image: string): Promise<void> {
  const { code, stdout } = await runTool("fsck.fat", ["-n", image]);
  assertEquals([code, stdout.split("\n").length], [0, 3], stdout); // its version, and a line with the counts
}

/** Asserts that mtools reads `bytes` under the file's name. */
async function assertReads(image: string, root: string, bytes: Uint8Array): Promise<void> {
  const copy = `${root}/read`;
  const { code, stderr } = await runTool("mcopy", ["-n", "-i", image, `::${NAME}`, copy]);
  assertEquals([code, stderr], [0, ""]);
  const digestOf = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");
  assertEquals(digestOf(await Deno.readFile(copy)), digestOf(bytes));
  await Deno.remove(copy);
}

testWithTools(
  "formatFat: the check finds the volume clean, whatever its size",
  ["fsck.fat"],
  async () => {
    await withTree({}, async (root) => {
      for (const fileBytes of [0, 400_000_000, 3_000_000_000]) {
        const path = `${root}/${fileBytes}`;
        using image = Deno.createSync(path);
        const byteCount = fatImageBytes(fileBytes);
        image.truncateSync(byteCount);
        formatFat(byteCount, (offset, bytes) => {
          image.seekSync(offset, Deno.SeekMode.Start);
          image.writeSync(bytes);
        }, 0xfeed_beef);
        await assertClean(path);
      }
    });
  },
);

testWithTools("storage: the check finds the image clean, and mtools reads the file", [
  "fsck.fat",
  "mcopy",
  "mdir",
], async () => {
  await withTree({ [NAME]: FILE }, async (root) => {
    const paths = { file: `${root}/${NAME}`, disk: `${root}/disk` };
    const shapes = [
      {},
      { migrate: 3, "sync-every": 300_000 },
      { migrate: 1, "queue-depth": 1, "sub-channels": 2 },
    ];
    for (const numbers of shapes) {
      await run(paths, numbers);
      await assertClean(paths.disk);
      await assertReads(paths.disk, root, FILE);
    }
    const { stdout } = await runTool("mdir", ["-i", paths.disk, "::"]);
    assertStringIncludes(stdout, NAME);
    assertStringIncludes(stdout, "2026-01-01");
  });
});

testWithTools("storage: volumes that mkfs.fat has made are used, FAT12, FAT16 and FAT32", [
  "mkfs.fat",
  "fsck.fat",
  "mcopy",
], async () => {
  await withTree({ [NAME]: FILE }, async (root) => {
    for (const [bits, sectors, kib] of VOLUMES) {
      const paths = { file: `${root}/${NAME}`, disk: `${root}/disk.${bits}` };
      const made = await runTool("mkfs.fat", ["-C", "-F", bits, "-s", sectors, paths.disk, kib]);
      assertEquals(made.code, 0);
      await run(paths);
      await assertClean(paths.disk);
      await assertReads(paths.disk, root, FILE);
    }
  });
});

testWithTools("storage: after a crash the check repairs the image, and what was synced is there", [
  "fsck.fat",
  "mcopy",
], async () => {
  await withTree({ [NAME]: FILE }, async (root) => {
    let repairs = 0;
    for (const percent of [5, 13, 22, 31, 44]) {
      const paths = { file: `${root}/${NAME}`, disk: `${root}/disk.${percent}` };
      const { figures } = await run(paths, { "crash-at": percent, "sync-every": 1_100_000 });
      const synced = figures?.find(({ key }) => key === "syncedBytes")?.value ?? NaN;
      const left = figures?.find(({ key }) => key === "leftBytes")?.value ?? NaN;
      const { code } = await runTool("fsck.fat", ["-a", paths.disk]);
      assert(code === 0 || code === 1); // nothing was wrong, or all of it was mended
      repairs += code;
      await assertClean(paths.disk);
      assert(left >= synced);
      if (synced > 0) await assertReads(paths.disk, root, FILE.slice(0, left));
    }
    assert(repairs > 0);
  });
});
