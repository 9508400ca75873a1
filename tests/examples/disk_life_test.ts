import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  copyIn,
  copyOut,
  DiskError,
  type DiskImage,
  type DiskOutcome,
  openDisk,
  TransferBuffer,
} from "../../examples/disk/mod.ts";
import * as vmbus from "../../mod.ts";
import {
  assertClean,
  closeStage,
  type DiskStage,
  ending,
  openStage,
  sampleBytes,
  serverChannel,
  sourceOf,
} from "../support/disk_stage.ts";

/** `image`, with `hook` called before each write with the number of writes before it. */
function hooked(image: DiskImage, hook: (count: number) => void): DiskImage {
  let count = 0;
  return {
    ...image,
    write: (offset, bytes) => {
      hook(count++);
      return image.write(offset, bytes);
    },
  };
}

/** Copies in with small chunks; gives the error that it ends with. */
async function copyError({ fabric, disk }: DiskStage): Promise<DiskError> {
  const options = { chunkBytes: 512, queueDepth: 4 };
  return await assertRejects(
    () => copyIn(fabric, disk, sourceOf(sampleBytes(20_000)), options),
    DiskError,
  );
}

Deno.test("DiskClient: is an array of blocks, whatever is under way at once", async () => {
  const blocks = 16;
  const step = fc.record({
    isWrite: fc.boolean(),
    block: fc.nat({ max: blocks - 1 }),
    blockCount: fc.integer({ min: 1, max: 4 }),
    inPart: fc.nat({ max: 3 }),
  });
  const history = fc.asyncProperty(
    fc.array(step, { maxLength: 30 }),
    fc.constantFrom("fifo" as const, "random" as const),
    fc.integer({ min: 1, max: 5 }),
    async (steps, schedule, queueDepth) => {
      const stage = await openStage({
        fabric: { schedule },
        server: { queueDepth },
        imageBytes: blocks * 512,
      });
      const { fabric, disk } = stage;
      const model = new Uint8Array(blocks * 512);
      const checks = steps.map(({ isWrite, block, blockCount, inPart }, salt) => {
        const start = block * 512;
        const byteCount = blockCount * 512;
        const expected = start + byteCount > model.length ? "outOfRange" : "ok";
        const buffer = new TransferBuffer(disk.memory, byteCount + inPart * 512);
        let request: Promise<DiskOutcome>;
        let found = new Uint8Array(0);
        if (isWrite) {
          const bytes = sampleBytes(byteCount + inPart * 512, salt);
          buffer.store(bytes);
          request = inPart === 0
            ? disk.write(block, buffer.mdl)
            : disk.writePart(block, buffer.mdl, inPart * 512, byteCount);
          if (expected === "ok") model.set(bytes.subarray(inPart * 512), start);
        } else {
          request = disk.read(block, blockCount, buffer.pfns);
          if (expected === "ok") found = model.slice(start, start + byteCount);
        }
        return async () => {
          assertEquals(await request, expected);
          const into = new Uint8Array(found.length);
          if (!isWrite) buffer.load(into);
          if (!isWrite) assertEquals(into, found);
          buffer.free();
        };
      });
      await fabric.settle();
      for (const check of checks) await check();
      assertEquals(stage.bytes, model);
      await closeStage(stage);
    },
  );
  await fc.assert(history, { seed: 21, numRuns: 40 });
});

Deno.test("DiskServer: answers ioError for what its image cannot do, and does the rest", async () => {
  const stage = await openStage({
    image: (image) => ({
      ...image,
      read: (offset, into) =>
        offset === 512 ? Promise.reject(new Error("bad sector")) : image.read(offset, into),
      flush: () => {
        throw new Error("no space");
      },
    }),
  });
  const { fabric, disk, server } = stage;
  const buffer = new TransferBuffer(disk.memory, 512);
  const requests = [0, 1, 2].map((block) => disk.read(block, 1, buffer.pfns));
  assertEquals(await ending(fabric, Promise.all(requests)), ["ok", "ioError", "ok"]);
  assertEquals(server.state.imageFault, "bad sector");
  assertEquals(disk.status?.lastError, "ioError");
  assertEquals(disk.status?.blocksRead, 2);
  assertEquals(await ending(fabric, disk.flush()), "ioError");
  assertEquals(server.state.imageFault, "no space");
  buffer.free();
  const error = await copyError(stage); // all is written, and cannot be made safe
  assertEquals(error.outcome, "ioError");
  assertEquals(disk.status?.blocksWritten, 40);
  await closeStage(stage);
});

Deno.test("copyIn: fails where the last of its writes does", async () => {
  const stage = await openStage({
    image: (image) => ({
      ...image,
      write: (offset, bytes) =>
        offset >= 2048 ? Promise.reject(new Error("bad sector")) : image.write(offset, bytes),
    }),
  });
  const { fabric, disk } = stage;
  const copy = (byteCount: number) =>
    copyIn(fabric, disk, sourceOf(sampleBytes(byteCount)), { chunkBytes: 512, queueDepth: 8 });
  assertEquals((await copy(2048)).byteCount, 2048);
  const error = await assertRejects(() => copy(2049), DiskError);
  assertEquals(error.outcome, "ioError");
  assertEquals(error.message, "Cannot go on copying as a request ended with ioError");
  await closeStage(stage);
});

Deno.test("DiskServer: refuses writes to a disk that is read only", async () => {
  const stage = await openStage({ server: { isReadOnly: true } });
  const { fabric, disk } = stage;
  stage.bytes.set(sampleBytes(1000));
  assertEquals(disk.registers.isReadOnly, true);
  assertEquals((await copyError(stage)).outcome, "readOnly");
  assertEquals(stage.bytes.subarray(0, 1000), sampleBytes(1000));
  assertEquals(disk.status?.lastError, "readOnly");
  const sink = { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) };
  assertEquals((await copyOut(fabric, disk, sink, 1000)).byteCount, 1000);
  await closeStage(stage);
});

