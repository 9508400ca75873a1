/**
 * Sense data: why a SCSI command failed (docs/storage.md, section 5). It is of the fixed format, 18 bytes.
 *
 * @module
 */

import {
  constant,
  Damage,
  hex,
  type Layout,
  named,
  reserved,
  struct,
  u8,
} from "../../../core/layout/mod.ts";

/** Bytes of sense data. */
export const SENSE_BYTES = 18;
/** The first byte: what is said is of this command, in the fixed format. */
const FIXED_CURRENT = 0x70;
/** Bytes that follow the eighth. */
const ADDITIONAL_BYTES = SENSE_BYTES - 8;

/** Sense keys, by name. */
export const SENSE_KEYS = {
  noSense: 0x0,
  recoveredError: 0x1,
  notReady: 0x2,
  mediumError: 0x3,
  hardwareError: 0x4,
  illegalRequest: 0x5,
  unitAttention: 0x6,
  dataProtect: 0x7,
  abortedCommand: 0xb,
} as const;

/** Why a command failed: a key, and a code with a qualifier for more. */
export interface Sense {
  /** See {@linkcode SENSE_KEYS}. */
  readonly key: number;
  /** Additional sense code (ASC). */
  readonly code: number;
  /** Additional sense code qualifier (ASCQ). */
  readonly qualifier: number;
}

/** How sense data lies in bytes. */
export const SCSI_SENSE: Layout<Sense> = struct("sense data", SENSE_BYTES, {
  responseCode: [0, constant(hex(u8), FIXED_CURRENT)],
  reserved1: [1, reserved(1)],
  key: [2, named(hex(u8), SENSE_KEYS)],
  reserved3: [3, reserved(4)],
  additionalBytes: [7, constant(u8, ADDITIONAL_BYTES)],
  reserved8: [8, reserved(4)],
  code: [12, hex(u8)],
  qualifier: [13, hex(u8)],
  reserved14: [14, reserved(4)],
});

/** The sense data in `bytes`; null where they are not of the fixed format. */
export function decodeSense(bytes: Uint8Array): Sense | null {
  const sense = SCSI_SENSE.decode(bytes);
  return sense instanceof Damage ? null : sense;
}

function sense(key: keyof typeof SENSE_KEYS, code = 0, qualifier = 0): Sense {
  return { key: SENSE_KEYS[key], code, qualifier };
}

/** Sense data that a disk of this package has, by name; `illegalRequest` is UNMAP's, for its second length. */
export type SenseName =
  | "noSense"
  | "invalidParameterListLength"
  | "invalidOpcode"
  | "lbaOutOfRange"
  | "invalidFieldInCdb"
  | "invalidFieldInParameters"
  | "illegalRequest"
  | "capacityChanged"
  | "writeProtected"
  | "ioError"
  | "writeFault"
  | "readError"
  | "guardFailed"
  | "applicationTagFailed"
  | "referenceTagFailed"
  | "aborted";

/** The sense data of each name. */
export const SENSES: Readonly<Record<SenseName, Sense>> = {
  noSense: sense("noSense"),
  invalidParameterListLength: sense("illegalRequest", 0x1a),
  invalidOpcode: sense("illegalRequest", 0x20),
  lbaOutOfRange: sense("illegalRequest", 0x21),
  invalidFieldInCdb: sense("illegalRequest", 0x24),
  invalidFieldInParameters: sense("illegalRequest", 0x26),
  illegalRequest: sense("illegalRequest"),
  capacityChanged: sense("unitAttention", 0x2a, 0x09),
  writeProtected: sense("dataProtect", 0x27),
  ioError: sense("mediumError"),
  writeFault: sense("mediumError", 0x03),
  readError: sense("mediumError", 0x11),
  guardFailed: sense("mediumError", 0x10, 0x01),
  applicationTagFailed: sense("mediumError", 0x11, 0x02),
  referenceTagFailed: sense("mediumError", 0x10, 0x03),
  aborted: sense("abortedCommand"),
};
