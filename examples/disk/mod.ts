/**
 * A pair of drivers that does real work: a disk.
 *
 * Read `protocol.ts` and `shared_blocks.ts` first, what the two say to each other; then `vsp.ts`, the
 * host's driver, on an `image.ts`; then `vsc.ts`, the guest's; then `copy.ts`, a program that uses it.
 * `deno task simulate` runs them on real files.
 *
 * @example
 * ```ts
 * import { createFabric } from "../../mod.ts";
 * import { copyIn, createDisk, ImageFile, openDisk } from "./mod.ts";
 *
 * const fabric = createFabric();
 * const guest = fabric.createPartition({ name: "guest" });
 * using image = await ImageFile.create("disk.img", 64 * 2 ** 20);
 * const server = createDisk(fabric, guest, image, { instance: crypto.randomUUID() });
 * const disk = openDisk(guest);
 * await fabric.settle();
 * console.log(disk.state.phase); // open
 * using file = await Deno.open("a file");
 * const copied = await copyIn(fabric, disk, file);
 * console.log(copied.sha256);
 * await disk.close();
 * await server.close();
 * ```
 *
 * @module
 */

export { copyIn, type CopyOptions, copyOut, type CopyResult, DiskError } from "./copy.ts";
export type { Sink, Source } from "./copy.ts";
export { type DiskImage, ImageFile, memoryImage } from "./image.ts";
export * from "./protocol.ts";
export * from "./shared_blocks.ts";
export { TransferBuffer } from "./transfer_buffer.ts";
export { type DiskClient, openDisk } from "./vsc.ts";
export type { DiskClientOptions, DiskClientState, DiskPhase } from "./vsc_state.ts";
export type { DiskOutcome } from "./vsc_requests.ts";
export { createDisk, type DiskServer } from "./vsp.ts";
export type { DiskServerOptions, DiskServerState } from "./vsp_state.ts";
