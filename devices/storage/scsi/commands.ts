/**
 * The SCSI commands of a disk: the command descriptor block (CDB) of each (docs/storage.md, section 6). Numbers
 * in a CDB are big-endian.
 *
 * @module
 */

import {
  bigEndian,
  bit,
  byField,
  bytes,
  flags,
  hex,
  type Layout,
  oneOf,
  reserved,
  size64,
  u16,
  u32,
  u8,
} from "../../../core/layout/mod.ts";
import { CDB_BYTES } from "../protocol.ts";

/** Operation codes, by the names of their commands. */
export const SCSI_OPCODES = {
  testUnitReady: 0x00,
  requestSense: 0x03,
  formatUnit: 0x04,
  read6: 0x08,
  write6: 0x0a,
  inquiry: 0x12,
  modeSelect6: 0x15,
  reserve6: 0x16,
  release6: 0x17,
  modeSense6: 0x1a,
  startStopUnit: 0x1b,
  sendDiagnostic: 0x1d,
  preventMediumRemoval: 0x1e,
  readCapacity10: 0x25,
  read10: 0x28,
  write10: 0x2a,
  writeAndVerify10: 0x2e,
  verify10: 0x2f,
  synchronizeCache10: 0x35,
  writeSame10: 0x41,
  unmap: 0x42,
  modeSelect10: 0x55,
  modeSense10: 0x5a,
  persistentReserveIn: 0x5e,
  persistentReserveOut: 0x5f,
  read16: 0x88,
  write16: 0x8a,
  writeAndVerify16: 0x8e,
  verify16: 0x8f,
  synchronizeCache16: 0x91,
  writeSame16: 0x93,
  serviceActionIn16: 0x9e,
  reportLuns: 0xa0,
  read12: 0xa8,
  write12: 0xaa,
  writeAndVerify12: 0xae,
  verify12: 0xaf,
} as const;
/** A command by its name. */
export type ScsiCommand = keyof typeof SCSI_OPCODES;

/** Bits of the second byte of a read, a write, and what is like them. */
export const BLOCK_FLAGS = { relativeAddress: 0x01, forceUnitAccess: 0x08, disablePageOut: 0x10 };
/** Service actions of {@linkcode SCSI_OPCODES}.serviceActionIn16. */
export const SERVICE_ACTIONS = { readCapacity16: 0x10, getLbaStatus: 0x12 } as const;
/** The bits of `serviceAction` that are it. */
export const SERVICE_ACTION_MASK = 0x1f;

const CONTROL = u8;
const beU16 = bigEndian(u16);
const beU32 = bigEndian(u32);
const beSize = bigEndian(size64);

const SIX = [6, { reserved1: [1, reserved(4)], control: [5, CONTROL] }] as const;
const TEN = [10, { reserved1: [1, reserved(8)], control: [9, CONTROL] }] as const;

const BLOCKS_6 = [6, {
  lbaHigh: [1, u8], // five bits
  lbaLow: [2, beU16],
  blocks: [4, u8, "blocks"], // 0 stands for 256
  control: [5, CONTROL],
}] as const;

const BLOCKS_10 = [10, {
  blockFlags: [1, flags(u8, BLOCK_FLAGS)],
  lba: [2, beU32],
  reserved6: [6, reserved(1)],
  blocks: [7, beU16, "blocks"],
  control: [9, CONTROL],
}] as const;

const BLOCKS_12 = [12, {
  blockFlags: [1, flags(u8, BLOCK_FLAGS)],
  lba: [2, beU32],
  blocks: [6, beU32, "blocks"],
  reserved10: [10, reserved(1)],
  control: [11, CONTROL],
}] as const;

const BLOCKS_16 = [16, {
  blockFlags: [1, flags(u8, BLOCK_FLAGS)],
  lba: [2, beSize],
  blocks: [10, beU32, "blocks"],
  reserved14: [14, reserved(1)],
  control: [15, CONTROL],
}] as const;

const MODE_PAGE = { modeFlags: [1, hex(u8)], page: [2, hex(u8)], subpage: [3, u8] } as const;

/** A CDB: which command, and the fields of its form. */
export type Cdb =
  & { readonly control?: number }
  & (
    | {
      readonly operation:
        | "testUnitReady"
        | "formatUnit"
        | "reserve6"
        | "release6"
        | "preventMediumRemoval"
        | "readCapacity10";
    }
    | { readonly operation: "requestSense"; readonly allocationBytes: number }
    | {
      readonly operation: "read6" | "write6";
      readonly lbaHigh: number;
      readonly lbaLow: number;
      readonly blocks: number;
    }
    | BlockCdb
    | {
      readonly operation: "inquiry";
      readonly isVital: boolean;
      readonly isCommandSupport: boolean;
      readonly page: number;
      readonly allocationBytes: number;
    }
    | {
      readonly operation: "modeSelect6" | "modeSelect10";
      readonly isSaved: boolean;
      readonly parameterBytes: number;
    }
    | {
      readonly operation: "modeSense6" | "modeSense10";
      readonly modeFlags: number;
      readonly page: number;
      readonly subpage: number;
      readonly allocationBytes: number;
    }
    | {
      readonly operation: "startStopUnit";
      readonly isImmediate: boolean;
      readonly isStart: boolean;
    }
    | { readonly operation: "sendDiagnostic"; readonly parameters: Uint8Array }
    | { readonly operation: "unmap"; readonly parameterBytes: number }
    | {
      readonly operation: "persistentReserveIn";
      readonly serviceAction: number;
      readonly allocationBytes: number;
    }
    | {
      readonly operation: "persistentReserveOut";
      readonly serviceAction: number;
      readonly scopeAndType: number;
      readonly parameterBytes: number;
    }
    | {
      readonly operation: "serviceActionIn16";
      readonly serviceAction: number;
      readonly lba: number;
      readonly allocationBytes: number;
    }
    | {
      readonly operation: "reportLuns";
      readonly selectReport: number;
      readonly allocationBytes: number;
    }
  );

