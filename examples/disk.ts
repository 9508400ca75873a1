/**
 * Uses a device that comes with the package, a disk: the guest writes a text onto it, is saved, and reads
 * the text in another fabric. The image is the program's: here it is in memory. `deno run examples/disk.ts`
 * prints:
 *
 * ```text
 * the disk has 32 blocks of 512 bytes
 * write: ok
 * the image begins: written by the guest
 * saved: 1 channel
 * elsewhere the disk is open
 * read: ok
 * the guest reads: written by the guest
 * ```
 *
 * @module
 */

import {
  createDisk,
  DiskClient,
  DiskServer,
  diskVsc,
  diskVsp,
  memoryImage,
  openDisk,
  TransferBuffer,
} from "../devices/disk/mod.ts";
import * as vmbus from "../mod.ts";
import { toBytes, toText } from "./set_up.ts";

const TEXT = toBytes("written by the guest");
const bytes = new Uint8Array(16 * 1024);
const image = memoryImage(bytes);

// `await using`: at the end of the program the fabric throws if anything was left behind.
await using fabric = vmbus.createFabric({ seed: 1 });
const guest = fabric.createPartition({ name: "guest" });

// The host offers the disk, and the guest opens it.
createDisk(guest, image, { instance: "0d6f1c52-7a3e-4b58-9c1d-5e2a8f4b7c36" });
const disk = openDisk(guest);
await fabric.settle();
const { blockCount, blockBytes } = disk.registers;
console.log(`the disk has ${blockCount} blocks of ${blockBytes} bytes`);

// A block goes out of the guest's memory, which is described by an MDL: no packet carries it.
const block = TransferBuffer.allocate(guest.memory, blockBytes);
block.store(TEXT);
const written = disk.write(0, block.mdl);
await fabric.settle();
console.log(`write: ${await written}`);
console.log(`the image begins: ${toText(bytes.subarray(0, TEXT.length))}`);
block.free();

// Both drivers are loaded by the fabric, so the guest can be saved with them. The image is not saved.
const { bytes: saved, summary } = vmbus.expectSuccess(await vmbus.savePartition(guest));
console.log(`saved: ${summary.channels} channel`);
guest.destroy();

await using elsewhere = vmbus.createFabric({ seed: 2 });
const { partition, loaded } = vmbus.expectSuccess(
  vmbus.restorePartition(elsewhere, saved, {
    guestDrivers: [diskVsc],
    hostDrivers: [diskVsp(image)],
  }),
);
const instances = loaded.map(({ instance }) => instance);
const client = instances.find((instance) => instance instanceof DiskClient)!;
const server = instances.find((instance) => instance instanceof DiskServer)!;
partition.resume();
console.log(`elsewhere the disk is ${client.state.phase}`);

// A read fills whole pages, which are described by their PFNs.
const page = TransferBuffer.allocate(partition.memory, 4096);
const read = client.read(0, 1, page.pfns);
await elsewhere.settle();
console.log(`read: ${await read}`);
const text = new Uint8Array(TEXT.length);
page.load(text);
console.log(`the guest reads: ${toText(text)}`);

page.free();
await client.close();
await server.close();
