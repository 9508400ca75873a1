import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  createDisk,
  decodeStatus,
  DISK_VERSION,
  encodeRequest,
  memoryImage,
  openDisk,
} from "../../../devices/disk/mod.ts";
import * as vmbus from "../../../mod.ts";
import {
  assertClean,
  DISK_INSTANCE,
  ending,
  offerDisk,
  openRaw,
  sampleBytes,
  serverChannel,
  type ServerStage,
} from "../../support/disk_stage.ts";

/** A chain of one MDL for each of `byteCounts`, each in a buffer of its own. */
function scatter(memory: vmbus.GuestMemory, byteCounts: readonly number[]) {
  const buffers = byteCounts.map((byteCount) => memory.allocate(byteCount));
  const mdl = buffers
    .map((buffer) => vmbus.IoAllocateMdl(memory, buffer.gpa, buffer.byteCount))
    .reduceRight((next, part) => {
      part.next = next;
      return part;
    });
  return { mdl, buffers, free: () => buffers.forEach((buffer) => memory.free(buffer)) };
}

function read(firstBlock: number, blockCount: number): Uint8Array {
  return encodeRequest({ operation: "read", firstBlock, blockCount });
}

function write(firstBlock: number, blockCount: number): Uint8Array {
  return encodeRequest({ operation: "write", firstBlock, blockCount });
}

function negotiate(statusGpadl: number, version = DISK_VERSION): Uint8Array {
  return encodeRequest({ operation: "negotiate", version, statusGpadl });
}

Deno.test("DiskServer: answers nothing but negotiate before it has negotiated", async () => {
  const stage = offerDisk();
  const raw = await openRaw(stage);
  const { mdl, free } = scatter(stage.guest.memory, [512]);
  const refused = { answer: "notNegotiated", blockCount: 0 } as const;
  assertEquals(await raw.ask(read(0, 1), mdl), refused);
  assertEquals(await raw.ask(write(0, 1), mdl), refused);
  assertEquals(await raw.ask(encodeRequest({ operation: "flush" })), refused);
  await raw.negotiate();
  assertEquals(await raw.ask(read(0, 1), mdl), { answer: "ok", blockCount: 1 });
  assertEquals(stage.server.state.status.lastError, "notNegotiated");
  await raw.close();
  await stage.server.close();
  free();
  assertClean(stage.fabric);
});

Deno.test("DiskServer: answers outOfRange for blocks that it does not have or does not move", async () => {
  // 128 blocks of 512 bytes, 8 at a time.
  const stage = offerDisk({ server: { transferBytesMax: 4096 } });
  stage.bytes.fill(0xee);
  const raw = await openRaw(stage);
  const { buffer } = await raw.negotiate();
  const { mdl, buffers, free } = scatter(stage.guest.memory, [8192]);
  const outside = [[128, 1], [127, 2], [121, 8], [0, 0], [128, 0], [0, 9], [2 ** 32, 1]] as const;
  for (const [first, count] of [...outside, [Number.MAX_SAFE_INTEGER, 8], [0, 0xffff_ffff]]) {
    const refused = { answer: "outOfRange", blockCount: 0 } as const;
    assertEquals(await raw.ask(write(first!, count!), mdl), refused, `${count} from ${first}`);
    assertEquals(await raw.ask(read(first!, count!), mdl), refused, `${count} from ${first}`);
  }
  assertEquals(await raw.ask(read(0, 1).fill(0xff, 8, 16), mdl), {
    answer: "outOfRange",
    blockCount: 0,
  });
  assert(stage.bytes.every((byte) => byte === 0xee), "nothing was written");
  assertEquals(stage.guest.memory.read(buffers[0]!.gpa, 8192), new Uint8Array(8192));
  assertEquals(await raw.ask(read(120, 8), mdl), { answer: "ok", blockCount: 8 });
  const status = decodeStatus(stage.guest.memory.read(buffer.gpa, 32));
  assertEquals(status, stage.server.state.status);
  assertEquals(status?.lastError, "outOfRange");
  assertEquals(status?.blocksRead, 8);
  await raw.close();
  await stage.server.close();
  free();
  assertClean(stage.fabric);
});

