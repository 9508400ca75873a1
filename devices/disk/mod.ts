/**
 * A pair of drivers that does real work: a disk.
 *
 * Read `protocol.ts` and `shared_blocks.ts` first, what the two say to each other; then `vsp.ts`, the
 * host's driver, on an image (`devices/image.ts`); then `vsc.ts`, the guest's; then `copier.ts`, a driver
 * that uses it. `deno task simulate` runs them on real files. All of them are loaded by the fabric, so a
 * guest can be saved in the middle of a copy, and continues elsewhere.
 *
 * The image is any object that reads and writes bytes: here it is in memory. One in a file is a few lines
 * around the file calls of the runtime that the program is for.
 *
 * @example
 * ```ts
 * import { createFabric, loadGuestDriver } from "@vmbus/kmcl";
 * import { createDisk, fileCopier, memoryImage } from "@vmbus/kmcl/devices/disk";
 *
 * const file = crypto.getRandomValues(new Uint8Array(50_000));
 * const copy = new Uint8Array(file.length);
 * await using fabric = createFabric();
 * const guest = fabric.createPartition({ name: "guest" });
 * const image = memoryImage(new Uint8Array(64 * 1024));
 * const server = createDisk(guest, image, { instance: crypto.randomUUID() });
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

export { type BlockingImage, type DiskImage, memoryImage } from "../image.ts";
export type { CopyFiles, Sink, Source } from "../streams.ts";
export { FileCopier, fileCopier } from "./copier.ts";
export type { CopyOptions, CopyPhase, CopyState } from "./copier_state.ts";
export {
  decodeReply,
  decodeRequest,
  DISK_ANSWERS,
  DISK_INTERFACE_TYPE,
  DISK_REPLY,
  DISK_REQUEST,
  DISK_VERSION,
  type DiskAnswer,
  type DiskReply,
  type DiskRequest,
  encodeReply,
  encodeRequest,
  type FlushRequest,
  type NegotiateRequest,
  PAGE_BYTES,
  REPLY_BYTES,
  REQUEST_BYTES,
  type TransferRequest,
} from "./protocol.ts";
export {
  BLOCK_BYTES_MAX,
  BLOCK_BYTES_MIN,
  decodeRegisters,
  decodeStatus,
  DISK_REGISTERS,
  DISK_STATUS,
  type DiskRegisters,
  type DiskStatus,
  encodeRegisters,
  encodeStatus,
  findRegisterFault,
  REGISTER_BLOCK_BYTES,
  type RegisterFault,
  STATUS_BLOCK_BYTES,
} from "./shared_blocks.ts";
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
