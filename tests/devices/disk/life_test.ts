import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type CopyFiles,
  type CopyOptions,
  createDisk,
  type DiskClient,
  type DiskImage,
  type DiskOutcome,
  type DiskServer,
  diskVsc,
  diskVsp,
  fileCopier,
  memoryImage,
  openDisk,
  TransferBuffer,
} from "../../../devices/disk/mod.ts";
import * as vmbus from "../../../mod.ts";
import {
  areEqual,
  assertClean,
  closeCopy,
  closeStage,
  copyWith,
  DISK_INSTANCE,
  ending,
  filesOf,
  offerDisk,
  openStage,
  sampleBytes,
  serverChannel,
  type ServerStage,
} from "../../support/disk_stage.ts";
import { misdeedFabric } from "../../support/misdeeds.ts";

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

const SMALL: CopyOptions = { chunkBytes: 512, queueDepth: 4 };

/** Copies with small chunks, and gives the failure that the copy ends with; it is closed then. */
async function failureOf(
  stage: ServerStage,
  files: CopyFiles = filesOf(sampleBytes(20_000)),
): Promise<string | null> {
  const copier = await copyWith(stage, files, SMALL);
  assertEquals(copier.state.phase, "failed");
  await copier.close();
  return copier.state.failure;
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
        const buffer = TransferBuffer.allocate(disk.memory, byteCount + inPart * 512);
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
  const buffer = TransferBuffer.allocate(disk.memory, 512);
  const requests = [0, 1, 2].map((block) => disk.read(block, 1, buffer.pfns));
  assertEquals(await ending(fabric, Promise.all(requests)), ["ok", "ioError", "ok"]);
  assertEquals(server.state.imageFault, "bad sector");
  assertEquals(disk.status?.lastError, "ioError");
  assertEquals(disk.status?.blocksRead, 2);
  assertEquals(await ending(fabric, disk.flush()), "ioError");
  assertEquals(server.state.imageFault, "no space");
  buffer.free();
  await closeStage(stage);
});

Deno.test("FileCopier: fails where all is written, and cannot be made safe", async () => {
  const stage = offerDisk({
    image: (image) => ({ ...image, flush: () => Promise.reject(new Error("no space")) }),
  });
  assertEquals(await failureOf(stage), "a request ended with ioError");
  assertEquals(stage.server.state.status.blocksWritten, 40);
  await stage.server.close();
  assertClean(stage.fabric);
});

Deno.test("FileCopier: fails where the last of its writes does", async () => {
  const stage = offerDisk({
    image: (image) => ({
      ...image,
      write: (offset, bytes) =>
        offset >= 2048 ? Promise.reject(new Error("bad sector")) : image.write(offset, bytes),
    }),
  });
  const copier = await copyWith(stage, filesOf(sampleBytes(2048)), SMALL);
  assertEquals(copier.state.phase, "done");
  await copier.close();
  const failure = await failureOf(stage, filesOf(sampleBytes(2049)));
  assertEquals(failure, "a request ended with ioError");
  await stage.server.close();
  assertClean(stage.fabric);
});

Deno.test("DiskServer: refuses writes to a disk that is read only", async () => {
  const stage = offerDisk({ server: { isReadOnly: true } });
  stage.bytes.set(sampleBytes(1000));
  assertEquals(await failureOf(stage), "a request ended with readOnly");
  assertEquals(stage.bytes.subarray(0, 1000), sampleBytes(1000));
  const disk = openDisk(stage.guest);
  await stage.fabric.settle();
  assertEquals(disk.registers.isReadOnly, true);
  assertEquals(disk.status?.lastError, "readOnly");
  const buffer = TransferBuffer.allocate(disk.memory, 1024);
  assertEquals(await ending(stage.fabric, disk.read(0, 2, buffer.pfns)), "ok");
  const into = new Uint8Array(1000);
  buffer.load(into);
  assertEquals(into, sampleBytes(1000));
  buffer.free();
  await closeStage({ ...stage, disk });
});

Deno.test("FileCopier: ends with outOfRange where the disk is too small for the file", async () => {
  const stage = offerDisk({ imageBytes: 8192 });
  assertEquals(await failureOf(stage), "a request ended with outOfRange");
  assertEquals(stage.bytes, sampleBytes(8192));
  await stage.server.close();
  assertClean(stage.fabric);
});

// kmcl.md S13
Deno.test("DiskServer: retires what it holds when its guest crashes in the middle", async () => {
  const stage = offerDisk({
    image: (image, guest) => hooked(image, (count) => count === 6 && guest.crash()),
  });
  const { fabric, server } = stage;
  const copier = await copyWith(stage, filesOf(sampleBytes(20_000)), SMALL);
  assertEquals(copier.state.phase, "copyingIn", "a crashed guest hears of nothing");
  const channel = serverChannel(fabric);
  assertEquals([channel.lifecycle, channel.outstanding], ["closed", 0]);
  assertEquals(server.state.statusGpadl, null);
  assertEquals(await copier.disk.flush(), "removed"); // a driver of a crashed guest gets nowhere
  // Writes that were taken before are in the image, the four of the second batch among them.
  assertEquals(stage.bytes.subarray(0, 8 * 512), sampleBytes(8 * 512));
  assertEquals(stage.bytes.subarray(8 * 512), new Uint8Array(65_536 - 8 * 512));
  await server.close();
  assertClean(fabric);
});

