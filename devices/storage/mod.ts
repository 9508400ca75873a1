/**
 * A pair of drivers for a device that people come with: Hyper-V's synthetic storage controller, with SCSI disks.
 *
 * Read [storage.md](https://jsr.io/@vmbus/kmcl/0.1.0/docs/storage.md) first, then `protocol.ts`, `answers.ts` and
 * `srb.ts`, what the two say to each other, and `scsi/`, the commands inside; then `vsp/`, the host's driver, and
 * `vsc/`, the guest's, which gives its program each disk as a block device.
 *
 * @example
 * ```ts
 * import { createFabric, loadGuestDriver } from "@vmbus/kmcl";
 * import {
 *   createStorage,
 *   sparseImage,
 *   storageDriver,
 *   type StorageProgram,
 * } from "@vmbus/kmcl/devices/storage";
 *
 * await using fabric = createFabric();
 * const guest = fabric.createPartition({ name: "guest", processors: 4 });
 * const disks = [{ image: sparseImage(2 ** 30) }];
 * const server = createStorage(guest, disks, { instance: crypto.randomUUID(), subChannelsMax: 3 });
 * const program: StorageProgram = {
 *   async onDisk(disk) {
 *     const written = crypto.getRandomValues(new Uint8Array(64 * 512));
 *     await disk.write(1000, written);
 *     await disk.flush();
 *     const read = new Uint8Array(written.length);
 *     await disk.read(1000, read);
 *     console.log(read.every((byte, at) => byte === written[at])); // true
 *   },
 * };
 * const client = loadGuestDriver(guest, storageDriver(program));
 * await fabric.run();
 * await client.close();
 * await server.close();
 * ```
 *
 * @example
 * ```ts
 * import { createFabric } from "@vmbus/kmcl";
 * import { createStorage, sparseImage } from "@vmbus/kmcl/devices/storage";
 *
 * await using fabric = createFabric();
 * const guest = fabric.createPartition({ name: "guest" });
 * const disks = [{ image: sparseImage(2 ** 30) }];
 * const server = createStorage(guest, disks, { instance: crypto.randomUUID() });
 * server.addDisk({ lun: 1, image: sparseImage(2 ** 40) });
 * console.log(server.addresses.length); // 2
 * await server.close();
 * ```
 *
 * @module
 */

export {
  COMPLETION_WANTED,
  decodeStorageRequest,
  encodeStorageRequest,
  FIBRE_CHANNEL_INTERFACE_TYPE,
  HEADER_BYTES,
  IDE_INTERFACE_TYPE,
  LONG_PACKET_BYTES,
  LONG_PACKET_VERSION,
  MULTI_CHANNEL,
  packetBytesOf,
  SCSI_INTERFACE_TYPE,
  SHORT_PACKET_BYTES,
  type SrbFields,
  type SrbRequest,
  STORAGE_NOTIFICATIONS,
  STORAGE_OPERATIONS,
  STORAGE_REQUEST,
  STORAGE_REQUESTS,
  STORAGE_VERSIONS,
  type StorageHeader,
  type StorageOperation,
  type StorageRequest,
  TRANSFER_BYTES_MAX,
  type VersionFields,
} from "./protocol.ts";
export {
  answerBytesOf,
  encodeNotification,
  encodeStorageAnswer,
  FIBRE_CHANNEL_NAMES,
  type FibreChannelNames,
  PLAIN_ANSWER,
  PROPERTIES_ANSWER,
  SENSE_AREA_BYTES,
  SRB_ANSWER,
  type SrbAnswer,
  STORAGE_ANSWERS,
  STORAGE_NOTIFICATION,
  type StorageNotification,
  type StorageProperties,
  VERSION_ANSWER,
} from "./answers.ts";
export {
  ntStatusOf,
  SCSI_STATUSES,
  type ScsiStatus,
  SRB_AUTOSENSE_VALID,
  SRB_DIRECTIONS,
  SRB_FLAGS,
  SRB_QUEUE_FROZEN,
  SRB_STATUS_MASK,
  SRB_STATUSES,
  type SrbStatus,
  srbStatusOf,
  STATUS_DEVICE_BUSY,
  STATUS_DEVICE_DOES_NOT_EXIST,
  STATUS_DEVICE_NOT_CONNECTED,
  STATUS_IO_DEVICE_ERROR,
  STATUS_IO_TIMEOUT,
} from "./srb.ts";
export {
  BLOCK_FLAGS,
  type BlockCdb,
  type Cdb,
  cdbBytesOf,
  encodeCdb,
  SCSI_CDB,
  SCSI_OPCODES,
  type ScsiCommand,
  SERVICE_ACTION_MASK,
  SERVICE_ACTIONS,
} from "./scsi/commands.ts";
export {
  decodeSense,
  SCSI_SENSE,
  type Sense,
  SENSE_BYTES,
  SENSE_KEYS,
  type SenseName,
  SENSES,
} from "./scsi/sense.ts";
export { CDB_BYTES } from "./protocol.ts";
export { type Extent, type SparseImage, sparseImage, type StorageImage } from "./scsi/image.ts";
export { type Survival, WriteCache } from "./scsi/write_cache.ts";
export {
  type MediumUse,
  type Reservation,
  RESERVATION_TYPES,
  type ReservationEnd,
  type ReservationKey,
  ReservationNexus,
  SharedReservations,
} from "./scsi/reservations.ts";
export { ScsiFault, type ScsiFaultKind } from "./scsi/result.ts";
export type { DiskSettings } from "./scsi/settings.ts";
export type { DiskMemory } from "./scsi/disk.ts";
export type { ServedDisk, StorageServer } from "./vsp/server.ts";
export type { StorageDisk } from "./vsp/disk_table.ts";
export type { SessionPlace, StorageNews, StoragePhase } from "./vsp/words.ts";
export type { Agreement, StorageLimits } from "./vsp/initialization.ts";
export type { DiskAddress, StorageServerOptions, StorageServerState } from "./vsp/state.ts";
export { createStorage, storageVsp } from "./vsp/driver.ts";
export { type BlockDevice, BlockError } from "./block_device.ts";
export type { DiskFacts } from "./vsc/disk_facts.ts";
export { StorageClient } from "./vsc/client.ts";
export { storageDriver } from "./vsc/driver.ts";
export { GuestDisk, type StorageProgram } from "./vsc/disk.ts";
export type {
  AfterClosing,
  ClientPlace,
  NegotiationStep,
  StorageClientPhase,
} from "./vsc/words.ts";
export type {
  StorageClientOptions,
  StorageClientSettings,
  StorageClientState,
} from "./vsc/state.ts";
