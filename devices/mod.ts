/**
 * Device pairs: for each device the driver in the host that offers it, the driver in the guest that uses
 * it, and the header that both include. They are written as their users would write them, against the
 * package's main door alone, and they run in any runtime.
 *
 * | device | what it shows |
 * |---|---|
 * | `disk` | external data, PFNs, a shared GPADL, registers in MMIO, negotiation, quota; it can be saved with its guest |
 * | `echo` | transactions and packets without completions, both ways at once; packets completed late, and deferred |
 * | `socket` | byte pipes, offers that come and go, connects that are refused; both sides connect and listen |
 * | `storage` | Hyper-V's storage controller: a protocol of others, SCSI disks, sub-channels, disks that come and go |
 *
 * Each device is a door of its own as well: `@vmbus/kmcl/devices/disk`, `@vmbus/kmcl/devices/echo`,
 * `@vmbus/kmcl/devices/socket`, `@vmbus/kmcl/devices/storage`.
 *
 * @example
 * ```ts
 * import { createFabric } from "@vmbus/kmcl";
 * import { disk } from "@vmbus/kmcl/devices";
 *
 * await using fabric = createFabric();
 * const guest = fabric.createPartition({ name: "guest" });
 * const image = disk.memoryImage(new Uint8Array(64 * 1024));
 * const server = disk.createDisk(guest, image, { instance: crypto.randomUUID() });
 * const client = disk.openDisk(guest);
 * await fabric.run();
 * console.log(client.registers.blockCount); // 128
 * await client.close();
 * await server.close();
 * ```
 *
 * @module
 */

export * as disk from "./disk/mod.ts";
export * as echo from "./echo/mod.ts";
export * as socket from "./socket/mod.ts";
export * as storage from "./storage/mod.ts";
