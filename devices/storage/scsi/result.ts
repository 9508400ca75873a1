/**
 * How a SCSI command ends, and what an image may say of its own fault (docs/storage.md, section 5).
 *
 * @module
 */

import type { ScsiStatus, SrbStatus } from "../srb.ts";
import { type Sense, type SenseName, SENSES } from "./sense.ts";

/** How a command ended. */
export interface ScsiResult {
  /** How far the adapter got with it. */
  readonly srbStatus: SrbStatus;
  /** What the disk says. */
  readonly scsiStatus: ScsiStatus;
  /** Why it failed, where there is more to say. */
  readonly sense: Sense | null;
  /** Bytes that were moved; 0 where it failed. */
  readonly byteCount: number;
}

/** It was done, and moved `byteCount` bytes. */
export function good(byteCount = 0): ScsiResult {
  return { srbStatus: "success", scsiStatus: "good", sense: null, byteCount };
}

/** It was not done, or not all of it. */
export function failed(sense: SenseName, srbStatus: SrbStatus = "invalidRequest"): ScsiResult {
  return { srbStatus, scsiStatus: "checkCondition", sense: SENSES[sense], byteCount: 0 };
}

/** There is no disk with that address. */
export const ABSENT: ScsiResult = {
  srbStatus: "invalidLun",
  scsiStatus: "checkCondition",
  sense: null,
  byteCount: 0,
};

/** Another machine has reserved the medium. */
export const CONFLICT: ScsiResult = {
  srbStatus: "error",
  scsiStatus: "reservationConflict",
  sense: null,
  byteCount: 0,
};

/** Another machine has aborted it. */
export const ABORTED: ScsiResult = {
  srbStatus: "aborted",
  scsiStatus: "taskAborted",
  sense: SENSES.aborted,
  byteCount: 0,
};

/** What an image can be at fault with: sense data, or what a disk that several machines share says. */
export type ScsiFaultKind = SenseName | "reservationConflict" | "busy";

/** What an image throws to say what the guest hears. Anything else that it throws is a fault of the medium. */
export class ScsiFault extends Error {
  /** What it is. */
  readonly kind: ScsiFaultKind;

  /** The fault `kind`. */
  constructor(kind: ScsiFaultKind, options?: ErrorOptions) {
    super(`the image says ${kind}`, options);
    this.kind = kind;
  }
}

/** How a command ends whose image threw `error`; `otherwise` is what an error without a kind stands for. */
export function faultResult(error: unknown, otherwise: SenseName): ScsiResult {
  const kind = error instanceof ScsiFault ? error.kind : otherwise;
  if (kind === "reservationConflict") return CONFLICT;
  if (kind === "busy") {
    return { srbStatus: "busy", scsiStatus: "busy", sense: null, byteCount: 0 };
  }
  if (kind === "aborted") return ABORTED;
  return failed(kind, "error");
}
