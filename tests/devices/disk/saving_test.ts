import { assert, assertEquals } from "@std/assert";
import {
  type CopyFiles,
  DiskServer,
  diskVsc,
  diskVsp,
  FileCopier,
  fileCopier,
  memoryImage,
} from "../../../devices/disk/mod.ts";
import * as vmbus from "../../../mod.ts";
import {
  areEqual,
  assertClean,
  filesOf,
  type MemoryFiles,
  offerDisk,
  openStage,
  sampleBytes,
  type ServerStage,
} from "../../support/disk_stage.ts";

/** A copy that can be stopped after some bytes, and moved. */
class MovingCopy {
  fabric: vmbus.Fabric;
  guest: vmbus.Partition;
  server: DiskServer;
  copier: FileCopier;
  readonly files: MemoryFiles;
  readonly bytes: Uint8Array;
  /** What was in flight whenever it moved, and how far the copy was. */
  readonly moves: { phase: string; inFlight: number }[] = [];
  #halt = new AbortController();
  #haltBytes = 0;
  readonly #options: vmbus.FabricOptions;

  constructor(file: Uint8Array, options: vmbus.FabricOptions = {}, queueDepth = 6) {
    this.#options = options;
    const stage: ServerStage = offerDisk({
      fabric: options,
      server: { queueDepth: 4 },
      memoryPages: 64,
    });
    this.files = filesOf(file, (done) => done >= this.#haltBytes && this.#halt.abort());
    this.fabric = stage.fabric;
    this.guest = stage.guest;
    this.server = stage.server;
    this.bytes = stage.bytes;
    const driver = fileCopier(this.files);
    const disk = { ringPages: [1, 1] } as const;
    this.copier = vmbus.loadGuestDriver(stage.guest, driver, { chunkBytes: 512, queueDepth, disk });
  }

  /** Lets it copy until so many bytes have gone through it, there and back. */
  async until(haltBytes: number): Promise<void> {
    this.#haltBytes = haltBytes;
    this.#halt = new AbortController();
    await this.fabric.run(this.#halt.signal);
  }

  async save(): Promise<Uint8Array> {
    const { bytes, reason, summary } = await vmbus.savePartition(this.guest);
    assert(bytes !== null && summary !== null, `${reason}`);
    const { queued, awaiting, ended } = summary.packets;
    this.moves.push({
      phase: this.copier.state.phase,
      inFlight: queued + awaiting + ended,
    });
    return bytes;
  }

  restore(
    fabric: vmbus.Fabric,
    bytes: Uint8Array,
    files: CopyFiles = this.files,
    image = memoryImage(this.bytes),
  ): vmbus.RestoreResult {
    const drivers = { guestDrivers: [fileCopier(files)], hostDrivers: [diskVsp(image)] };
    return vmbus.restorePartition(fabric, bytes, drivers);
  }

  /** Moves it into another fabric. */
  async move(seed: number): Promise<void> {
    const bytes = await this.save();
    const before = this.fabric;
    const fabric = vmbus.createFabric({ ...this.#options, seed });
    const { partition, reason, loaded } = this.restore(fabric, bytes);
    assert(partition !== null, `${reason}`);
    this.guest.destroy();
    await before.settle();
    assertClean(before);
    const instances = loaded.map(({ instance }) => instance);
    this.fabric = fabric;
    this.guest = partition;
    this.server = instances.find((each) => each instanceof DiskServer)!;
    this.copier = instances.find((each) => each instanceof FileCopier)!;
    partition.resume();
  }

  /** Lets it copy all; it must come back whole. */
  async finish(): Promise<void> {
    await this.until(Infinity);
    const { state: { phase, failure }, disk } = this.copier;
    assertEquals([phase, failure], ["done", null]);
    assert(areEqual(this.files.copy, this.files.file), "the file came back");
    assertEquals(disk.status, this.server.state.status);
    assertEquals([disk.status?.blocksWritten, disk.status?.blocksRead, disk.status?.lastError], [
      ...[40, 40, "ok"],
    ]);
    await this.copier.close();
    await this.server.close();
    assertClean(this.fabric);
  }
}

/** 40 blocks, the last not quite full. */
const FILE = sampleBytes(20_001);

// kmcl.md V1 to V11: a guest with its disk continues elsewhere.
for (const schedule of ["fifo", "random"] as const) {
  for (const codec of ["msgpack", "vmbus"] as const) {
    Deno.test(`FileCopier: moves in every phase with requests in flight, ${codec} and ${schedule}`, async () => {
      const copy = new MovingCopy(FILE, { schedule, codec, seed: 3 });
      const total = 2 * FILE.length;
      for (let at = 0; at <= total; at += 1500) {
        await copy.move(at);
        await copy.until(at);
      }
      await copy.finish();
      const phases = ["opening", "copyingIn", "copyingOut"];
      for (const phase of phases) assert(copy.moves.some((move) => move.phase === phase), phase);
      const busy = copy.moves.filter(({ inFlight }) => inFlight > 0);
      assert(busy.length >= 10, `${busy.length} times something was in flight`);
    });
  }
}

Deno.test("FileCopier: moves before there is a disk and once all is done, any number of times", async () => {
  for (const times of [1, 2, 5]) {
    const copy = new MovingCopy(FILE, {}, 2);
    for (let time = 0; time < times; time++) await copy.move(time);
    await copy.until(FILE.length); // the last block is read, and neither written nor safe
    for (let time = 0; time < times; time++) await copy.move(time);
    await copy.until(2 * FILE.length);
    assertEquals(copy.copier.state.phase, "done");
    for (let time = 0; time < times; time++) await copy.move(time);
    await copy.finish();
  }
});

Deno.test("FileCopier: saved again without a step between, it is the same bytes", async () => {
  const copy = new MovingCopy(FILE);
  for (const at of [0, 5000, 20_001, 30_000, 40_002]) {
    await copy.until(at);
    const bytes = await copy.save();
    const fabric = vmbus.createFabric({ seed: 9 });
    const { partition, reason } = copy.restore(fabric, bytes);
    assert(partition !== null, `${reason}`);
    const again = await vmbus.savePartition(partition);
    assertEquals(again.reason, null);
    assert(areEqual(again.bytes!, bytes), `after ${at} bytes`);
    partition.destroy();
    await fabric.settle();
    assertClean(fabric);
    copy.guest.resume();
  }
  await copy.finish();
});

Deno.test("FileCopier: a copy that has failed moves as well, and has failed for the same reason", async () => {
  const file = sampleBytes(70_000); // the disk has 64 KiB
  const copy = new MovingCopy(file);
  await copy.until(Infinity);
  const { failure } = copy.copier.state;
  assertEquals(failure, "a request ended with outOfRange");
  await copy.move(1);
  await copy.until(Infinity);
  assertEquals([copy.copier.state.phase, copy.copier.state.failure], ["failed", failure]);
  await copy.copier.close();
  await copy.server.close();
  assertClean(copy.fabric);
});

Deno.test("DiskServer: is refused with an image of another size, and FileCopier with another file", async () => {
  const copy = new MovingCopy(FILE);
  await copy.until(5000);
  const bytes = await copy.save();
  const fabric = vmbus.createFabric();
  const restored = (files: CopyFiles, byteCount: number) => {
    const image = memoryImage(new Uint8Array(byteCount));
    const { status, partition, reason, loaded } = copy.restore(fabric, bytes, files, image);
    assertEquals([status, partition, loaded], [vmbus.STATUS_UNSUCCESSFUL, null, []]);
    return reason;
  };
  assert(restored(copy.files, 4096)?.includes("a disk of 128 blocks: its image has another size"));
  const other = filesOf(sampleBytes(20_000));
  assert(restored(other, 65_536)?.includes("with a file of 20000 bytes: it had 20001"));
  assertEquals(fabric.partitions.length, 1);
  assertClean(fabric);
  copy.guest.resume();
  await copy.finish();
});

Deno.test("DiskClient: is refused while a program awaits a promise of it, and continues", async () => {
  const stage = await openStage({ fabric: { verifier: "throw" } });
  const { fabric, guest, disk, server } = stage;
  const flushed = disk.flush();
  const refused = await vmbus.savePartition(guest);
  assertEquals([refused.status, refused.bytes], [vmbus.STATUS_UNSUCCESSFUL, null]);
  assert(refused.reason?.includes("a promise cannot be saved"), `${refused.reason}`);
  await fabric.settle();
  assertEquals(await flushed, "ok");
  const { bytes } = await vmbus.savePartition(guest);
  assert(bytes !== null);
  guest.destroy();
  const elsewhere = vmbus.createFabric();
  const { partition, loaded } = vmbus.restorePartition(elsewhere, bytes, {
    guestDrivers: [diskVsc],
    hostDrivers: [diskVsp(memoryImage(stage.bytes))],
  });
  assertEquals(loaded.map(({ name }) => name), ["disk VSP", "disk VSC"]);
  partition?.resume();
  const client = loaded[1]!.instance as typeof disk;
  const again = client.flush();
  await elsewhere.settle();
  assertEquals(await again, "ok");
  assertEquals(client.state.completions, disk.state.completions + 1);
  await client.close();
  await (loaded[0]!.instance as typeof server).close();
  assertClean(elsewhere);
});

Deno.test("DiskClient: a saved state that names a GPADL which its channel does not have is refused", async () => {
  const { fabric, guest, disk, server, bytes } = await openStage();
  const { statusGpadl } = disk.state;
  // As if somebody had written it into the bytes: its driver would delete a GPADL that is not there.
  disk.state.statusGpadl = statusGpadl! + 1;
  const saved = await vmbus.savePartition(guest);
  disk.state.statusGpadl = statusGpadl;
  const elsewhere = vmbus.createFabric();
  const { status, partition, reason } = vmbus.restorePartition(elsewhere, saved.bytes!, {
    guestDrivers: [diskVsc],
    hostDrivers: [diskVsp(memoryImage(bytes))],
  });
  assertEquals([status, partition], [vmbus.STATUS_UNSUCCESSFUL, null]);
  assert(reason?.includes(`its channel has no GPADL ${statusGpadl! + 1}`), `${reason}`);
  guest.resume();
  await disk.close();
  await server.close();
  assertClean(fabric);
});

/** Each member of plain data, replaced by something that no driver ever saved there. */
function* spoilt(data: vmbus.PlainData): Generator<vmbus.PlainData> {
  if (typeof data !== "object" || data === null || data instanceof Uint8Array) return;
  for (const [key, member] of Object.entries(data)) {
    const put = (value: vmbus.PlainData): vmbus.PlainData =>
      Array.isArray(data)
        ? data.map((each, at) => String(at) === key ? value : each)
        : { ...data, [key]: value };
    for (const value of [-1, 1.5, "?", [], {}, true] as const) {
      const isSame = typeof value === typeof member && typeof value !== "number";
      if (!isSame || Array.isArray(value) !== Array.isArray(member)) yield put(value);
    }
    for (const inner of spoilt(member)) yield put(inner);
  }
}

Deno.test("FileCopier: believes nothing in a saved state that is not what it saved there", async () => {
  // Its own driver saves what it saved, spoilt: everything else in the saved guest is sound.
  const copy = new MovingCopy(FILE);
  await copy.until(5000);
  const { save } = copy.copier;
  const sound = save.call(copy.copier, { of: () => "channel 0" });
  let count = 0;
  for (const state of spoilt(sound)) {
    copy.copier.save = () => state;
    const bytes = await copy.save();
    const fabric = vmbus.createFabric();
    const restored = copy.restore(fabric, bytes);
    // A field that is wrong by itself, or fields that do not go together.
    const statuses: vmbus.NtStatus[] = [vmbus.STATUS_DATA_ERROR, vmbus.STATUS_UNSUCCESSFUL];
    assert(statuses.includes(restored.status), restored.reason ?? "it was restored");
    assertEquals(restored.partition, null);
    assertEquals(fabric.partitions.length, 1);
    copy.guest.resume();
    if (++count === 150) break;
  }
  assert(count > 100, `${count} spoilt states`);
  copy.copier.save = save;
  await copy.move(1);
  await copy.finish();
});
