/**
 * The storage controller's VSC as a driver that is loaded: what a program gives its disks to.
 *
 * @module
 */

import type * as vmbus from "../../../mod.ts";
import { StorageClient } from "./client.ts";
import { Disks, type StorageProgram } from "./disk.ts";
import type { StorageClientOptions } from "./state.ts";

/**
 * The driver of a storage controller, whose disks `program` is given. The value belongs to one guest: after a restore
 * by the same value the program's disks are the same objects, and its promises go on.
 *
 * @param name By this name it is asked for in a restore: one for each controller that a guest has.
 */
export function storageDriver(
  program: StorageProgram,
  name: string = "storage VSC",
): vmbus.GuestDriver<StorageClient> {
  const disks = new Disks(program);
  return {
    name,
    start: (context, options) =>
      StorageClient.start(context, disks, (options ?? {}) as StorageClientOptions),
    restore: (context, data) => StorageClient.restore(context, disks, data),
  };
}