Deno.test("copyIn: ends with outOfRange where the disk is too small for the file", async () => {
  const stage = await openStage({ imageBytes: 8192 });
  assertEquals((await copyError(stage)).outcome, "outOfRange");
  assertEquals(stage.bytes, sampleBytes(8192));
  await closeStage(stage);
});

// kmcl.md S13
Deno.test("DiskServer: retires what it holds when its guest crashes in the middle", async () => {
  const stage = await openStage({
    image: (image, guest) => hooked(image, (count) => count === 6 && guest.crash()),
  });
  const { fabric, server } = stage;
  const error = await copyError(stage);
  assertEquals(error.outcome, "timedOut");
  assert(fabric.now() >= 30_000, "the program waited for as long as it said");
  const channel = serverChannel(fabric);
  assertEquals([channel.lifecycle, channel.outstanding], ["closed", 0]);
  assertEquals(server.state.statusGpadl, null);
  assertEquals(await stage.disk.flush(), "removed"); // a driver of a crashed guest gets nowhere
  // Writes that were taken before are in the image, the four of the second batch among them.
  assertEquals(stage.bytes.subarray(0, 8 * 512), sampleBytes(8 * 512));
  assertEquals(stage.bytes.subarray(8 * 512), new Uint8Array(65_536 - 8 * 512));
  await server.close();
  assertClean(fabric);
});

// kmcl.md S10, S15
Deno.test("DiskServer: taken away in the middle, it ends every request of the guest", async () => {
  const closing: Promise<void>[] = [];
  const stage: DiskStage = await openStage({
    image: (image) => hooked(image, (count) => count === 6 && closing.push(stage.server.close())),
  });
  const { fabric, disk } = stage;
  const error = await copyError(stage);
  assert(["removed", "notOpen"].includes(error.outcome), error.outcome);
  assertEquals(closing.length, 1);
  await Promise.all(closing);
  await fabric.settle();
  assertEquals(disk.state.phase, "closed");
  assertEquals([disk.state.statusBuffer, disk.state.statusGpadl, disk.status], [null, null, null]);
  assertEquals(await disk.flush(), "notOpen");
  await disk.close();
  assertClean(fabric);
});

Deno.test("DiskClient: closed in the middle, it ends its requests and gives everything back", async () => {
  const closing: Promise<void>[] = [];
  const stage: DiskStage = await openStage({
    image: (image) => hooked(image, (count) => count === 6 && closing.push(stage.disk.close())),
  });
  const error = await copyError(stage);
  assert(["removed", "notOpen"].includes(error.outcome), error.outcome);
  await Promise.all(closing);
  assertEquals(stage.disk.state.phase, "closed");
  // The offer still stands: another driver may have the disk, and goes on where this one was.
  const { fabric, guest, server } = stage;
  assertEquals(serverChannel(fabric).lifecycle, "closed");
  const again = openDisk(guest);
  await fabric.settle();
  const copied = await copyIn(fabric, again, sourceOf(sampleBytes(5000)));
  assertEquals(copied.byteCount, 5000);
  assertEquals(stage.bytes.subarray(0, 5000), sampleBytes(5000));
  await again.close();
  await server.close();
  assertClean(fabric);
});

Deno.test("copyIn: outlasts a pause of its guest", async () => {
  let paused = 0;
  const stage: DiskStage = await openStage({
    image: (image, guest) =>
      hooked(image, (count) => {
        if (count !== 6) return;
        guest.pause();
        paused = stage.fabric.now();
        stage.fabric.delay(5000).then(() => guest.resume());
      }),
  });
  const { fabric, disk } = stage;
  const options = { chunkBytes: 512, queueDepth: 4 };
  await copyIn(fabric, disk, sourceOf(sampleBytes(20_000)), options);
  assertEquals(stage.bytes.subarray(0, 20_000), sampleBytes(20_000));
  assert(fabric.now() - paused >= 5000, "it went on when the guest did");
  await closeStage(stage);
});

Deno.test("DiskClient: refuses a program's mistakes, and loses no packet by them", async () => {
  const stage = await openStage({ client: { transferBytesMax: 8192 } });
  const { fabric, disk } = stage;
  assertEquals(disk.transferBytesMax, 8192);
  const buffer = new TransferBuffer(disk.memory, 20_480);
  assertThrows(() => disk.writePart(0, buffer.mdl, 0, 513), RangeError, "Cannot write 513 bytes");
  assertThrows(() => disk.writePart(0, buffer.mdl, 0, 8704), RangeError, "no more than 8192");
  assertThrows(() => disk.writePart(0, buffer.mdl, 20_480, 512), vmbus.KmclError, "PARAMETER_5");
  assertThrows(() => disk.write(0, buffer.mdl), RangeError, "no more than 8192");
  const endless = vmbus.IoAllocateMdl(disk.memory, 0, 512);
  endless.next = endless;
  assertThrows(() => disk.write(0, endless), RangeError, "no more than 8192");
  assertThrows(() => disk.read(0, 9, [1]), vmbus.KmclError, "STATUS_INVALID_PARAMETER_5");
  assertThrows(() => disk.read(0, 1, [99_999]), vmbus.KmclError, "STATUS_INVALID_PARAMETER_4");
  assertEquals(await ending(fabric, disk.flush()), "ok");
  buffer.free();
  await closeStage(stage);
});
