import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertThrows } from "@std/assert";
import {
  type CopyOptions,
  createDisk,
  fileCopier,
  memoryImage,
} from "../../../devices/disk/mod.ts";
import { createFabric, loadGuestDriver } from "../../../mod.ts";
import {
  areEqual,
  assertClean,
  closeCopy,
  copyWith,
  type DiskStageOptions,
  filesOf,
  offerDisk,
  sampleBytes,
  type ServerStage,
} from "../../support/disk_stage.ts";

/** Copies `file` there and back; it must come back, and stand in the image at its place and nowhere else. */
async function assertCopied(
  stage: ServerStage,
  file: Uint8Array,
  options: CopyOptions = {},
): Promise<void> {
  const files = filesOf(file);
  const copier = await copyWith(stage, files, options);
  const { phase, failure } = copier.state;
  assertEquals([phase, failure, copier.error], ["done", null, null]);
  const expected = new Uint8Array(stage.bytes.length);
  expected.set(file, (options.firstBlock ?? 0) * copier.disk.registers.blockBytes);
  assert(areEqual(stage.bytes, expected), "the image holds the file in its place");
  assert(areEqual(files.copy, file), "the file came back");
  await copier.close();
}

const SIZES = [0, 1, 511, 512, 513, 4096, 2 ** 18 + 1];
const WORLDS = [
  { codec: "msgpack", schedule: "fifo", seed: 1 },
  { codec: "msgpack", schedule: "random", seed: 2 },
  { codec: "vmbus", schedule: "fifo", seed: 3 },
  { codec: "vmbus", schedule: "random", seed: 4 },
] as const;
const GEOMETRIES = [
  { blockBytes: 512, transferBytesMax: 65_536 },
  { blockBytes: 512, transferBytesMax: 8192 },
  { blockBytes: 4096, transferBytesMax: 4096 },
  { blockBytes: 65_536, transferBytesMax: 131_072 },
  { blockBytes: 1024, transferBytesMax: 31_744 },
];
const DEPTHS = [1, 2, 32];
const RINGS = [[1, 1], [16, 1], [2, 16]] as const;

Deno.test("FileCopier: a file of any size comes back through any disk, in every world", async () => {
  let count = 0;
  for (const byteCount of SIZES) {
    for (const fabric of WORLDS) {
      const stage = offerDisk({
        fabric,
        server: {
          ...GEOMETRIES[count % GEOMETRIES.length]!,
          queueDepth: DEPTHS[(count >> 2) % DEPTHS.length]!,
        },
        imageBytes: 2 ** 18 + 4 * 65_536,
        memoryPages: 2048,
      });
      await assertCopied(stage, sampleBytes(byteCount, count), {
        disk: { ringPages: RINGS[count % RINGS.length]!, transferBytesMax: 131_072 },
        queueDepth: DEPTHS[(count >> 1) % DEPTHS.length]!,
        firstBlock: 1,
      });
      await stage.server.close();
      assertClean(stage.fabric);
      count++;
    }
  }
  assertEquals(count, 28);
});

Deno.test("FileCopier: chunks may be any number of blocks", async () => {
  const stage = offerDisk({ imageBytes: 65_536 });
  for (const chunkBytes of [512, 1536, 65_536]) {
    stage.bytes.fill(0);
    await assertCopied(stage, sampleBytes(20_000, chunkBytes), { chunkBytes, queueDepth: 3 });
  }
  const assertFails = async (options: CopyOptions, failure: string) => {
    const copier = await copyWith(stage, filesOf(sampleBytes(1)), options);
    assertEquals([copier.state.phase, copier.state.failure], ["failed", failure]);
    assertInstanceOf(copier.error, RangeError);
    await copier.close();
  };
  for (const chunkBytes of [0, 511, 513]) {
    const failure = `Cannot copy ${chunkBytes} bytes at a time: the disk's blocks have 512`;
    await assertFails({ chunkBytes }, failure);
  }
  await assertFails({ queueDepth: 0 }, "Cannot copy with 0 requests at once: at least 1 is needed");
  for (const options of [{ queueDepth: 1.5 }, { firstBlock: -1 }, { chunkBytes: NaN }]) {
    const load = () => loadGuestDriver(stage.guest, fileCopier(filesOf(sampleBytes(1))), options);
    assertThrows(load, RangeError, "these are whole numbers");
  }
  await stage.server.close();
  assertClean(stage.fabric);
});

Deno.test("FileCopier: gives back what it had where the guest's memory does not suffice", async () => {
  const stage = offerDisk({ memoryPages: 128 });
  // Two chunks need two buffers, not 32.
  await assertCopied(stage, sampleBytes(65_536), { chunkBytes: 32_768, queueDepth: 32 });
  for (const options of [{ chunkBytes: 512, queueDepth: 200 }, { chunkBytes: 2 ** 20 }]) {
    const copier = await copyWith(stage, filesOf(sampleBytes(2 ** 16)), options);
    assertEquals(copier.state.phase, "failed");
    assert(copier.state.failure?.startsWith("Cannot allocate"), `${copier.state.failure}`);
    await copier.close();
  }
  await stage.server.close();
  assertClean(stage.fabric);
});

