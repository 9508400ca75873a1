import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { disk } from "../../../simulator/cli/disk.ts";
import {
  OptionError,
  type ScenarioResult,
  type ScenarioSettings,
  textReport,
} from "../../../simulator/mod.ts";
import { sampleBytes } from "../../support/disk_stage.ts";
import { times } from "../../support/long.ts";
import { withTree } from "../../support/temp_tree.ts";

type Numbers = NonNullable<ScenarioSettings["numbers"]>;
type Settings = Partial<ScenarioSettings>;

function run(
  paths: Readonly<Record<string, string>>,
  numbers: Numbers = {},
  settings: Settings = {},
): Promise<ScenarioResult> {
  return disk.run({ ...settings, numbers, paths, files: {} });
}

function counted(result: ScenarioResult, key: string): readonly number[] {
  return result.counts.rows.find((row) => row.key === key)?.values ?? [];
}

function figure(result: ScenarioResult, key: string): number | undefined {
  return result.figures?.find((each) => each.key === key)?.value;
}

/** Asserts that nothing was wrong, and that `bytes` went there and came back to every guest. */
function assertGood(result: ScenarioResult, bytes: Uint8Array, guests = 1): void {
  assertEquals(result.findings, []);
  const digest = bytesToHex(sha256(bytes));
  assertEquals(result.digests.map(({ sha256 }) => sha256), Array(guests + 1).fill(digest));
  assertEquals(counted(result, "fileBytes"), [guests * bytes.length, guests * bytes.length]);
  const { done, total } = result.progress;
  assertEquals([done, total], [2 * guests * bytes.length, 2 * guests * bytes.length]);
  assertEquals([result.violationCount, result.leakCount, result.isStopped], [0, 0, false]);
  assert(result.ok);
}

/** What an image holds that held 0xee everywhere, and onto whose beginning `file` was copied. */
function expectedImage(file: Uint8Array, imageBytes: number, blockBytes: number): Uint8Array {
  const image = new Uint8Array(imageBytes).fill(0xee);
  image.set(file);
  return image.fill(0, file.length, Math.ceil(file.length / blockBytes) * blockBytes);
}

const SIZES = [0, 1, 511, 512, 513, 61_440, times(2 ** 18, 2 ** 20) + 1];
const BLOCK_SIZES = [512, 4096, 65_536];
const QUEUE_DEPTHS = [64, 1, 3, 17];
const RING_PAGES = [1, 16, 2];
const QUOTAS = [8, 1, 2, 100, 5];

for (const schedule of ["fifo", "random"] as const) {
  for (const codec of ["msgpack", "vmbus"] as const) {
    Deno.test(`disk: files of all sizes come back, with ${codec} and schedule ${schedule}`, async () => {
      await withTree({}, async (root) => {
        const paths = { file: `${root}/file`, disk: `${root}/disk`, out: `${root}/out` };
        for (const [at, size] of SIZES.entries()) {
          const turn = at + (schedule === "fifo" ? 0 : 7) + (codec === "vmbus" ? 14 : 0);
          const blockBytes = BLOCK_SIZES[turn % BLOCK_SIZES.length]!;
          const file = sampleBytes(size, turn);
          const imageBytes = (Math.ceil(size / blockBytes) + 2) * blockBytes;
          await Deno.writeFile(paths.file, file);
          await Deno.writeFile(paths.disk, new Uint8Array(imageBytes).fill(0xee));
          const numbers = {
            "block-size": blockBytes,
            "queue-depth": QUEUE_DEPTHS[turn % QUEUE_DEPTHS.length]!,
            "ring-pages": RING_PAGES[turn % RING_PAGES.length]!,
            quota: QUOTAS[turn % QUOTAS.length]!,
          };
          const result = await run(paths, numbers, { schedule, codec, seed: BigInt(turn) });
          assertGood(result, file);
          // The image is read as any program reads a file.
          assertEquals(
            await Deno.readFile(paths.disk),
            expectedImage(file, imageBytes, blockBytes),
          );
          assertEquals(await Deno.readFile(paths.out), file);
          assertEquals(await Deno.readFile(paths.file), file);
        }
        assertEquals([...Deno.readDirSync(root)].length, 3, "nothing else is left");
      });
    });
  }
}

