/**
 * A pair of drivers that does real work: a disk.
 *
 * Read `protocol.ts` and `shared_blocks.ts` first, what the two say to each other; then `vsp.ts`, the
 * host's driver, on an `image.ts`; then `vsc.ts`, the guest's; then `copier.ts`, a driver that uses it.
 * `deno task simulate` runs them on real files. All of them are loaded by the fabric, so a guest can be
 * saved in the middle of a copy, and goes on elsewhere.
 *
 * @example
 * ```ts
 * import { createFabric, loadGuestDriver } from "../../mod.ts";
 * import { createDisk, fileCopier, ImageFile, memoryImage } from "./mod.ts";
 *
 * const fabric = createFabric();
 * const guest = fabric.createPartition({ name: "guest" });
 * using image = await ImageFile.create("disk.img", 64 * 2 ** 20);
 * const server = createDisk(guest, image, { instance: crypto.randomUUID() });
 * const file = await Deno.readFile("a file");
 * const copy = new Uint8Array(file.length);
 * const files = { source: memoryImage(file), sink: memoryImage(copy) };
 * const copier = loadGuestDriver(guest, fileCopier(files));
 * await fabric.run();
 * console.log(copier.state.phase); // done
 * await copier.close();
 * await server.close();
 * ```
 *
 * @module
 */

export { type CopyFiles, FileCopier, fileCopier, type Sink, type Source } from "./copier.ts";
export type { CopyOptions, CopyPhase, CopyState } from "./copier_state.ts";
export { type BlockingImage, type DiskImage, ImageFile, memoryImage } from "./image.ts";
export * from "./protocol.ts";
export * from "./shared_blocks.ts";
export { TransferBuffer } from "./transfer_buffer.ts";
export { DiskClient, type DiskProgram, diskVsc, openDisk } from "./vsc.ts";
export type { DiskClientOptions, DiskClientState, DiskPhase } from "./vsc_state.ts";
export type {
  DiskFlush,
  DiskOutcome,
  DiskRead,
  DiskWork,
  DiskWrite,
  RequestEnd,
} from "./vsc_requests.ts";
export { createDisk, DiskServer, diskVsp } from "./vsp.ts";
export type { DiskServerOptions, DiskServerState } from "./vsp_state.ts";
