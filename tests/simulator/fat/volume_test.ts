import { assert, assertEquals, assertRejects } from "@std/assert";
import { BlockError } from "../../../devices/storage/block_device.ts";
import { FatError } from "../../../simulator/fat/result.ts";
import { FatVolume } from "../../../simulator/fat/volume.ts";
import { memoryBlocks } from "../../support/memory_blocks.ts";
import { FatDisk } from "../../support/fat_disk.ts";

const bytesOf = (count: number, seed = 1) =>
  Uint8Array.from({ length: count }, (_, at) => Math.imul(at + seed, 0x9e37_79b1) >>> 24);

/** Has `target` another method until it is disposed of. */
function stub<T, K extends keyof T>(target: T, name: K, method: T[K]): Disposable {
  const before = target[name];
  target[name] = method;
  return { [Symbol.dispose]: () => void (target[name] = before) };
}

/** All of the file at `path`. */
async function contentOf(volume: FatVolume, path: string, byteCount: number): Promise<Uint8Array> {
  const file = await volume.open(path);
  const content = new Uint8Array(byteCount + 1);
  const count = await file.read(content);
  await file.close();
  return content.slice(0, count);
}

Deno.test("FatVolume: what is written is read, after another mount as well", async () => {
  const disk = FatDisk.format();
  const content = bytesOf(200_001);
  const volume = await FatVolume.mount(disk);
  const file = await volume.create("/Grüße an alle.bin");
  await file.write(content.subarray(0, 777));
  await file.write(content.subarray(777));
  await file.seek(100);
  const part = new Uint8Array(50);
  assertEquals(await file.read(part), 50);
  assertEquals(part, content.slice(100, 150));
  await file.close();
  await volume.unmount();

  const again = await FatVolume.mount(disk);
  assertEquals(await again.list(), [
    { name: "Grüße an alle.bin", byteCount: 200_001, isDirectory: false },
  ]);
  assertEquals(await contentOf(again, "/Grüße an alle.bin", 200_001), content);
  await again.unmount();
});

Deno.test("FatVolume: create replaces, remove removes, and directories hold files", async () => {
  const volume = await FatVolume.mount(FatDisk.format());
  for (const byteCount of [10_000, 5]) {
    const file = await volume.create("/one");
    await file.write(bytesOf(byteCount));
    await file.close();
  }
  await volume.makeDirectory("/inner");
  await (await volume.create("/inner/two")).close();
  assertEquals(await contentOf(volume, "/one", 5), bytesOf(5));
  assertEquals(await volume.list("/inner"), [{ name: "two", byteCount: 0, isDirectory: false }]);
  await volume.remove("/one");
  assertEquals(await volume.list(), [{ name: "inner", byteCount: 0, isDirectory: true }]);
});

Deno.test("FatVolume.room: what a file may have, in place of one that is there, and nothing is written", async () => {
  const disk = FatDisk.format();
  const volume = await FatVolume.mount(disk);
  const empty = await volume.room("/a");
  assert(empty > 2 ** 25 && empty < disk.blocks * 512);
  const file = await volume.create("/a");
  await file.write(bytesOf(10_000));
  await file.close();
  assertEquals(await volume.room("/a"), empty);
  const clusters = empty - await volume.room("/b");
  assert(clusters >= 10_000 && clusters < 10_000 + 32_768);
  await volume.makeDirectory("/inner");
  disk.asked.length = 0;
  for (
    const [path, result] of [["/INNER", "denied"], ["/no/a", "noPath"], ["/a*", "invalidName"]]
  ) {
    const error = await assertRejects(() => volume.room(path!), FatError);
    assertEquals([error.result, error.message], [
      result,
      `Cannot find room for ${path}: ${result}`,
    ]);
  }
  await volume.room("/inner/a");
  assertEquals(disk.asked.filter((request) => !request.startsWith("read")), []);
  // All of it: one byte more has no room.
  const most = await volume.create("/all");
  const room = await volume.room("/all");
  await most.seek(room);
  assertEquals((await assertRejects(() => most.seek(room + 1), FatError)).result, "full");
  await most.close();
  await volume.unmount();
});

Deno.test("FatVolume: a call that fails says how FatFs has it", async () => {
  const volume = await FatVolume.mount(FatDisk.format());
  const file = await volume.create("/a");
  await file.close();
  const failures: [() => Promise<unknown>, string][] = [
    [() => volume.open("/b"), "Cannot open /b: noFile"],
    [() => volume.open("/b/c"), "Cannot open /b/c: noPath"],
    [() => volume.create("/a*"), "Cannot open /a*: invalidName"],
    [() => volume.create("/a\0b"), 'Cannot use the name "/a\\u0000b": invalidName'],
    [() => volume.makeDirectory("/a"), "Cannot make the directory /a: exists"],
    [() => file.write(bytesOf(1)), "Cannot write /a: invalidObject"],
  ];
  for (const [call, message] of failures) {
    const error = await assertRejects(call, FatError);
    assertEquals(error.message, message);
  }
  await volume.unmount();
  assertEquals((await assertRejects(() => volume.list(), FatError)).result, "notEnabled");
});

Deno.test("FatVolume: a disk without a file system is not mounted", async () => {
  const disk = memoryBlocks(new Uint8Array(65_536));
  const error = await assertRejects(() => FatVolume.mount(disk), FatError);
  assertEquals(error.result, "noFileSystem");
});

