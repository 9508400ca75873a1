import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { storage } from "../../../simulator/cli/storage.ts";
import type { BlockDevice } from "../../../devices/storage/mod.ts";
import { UsageError } from "../../../simulator/cli/command.ts";
import { FatVolume } from "../../../simulator/fat/volume.ts";
import { OptionError, type ScenarioResult, type ScenarioSettings } from "../../../simulator/mod.ts";
import { sampleBytes } from "../../support/disk_stage.ts";
import { FatDisk } from "../../support/fat_disk.ts";
import { simulate } from "../../support/simulate.ts";
import { withTree } from "../../support/temp_tree.ts";

type Numbers = NonNullable<ScenarioSettings["numbers"]>;

const FILE = sampleBytes(700_001, 3);

function run(
  paths: Readonly<Record<string, string>>,
  numbers: Numbers = {},
  settings: Partial<ScenarioSettings> = {},
): Promise<ScenarioResult> {
  return storage.run({ ...settings, numbers, paths, files: {} });
}

function assertGood(result: ScenarioResult, bytes: Uint8Array, guests = 1): void {
  assertEquals(result.findings, []);
  const digest = bytesToHex(sha256(bytes));
  assertEquals(result.digests.map(({ sha256 }) => sha256), Array(guests + 1).fill(digest));
  assertEquals([result.violationCount, result.leakCount, result.ok], [0, 0, true]);
}

function figure(result: ScenarioResult, key: string): number {
  return result.figures?.find((each) => each.key === key)?.value ?? NaN;
}