/** The guest sends `bytes`: the channel must stop, and the image stay as it is. */
async function assertMalformed(
  name: string,
  send: (stage: ServerStage) => { bytes: Uint8Array; byteCounts?: readonly number[] },
): Promise<void> {
  const stage = offerDisk({ server: { transferBytesMax: 4096 } });
  const raw = await openRaw(stage);
  await raw.negotiate();
  const { bytes, byteCounts } = send(stage);
  const scattered = byteCounts && scatter(stage.guest.memory, byteCounts);
  assertEquals(await raw.ask(bytes, scattered?.mdl), null, name);
  assertEquals(serverChannel(stage.fabric).fault, "packetFailed", name);
  // Nothing more is taken from this guest.
  const whole = scatter(stage.guest.memory, [512]);
  assertEquals(await raw.ask(write(0, 1), whole.mdl), null, name);
  assert(stage.bytes.every((byte) => byte === 0), name);
  await raw.close();
  await stage.server.close();
  scattered?.free();
  whole.free();
  assertClean(stage.fabric);
}

// kmcl.md section 5, VmbChannelPacketFail
Deno.test("DiskServer: fails packets that no driver of its protocol sends", async () => {
  const flush = encodeRequest({ operation: "flush" });
  await assertMalformed("no operation", () => ({ bytes: flush.with(0, 0) }));
  await assertMalformed("unknown operation", () => ({ bytes: flush.with(0, 5) }));
  await assertMalformed("too short", () => ({ bytes: flush.subarray(0, 16) }));
  await assertMalformed("empty", () => ({ bytes: new Uint8Array(0) }));
  await assertMalformed("too long", () => ({ bytes: new Uint8Array(32).fill(4, 0, 1) }));
  await assertMalformed("write without data", () => ({ bytes: write(0, 1) }));
  await assertMalformed("too little data", () => ({ bytes: write(0, 2), byteCounts: [512, 511] }));
  await assertMalformed("too little room", () => ({ bytes: read(0, 1), byteCounts: [511] }));
  // More than the host lets a guest describe: 8192 bytes, in chains of 2.
  await assertMalformed("too much", () => ({ bytes: write(0, 8), byteCounts: [4096, 4100] }));
  await assertMalformed("long chain", () => ({ bytes: write(0, 1), byteCounts: [512, 8, 8] }));
});

// docs/decisions.md D57: what is retired after a fault is answered no more.
Deno.test("DiskServer: carries out what came before a malformed packet, and continues elsewhere", async () => {
  const stage = offerDisk();
  const { fabric, guest } = stage;
  const raw = await openRaw(stage);
  await raw.negotiate();
  const { mdl, buffers, free } = scatter(guest.memory, [512]);
  guest.memory.write(buffers[0]!.gpa, new Uint8Array(512).fill(7));
  const replies = await Promise.all([raw.ask(write(5, 1), mdl), raw.ask(new Uint8Array(8))]);
  assertEquals(replies, [null, null]);
  assertEquals(stage.bytes.indexOf(7), 5 * 512);
  assertEquals(stage.server.state.status.blocksWritten, 1);
  assertEquals(serverChannel(fabric).outstanding, 0);
  // The next guest does not hear of it.
  const other = fabric.createPartition({ name: "other", memoryPages: 64 });
  const server = createDisk(other, memoryImage(new Uint8Array(512)), {
    instance: DISK_INSTANCE,
  });
  const disk = openDisk(other);
  await fabric.settle();
  assertEquals(await ending(fabric, disk.flush()), "ok");
  await disk.close();
  await server.close();
  // And this one may open the disk again.
  await raw.close();
  const again = await openRaw(stage);
  await again.negotiate();
  assertEquals(await again.ask(read(0, 1), mdl), { answer: "ok", blockCount: 1 });
  await again.close();
  await stage.server.close();
  free();
  assertClean(fabric);
});

