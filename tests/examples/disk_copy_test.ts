import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import {
  copyIn,
  type CopyOptions,
  copyOut,
  createDisk,
  ImageFile,
  memoryImage,
  openDisk,
  type Sink,
} from "../../examples/disk/mod.ts";
import { createFabric } from "../../mod.ts";
import {
  assertClean,
  closeStage,
  type DiskStage,
  type DiskStageOptions,
  openStage,
  sampleBytes,
  sourceOf,
} from "../support/disk_stage.ts";

/** A file in memory that takes at most `pieceBytes` at a time. */
class MemorySink implements Sink {
  readonly bytes: number[] = [];
  readonly #pieceBytes: number;

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
  }

  write(bytes: Uint8Array): Promise<number> {
    const piece = bytes.subarray(0, this.#pieceBytes);
    for (const byte of piece) this.bytes.push(byte);
    return Promise.resolve(piece.length);
  }
}

/** Copies `file` there and back; it must come back, and stand in the image at its place and nowhere else. */
async function assertCopied(
  stage: DiskStage,
  file: Uint8Array,
  options: CopyOptions = {},
): Promise<void> {
  const { fabric, disk, bytes } = stage;
  const sha = bytesToHex(sha256(file));
  const copied = await copyIn(fabric, disk, sourceOf(file, 40_000), options);
  assertEquals(copied, { byteCount: file.length, sha256: sha });
  const start = (options.firstBlock ?? 0) * disk.registers.blockBytes;
  const expected = new Uint8Array(bytes.length);
  expected.set(file, start);
  assert(bytes.every((byte, at) => byte === expected[at]), "the image holds the file in its place");
  const sink = new MemorySink(50_000);
  assertEquals(await copyOut(fabric, disk, sink, file.length, options), copied);
  assert(file.every((byte, at) => byte === sink.bytes[at]), "the file came back");
  assertEquals(sink.bytes.length, file.length);
}

const SIZES = [0, 1, 511, 512, 513, 4096, 2 ** 20 + 1];
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

Deno.test("copyIn: a file of any size comes back through any disk, in every world", async () => {
  let count = 0;
  for (const byteCount of SIZES) {
    for (const fabric of WORLDS) {
      const geometry = GEOMETRIES[count % GEOMETRIES.length]!;
      const ringPages = RINGS[count % RINGS.length]!;
      const queueDepth = DEPTHS[(count >> 1) % DEPTHS.length]!;
      const imageBytes = 2 ** 20 + 4 * 65_536;
      const stage = await openStage({
        fabric,
        server: { ...geometry, queueDepth: DEPTHS[(count >> 2) % DEPTHS.length]! },
        client: { ringPages, transferBytesMax: 131_072 },
        imageBytes,
        memoryPages: 2048,
      });
      const file = sampleBytes(byteCount, count);
      await assertCopied(stage, file, { queueDepth, firstBlock: 1 });
      await closeStage(stage);
      count++;
    }
  }
  assertEquals(count, 28);
});

Deno.test("copyIn: chunks may be any number of blocks", async () => {
  const stage = await openStage({ imageBytes: 65_536 });
  for (const chunkBytes of [512, 1536, 65_536]) {
    stage.bytes.fill(0);
    await assertCopied(stage, sampleBytes(20_000, chunkBytes), { chunkBytes, queueDepth: 3 });
  }
  for (const chunkBytes of [0, 511, 513]) {
    await assertRejects(
      () => copyIn(stage.fabric, stage.disk, sourceOf(sampleBytes(1)), { chunkBytes }),
      RangeError,
      `Cannot copy ${chunkBytes} bytes at a time`,
    );
  }
  for (const queueDepth of [0, 1.5]) {
    await assertRejects(
      () => copyIn(stage.fabric, stage.disk, sourceOf(sampleBytes(1)), { queueDepth }),
      RangeError,
      `Cannot copy with ${queueDepth} requests at once`,
    );
  }
  await closeStage(stage);
});

Deno.test("copyIn: gives back what it had where the guest's memory does not suffice", async () => {
  const stage = await openStage({ memoryPages: 128 });
  const { fabric, disk } = stage;
  const before = fabric.leaks();
  const copy = copyIn(fabric, disk, sourceOf(sampleBytes(65_536)), {
    chunkBytes: 32_768,
    queueDepth: 32,
  });
  assertEquals((await copy).byteCount, 65_536); // two chunks need two buffers, not 32
  await assertRejects(
    () => copyOut(fabric, disk, new MemorySink(1), 65_536, { chunkBytes: 512, queueDepth: 200 }),
    RangeError,
    "Cannot allocate",
  );
  await assertRejects(
    () => copyOut(fabric, disk, new MemorySink(1), 65_536, { chunkBytes: 2 ** 20 }),
    RangeError,
    "Cannot allocate",
  );
  assertEquals(fabric.leaks(), before);
  await closeStage(stage);
});