// kmcl.md R4
Deno.test("FileCopier: as many requests are carried out together as quota and program allow", async () => {
  for (const [quota, queueDepth] of [[3, 8], [8, 3], [32, 32], [1, 5]] as const) {
    const stage = offerDisk({ server: { queueDepth: quota } });
    const options = { chunkBytes: 512, queueDepth };
    const copier = await copyWith(stage, filesOf(sampleBytes(512 * 64)), options);
    assertEquals(copier.disk.status?.deepestQueue, Math.min(quota, queueDepth));
    assertEquals(copier.disk.status?.blocksWritten, 64);
    assertEquals(copier.disk.status, stage.server.state.status);
    await closeCopy(stage, copier);
  }
});

// api.md section 1: real input and output goes through fabric.outside, so a run repeats.
Deno.test("FileCopier: the same seed gives the same trace, however long the image takes", async () => {
  const run = async (seed: number, delayMs: number) => {
    const stage = offerDisk({
      fabric: { seed, schedule: "random" },
      server: { queueDepth: 3 },
      image: (image) => ({
        ...image,
        write: async (offset, bytes) => {
          if (delayMs > 0) await new Promise((done) => setTimeout(done, delayMs));
          image.write(offset, bytes);
        },
      }),
    });
    await assertCopied(stage, sampleBytes(50_000), { chunkBytes: 2048, queueDepth: 5 });
    return stage.fabric.traceDigest();
  };
  const digest = await run(5, 0);
  assertEquals(await run(5, 1), digest);
  assertNotEquals(await run(6, 0), digest);
});

// kmcl.md section 5, VmbChannelPacketGetExternalData: STATUS_PENDING
Deno.test("DiskServer: waits for guest memory that was paged out", async () => {
  const options: DiskStageOptions = {
    fabric: { trace: "full" },
    memoryPages: 256,
    imageBytes: 131_072,
  };
  const stage = offerDisk(options);
  const files = filesOf(
    sampleBytes(100_000),
    () => stage.guest.memory.pageOut(0, 256 * 4096),
  );
  const copier = await copyWith(stage, files, { chunkBytes: 8192, queueDepth: 4 });
  assert(areEqual(files.copy, files.file));
  const count = stage.fabric.trace.filter(({ event }) => event === "workPageIn").length;
  assert(count >= 100_000 / 8192, `${count} times pages were brought in`);
  assertEquals(copier.disk.status?.blocksWritten, Math.ceil(100_000 / 512));
  await closeCopy(stage, copier);
});

Deno.test("FileCopier: five guests copy at once, each onto its own disk", async () => {
  const fabric = createFabric({ seed: 6, schedule: "random" });
  let most = 0;
  const copies = [0, 1, 2, 3, 4].map((index) => {
    const guest = fabric.createPartition({ name: `guest ${index}`, memoryPages: 512 });
    const bytes = new Uint8Array(262_144);
    const instance = `7d0b8c1e-5a0f-4c44-9a2e-0b6d3f1e2c2${index}`;
    const server = createDisk(guest, memoryImage(bytes), { instance, queueDepth: 4 });
    const files = filesOf(sampleBytes(200_001 - index * 512, index), () => {
      const phases = copies.map(({ copier }) => copier.state.phase);
      most = Math.max(most, phases.filter((phase) => phase === "copyingOut").length);
    });
    const options = { chunkBytes: 4096, queueDepth: index + 1 };
    return { server, files, copier: loadGuestDriver(guest, fileCopier(files), options) };
  });
  await fabric.run();
  for (const { server, files, copier } of copies) {
    assertEquals(copier.state.phase, "done");
    assert(areEqual(files.copy, files.file));
    await copier.close();
    await server.close();
  }
  assert(most > 1, "they copy side by side");
  assertClean(fabric);
});

Deno.test("FileCopier: a source or a sink that fails ends the copy, and the program hears why", async () => {
  const stage = offerDisk();
  const failing = (doneBytes: number) =>
    filesOf(sampleBytes(20_000), (done) => {
      if (done >= doneBytes) throw new TypeError(`no more after ${done}`);
    });
  for (const doneBytes of [1, 10_000, 20_001, 39_000]) {
    const options = { chunkBytes: 1024, queueDepth: 4 };
    const copier = await copyWith(stage, failing(doneBytes), options);
    assertEquals(copier.state.phase, "failed");
    assertInstanceOf(copier.error, TypeError);
    assertEquals(copier.state.failure, copier.error.message);
    await copier.close();
  }
  await stage.server.close();
  assertClean(stage.fabric);
});