Deno.test("disk: five guests copy at once, each onto a disk of its own", async () => {
  await withTree({}, async (root) => {
    const file = sampleBytes(300_001);
    await Deno.writeFile(`${root}/file`, file);
    for (let guest = 1; guest <= 5; guest++) {
      await Deno.writeFile(`${root}/disk.${guest}`, new Uint8Array(300_032));
    }
    const paths = { file: `${root}/file`, disk: `${root}/disk`, out: `${root}/out` };
    const digests = new Set<string>();
    for (const schedule of ["random", "random", "fifo"] as const) {
      const result = await run(paths, { guests: 5, "queue-depth": 6 }, { schedule, seed: 3n });
      assertGood(result, file, 5);
      digests.add(result.traceDigest);
      assertEquals(figure(result, "guests"), 5);
      assertEquals(
        result.digests.map(({ key }) => key),
        ["read", "returned1", "returned2", "returned3", "returned4", "returned5"],
      );
      assertMatch(result.digests[3]!.label, /\/file as returned to guest 3$/);
    }
    assertEquals(digests.size, 2, "the schedule alone makes a difference");
    for (let guest = 1; guest <= 5; guest++) {
      assertEquals(await Deno.readFile(`${root}/out.${guest}`), file);
      const image = await Deno.readFile(`${root}/disk.${guest}`);
      assertEquals(image, expectedImage(file, 300_032, 512));
    }
  });
});

Deno.test("disk: makes a file from the seed, and its trace knows nothing of names", async () => {
  await withTree({}, async (root) => {
    const made = await run({ out: `${root}/made` }, {}, { seed: 11n });
    const bytes = await Deno.readFile(`${root}/made`);
    assertEquals(bytes.length, 8 * 2 ** 20);
    assertGood(made, bytes);
    await Deno.writeFile(`${root}/disk`, new Uint8Array(8 * 2 ** 20));
    const given = await run({ file: `${root}/made`, disk: `${root}/disk` }, {}, { seed: 11n });
    assertGood(given, bytes);
    assertEquals(given.traceDigest, made.traceDigest);
    const other = await run({}, {}, { seed: 12n });
    assertNotEquals(other.digests[0]!.sha256, made.digests[0]!.sha256);
    assertNotEquals(other.traceDigest, made.traceDigest, "what is in the file crosses");
    // The seed draws the order as well.
    await Deno.writeFile(`${root}/small`, sampleBytes(100_000));
    const small = { file: `${root}/small` };
    const drawn = [11n, 12n].map((seed) => run(small, {}, { seed, schedule: "random" }));
    const ordered = await run(small, {}, { seed: 11n });
    const digests = [...await Promise.all(drawn), ordered].map(({ traceDigest }) => traceDigest);
    assertEquals(new Set(digests).size, 3);
  });
});

Deno.test("disk: counts packets, completions, waits and interrupts of both directions", async () => {
  await withTree({}, async (root) => {
    const file = sampleBytes(40 * 61_440);
    await Deno.writeFile(`${root}/file`, file);
    const result = await run({ file: `${root}/file` });
    assertGood(result, file);
    // Negotiate, 40 writes, a flush, 40 reads; what comes back are their completions.
    assertEquals(counted(result, "packets"), [82, 82]);
    assertEquals(counted(result, "completions"), [0, 82]);
    assertEquals(result.transactions, 82);
    const [waits, waitsBack] = counted(result, "roomWaits");
    assert(waits! > 0 && waitsBack === 0, `${waits} and ${waitsBack} waits`);
    const [interrupts, interruptsBack] = counted(result, "interrupts");
    assert(interrupts! > 0 && interrupts! < 82 && interruptsBack! > 0 && interruptsBack! < 82);
    const roomy = await run({ file: `${root}/file` }, { "ring-pages": 16 });
    assertEquals(counted(roomy, "roomWaits"), [0, 0]);
  });
});

// kmcl.md R4
Deno.test("disk: the host takes as many requests at once as its quota and the guest allow", async () => {
  await withTree({}, async (root) => {
    const file = sampleBytes(20 * 61_440);
    await Deno.writeFile(`${root}/file`, file);
    const cases = [[1, 64, 1], [5, 64, 5], [100, 64, 20], [100, 3, 3]] as const;
    for (const [quota, depth, most] of cases) {
      const result = await run({ file: `${root}/file` }, { quota, "queue-depth": depth });
      assertGood(result, file);
      assertEquals(figure(result, "requestsAtOnce"), most);
    }
  });
});

Deno.test("disk: a copy that is not what was copied is a finding, and is kept", async () => {
  await withTree({}, async (root) => {
    const file = sampleBytes(200_000);
    await Deno.writeFile(`${root}/file`, file);
    await Deno.writeFile(`${root}/disk`, new Uint8Array(200_192));
    const paths = { file: `${root}/file`, disk: `${root}/disk`, out: `${root}/out` };
    const result = await run(paths, { "queue-depth": 1 }, {
      onProgress: (done) => {
        if (done !== file.length) return;
        using image = Deno.openSync(paths.disk, { write: true });
        image.writeSync(Uint8Array.of(0xff));
      },
    });
    assertEquals(result.findings, ["guest 1: what came back is not what was copied"]);
    assertEquals([result.ok, result.isStopped, result.leakCount], [false, false, 0]);
    assertNotEquals(result.digests[0]!.sha256, result.digests[1]!.sha256);
    assertEquals((await Deno.readFile(paths.out))[0], 0xff);
    const facts = { scenario: "disk", seed: 0n, schedule: "fifo", codec: "msgpack", options: {} };
    const text = textReport(result, { ...facts, wallMilliseconds: 1, replay: "again" });
    assertMatch(text, /\nThe digests differ\.\nwrong: guest 1: .*\nnot ok: 1 finding\n/);
  });
});

