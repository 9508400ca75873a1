/**
 * How calls of a FAT volume end.
 *
 * @module
 */

/** How a call ends: as FatFs says (`FR_DISK_ERR`, …), or because the volume has no room left. */
export type FatResult =
  | "ok"
  | "diskError"
  | "internalError"
  | "notReady"
  | "noFile"
  | "noPath"
  | "invalidName"
  | "denied"
  | "exists"
  | "invalidObject"
  | "writeProtected"
  | "invalidDrive"
  | "notEnabled"
  | "noFileSystem"
  | "makeAborted"
  | "timeout"
  | "locked"
  | "noMemory"
  | "tooManyOpenFiles"
  | "invalidParameter"
  | "full";

/** The results of FatFs, by their number. */
const RESULTS: readonly FatResult[] = [
  "ok",
  "diskError",
  "internalError",
  "notReady",
  "noFile",
  "noPath",
  "invalidName",
  "denied",
  "exists",
  "invalidObject",
  "writeProtected",
  "invalidDrive",
  "notEnabled",
  "noFileSystem",
  "makeAborted",
  "timeout",
  "locked",
  "noMemory",
  "tooManyOpenFiles",
  "invalidParameter",
];

/** The result with a number of FatFs's. */
export function resultOf(number: number): FatResult {
  return RESULTS[number] ?? "internalError";
}

/** A call of a volume that failed. Where the device is why, `cause` is what it said. */
export class FatError extends Error {
  /** See `Error`. */
  override readonly name = "FatError";
  /** How FatFs's call ended. */
  readonly result: FatResult;

  /** What `action` names ended with `result`. */
  constructor(action: string, result: FatResult, cause: unknown = null) {
    const why = cause instanceof Error ? `${result}: ${cause.message}` : result;
    super(`Cannot ${action}: ${why}`, cause === null ? {} : { cause });
    this.result = result;
  }
}