// kmcl.md R4
Deno.test("copyIn: as many requests are carried out together as quota and program allow", async () => {
  for (const [queueDepth, programDepth] of [[3, 8], [8, 3], [32, 32], [1, 5]] as const) {
    const stage = await openStage({ server: { queueDepth } });
    const { fabric, disk, server } = stage;
    const options = { chunkBytes: 512, queueDepth: programDepth };
    await copyIn(fabric, disk, sourceOf(sampleBytes(512 * 64)), options);
    assertEquals(disk.status?.deepestQueue, Math.min(queueDepth, programDepth));
    assertEquals(disk.status?.blocksWritten, 64);
    assertEquals(disk.status, server.state.status);
    await closeStage(stage);
  }
});

// api.md section 1: real input and output goes through fabric.outside, so a run repeats.
Deno.test("copyIn: the same options and seed give the same trace", async () => {
  const run = async (seed: number) => {
    const fabric = { seed, schedule: "random" } as const;
    const stage = await openStage({ fabric, server: { queueDepth: 3 } });
    await assertCopied(stage, sampleBytes(50_000), { chunkBytes: 2048, queueDepth: 5 });
    await closeStage(stage);
    return stage.fabric.traceDigest();
  };
  const digest = await run(5);
  assertEquals(await run(5), digest);
  assertNotEquals(await run(6), digest);
});

// kmcl.md section 5, VmbChannelPacketGetExternalData: STATUS_PENDING
Deno.test("DiskServer: waits for guest memory that was paged out", async () => {
  const fabric = { trace: "full" } as const;
  const options: DiskStageOptions = { fabric, memoryPages: 256, imageBytes: 131_072 };
  const stage = await openStage(options);
  const { disk, guest } = stage;
  const file = sampleBytes(100_000);
  const source = sourceOf(file);
  const pagedOut = {
    read: (into: Uint8Array) => {
      guest.memory.pageOut(0, 256 * 4096);
      return source.read(into);
    },
  };
  const copied = await copyIn(stage.fabric, disk, pagedOut, { chunkBytes: 8192, queueDepth: 4 });
  assertEquals(copied.sha256, bytesToHex(sha256(file)));
  assert(file.every((byte, at) => byte === stage.bytes[at]));
  const count = stage.fabric.trace.filter(({ event }) => event === "workPageIn").length;
  assert(count >= 100_000 / 8192, `${count} times pages were brought in`);
  assertEquals(disk.status?.blocksWritten, Math.ceil(100_000 / 512));
  await closeStage(stage);
});

Deno.test("copyIn: five guests copy at once, each onto its own disk", async () => {
  const fabric = createFabric({ seed: 6, schedule: "random" });
  const stages = [0, 1, 2, 3, 4].map((index) => {
    const guest = fabric.createPartition({ name: `guest ${index}`, memoryPages: 512 });
    const bytes = new Uint8Array(262_144);
    const instance = `7d0b8c1e-5a0f-4c44-9a2e-0b6d3f1e2c2${index}`;
    const server = createDisk(fabric, guest, memoryImage(bytes), { instance, queueDepth: 4 });
    return { fabric, guest, bytes, server, disk: openDisk(guest) };
  });
  await fabric.settle();
  assertEquals(stages.map(({ disk }) => disk.state.phase), Array(5).fill("open"));
  await Promise.all(
    stages.map((stage, index) =>
      assertCopied(stage, sampleBytes(200_001 - index * 512, index), {
        chunkBytes: 4096,
        queueDepth: index + 1,
      })
    ),
  );
  for (const { disk, server } of stages) {
    await disk.close();
    await server.close();
  }
  assertClean(fabric);
});

Deno.test("ImageFile: what the guest wrote stands in the file where it wrote it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/disk.img`;
    const file = sampleBytes(300_001);
    await Deno.writeFile(`${folder}/in`, file);
    {
      using image = await ImageFile.create(path, 2 ** 19);
      const stage = await openStage({ image: () => image });
      using source = await Deno.open(`${folder}/in`);
      using sink = await Deno.create(`${folder}/out`);
      const options = { firstBlock: 3, queueDepth: 4 };
      const copied = await copyIn(stage.fabric, stage.disk, source, options);
      assertEquals(copied, { byteCount: 300_001, sha256: bytesToHex(sha256(file)) });
      const back = await copyOut(stage.fabric, stage.disk, sink, 300_001, options);
      assertEquals(back, copied);
      await closeStage(stage);
    }
    const expected = new Uint8Array(2 ** 19);
    expected.set(file, 3 * 512);
    assertEquals(await Deno.readFile(path), expected);
    assertEquals(await Deno.readFile(`${folder}/out`), file);
    // A disk is still there when it is opened again.
    using again = await ImageFile.open(path);
    assertEquals(again.byteCount, 2 ** 19);
    const into = new Uint8Array(10);
    await again.read(3 * 512, into);
    assertEquals(into, file.slice(0, 10));
    await assertRejects(() => again.read(2 ** 19 - 4, into), Error, "the file ends there");
    assertInstanceOf(
      await ImageFile.create(path, 1).catch((error) => error),
      Deno.errors.AlreadyExists,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
