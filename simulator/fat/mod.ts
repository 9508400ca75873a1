/**
 * A real file system for a guest's program: FAT volumes on block devices, such as those that a guest's storage driver
 * gives. The file system is FatFs, compiled to WebAssembly (the package js-fatfs); it is loaded with the first volume.
 * Its calls wait for the device, for which the runtime has to be able to suspend WebAssembly (JSPI): Deno is.
 *
 * @example
 * ```ts
 * import { memoryImage } from "@vmbus/kmcl/devices/disk";
 * import { type BlockDevice, fatImageBytes, FatVolume, formatFat } from "@vmbus/kmcl/fat";
 *
 * const bytes = new Uint8Array(fatImageBytes(1000));
 * const image = memoryImage(bytes);
 * formatFat(bytes.length, (offset, part) => image.write(offset, part), 7);
 * const device: BlockDevice = {
 *   blockBytes: 512,
 *   blocks: bytes.length / 512,
 *   isReadOnly: false,
 *   read: async (lba, into) => image.read(512 * lba, into),
 *   write: async (lba, from) => image.write(512 * lba, from),
 *   flush: async () => {},
 *   discard: async () => {},
 * };
 *
 * const volume = await FatVolume.mount(device);
 * const file = await volume.create("/greeting.txt");
 * await file.write(new TextEncoder().encode("hello"));
 * await file.sync(); // safe from here on
 * await file.close();
 * console.log(await volume.list()); // [ { name: "greeting.txt", byteCount: 5, isDirectory: false } ]
 * await volume.unmount();
 * ```
 *
 * @module
 */

export type { BlockDevice } from "../../devices/storage/block_device.ts";
export type { FatFile } from "./file.ts";
export { fatImageBytes, formatFat } from "./format.ts";
export { GatheredDevice } from "./gathered_device.ts";
export { FatError } from "./result.ts";
export type { FatResult } from "./result.ts";
export { FatVolume } from "./volume.ts";
export type { FatEntry, MountOptions } from "./volume.ts";
