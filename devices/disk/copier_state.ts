/**
 * What the file copier is told, and what it knows. All of it is plain data, so that it can be shown, and
 * saved; the disk, the buffers and the files are the driver's, copier.ts.
 *
 * @module
 */

import type { SavedFields } from "../../mod.ts";
import type { DiskClientOptions } from "./vsc_state.ts";

/** How a file is copied: plain data. */
export type CopyOptions = {
  /** How its disk is opened. */
  readonly disk?: DiskClientOptions;
  /** The disk's block that the file begins at. Default 0. */
  readonly firstBlock?: number;
  /** Bytes of one request: whole blocks. Default: as many as the disk moves at once. */
  readonly chunkBytes?: number;
  /** Requests under way at once. Default: as many as the disk takes at once. */
  readonly queueDepth?: number;
};

/** How far a copy is. Where it has failed, `failure` says why. */
export type CopyPhase = "opening" | "copyingIn" | "flushing" | "copyingOut" | "done" | "failed";

const PHASES: readonly CopyPhase[] = [
  "opening",
  "copyingIn",
  "flushing",
  "copyingOut",
  "done",
  "failed",
];

/** What a copier knows, its buffers and the disk aside. */
export type CopyState = {
  /** How far it is. */
  phase: CopyPhase;
  /** Why it failed. */
  failure: string | null;
  /** Bytes of the file. */
  readonly byteCount: number;
  /** See {@linkcode CopyOptions.firstBlock}. */
  readonly firstBlock: number;
  /** Bytes of one request; null until the disk is open, where it is the disk's to say. */
  chunkBytes: number | null;
  /** Requests under way at once; null until the disk is open, where it is the disk's to say. */
  queueDepth: number | null;
  /** Chunks of this phase whose requests were begun. */
  begun: number;
  /** Chunks of this phase that are through: on the disk, or in the sink. */
  finished: number;
};

/**
 * What a copier of a file knows when it starts.
 *
 * @throws {RangeError} An option is not a whole number from 0 on.
 */
export function createState(byteCount: number, options: CopyOptions): CopyState {
  const { firstBlock = 0, chunkBytes = 0, queueDepth = 0 } = options;
  if (![firstBlock, chunkBytes, queueDepth].every((value) => isCount(value))) {
    throw new RangeError(`Cannot copy with ${JSON.stringify(options)}: these are whole numbers`);
  }
  return {
    phase: "opening",
    failure: null,
    byteCount,
    firstBlock,
    chunkBytes: options.chunkBytes ?? null,
    queueDepth: options.queueDepth ?? null,
    begun: 0,
    finished: 0,
  };
}

/**
 * What a saved copier knew. Its file must have the size that it had.
 *
 * @throws {Error} It is not such a state, or that of another file.
 */
export function restoreState(byteCount: number, saved: SavedFields): CopyState {
  const savedBytes = saved.uint("byteCount");
  if (savedBytes !== byteCount) {
    throw new Error(`Cannot go on with a file of ${byteCount} bytes: it had ${savedBytes}`);
  }
  return {
    phase: saved.word("phase", PHASES),
    failure: saved.orNull("failure", () => saved.text("failure")),
    byteCount,
    firstBlock: saved.uint("firstBlock"),
    chunkBytes: saved.orNull("chunkBytes", () => saved.uint("chunkBytes")),
    queueDepth: saved.orNull("queueDepth", () => saved.uint("queueDepth")),
    begun: saved.uint("begun"),
    finished: saved.uint("finished"),
  };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
