/**
 * A partition as its user sees it.
 *
 * @module
 */

import type { VersionRange } from "../../core/control/dialect.ts";
import type { VmbusVersion } from "../../core/control/versions.ts";
import type { GuestMemory } from "../../core/memory/guest_memory.ts";
import type { Direction } from "../bus/link.ts";
import type { Device, VmbusHandle } from "../runtime/handle.ts";

/** What a partition is made of. */
export interface PartitionOptions {
  /** For reports: any text. */
  readonly name: string;
  /** Pages of RAM. Default 4096: 16 MiB. */
  readonly memoryPages?: number;
  /** The virtual trust level of its drivers: 0, 1 or 2. Default 0. */
  readonly vtl?: number;
  /** Size of the window for MMIO, in MiB. Default 128. */
  readonly mmioMegabytes?: number;
  /** Virtual processors, 1 to 64. Default 1. */
  readonly processors?: number;
  /**
   * The version of the bus that its guest speaks, or those from which it tries, the highest first
   * ([wire.md 4.3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). Default: all, from 6.0 down.
   */
  readonly vmbusVersion?: VmbusVersion | Partial<VersionRange>;
  /**
   * Features of version 6.0 that its guest asks for, as bits ([wire.md 4.3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
   * Default: all that both ends of this package have.
   */
  readonly vmbusFeatures?: number;
  /**
   * Whose monitor pages its guest's signals go through, so that many within a short time become one
   * ([wire.md section 6](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)): nobody's, the guest's own, or the host's where that brings some.
   * Default "none": signals go one by one.
   */
  readonly monitorPages?: "none" | "guest" | "host";
  /**
   * Another partition of the same virtual machine: this one is a further trust level of it, `vtl`, with drivers, a
   * bus and a connection of its own. It runs on the processors of that machine, and is paused, continued, crashed and
   * destroyed with it. Without `memoryPages` it shares that partition's memory; with them it has memory of its
   * own, which no other level reaches. Default null: a machine by itself.
   */
  readonly vtlOf?: Partition | null;
  /**
   * Whether the servers of a further trust level run in the partition `vtlOf`, which is its paravisor, and not in
   * the host: by its device, which then has the server's functions. Default false.
   */
  readonly redirect?: boolean;
  /**
   * Whether the host cannot read its memory, apart from pages that its guest shares: those of rings, of GPADLs, of
   * bounce buffers and of signals ([kmcl.md X17](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)). A further trust level is isolated where its
   * machine is. Default false. Our reading.
   */
  readonly isolated?: boolean;
}

/** What a machine, or a further trust level of one, is made of. */
export type MachineOptions = Required<Omit<PartitionOptions, "vtlOf" | "redirect">> & {
  /** The versions that its guest speaks. */
  readonly vmbusVersion: VersionRange;
};

/** All options of a partition. */
export type CheckedPartitionOptions = MachineOptions & Required<PartitionOptions> & {
  /** Whether pages of memory were asked for. */
  readonly hasMemory: boolean;
};

/** A virtual machine as the hypervisor sees it. */
export interface Partition {
  /** The name it was given. */
  readonly name: string;
  /** The virtual trust level of its drivers: a server that serves it names it (VmbServerChannelInitSetTargetVtl). */
  readonly vtl: number;
  /** What its drivers pass to WdfFdoQueryForInterface and VmbChannelAllocate. */
  readonly device: Device;
  /** What VmbConvertVmbusHandleToKernelHandle takes. */
  readonly vmbusHandle: VmbusHandle;
  /** Its memory; host and guest use the same object. */
  readonly memory: GuestMemory;
  /** Stops its virtual processors; its memory stays, and so does what waits for them, delayed signals too. */
  pause(): void;
  /**
   * Lets its virtual processors run again.
   *
   * @throws {Error} Inside the `restore` of one of its drivers; so do `crash` and `destroy`.
   */
  resume(): void;
  /** Stops it for ever: its callbacks never run again, and its server sides close ([kmcl.md S13](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)). */
  crash(): void;
  /** Crashes it; then the offers to it are gone and its handles die. */
  destroy(): void;
  /**
   * Has its guest leave the bus, as where its driver stack is unloaded: clients see their channels taken back, the
   * guest gives all of them back, and says `Unload`. Clients that are still enabled wait for the next offer. Nothing
   * happens where it has left, or its drivers are gone ([wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
   *
   * @throws {Error} Its guest is somebody outside; so does `connect`.
   */
  disconnect(): void;
  /**
   * Has its guest make contact with the host, and ask for the offers: after `disconnect`, as soon as the host has
   * answered that; where it is connected, anew, without a word of leaving. A partition does so by itself when it is
   * made.
   */
  connect(): void;
  /**
   * Puts a raw control message on its bus, as if one of the two sides had sent it: for tests of what a
   * hostile guest or host can do ([wire.md section 4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
   *
   * @throws {TypeError} No direction; `message` is no ArrayBufferView, or its buffer is detached.
   */
  postControlMessage(direction: Direction, message: ArrayBufferView): void;
  /**
   * Interrupts one end of a channel, as if the other had signalled it: with `postControlMessage`, all that
   * a guest without drivers needs. One of a channel that is not open does nothing.
   */
  postInterrupt(direction: Direction, channelId: number): void;
}

/** Highest number of virtual processors. */
export const PROCESSORS_MAX = 64;
