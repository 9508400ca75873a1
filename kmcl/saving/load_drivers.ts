/**
 * Loading drivers into a guest, and into the root for a guest.
 *
 * @module
 */

import type { Fabric } from "../../actors/fabric/fabric.ts";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { ignoreRejection } from "../../actors/runtime/promises.ts";
import { type DriverKind, LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import type { Partition } from "../../actors/partition/partition.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import { isInstance } from "../../core/describe.ts";
import { copyPlainData, type PlainData } from "../../core/saved/plain_data.ts";
import { copyMembers } from "../../core/structures.ts";
import type {
  GuestDriver,
  GuestDriverInstance,
  HostContext,
  HostDriver,
  HostDriverInstance,
} from "./drivers.ts";

/** What every driver has, whichever side it is of. */
interface AnyDriver<Context, Instance> {
  readonly name: string;
  start(context: Context, options: PlainData): Instance;
}

/**
 * Loads a driver into a guest and has it begin. What it allocates for the device in its context can be
 * saved with the guest.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 *
 * const counter: vmbus.GuestDriver = {
 *   name: "counter",
 *   start: (_context, options) => ({ save: () => options }),
 *   restore: (_context, state) => ({ save: () => state }),
 * };
 * const fabric = vmbus.createFabric();
 * const guest = fabric.createPartition({ name: "guest" });
 * vmbus.loadGuestDriver(guest, counter, { count: 7 });
 * const { status } = await vmbus.savePartition(guest);
 * console.log(vmbus.ntStatusName(status)); // STATUS_SUCCESS
 * ```
 *
 * @param options What the driver's `start` is given: plain data. Default null.
 * @throws {TypeError} `driver` is not a driver, or `options` is not plain data.
 * @throws {Error} The guest is the root or is gone; inside a guest driver's `save`; or whatever the
 * driver's `start` threw.
 */
export function loadGuestDriver<Instance extends GuestDriverInstance>(
  partition: Partition,
  driver: GuestDriver<Instance>,
  options: PlainData = null,
): Instance {
  return load("guest", partition, driver, options, (loaded) => guestContext(loaded));
}

/**
 * Loads a driver into the root that serves `guest`, and has it begin. Its channels are saved with the
 * guest; they go when the guest is destroyed.
 *
 * @param options What the driver's `start` is given: plain data. Default null.
 * @throws {TypeError} `driver` is not a driver, or `options` is not plain data.
 * @throws {Error} The guest is the root or is gone; inside a guest driver's `save`; or whatever the
 * driver's `start` threw.
 */
export function loadHostDriver<Instance extends HostDriverInstance>(
  guest: Partition,
  driver: HostDriver<Instance>,
  options: PlainData = null,
): Instance {
  return load("host", guest, driver, options, hostContext);
}

/** The context of a driver in a guest. */
export function guestContext({ partition, device }: LoadedDriver): {
  readonly fabric: Fabric;
  readonly partition: PartitionObject;
  readonly device: LoadedDriver["device"];
} {
  const fabric = FabricRuntime.of(partition.runtime);
  return { fabric, partition: PartitionObject.of(partition), device };
}

/** The context of a driver that serves a guest. */
export function hostContext(loaded: LoadedDriver): HostContext {
  return { ...guestContext(loaded), guest: PartitionObject.of(loaded.guest) };
}

function load<Context, Instance extends object>(
  kind: DriverKind,
  partition: Partition,
  driver: AnyDriver<Context, Instance>,
  options: PlainData,
  contextOf: (loaded: LoadedDriver) => Context,
): Instance {
  const isGuest = isInstance(partition, PartitionObject) && !partition.isRoot && partition.isAlive;
  if (!isGuest) {
    throw new Error(`Cannot load a ${kind} driver: its partition is no guest, or is gone`);
  }
  const { kmclRefusal } = partition.runtime;
  if (kmclRefusal !== null) throw new Error(`Cannot load a ${kind} driver ${kmclRefusal}`);
  const name = requireDriver(kind, driver);
  const copy = copyPlainData(options, "options");
  if (copy.fault !== null) throw new TypeError(`Cannot load ${name}: ${copy.fault}`);
  const loaded = new LoadedDriver(name, kind, partition);
  try {
    const instance = driver.start(contextOf(loaded), copy.data);
    ignoreRejection(instance);
    requireInstance(loaded, instance);
    loaded.instance = instance;
    partition.drivers.push(loaded);
    return instance;
  } catch (error) {
    loaded.remove();
    throw error;
  }
}

/**
 * Checks that a value is a driver, and answers its name.
 *
 * @throws {TypeError} It is not a driver.
 */
export function requireDriver(kind: DriverKind, driver: unknown): string {
  const { name, start, restore } = copyMembers(driver, ["name", "start", "restore"]) ?? {};
  const isDriver = typeof name === "string" && name !== "" && name.isWellFormed() &&
    typeof start === "function" && typeof restore === "function";
  if (!isDriver) {
    throw new TypeError(`Cannot use a ${kind} driver without a name, start and restore`);
  }
  return name;
}

/**
 * Checks that a driver's `start` or `restore` returned what its kind must.
 *
 * @throws {TypeError} It did not.
 */
export function requireInstance({ kind, label }: LoadedDriver, instance: unknown): void {
  const { save, resume, then } = copyMembers(instance, ["save", "resume", "then"]) ?? {};
  const isInstance = typeof save === "function" && typeof then !== "function" &&
    (kind === "guest" || typeof resume === "function");
  if (isInstance) return;
  const what = kind === "guest" ? "a save function" : "the functions save and resume";
  throw new TypeError(`Cannot go on with ${label}: it must return at once, an object with ${what}`);
}