/** A command on a range of blocks. */
export interface BlockCdb {
  /** Which command. */
  readonly operation:
    | "read10"
    | "write10"
    | "writeAndVerify10"
    | "verify10"
    | "synchronizeCache10"
    | "writeSame10"
    | "read12"
    | "write12"
    | "writeAndVerify12"
    | "verify12"
    | "read16"
    | "write16"
    | "writeAndVerify16"
    | "verify16"
    | "synchronizeCache16"
    | "writeSame16";
  /** See {@linkcode BLOCK_FLAGS}. */
  readonly blockFlags: number;
  /** The first block. */
  readonly lba: number;
  /** How many. */
  readonly blocks: number;
  /** 0. */
  readonly control?: number;
}

/** How a CDB lies in bytes; what follows its last field is 0. */
export const SCSI_CDB: Layout<Cdb> = byField("CDB", "operation", {
  operation: [0, oneOf(hex(u8), SCSI_OPCODES)],
}, {
  testUnitReady: SIX,
  requestSense: [6, {
    reserved1: [1, reserved(3)],
    allocationBytes: [4, u8, "bytes"],
    control: [5, CONTROL],
  }],
  formatUnit: SIX,
  read6: BLOCKS_6,
  write6: BLOCKS_6,
  inquiry: [6, {
    isVital: [1, bit(u8, 0)],
    isCommandSupport: [1, bit(u8, 1)],
    page: [2, hex(u8)],
    allocationBytes: [3, beU16, "bytes"],
    control: [5, CONTROL],
  }],
  modeSelect6: [6, {
    isSaved: [1, bit(u8, 0)],
    reserved2: [2, reserved(2)],
    parameterBytes: [4, u8, "bytes"],
    control: [5, CONTROL],
  }],
  reserve6: SIX,
  release6: SIX,
  modeSense6: [6, { ...MODE_PAGE, allocationBytes: [4, u8, "bytes"], control: [5, CONTROL] }],
  startStopUnit: [6, {
    isImmediate: [1, bit(u8, 0)],
    reserved2: [2, reserved(2)],
    isStart: [4, bit(u8, 0)],
    control: [5, CONTROL],
  }],
  sendDiagnostic: [6, { parameters: [1, bytes(5)] }],
  preventMediumRemoval: SIX,
  readCapacity10: TEN,
  read10: BLOCKS_10,
  write10: BLOCKS_10,
  writeAndVerify10: BLOCKS_10,
  verify10: BLOCKS_10,
  synchronizeCache10: BLOCKS_10,
  writeSame10: BLOCKS_10,
  unmap: [10, {
    reserved1: [1, reserved(6)],
    parameterBytes: [7, beU16, "bytes"],
    control: [9, CONTROL],
  }],
  modeSelect10: [10, {
    isSaved: [1, bit(u8, 0)],
    reserved2: [2, reserved(5)],
    parameterBytes: [7, beU16, "bytes"],
    control: [9, CONTROL],
  }],
  modeSense10: [10, {
    ...MODE_PAGE,
    reserved4: [4, reserved(3)],
    allocationBytes: [7, beU16, "bytes"],
    control: [9, CONTROL],
  }],
  persistentReserveIn: [10, {
    serviceAction: [1, u8],
    reserved2: [2, reserved(5)],
    allocationBytes: [7, beU16, "bytes"],
    control: [9, CONTROL],
  }],
  persistentReserveOut: [10, {
    serviceAction: [1, u8],
    scopeAndType: [2, hex(u8)],
    reserved3: [3, reserved(2)],
    parameterBytes: [5, beU32, "bytes"],
    control: [9, CONTROL],
  }],
  read16: BLOCKS_16,
  write16: BLOCKS_16,
  writeAndVerify16: BLOCKS_16,
  verify16: BLOCKS_16,
  synchronizeCache16: BLOCKS_16,
  writeSame16: BLOCKS_16,
  serviceActionIn16: [16, {
    serviceAction: [1, hex(u8)],
    lba: [2, beSize],
    allocationBytes: [10, beU32, "bytes"],
    reserved14: [14, reserved(1)],
    control: [15, CONTROL],
  }],
  reportLuns: [12, {
    reserved1: [1, reserved(1)],
    selectReport: [2, u8],
    reserved3: [3, reserved(3)],
    allocationBytes: [6, beU32, "bytes"],
    reserved10: [10, reserved(1)],
    control: [11, CONTROL],
  }],
  read12: BLOCKS_12,
  write12: BLOCKS_12,
  writeAndVerify12: BLOCKS_12,
  verify12: BLOCKS_12,
});

/** Bytes of a command's CDB, which follow from the three high bits of its operation code. */
export function cdbBytesOf(command: ScsiCommand): 6 | 10 | 12 | 16 {
  const group = SCSI_OPCODES[command] >> 5;
  if (group === 0) return 6;
  if (group === 5) return 12;
  return group === 4 ? 16 : 10;
}

/**
 * The {@linkcode CDB_BYTES} bytes of a CDB as an SRB carries them. A `control` that is left out is 0.
 *
 * @throws {RangeError} A number of it does not fit its field.
 */
export function encodeCdb(cdb: Cdb): Uint8Array {
  const area = new Uint8Array(CDB_BYTES);
  area.set(SCSI_CDB.encode({ control: 0, ...cdb }));
  return area;
}