Deno.test("DiskServer: refuses a version or status block that it cannot work with", async () => {
  const stage = offerDisk();
  const { guest, fabric } = stage;
  const raw = await openRaw(stage);
  const { vsc, channel } = raw;
  const buffer = guest.memory.allocate(4096);
  const share = (flags: number, byteCount: number) =>
    vmbus.expectSuccess(
      vsc.VmbChannelCreateGpadlFromBuffer(channel, flags, buffer, byteCount),
    ).gpadlHandle;
  const readOnly = share(vmbus.VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY, 4096);
  const small = share(0, 31);
  const good = share(0, 32);
  const bad = { answer: "badStatusBlock", blockCount: 0 } as const;
  assertEquals(await raw.ask(negotiate(good, 2)), { answer: "wrongVersion", blockCount: 0 });
  assertEquals(await raw.ask(negotiate(0)), bad);
  assertEquals(await raw.ask(negotiate(0xffff_ffff)), bad);
  assertEquals(await raw.ask(negotiate(readOnly)), bad);
  assertEquals(await raw.ask(negotiate(small)), bad);
  assertEquals(stage.server.state.statusGpadl, null);
  assertEquals(guest.memory.read(buffer.gpa, 4096), new Uint8Array(4096));
  assertEquals(await raw.ask(negotiate(good)), { answer: "ok", blockCount: 0 });
  // Once more: the mapping is given up and taken again.
  assertEquals(await raw.ask(negotiate(good)), { answer: "ok", blockCount: 0 });
  // A bad one after a good one: the disk is as before negotiating.
  assertEquals(await raw.ask(negotiate(small)), bad);
  assertEquals((await raw.ask(encodeRequest({ operation: "flush" })))?.answer, "notNegotiated");
  for (const gpadl of [readOnly, small, good]) await vsc.VmbChannelDeleteGpadl(channel, gpadl);
  guest.memory.free(buffer);
  await raw.close();
  await stage.server.close();
  assertClean(fabric);
});

// kmcl.md G4
Deno.test("DiskServer: writes its status into whatever block was negotiated last", async () => {
  const stage = offerDisk();
  const { guest, fabric } = stage;
  const raw = await openRaw(stage);
  const first = await raw.negotiate();
  const before = guest.memory.read(first.buffer.gpa, 32);
  // 32 bytes, of which 12 are at the end of one page and 20 at the beginning of another.
  const pages = [guest.memory.allocate(4096), guest.memory.allocate(4096)] as const;
  const mdl = vmbus.IoAllocateMdl(guest.memory, pages[1].gpa + 4084, 12);
  mdl.next = vmbus.IoAllocateMdl(guest.memory, pages[0].gpa, 20);
  const { gpadlHandle } = vmbus.expectSuccess(
    raw.vsc.VmbChannelCreateGpadlFromMdl(raw.channel, 0, mdl, 0, 0),
  );
  assertEquals((await raw.ask(negotiate(gpadlHandle)))?.answer, "ok");
  assertEquals((await raw.ask(read(4096, 1)))?.answer, "outOfRange");
  const bytes = new Uint8Array(32);
  bytes.set(guest.memory.read(pages[1].gpa + 4084, 12));
  bytes.set(guest.memory.read(pages[0].gpa, 20), 12);
  assertEquals(decodeStatus(bytes), stage.server.state.status);
  assertEquals(decodeStatus(bytes)?.lastError, "outOfRange");
  assertEquals(guest.memory.read(pages[0].gpa + 20, 4076), new Uint8Array(4076));
  assertEquals(guest.memory.read(first.buffer.gpa, 32), before);
  assertNotEquals(decodeStatus(bytes)?.generation, decodeStatus(before)?.generation);
  // What the guest does to the block is its own affair: the host never reads it.
  guest.memory.write(pages[0].gpa, new Uint8Array(20).fill(0xff));
  assertEquals((await raw.ask(encodeRequest({ operation: "flush" })))?.answer, "ok");
  assertEquals(stage.server.state.status.lastError, "outOfRange");
  // Back to the first block: the host lets go of the second.
  assertEquals((await raw.ask(negotiate(first.gpadl)))?.answer, "ok");
  assertNotEquals(guest.memory.read(first.buffer.gpa, 32), before);
  await raw.vsc.VmbChannelDeleteGpadl(raw.channel, gpadlHandle);
  for (const page of pages) guest.memory.free(page);
  await raw.close();
  await stage.server.close();
  assertClean(fabric);
});

