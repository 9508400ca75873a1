/**
 * What channels and buses need of a partition: its memory, its processors, and whether it runs.
 *
 * @module
 */

import type { Dialect } from "../../core/control/dialect.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type { Processor } from "../runtime/processor.ts";

/** Who brings monitor pages: nobody, the guest, or the host, where it has said that it does. */
export type MonitorPagesOption = "none" | "guest" | "host";

/** Who serves the drivers of a partition, as they name it in connection ids (wire.md 4.1). */
export interface ServerPlace {
  /** The virtual trust level that the connection belongs to. */
  readonly vtl: number;
  /** The interrupt source by which it is heard. */
  readonly sint: number;
  /** Whether it lies inside the guest: what comes by it no host has seen (wire.md 5.1). */
  readonly isTrusted: boolean;
}

/** A partition, as the channels of its drivers and its bus see it. */
export interface PartitionPort {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** The name it was given. */
  readonly name: string;
  /** Stands for it on the trace, where channels are numbered from 1. */
  readonly traceId: number;
  /** The virtual trust level of its drivers. */
  readonly vtl: number;
  /** What its guest speaks on the bus. */
  readonly dialect: Dialect;
  /** Who brings the monitor pages that its guest's signals go through. */
  readonly monitorPages: MonitorPagesOption;
  /** Whether the host can read only what its guest shares of its memory (kmcl.md X17). */
  readonly isIsolated: boolean;
  /** Who its guest says that it is on the bus, a lower-case GUID. */
  readonly clientId: string;
  /** Who serves its drivers. */
  readonly port: ServerPlace;
  /** Its memory; host and guest use the same object. */
  readonly memory: GuestRam;
  /** Whether it is the root partition, in which the servers run. */
  readonly isRoot: boolean;
  /** Whether its drivers live. */
  readonly isAlive: boolean;
  /** Whether its handles are good. */
  readonly isPresent: boolean;
  /** Whether the code at one end of its bus is somebody else's. */
  readonly isForeign: boolean;
  /** Whether its processors run: they stand still while it is paused, and for ever once it crashed. */
  readonly runs: boolean;
  /** Number of virtual processors. */
  readonly processorCount: number;
  /** All virtual processors. */
  readonly processors: readonly Processor[];
  /** Virtual processor `index`. */
  processor(index: number): Processor;
}

/** A loaded driver, as the channels that it has allocated see it. */
export interface LoadedDriverPort {
  /** The guest that it drives or serves. */
  readonly guest: PartitionPort;
  /** For reports: `guest driver "disk"`. */
  readonly label: string;
  /** Whether its device is gone. */
  readonly isRemoved: boolean;
}
