/**
 * The VSP of a storage controller: the driver in the host that serves SCSI disks to one guest (docs/storage.md). What
 * it does is controller.ts.
 *
 * How a request goes through it:
 * 1. A channel (channel.ts) copies the request out of the ring and hands it over. What no guest sends kills
 *    the channel until the guest opens it anew; what a guest may get wrong is answered.
 * 2. The chart of the session (chart.ts) says what its place makes of it: an answer, a wait for what runs, or a command.
 * 3. A command (commands.ts) goes to the disk at its address (scsi/disk.ts). The image works on the guest's own memory. Where it
 *    takes its time, other requests are taken meanwhile, and each is answered when it has ended.
 *
 * When its guest is saved, the channels are brought to rest, the primary first: what runs ends, what is in the rings
 * stays there, and is carried out after the restore.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { StorageController } from "./controller.ts";
import { createState, restoreServer, type StorageServerOptions } from "./state.ts";
import type { StorageDisk } from "./disk_table.ts";
import type { StorageServer } from "./server.ts";

/**
 * The driver of a storage controller with `disks`: their images are the program's, and given again to whoever
 * restores. Where there are others then than there were, the guest is told.
 *
 * @param name By this name it is asked for in a restore: one for each controller that a guest has.
 */
export function storageVsp(
  disks: readonly StorageDisk[],
  name: string = "storage VSP",
): vmbus.HostDriver<StorageServer> {
  return {
    name,
    start: (context, options) => {
      const server = new StorageController(context, createState(options as StorageServerOptions));
      server.enable(disks);
      server.resume();
      return server;
    },
    restore: (context, data) =>
      vmbus.readRecord(data, name, (fields) => {
        const saved = restoreServer(fields);
        const server = new StorageController(context, saved.state);
        server.continue(disks, saved);
        return server;
      }),
  };
}

/**
 * Offers a storage controller with `disks` to `guest`: its driver is loaded, its channel enabled and started.
 *
 * @throws {RangeError} An option, an address or a setting of a disk is out of bounds.
 * @throws {TypeError} The option `instance` is left out, or is no GUID.
 */
export function createStorage(
  guest: vmbus.Partition,
  disks: readonly StorageDisk[],
  options: StorageServerOptions,
): StorageServer {
  return vmbus.loadHostDriver(guest, storageVsp(disks), options);
}