/** What the volume in an image has under a name, read without guest or controller. */
async function contentOf(path: string, name: string, byteCount: number): Promise<Uint8Array> {
  using image = Deno.openSync(path, { read: true });
  const device: BlockDevice = {
    blockBytes: 512,
    blocks: image.statSync().size / 512,
    isReadOnly: true,
    read: (lba, into) =>
      Promise.try(() => {
        image.seekSync(512 * lba, Deno.SeekMode.Start);
        image.readSync(into);
      }),
    write: () => Promise.reject(new Error("read-only")),
    flush: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
  const volume = await FatVolume.mount(device);
  const file = await volume.open(name);
  const content = new Uint8Array(byteCount + 1);
  const count = await file.read(content);
  await file.close();
  return content.slice(0, count);
}

for (const codec of ["msgpack", "vmbus"] as const) {
  Deno.test(`storage: a file comes back, and is on the image that was made, with ${codec}`, async () => {
    await withTree({ "a file*.bin": FILE }, async (root) => {
      const paths = { file: `${root}/a file*.bin`, disk: `${root}/disk`, out: `${root}/out` };
      const result = await run(paths, { "sync-every": 100_000 }, { codec, schedule: "random" });
      assertGood(result, FILE);
      assertEquals(await Deno.readFile(paths.out), FILE);
      assertEquals(await contentOf(paths.disk, "/a file_.bin", FILE.length), FILE);
      // The same image again: the file is replaced.
      assertGood(await run(paths, {}, { codec, seed: 7n }), FILE);
    });
  });
}

Deno.test("storage: equal runs have equal traces and leave equal images", async () => {
  await withTree({ file: FILE.subarray(0, 100_000) }, async (root) => {
    const digests: string[] = [];
    for (const disk of ["one", "two"]) {
      const paths = { file: `${root}/file`, disk: `${root}/${disk}` };
      const { traceDigest } = await run(paths, {}, { schedule: "random", seed: 5n });
      // Behind the tables and the file there are zeros.
      using image = Deno.openSync(paths.disk, { read: true });
      const begin = new Uint8Array(2 ** 20);
      image.readSync(begin);
      digests.push(`${traceDigest} ${bytesToHex(sha256(begin))}`);
    }
    assertEquals(digests[0], digests[1]);
  });
});

Deno.test("storage: guests are migrated while their file systems wait for the disk", async () => {
  await withTree({ file: FILE }, async (root) => {
    const numbers = { migrate: 4, guests: 2 };
    const result = await run({ file: `${root}/file` }, numbers, { schedule: "random" });
    assertGood(result, FILE, 2);
    const [migrations] = result.tables ?? [];
    assertEquals(migrations?.rows.length, 4);
    // Requests were on their way: sent and not answered, or ended and not heard of.
    assert(migrations!.rows.some(({ values }) => values[4]! > 0));
  });
});

Deno.test("storage: queue depth and sub-channels are what is asked for", async () => {
  await withTree({ file: FILE }, async (root) => {
    const shapes = [[1, 0], [1, 2], [4, 1]] as const;
    for (const [depth, subChannels] of shapes) {
      const numbers = { "queue-depth": depth, "sub-channels": subChannels, migrate: 2 };
      const result = await run({ file: `${root}/file` }, numbers, { schedule: "random" });
      assertGood(result, FILE);
      assert(figure(result, "commandsAtOnce") <= depth);
      if (subChannels > 0) assertEquals(figure(result, "subChannels"), subChannels);
    }
  });
});

Deno.test("storage: what was synced is there after a crash, wherever that is", async () => {
  await withTree({ file: FILE }, async (root) => {
    const safe: number[] = [];
    for (const percent of [0, 9, 21, 34, 50, 75, 100]) {
      const paths = { file: `${root}/file`, disk: `${root}/disk.${percent}`, out: `${root}/left` };
      const result = await run(paths, { "crash-at": percent, "sync-every": 100_000 });
      const [synced, left] = [figure(result, "syncedBytes"), figure(result, "leftBytes")];
      safe.push(synced);
      assertEquals([result.findings, result.leakCount], [[], 0]);
      assert(left >= synced);
      assertEquals(await Deno.readFile(paths.out), FILE.slice(0, left));
      // Digests are of what is left, and say so.
      const isPart = left < FILE.length;
      assertEquals(result.digests.map(({ label }) => label.startsWith("the beginning of ")), [
        isPart,
        isPart,
      ]);
    }
    assertEquals(safe.at(-1), FILE.length);
    assert(new Set(safe).size > 3);
  });
});

Deno.test("storage: an image without a file system, or with too little room, is found out", async () => {
  await withTree({ file: FILE, disk: new Uint8Array(2 ** 20) }, async (root) => {
    const without = run({ file: `${root}/file`, disk: `${root}/disk` });
    await assertRejects(() => without, UsageError, "/disk as a disk: there is no FAT volume on it");
    const small = run({ file: `${root}/file`, disk: `${root}/file` });
    await assertRejects(() => small, Error, "it is the same file as");
    const nowhere = run({ file: `${root}/file`, disk: `${root}/no/disk` });
    await assertRejects(() => nowhere, Error, "/no/disk: there is no such folder; name a file in");
  });
});

Deno.test("storage: an image that cannot be used is a wrong argument, and says why", async () => {
  const image = new Uint8Array(2 ** 20);
  const odd = image.subarray(0, 2 ** 20 - 1);
  await withTree({ file: FILE, image, odd, empty: "", "folder/in": "" }, async (root) => {
    const wrong: [string, string][] = [
      ["image", "there is no FAT volume on it; name an image with a FAT volume that has room for"],
      ["odd", "it has 1 048 575 bytes"],
      ["empty", "it has 0 bytes"],
      ["folder", "folder"],
    ];
    for (const [name, reason] of wrong) {
      const running = run({ file: `${root}/file`, disk: `${root}/${name}` });
      const error = await assertRejects(() => running, UsageError);
      assert(
        error.message.includes(`${root}/${name}`) && error.message.includes(reason),
        error.message,
      );
    }
    const { code } = await simulate("--scenario", "storage", "--disk", `${root}/image`);
    assertEquals(code, 2);
  });
});

/** A file with a FAT volume that was changed; its blocks of zeros take no room. */
async function imageWith(path: string, change: (volume: FatVolume) => Promise<void>) {
  const disk = FatDisk.format();
  const volume = await FatVolume.mount(disk);
  await change(volume);
  await volume.unmount();
  using image = Deno.openSync(path, { write: true, createNew: true });
  image.truncateSync(disk.blocks * disk.blockBytes);
  for (const [lba, block] of disk.content) {
    image.seekSync(lba * disk.blockBytes, Deno.SeekMode.Start);
    image.writeSync(block);
  }
}

Deno.test("storage: a volume that has no room for the file, or none of its name, is left as it was", async () => {
  await withTree({ file: FILE }, async (root) => {
    await imageWith(`${root}/full`, async (volume) => {
      const filler = await volume.create("/filler");
      await filler.seek(await volume.room("/filler") - 600_000);
      await filler.close();
    });
    await imageWith(`${root}/taken`, (volume) => volume.makeDirectory("/FILE"));
    const reasons = {
      full: "its volume has room for 598 016 bytes, and the file has 700 001; name an image with",
      taken: "its volume has a directory or a read-only file at /file",
    };
    for (const [name, reason] of Object.entries(reasons)) {
      const disk = `${root}/${name}`;
      const before = await Deno.stat(disk);
      const running = run({ file: `${root}/file`, disk });
      const error = await assertRejects(() => running, UsageError);
      assert(error.message.includes(reason), error.message);
      assertEquals((await Deno.stat(disk)).mtime, before.mtime);
    }
  });
});

// An image is made where nothing is, and stays: but not where there was no run.
Deno.test("storage: where one file cannot be used no image is left that was made", async () => {
  await withTree({ file: FILE, "disk.2": new Uint8Array(2 ** 20), "out/in": "" }, async (root) => {
    const paths = { file: `${root}/file`, disk: `${root}/disk` };
    await assertRejects(() => run(paths, { guests: 2 }), UsageError, "/disk.2 as a disk");
    await assertRejects(() => run({ ...paths, out: `${root}/out` }), UsageError);
    const names = [...Deno.readDirSync(root)].map(({ name }) => name);
    assertEquals(names.toSorted(), ["disk.2", "file", "out"]);
  });
});

Deno.test("storage: a file that no FAT volume can hold is refused before anything is made", async () => {
  await withTree({ file: "" }, async (root) => {
    await Deno.truncate(`${root}/file`, 2 ** 32); // sparse
    const copying = run({ file: `${root}/file`, disk: `${root}/disk` });
    await assertRejects(() => copying, Error, "name a file of 4 294 967 295 bytes or fewer");
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["file"]);
  });
});

Deno.test("storage: options that do not go together are refused", async () => {
  const refused: [Numbers, string][] = [
    [{ "crash-at": 40, migrate: 1 }, "--crash-at and --migrate do not go together"],
    [{ "crash-at": 40, guests: 2 }, "--crash-at needs --guests 1"],
    [{ "crash-at": 101 }, "--crash-at must be a part from 0% to 100%"],
    [{ "sync-every": 0 }, "--sync-every must be a whole number"],
  ];
  for (const [numbers, message] of refused) {
    await assertRejects(() => run({}, numbers), OptionError, message);
  }
});

Deno.test("storage: the command needs to read and write files, and nothing else", async () => {
  await withTree({ file: FILE.subarray(0, 5000) }, async (root) => {
    const paths = ["--file", `${root}/file`, "--disk", `${root}/disk`];
    const { code, stdout, stderr } = await simulate("--scenario", "storage", ...paths);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /The digests are the same\.\nok\n/);
    // It is no run that can be saved.
    const resumed = await simulate("--scenario", "storage", "--save-at", "10%", "--save-to", "x");
    assertEquals(resumed.code, 2);
  });
});