Deno.test("disk: an image that fails is a finding, and no half of a copy is kept", async () => {
  await withTree({}, async (root) => {
    const file = sampleBytes(400_000);
    await Deno.writeFile(`${root}/file`, file);
    await Deno.writeFile(`${root}/disk.1`, new Uint8Array(400_384));
    await Deno.writeFile(`${root}/disk.2`, new Uint8Array(400_384));
    const paths = { file: `${root}/file`, disk: `${root}/disk`, out: `${root}/out` };
    const result = await run(paths, { "queue-depth": 1, guests: 2 }, {
      onProgress: (done) => {
        // All is written, and some of it is back.
        if (done > 2 * file.length) Deno.truncateSync(`${root}/disk.1`, 100_000);
      },
    });
    assertEquals(result.findings, [
      "guest 1: the copy failed: a request ended with ioError " +
      "(the image: Cannot read the image at 100000: the file ends there)",
    ]);
    assertEquals([result.ok, result.violationCount, result.leakCount], [false, 0, 0]);
    assertEquals(await Deno.readFile(`${root}/out.2`), file, "the other guest went on");
    const left = [...Deno.readDirSync(root)].map(({ name }) => name).sort();
    assertEquals(left, ["disk.1", "disk.2", "file", "out.2"]);
  });
});

Deno.test("disk: stops where it stands when it is told to, and leaves nothing", async () => {
  await withTree({}, async (root) => {
    await Deno.writeFile(`${root}/file`, sampleBytes(2 ** 20));
    const stop = new AbortController();
    const result = await run({ file: `${root}/file`, out: `${root}/out` }, {
      guests: 2,
      "queue-depth": 3,
    }, {
      signal: stop.signal,
      onProgress: (done) => done > 600_000 && stop.abort(),
    });
    assertEquals([result.ok, result.isStopped, result.findings], [false, true, []]);
    const { done, total, unit } = result.progress;
    assertEquals([total, unit], [2 ** 22, "bytes there and back"]);
    assert(done > 600_000 && done < 2 ** 20, `${done}`);
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["file"]);
  });
});

Deno.test("disk: a stop that comes after the end is none", async () => {
  await withTree({}, async (root) => {
    const file = sampleBytes(1000);
    await Deno.writeFile(`${root}/file`, file);
    const stop = new AbortController();
    const result = await run({ file: `${root}/file` }, {}, {
      signal: stop.signal,
      onProgress: (done, total) => done === total && stop.abort(),
    });
    assertGood(result, file);
  });
});

Deno.test("disk: refuses numbers outside the bounds of its options, or that do not fit", async () => {
  const cases: [numbers: Numbers, message: string][] = [
    [{ "block-size": 0 }, "--block-size must be a whole number from 512 to 65536, not 0"],
    [{ "block-size": 1000 }, "--block-size must be a power of two from 512 to 65536, not 1000"],
    [{ "queue-depth": 1025 }, "--queue-depth must be a whole number from 1 to 1024, not 1025"],
    [{ guests: 1.5 }, "--guests must be a whole number from 1 to 64, not 1.5"],
    [{ "ring-pages": 4095 }, "--ring-pages must be a whole number from 1 to 4094, not 4095"],
    [{ quota: NaN }, "--quota must be a whole number from 1 to 1024, not NaN"],
    [
      { guests: 5, "queue-depth": 1024 },
      "--guests 5, --queue-depth 1024 and --ring-pages 1 need 301 MiB of guest memory; together " +
      "they must not need more than 256",
    ],
  ];
  for (const [numbers, message] of cases) {
    await assertRejects(() => run({}, numbers), OptionError, message);
  }
});

Deno.test("disk: runs at the bounds of its options", async () => {
  await withTree({}, async (root) => {
    const file = sampleBytes(100_000);
    await Deno.writeFile(`${root}/file`, file);
    const most = { "block-size": 65_536, "queue-depth": 1024, "ring-pages": 4094, quota: 1024 };
    assertGood(await run({ file: `${root}/file` }, most), file);
    assertGood(await run({ file: `${root}/file` }, { guests: 64, "queue-depth": 2 }), file, 64);
  });
});
