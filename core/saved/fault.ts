/**
 * What is wrong with bytes that claim to be a saved state: damaged, or saved from something else.
 *
 * All readers of saved state throw this one class, as a fault can lie at any depth; the function that
 * restores catches it once, with {@linkcode readSaved}, and answers with its status and reason.
 *
 * @module
 */

import { type NtStatus, STATUS_DATA_ERROR, STATUS_REVISION_MISMATCH } from "../ntstatus.ts";

/**
 * What is wrong with saved state. Thrown by readers of saved state, and by nothing else: by
 * {@linkcode readRecord} in a driver's `restore`, for one, which refuses the restore with this status.
 */
export class SavedStateFault extends Error {
  /** Always `"SavedStateFault"`. */
  override readonly name = "SavedStateFault";
  /** STATUS_DATA_ERROR or STATUS_REVISION_MISMATCH. */
  readonly status: NtStatus;

  /** A fault with the status that the restoring function answers with. */
  constructor(status: NtStatus, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** The bytes are not what a save wrote. */
export function throwDataError(reason: string): never {
  throw new SavedStateFault(STATUS_DATA_ERROR, reason);
}

/** The bytes may be sound, but they are of another format, or were saved from something else. */
export function mismatched(reason: string): never {
  throw new SavedStateFault(STATUS_REVISION_MISMATCH, reason);
}

/** Runs a reader; the fault that it threw, if it threw one, comes back as a value. */
export function readSaved<T>(read: () => T): T | SavedStateFault {
  try {
    return read();
  } catch (error) {
    if (error instanceof SavedStateFault) return error;
    throw error; // a bug of this package, which must be heard
  }
}
