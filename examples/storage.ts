/**
 * Hyper-V's storage controller, with a SCSI disk and a real file system on it: a guest's program makes a file safe, the guest
 * moves to another fabric under it, with the volume mounted, and then the disk loses its power. The file system reads its own code,
 * a module in WebAssembly: `deno run --allow-read examples/storage.ts` prints:
 *
 * ```text
 * a disk of 525392 blocks of 512 bytes
 * saved while the program writes: 1 request is under way
 * elsewhere the file is written
 * the power fails, and what is in 1 sector is lost
 * on the disk is safe.txt: written before the move
 * its controller is gone: STATUS_DEVICE_REMOVED
 * ```
 *
 * @module
 */

import {
  BlockError,
  createStorage,
  type GuestDisk,
  sparseImage,
  type StorageClient,
  storageDriver,
  type StorageServer,
  storageVsp,
  WriteCache,
} from "../devices/storage/mod.ts";
import * as vmbus from "../mod.ts";
import { fatImageBytes, type FatFile, FatVolume, formatFat } from "../simulator/fat/mod.ts";
import { toBytes, toText } from "./set_up.ts";

// The image is the program's: here it is in memory, and has an empty FAT32 volume and a cache that loses what is not flushed.
const medium = sparseImage(fatImageBytes(1_000_000));
formatFat(medium.byteCount, (offset, bytes) => medium.write(offset, bytes), 7);
const image = new WriteCache(medium);

// Loading the file system takes real time. What runs in a fabric awaits its disk alone, so that comes first.
const mount = await FatVolume.prepare();
const mountAgain = await FatVolume.prepare();

await using fabric = vmbus.createFabric({ seed: 7 });
const guest = fabric.createPartition({ name: "guest" });
createStorage(guest, [{ image }], { instance: "0d6f1c52-7a3e-4b58-9c1d-5e2a8f4b7c36" });

// The program is told of the disk, and works with it: what it awaits comes while the fabric runs.
const found: GuestDisk[] = [];
const driver = storageDriver({ onDisk: (disk) => found.push(disk) });
vmbus.loadGuestDriver(guest, driver);
await fabric.settle();
const disk = found[0]!;
console.log(`a disk of ${disk.blocks} blocks of ${disk.blockBytes} bytes`);

/** Begins what a guest's program does in a turn of the fabric, which waits for its first request. */
function inGuest<T>(world: vmbus.Fabric, work: () => Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  world.setTimer(0, () => work().then(resolve, reject));
  return promise;
}
async function begin(volume: FatVolume, path: string, text: string): Promise<FatFile> {
  const file = await volume.create(path);
  await file.write(toBytes(text));
  return file;
}
async function writeSafely(): Promise<FatVolume> {
  const volume = await mount(disk);
  const file = await begin(volume, "/safe.txt", "written before the move");
  await file.sync();
  await file.close();
  return volume;
}
const writing = inGuest(fabric, writeSafely);
await fabric.runUntil(() => image.dirtySectors > 0); // in the middle of it
const { bytes: saved, summary } = vmbus.expectSuccess(await vmbus.savePartition(guest));
console.log(`saved while the program writes: ${summary.packets.awaiting} request is under way`);
guest.destroy();

// By the same driver value the program's promises go on elsewhere, and its disk is the same object.
await using elsewhere = vmbus.createFabric({ seed: 2 });
const { partition, loaded } = vmbus.expectSuccess(vmbus.restorePartition(elsewhere, saved, {
  guestDrivers: [driver],
  hostDrivers: [storageVsp([{ image }])],
}));
partition.resume();
await elsewhere.settle();
const volume = await writing;
console.log("elsewhere the file is written");

// What is not synced goes with the power.
const lost = inGuest(elsewhere, () => begin(volume, "/lost.txt", "not made safe"));
await elsewhere.settle();
await lost;
console.log(`the power fails, and what is in ${image.dirtySectors} sector is lost`);
image.crash();

async function look(): Promise<void> {
  const again = await mountAgain(disk);
  for (const { name, byteCount } of await again.list()) {
    const file = await again.open(`/${name}`);
    const into = new Uint8Array(byteCount);
    await file.read(into);
    await file.close();
    console.log(`on the disk is ${name}: ${toText(into)}`);
  }
}
const looking = inGuest(elsewhere, look);
await elsewhere.settle();
await looking;

// A request that fails says why.
const instanceOf = (kind: "guest" | "host") => loaded.find((one) => one.kind === kind)!.instance;
await (instanceOf("host") as StorageServer).close();
await elsewhere.settle();
const failure: unknown = await disk.flush().catch((error: unknown) => error);
if (!(failure instanceof BlockError)) throw new Error("A disk that is gone was flushed");
console.log(`its controller is gone: ${vmbus.ntStatusName(failure.status)}`);
await (instanceOf("guest") as StorageClient).close();
