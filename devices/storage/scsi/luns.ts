/**
 * What a controller answers itself, whether or not there is a disk at the address: REPORT LUNS, and anything for a
 * disk that is not there (docs/storage.md, section 4).
 *
 * @module
 */

import { array, bigEndian, Damage, reserved, struct, u16, u32 } from "../../../core/layout/mod.ts";
import { stored } from "./capacity.ts";
import { SCSI_CDB, SCSI_OPCODES } from "./commands.ts";
import type { GuestData } from "./guest_data.ts";
import { absentInquiry } from "./inquiry.ts";
import { ABSENT, good, type ScsiResult } from "./result.ts";

const LUN = struct("LUN", 8, { lun: [0, bigEndian(u16)], reserved2: [2, reserved(6)] });
const LUN_LIST = struct("LUN list", 8, {
  listBytes: [0, bigEndian(u32), "bytes"],
  reserved4: [4, reserved(4)],
  luns: [8, array(LUN, "toTheEnd")],
});

/** Whether a CDB is the controller's to answer. */
export function isReportLuns(cdb: Uint8Array): boolean {
  return cdb[0] === SCSI_OPCODES.reportLuns;
}

/** REPORT LUNS: the disks of one target, as far as the buffer reaches. */
export function reportLuns(luns: readonly number[], data: GuestData): ScsiResult {
  if (data.byteCount < LUN_LIST.byteCount) return good();
  const sorted = luns.toSorted((a, b) => a - b).map((lun) => ({ lun }));
  const listBytes = sorted.length * LUN.byteCount;
  return stored(data, LUN_LIST.encode({ listBytes, luns: sorted }));
}

/** Peripheral addressing on bus 0, or flat addressing: the two upper bits. */
const ADDRESSING_SHIFT = 14;
const NUMBER_MASK = 0x3fff;
const LUN_MAX = 0xff;

/** The LUNs of a report that an SRB can name, each once; null where it is no report. */
export function lunsIn(data: Uint8Array): number[] | null {
  if (data.length < LUN_LIST.byteCount) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const listBytes = LUN_LIST.fields.listBytes.read(view) as number;
  const end = Math.min(LUN_LIST.byteCount + listBytes, data.length);
  const luns = new Set<number>();
  for (let at = LUN_LIST.byteCount; at + LUN.byteCount <= end; at += LUN.byteCount) {
    const number = LUN.fields.lun.read(view, at) as number;
    const below = data.subarray(at + LUN.fields.reserved2.offset, at + LUN.byteCount);
    const isPlain = number >> ADDRESSING_SHIFT <= 1 && below.every((byte) => byte === 0);
    const lun = number & NUMBER_MASK;
    if (isPlain && lun <= LUN_MAX) luns.add(lun);
  }
  return [...luns].sort((a, b) => a - b);
}

/** Any other command for an address without a disk. */
export function absentResult(lun: number, cdb: Uint8Array, data: GuestData): ScsiResult {
  const command = SCSI_CDB.decode(cdb);
  if (command instanceof Damage || command.operation !== "inquiry") return ABSENT;
  return absentInquiry(lun, command, data);
}
