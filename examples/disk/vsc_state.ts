/**
 * What the disk's VSC is told, and what it knows. All of it is plain data, so that it can be shown, and
 * kept; the channel and what hangs on it are the driver's, vsc.ts.
 *
 * @module
 */

import type { GuestBuffer } from "../../mod.ts";
import type { DiskRegisters } from "./shared_blocks.ts";

/** How a disk is opened. */
export interface DiskClientOptions {
  /** Interface instance: which disk. Without it, any. */
  readonly instance?: string;
  /** Most bytes of one read or write that programs of this guest will ask for. Default 65 536. */
  readonly transferBytesMax?: number;
  /** Data pages of the incoming and of the outgoing ring. Default 4 each. */
  readonly ringPages?: readonly [number, number];
}

/** How far the driver is. */
export type DiskPhase =
  /** There is no disk yet, or it is being opened. */
  | "opening"
  /** Requests may be made. */
  | "open"
  /** The host could not be agreed with: `refusal` says why. */
  | "refused"
  /** The channel stops, or has stopped. */
  | "closed";

/** All that the driver knows, as plain data; the channel and requests under way aside. */
export interface DiskClientState {
  /** How far it is. */
  phase: DiskPhase;
  /** Why the host could not be agreed with. */
  refusal: string | null;
  /** What the disk can do; null until it was opened. */
  registers: DiskRegisters | null;
  /** The memory of the status block. */
  statusBuffer: GuestBuffer | null;
  /** The GPADL of the status block. */
  statusGpadl: number | null;
  /** Requests that were sent so far, negotiate included. */
  requests: number;
  /** Requests of these that the host has completed. */
  completions: number;
}

/** What the driver knows before there is a disk. */
export function createState(): DiskClientState {
  return {
    phase: "opening",
    refusal: null,
    registers: null,
    statusBuffer: null,
    statusGpadl: null,
    requests: 0,
    completions: 0,
  };
}
