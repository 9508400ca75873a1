/**
 * Peers that somebody else wrote, as programs see them: a guest with our host, or a host with our guest. Nothing
 * here knows how bytes reach them.
 *
 * @module
 */

import type { ForeignGuestListener } from "../bus/foreign/guest_link.ts";
import type { ForeignHostListener } from "../bus/foreign/host_link.ts";
import type { PeerFault } from "../bus/foreign/peer.ts";
import type { SynicPlace } from "../bus/synic.ts";
import type { Partition, PartitionOptions } from "../partition/partition.ts";

/** What any partition with somebody outside is made of. */
export interface ForeignPeerOptions extends
  Omit<
    PartitionOptions,
    "memoryPages" | "vmbusVersion" | "vmbusFeatures" | "monitorPages" | "isolated"
  > {
  /**
   * The guest's physical memory, in whole pages. Rings and GPADLs lie there, and whoever is outside may read and write
   * it at any time: as a thread, over a SharedArrayBuffer, or as a process, where the buffer lies over mapped memory.
   */
  readonly memory: ArrayBuffer | SharedArrayBuffer;
  /** Guest physical address of the first byte of `memory`, the start of a page. Default 0. */
  readonly memoryBase?: number;
}

/** How a foreign guest is attached. */
export interface ForeignGuestOptions extends ForeignPeerOptions, ForeignGuestListener {}

/** How a foreign host is attached. */
export interface ForeignHostOptions extends ForeignPeerOptions, ForeignHostListener {
  /** The version of the bus that our guest speaks, or those from which it tries. See {@linkcode PartitionOptions}. */
  readonly vmbusVersion?: NonNullable<PartitionOptions["vmbusVersion"]>;
  /** Features of version 6.0 that our guest asks for, as bits. See {@linkcode PartitionOptions}. */
  readonly vmbusFeatures?: number;
  /** Whose monitor pages its signals go through. See {@linkcode PartitionOptions}. */
  readonly monitorPages?: NonNullable<PartitionOptions["monitorPages"]>;
  /**
   * Whether the host may touch only what our guest shares. See {@linkcode PartitionOptions}. `memory` is the program's,
   * who carries this out: by {@linkcode ForeignHost.readMemory} and {@linkcode ForeignHost.writeMemory}, or by
   * mapping what `onVisibility` names. Default false.
   */
  readonly isolated?: boolean;
}

/** A guest that somebody else wrote, as whoever carries its bytes has it. */
export interface ForeignGuest {
  /**
   * Takes offers as any guest's does. It has no VMBus for drivers: a query of its device gives STATUS_NOT_FOUND.
   */
  readonly partition: Partition;
  /**
   * The guest has posted a message, as by HvPostMessage: at most 240 bytes, which are copied.
   *
   * @returns Why it was not taken; null where it was. What the host makes of it, `inspect` tells.
   * @throws {TypeError} `bytes` is no ArrayBufferView, or its buffer is detached.
   * @throws {RangeError} `connectionId` is no number of 32 bits.
   */
  postMessage(bytes: ArrayBufferView, connectionId: number): PeerFault | null;
  /**
   * The guest has signalled an event, as by HvSignalEvent.
   *
   * @returns Why it was not taken; null where it was.
   * @throws {RangeError} `connectionId` is no number of 32 bits, or `flag` none of 16.
   */
  signalEvent(connectionId: number, flag: number): PeerFault | null;
  /**
   * The guest is gone for good: its partition is destroyed, and nothing is said to it any more. A second call does
   * nothing.
   */
  detach(): void;
}

/** A host that somebody else wrote, as whoever carries its bytes has it. */
export interface ForeignHost {
  /** Our guest: its drivers are clients of that host. No server of the fabric can be offered to it. */
  readonly partition: Partition;
  /**
   * The host has put a message into the guest's SynIC: at most 240 bytes, which are copied. `place` is where; left out:
   * where the guest's bus hears.
   *
   * @returns Why it was not taken; null where it was. What the guest makes of it, `inspect` tells.
   * @throws {TypeError} `bytes` is no ArrayBufferView, or its buffer is detached.
   * @throws {RangeError} A number of `place` is no u32.
   */
  postMessage(bytes: ArrayBufferView, place?: SynicPlace): PeerFault | null;
  /**
   * The host has set an event flag of the guest.
   *
   * @returns Why it was not taken; null where it was.
   * @throws {RangeError} `vp` or `sint` is no number of 32 bits, or `eventFlag` none of 16.
   */
  signalEvent(vp: number, sint: number, eventFlag: number): PeerFault | null;
  /**
   * The host reads `byteCount` bytes of the guest's RAM at guest address `gpa`: a copy, or why it cannot have them.
   *
   * @throws {RangeError} `gpa` or `byteCount` is no whole number from 0.
   */
  readMemory(gpa: number, byteCount: number): Uint8Array | PeerFault;
  /**
   * The host writes the bytes of `view` to the guest's RAM at guest address `gpa`.
   *
   * @returns Why nothing was written; null where all of it was.
   * @throws {TypeError} `view` is no ArrayBufferView, or its buffer is detached.
   * @throws {RangeError} `gpa` is no whole number from 0.
   */
  writeMemory(gpa: number, view: ArrayBufferView): PeerFault | null;
  /** The host is gone for good, and with it the guest's partition, which is destroyed. A second call does nothing. */
  detach(): void;
}