Deno.test("FatVolume: a sync has written all to the device and flushed that", async () => {
  const disk = FatDisk.format();
  const volume = await FatVolume.mount(disk);
  const file = await volume.create("/a");
  await file.write(bytesOf(100));
  assert(!disk.asked.includes("flush"));
  await file.sync();
  assertEquals(disk.asked.at(-1), "flush");
  // The guest is gone: nothing was closed or unmounted.
  const other = await FatVolume.mount(disk);
  assertEquals(await contentOf(other, "/a", 100), bytesOf(100));
});

Deno.test("FatVolume: calls that are made at once are carried out one after the other", async () => {
  const disk = FatDisk.format();
  let underWay = 0;
  disk.before = async () => {
    assertEquals(++underWay, 1);
    await Promise.resolve();
    underWay--;
  };
  const volume = await FatVolume.mount(disk);
  const files = await Promise.all(["/a", "/b", "/c"].map((path) => volume.create(path)));
  await Promise.all(files.map((file, at) => file.write(bytesOf(30_000, at))));
  await Promise.all(files.map((file) => file.close()));
  for (const [at, path] of ["/a", "/b", "/c"].entries()) {
    assertEquals(await contentOf(volume, path, 30_000), bytesOf(30_000, at));
  }
});

Deno.test("FatVolume: why its device failed is the cause, and the next call is another", async () => {
  const disk = FatDisk.format();
  const volume = await FatVolume.mount(disk);
  const file = await volume.create("/a");
  const reason = new BlockError("write 8 blocks", 0xc000_0185, 4, {
    key: 3,
    code: 3,
    qualifier: 0,
  });
  disk.before = () => {
    throw reason;
  };
  const error = await assertRejects(() => file.write(bytesOf(100_000)), FatError);
  assertEquals([error.result, error.cause], ["diskError", reason]);
  disk.before = () => {};
  await volume.remove("/a");
  assertEquals(await volume.list(), []);
});

Deno.test("FatVolume: a device that never answers holds up its own volume alone", async () => {
  const [deaf, disk] = [FatDisk.format(), FatDisk.format()];
  const volume = await FatVolume.mount(deaf);
  deaf.before = () => new Promise(() => {});
  let isOver = false;
  void volume.create("/a").then(() => isOver = true);
  const other = await FatVolume.mount(disk);
  await (await other.create("/b")).close();
  assertEquals(isOver, false);
});

Deno.test("FatVolume: a read-only device is not written to", async () => {
  const disk = FatDisk.format();
  disk.isReadOnly = true;
  const volume = await FatVolume.mount(disk);
  const error = await assertRejects(() => volume.create("/a"), FatError);
  assertEquals(error.result, "writeProtected");
  assertEquals(disk.asked.filter((request) => request.startsWith("write")), []);
});

Deno.test("FatVolume: a full volume says so", async () => {
  const disk = FatDisk.format();
  // All clusters but the root directory's, and the last, are another file's.
  const used = new Uint8Array(512).map((_, at) => at % 4 === 3 ? 0x0f : 0xff);
  for (let sector = 0; sector < 514; sector++) {
    const table = sector === 0 ? disk.block(32).slice() : used.slice();
    if (sector === 0) table.set(used.subarray(12), 12);
    if (sector === 512) table.fill(0, 5 * 4, 6 * 4); // cluster 65541
    for (const first of [32, 32 + 514]) await disk.write(first + sector, table);
  }
  const volume = await FatVolume.mount(disk);
  const file = await volume.create("/a");
  await file.write(bytesOf(4096));
  const error = await assertRejects(() => file.write(bytesOf(1)), FatError);
  assertEquals(error.result, "full");
});

Deno.test("FatFile: seeks to where it is told, or says that it cannot", async () => {
  const volume = await FatVolume.mount(FatDisk.format());
  const file = await volume.create("/file");
  await file.write(bytesOf(100));
  for (const offset of [2 ** 32 + 5, 2 ** 53, -1, 1.5, NaN, Infinity]) {
    const error = await assertRejects(() => file.seek(offset), FatError);
    assertEquals(error.result, "invalidParameter", `${offset}`);
  }
  await file.seek(10_000);
  await file.write(bytesOf(1));
  const full = await assertRejects(() => file.seek(2 ** 32 - 1), FatError);
  assertEquals(full.result, "full");
  await file.close();

  const read = await volume.open("/file");
  await read.seek(2 ** 32 - 1);
  assertEquals(await read.read(new Uint8Array(1)), 0);
  await read.close();
  await volume.unmount();
});

Deno.test("FatVolume: equal runs leave equal images, whatever the machine's time zone", async () => {
  using _ = stub(Date.prototype, "getHours", () => {
    throw new Error("Cannot ask for the hour of here");
  });
  const disks = [FatDisk.format(), FatDisk.format()];
  for (const disk of disks) {
    const nowMs = () => Date.UTC(2026, 10, 27, 13, 4, 6);
    const volume = await FatVolume.mount(disk, { nowMs });
    const file = await volume.create("/a");
    await file.write(bytesOf(9000));
    await file.close();
    await volume.unmount();
  }
  assertEquals(disks[0]!.content, disks[1]!.content);
  // The entry's time and date of writing: 13:04:06, 27 November 2026, of 1980.
  const root = disks[0]!.block(32 + 2 * 514);
  const view = new DataView(root.buffer);
  assertEquals(view.getUint16(22, true), 13 << 11 | 4 << 5 | 6 / 2);
  assertEquals(view.getUint16(24, true), (2026 - 1980) << 9 | 11 << 5 | 27);
});
