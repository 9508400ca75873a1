/**
 * A driver that the fabric has loaded: it has a device of its own, and what is allocated for that device
 * is the driver's.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { PartitionOnBus } from "../channel/bus_port.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import type { LoadedDriverPort } from "../channel/partition_port.ts";
import { CALLBACK_NAMES } from "../channel/driver_port.ts";
import { type Device, Handle } from "../runtime/handle.ts";

/** What a driver of the host is told when its guest is saved, and when it continues. */
export type HostNotice = "HostDriver.save" | "HostDriver.resume";

const HOST_NOTICES: readonly HostNotice[] = ["HostDriver.save", "HostDriver.resume"];

/** The calls into drivers by the numbers that stand for them on the trace. */
export const CALLS_ON_TRACE: readonly string[] = [...CALLBACK_NAMES, ...HOST_NOTICES];

/** Where a loaded driver runs: in the guest, or in the root to serve that guest. */
export type DriverKind = "guest" | "host";

/** What a loaded driver needs of the partition that it is in, and of its guest. */
export interface DriverPartition extends PartitionOnBus {
  /** The partition in which its servers run: the root, which is its own. */
  readonly root: DriverPartition;
  /** Whether servers run in it. */
  readonly hasServers: boolean;
  /** The endpoints of its drivers that were not cleaned up. */
  readonly endpoints: Set<Endpoint>;
}

/** A device, and the driver that has it. */
export interface DeviceTarget {
  /** The partition that the device is in. */
  readonly partition: DriverPartition;
  /** The loaded driver whose own it is; null for the partition's device, which is there for all others. */
  readonly driver: LoadedDriver | null;
}

/** The device of a partition or of a loaded driver. */
export function createDevice(target: DeviceTarget): Device {
  return new Handle("DEVICE", target);
}

/** A loaded driver, as the partition knows it that it was loaded for. */
export class LoadedDriver implements LoadedDriverPort {
  /** Its name, by which a restored partition asks for it. */
  readonly name: string;
  /** Where it runs. */
  readonly kind: DriverKind;
  /** The guest that it drives or serves. */
  readonly guest: DriverPartition;
  /** The partition in which it runs. */
  readonly partition: DriverPartition;
  /** Its device. */
  readonly device: Device;
  /** What the layer above made of the driver; null until it has begun. */
  instance: unknown = null;

  /** The driver called `name` for `guest`, which has not begun. */
  constructor(name: string, kind: DriverKind, guest: DriverPartition) {
    this.name = name;
    this.kind = kind;
    this.guest = guest;
    this.partition = kind === "guest" ? guest : guest.root;
    this.device = createDevice({ partition: this.partition, driver: this });
  }

  /** The loaded driver whose an endpoint is, which knows it by its port; null: none's. */
  static of({ driver }: Pick<Endpoint, "driver">): LoadedDriver | null {
    assert(driver === null || driver instanceof LoadedDriver, "drivers are loaded in one way");
    return driver;
  }

  /** Whether its device is gone. */
  get isRemoved(): boolean {
    return Handle.resolve(this.device, "DEVICE") === null;
  }

  /** Stands for it on the trace: the guest that it is for. */
  get traceId(): number {
    return this.guest.traceId;
  }

  /** For reports: `guest driver "disk"`. */
  get label(): string {
    return `${this.kind} driver "${this.name}"`;
  }

  /** The channel endpoints that it has allocated and not cleaned up, in the order of their making. */
  get endpoints(): readonly Endpoint[] {
    return [...this.partition.endpoints].filter((endpoint) => endpoint.driver === this);
  }

  /** The restore of its guest failed: what it has on that guest's bus goes at once, without a word to anybody. */
  discard(): void {
    const { scheduler } = this.partition.runtime;
    for (const endpoint of this.endpoints) {
      if (endpoint.end !== null && endpoint.end !== this.guest.bus.ownHost) continue;
      scheduler.drop(endpoint.id, this.partition.processors);
      endpoint.crashed();
      endpoint.cleanUp();
    }
    this.remove();
  }

  /** Its device is gone, and its channels go as soon as they are Disabled. */
  remove(): void {
    this.device.kill();
    for (const endpoint of this.endpoints) {
      endpoint.targetDevice?.kill();
      if (endpoint.actor.can("disable")) endpoint.tell({ type: "disable" });
      else if (endpoint.is("disabled")) endpoint.cleanUp();
    }
  }
}