// Saved state may say that as many blocks were moved as a number can.
Deno.test("DiskServer: its counts stop at the largest number", async () => {
  const stage = offerDisk();
  const { guest, server } = stage;
  const raw = await openRaw(stage);
  const { buffer } = await raw.negotiate();
  const max = Number.MAX_SAFE_INTEGER;
  server.state.status = { ...server.state.status, blocksRead: max - 1, blocksWritten: max };
  const { mdl, free } = scatter(guest.memory, [1024]);
  assertEquals(await raw.ask(read(0, 2), mdl), { answer: "ok", blockCount: 2 });
  assertEquals(await raw.ask(write(0, 1), mdl), { answer: "ok", blockCount: 1 });
  const status = decodeStatus(guest.memory.read(buffer.gpa, 32));
  assertEquals([status?.blocksRead, status?.blocksWritten], [max, max]);
  await raw.close();
  await server.close();
  free();
  assertClean(stage.fabric);
});

Deno.test("DiskServer: leaves the guest's memory beyond a transfer alone", async () => {
  const calls: number[] = [];
  const stage = offerDisk({
    image: (image) => ({
      ...image,
      read: (offset, into) => {
        calls.push(into.length);
        return image.read(offset, into);
      },
    }),
  });
  const { guest, bytes, fabric } = stage;
  bytes.set(sampleBytes(65_536));
  const raw = await openRaw(stage);
  await raw.negotiate();
  const { mdl, buffers, free } = scatter(guest.memory, [700, 4096, 512]);
  const [near, far] = buffers;
  guest.memory.write(far!.gpa, new Uint8Array(4096).fill(0xaa));
  assertEquals(await raw.ask(read(3, 2), mdl), { answer: "ok", blockCount: 2 });
  assertEquals(guest.memory.read(near!.gpa, 700), bytes.slice(1536, 2236));
  assertEquals(guest.memory.read(far!.gpa, 324), bytes.slice(2236, 2560));
  const rest = guest.memory.read(far!.gpa + 324, 4096 - 324);
  assert(rest.every((byte) => byte === 0xaa), "the rest of the page is as it was");
  assertEquals(calls, [700, 324]);
  assertEquals(await raw.ask(write(10, 2), mdl), { answer: "ok", blockCount: 2 });
  assertEquals(bytes.slice(5120, 6144), bytes.slice(1536, 2560));
  assertEquals(bytes.slice(6144, 6656), sampleBytes(65_536).slice(6144, 6656));
  await raw.close();
  await stage.server.close();
  free();
  assertClean(fabric);
});

Deno.test("createDisk: refuses numbers that do not go together, and offers nothing", () => {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  const faultOf = (imageBytes: number, options: Record<string, number>) =>
    assertThrows(
      () =>
        createDisk(guest, memoryImage(new Uint8Array(imageBytes)), {
          instance: DISK_INSTANCE,
          ...options,
        }),
      RangeError,
    ).message;
  assertEquals(faultOf(513, {}).startsWith("Cannot create a disk: badBlockCount in {"), true);
  assertEquals(faultOf(0, {}).startsWith("Cannot create a disk: badBlockCount"), true);
  assertEquals(faultOf(512, { blockBytes: 100 }).includes("badBlockBytes"), true);
  assertEquals(faultOf(512, { transferBytesMax: 100 }).includes("badTransferBytes"), true);
  assertEquals(faultOf(512, { queueDepth: 0 }).includes("badQueueDepth"), true);
  assertClean(fabric);
});