// kmcl.md S10, S15
Deno.test("DiskServer: taken away in the middle, it ends every request of the guest", async () => {
  const closing: Promise<void>[] = [];
  const stage: ServerStage = offerDisk({
    image: (image) => hooked(image, (count) => count === 6 && closing.push(stage.server.close())),
  });
  const { fabric } = stage;
  const copier = await copyWith(stage, filesOf(sampleBytes(20_000)), SMALL);
  await Promise.all(closing);
  await fabric.settle();
  assertEquals([copier.state.phase, closing.length], ["failed", 1]);
  assert(["removed", "notOpen"].some((end) => copier.state.failure?.endsWith(end)));
  const { state, status } = copier.disk;
  assertEquals([state.phase, state.statusBuffer, state.statusGpadl, status], [
    ...["closed", null, null, null],
  ]);
  assertEquals(await copier.disk.flush(), "notOpen");
  await copier.close();
  assertClean(fabric);
});

Deno.test("DiskClient: closed in the middle, it ends its requests and gives everything back", async () => {
  const closing: Promise<void>[] = [];
  const files = filesOf(sampleBytes(20_000));
  const stage = offerDisk({
    image: (image) => hooked(image, (count) => count === 6 && closing.push(copier.close())),
  });
  const { fabric, guest, server } = stage;
  const copier = vmbus.loadGuestDriver(guest, fileCopier(files), SMALL);
  await fabric.run();
  await Promise.all(closing);
  assertEquals([copier.state.phase, copier.disk.state.phase], ["failed", "closed"]);
  // The offer still stands: another driver may have the disk, and continues where this one was.
  assertEquals(serverChannel(fabric).lifecycle, "closed");
  const again = filesOf(sampleBytes(5000));
  const copied = await copyWith(stage, again);
  assertEquals(copied.state.phase, "done");
  assert(areEqual(again.copy, again.file));
  await closeCopy({ ...stage, server }, copied);
});

Deno.test("FileCopier: outlasts a pause of its guest", async () => {
  let paused = 0;
  const stage: ServerStage = offerDisk({
    image: (image, guest) =>
      hooked(image, (count) => {
        if (count !== 6) return;
        guest.pause();
        paused = stage.fabric.now();
        stage.fabric.delay(5000).then(() => guest.resume());
      }),
  });
  const files = filesOf(sampleBytes(20_000));
  const copier = await copyWith(stage, files, SMALL);
  assert(areEqual(files.copy, files.file));
  assert(stage.fabric.now() - paused >= 5000, "it went on when the guest did");
  await closeCopy(stage, copier);
});

Deno.test("DiskClient: refuses a program's mistakes, and loses no packet by them", async () => {
  const stage = await openStage({ client: { transferBytesMax: 8192 } });
  const { fabric, disk } = stage;
  assertEquals(disk.transferBytesMax, 8192);
  const buffer = TransferBuffer.allocate(disk.memory, 20_480);
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

Deno.test("DiskClient: is closed where its disk goes before it has started", async () => {
  const slow = { do: "callbackSlow", side: "client", callback: "EvtChannelOpened" } as const;
  const fabric = misdeedFabric([slow]);
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const server = createDisk(guest, memoryImage(new Uint8Array(512)), { instance: DISK_INSTANCE });
  const disk = openDisk(guest);
  await fabric.advance(1); // it opens
  await server.close();
  await fabric.run();
  assertEquals(disk.state.phase, "closed");
  await disk.close();
  assertClean(fabric);
});

Deno.test("DiskClient: says why where its guest has no memory left for it", async () => {
  const ringPages = 10; // as many as there are: none is left for the status block
  const { fabric, guest, server } = offerDisk({ memoryPages: ringPages });
  const disk = openDisk(guest);
  await fabric.settle();
  const { phase, refusal } = disk.state;
  assertEquals([phase, refusal], ["refused", "STATUS_INSUFFICIENT_RESOURCES"]);
  await disk.close();
  await server.close();
  assertClean(fabric);
});

Deno.test("DiskServer: a guest whose disk was taken away is saved without it, and runs on", async () => {
  const { fabric, guest, server, disk } = await openStage();
  await server.close();
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  guest.resume();
  const image = memoryImage(new Uint8Array(65_536));
  const elsewhere = vmbus.createFabric();
  const { partition, loaded } = vmbus.expectSuccess(vmbus.restorePartition(elsewhere, bytes!, {
    guestDrivers: [diskVsc],
    hostDrivers: [diskVsp(image)],
  }));
  partition.resume();
  const [host, guestDriver] = loaded.map(({ instance }) => instance);
  assertEquals((host as DiskServer).isOffered, false);
  for (const driver of [guestDriver as DiskClient, host as DiskServer, disk]) await driver.close();
  await server.close(); // a second time
  assertClean(elsewhere);
  assertClean(fabric);
});
