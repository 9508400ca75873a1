/**
 * What the disk's VSC is told, and what it knows. All of it is plain data, so that it can be shown, and
 * saved; the channel and what hangs on it are the driver's, vsc.ts.
 *
 * @module
 */

import type { GuestBuffer, GuestRestoreContext, PlainData, SavedFields } from "../../mod.ts";
import { type DiskRegisters, findRegisterFault } from "./shared_blocks.ts";

/** How a disk is opened: plain data. */
export type DiskClientOptions = {
  /** Interface instance: which disk. Without it, any. */
  readonly instance?: string;
  /** Most bytes of one read or write that programs of this guest will ask for. Default 65 536. */
  readonly transferBytesMax?: number;
  /** Data pages of the incoming and of the outgoing ring. Default 4 each. */
  readonly ringPages?: readonly [number, number];
};

/**
 * How far the driver is: `"opening"` there is no disk yet, or it is being opened; `"open"` requests may
 * be made; `"refused"` the host could not be agreed with, `refusal` says why; `"closed"` the channel
 * stops, or has stopped.
 */
export type DiskPhase = "opening" | "open" | "refused" | "closed";

const PHASES: readonly DiskPhase[] = ["opening", "open", "refused", "closed"];

/** All that the driver knows, as plain data; the channel and requests under way aside. */
export interface DiskClientState {
  /** How far it is. */
  phase: DiskPhase;
  /** Why the host could not be agreed with. */
  refusal: string | null;
  /** Most bytes of one read or write that programs of this guest will ask for. */
  readonly transferBytesMax: number;
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
export function createState({ transferBytesMax = 65_536 }: DiskClientOptions): DiskClientState {
  return {
    phase: "opening",
    refusal: null,
    transferBytesMax,
    registers: null,
    statusBuffer: null,
    statusGpadl: null,
    requests: 0,
    completions: 0,
  };
}

/** The state as it is saved: a buffer of the guest's memory is its address. */
export function saveState(state: DiskClientState): PlainData {
  const { registers, statusBuffer } = state;
  return {
    ...state,
    registers: registers && { ...registers },
    statusBuffer: statusBuffer && statusBuffer.gpa,
  };
}

/**
 * Reads what {@linkcode saveState} told.
 *
 * @throws {Error} It is not such a state.
 */
export function restoreState(context: GuestRestoreContext, saved: SavedFields): DiskClientState {
  return {
    phase: saved.word("phase", PHASES),
    refusal: saved.orNull("refusal", () => saved.text("refusal")),
    transferBytesMax: saved.uint("transferBytesMax"),
    registers: saved.orNull("registers", () => saved.record("registers", restoreRegisters)),
    statusBuffer: saved.orNull("statusBuffer", () => context.buffer(saved.uint("statusBuffer"))),
    statusGpadl: saved.orNull("statusGpadl", () => saved.uint("statusGpadl", 0xffff_ffff)),
    requests: saved.uint("requests"),
    completions: saved.uint("completions"),
  };
}

function restoreRegisters(saved: SavedFields): DiskRegisters {
  const registers = {
    blockBytes: saved.uint("blockBytes"),
    isReadOnly: saved.flag("isReadOnly"),
    blockCount: saved.uint("blockCount"),
    transferBytesMax: saved.uint("transferBytesMax"),
    queueDepth: saved.uint("queueDepth"),
  };
  const fault = findRegisterFault(registers);
  if (fault !== null) throw new Error(`Cannot restore the registers of a disk: ${fault}`);
  return registers;
}
