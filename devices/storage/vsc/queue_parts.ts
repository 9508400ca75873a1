/**
 * What the queue of the storage controller's VSC works on, and with.
 *
 * @module
 */

import type * as vmbus from "../../../mod.ts";
import type { Buffers } from "./buffers.ts";
import type { Command } from "./command.ts";
import type { GuestTimers } from "./guest_timer.ts";
import type { StorageClientState } from "./state.ts";
import type { SrbFailure } from "./verdict.ts";

/** One channel. */
export interface Path {
  /** Its handle. */
  readonly channel: vmbus.VMBCHANNEL;
  /** 0 for the primary, more for a sub-channel. */
  readonly index: number;
  /** Whether requests may be sent on it. */
  isOpen: boolean;
  /** Whether it has closed by itself and is torn down, and was not opened anew. */
  isGone: boolean;
  /** Commands that are under way on it. */
  underWay: number;
}

/** What the rest of the driver does. */
export interface QueueUsers {
  /** Called before anything else is done in a completion routine or a timer. */
  awake(): void;
  /** Fills the buffer of a command that writes; false where its data is not there. */
  fill(command: Command, buffer: vmbus.GuestBuffer): boolean;
  /** The same work in two commands; null where it cannot be less. */
  split(command: Command): readonly Command[] | null;
  /** A command has ended: `movedBytes` of its buffer are data, where it did not fail. */
  ended(command: Command, failure: SrbFailure | null, movedBytes: number): void;
  /** The host's answer to what else it was asked, its first `byteCount` bytes. */
  answered(bytes: Uint8Array, byteCount: number): void;
  /** A disk is to be read anew, and its parked commands are to be released then. */
  refresh(lun: number): void;
  /** The controller is to be searched anew. */
  rescan(): void;
  /** There is no such disk. */
  remove(lun: number): void;
  /** A channel has gone whose requests the host may still have: it is to be waited for, then `released` called. */
  stranded(): void;
  /** A request has taken too long. */
  timedOut(): void;
}

/** What the queue stands on. */
export interface QueueParts {
  /** The table with which it uses its channels. */
  readonly kmcl: vmbus.KmclClientInterfaceV1;
  /** The guest's memory. */
  readonly memory: vmbus.GuestMemory;
  /** The guest's timers. */
  readonly timers: GuestTimers;
  /** Where it reads the settings, and counts. */
  readonly state: StorageClientState;
  /** Pages that data goes through. */
  readonly buffers: Buffers;
  /** The rest of the driver. */
  readonly users: QueueUsers;
}
