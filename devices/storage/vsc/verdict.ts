/**
 * What the guest makes of an answer to a SCSI command (storage.md G8). It judges by SRB status, SCSI status and
 * sense data, never by the status in the packet's header.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import type { SrbAnswer } from "../answers.ts";
import { decodeSense, type Sense, SENSE_KEYS } from "../scsi/sense.ts";
import {
  ntStatusOf,
  SCSI_STATUSES,
  SRB_AUTOSENSE_VALID,
  SRB_STATUS_MASK,
  type SrbStatus,
  srbStatusOf,
  STATUS_DEVICE_BUSY,
  STATUS_IO_DEVICE_ERROR,
} from "../srb.ts";

/** The sector does not exist. */
const STATUS_NONEXISTENT_SECTOR = 0xc000_0015;
/** The medium gave wrong data, or none. */
const STATUS_DEVICE_DATA_ERROR = 0xc000_009c;
/** The medium is write-protected. */
const STATUS_MEDIA_WRITE_PROTECTED = 0xc000_00a2;
/** The device is not ready. */
const STATUS_DEVICE_NOT_READY = 0xc000_00a3;
/** SCSI status: the device has no room for the command now. */
const TASK_SET_FULL = 0x28;

/** Why a command failed, as plain data. */
export interface SrbFailure {
  /** What it comes to. */
  readonly status: vmbus.NtStatus;
  /** The SRB status, its two high bits aside; null where there is no answer. */
  readonly srbStatus: number | null;
  /** What the disk says of it. */
  readonly sense: Sense | null;
}

/**
 * What is to be done:
 * - `"done"`: the command was carried out;
 * - `"again"`: it is sent again at once, as what was in its way has passed with this answer;
 * - `"later"`: it is sent again after a while;
 * - `"refresh"`: the disk is read anew, its capacity and its mode, then the command is sent again;
 * - `"rescan"`: the controller is searched anew, and the command is sent again meanwhile;
 * - `"remove"`: there is no such disk any more;
 * - `"fail"`: it has failed.
 */
export type Action = "done" | "again" | "later" | "refresh" | "rescan" | "remove" | "fail";

/** What is to be done, and what it comes to where that cannot be, or has been too often. */
export interface Verdict {
  /** What is to be done. */
  readonly action: Action;
  /** Why it is not done; null where it is. */
  readonly failure: SrbFailure | null;
}

/** The command was carried out. */
const DONE: Verdict = { action: "done", failure: null };

/** What is done where the adapter says what happened, and the disk says nothing of it. */
const BY_SRB_STATUS: { readonly [Status in SrbStatus]?: Action } = {
  busy: "later",
  aborted: "again",
  busReset: "again",
  requestFlushed: "again",
  invalidLun: "remove",
  invalidTargetId: "remove",
  noDevice: "remove",
};

/** The same by SCSI status. */
const BY_SCSI_STATUS: { readonly [status: number]: Action } = {
  [SCSI_STATUSES.busy]: "later",
  [TASK_SET_FULL]: "later",
  [SCSI_STATUSES.taskAborted]: "again",
};

/** What NTSTATUS sense data come to, by key, and by additional code where that says more. */
const STATUS_BY_KEY: { readonly [key: number]: vmbus.NtStatus } = {
  [SENSE_KEYS.notReady]: STATUS_DEVICE_NOT_READY,
  [SENSE_KEYS.mediumError]: STATUS_DEVICE_DATA_ERROR,
  [SENSE_KEYS.illegalRequest]: vmbus.STATUS_INVALID_DEVICE_REQUEST,
  [SENSE_KEYS.dataProtect]: STATUS_MEDIA_WRITE_PROTECTED,
};
/** Additional sense code: the blocks are not there. */
const LBA_OUT_OF_RANGE = 0x21;

function actionOfSense({ key, code, qualifier }: Sense): Action {
  switch (key) {
    case SENSE_KEYS.noSense:
    case SENSE_KEYS.recoveredError:
      return "done";
    case SENSE_KEYS.notReady:
      // 04/xx: it will be; what else a disk is not ready for, such as that there is no medium, stays.
      return code === 0x04 ? "later" : "fail";
    case SENSE_KEYS.unitAttention:
      if (code === 0x3f && qualifier === 0x0e) return "rescan"; // other LUNs than before
      return code === 0x2a ? "refresh" : "again"; // parameters have changed, 09 the capacity
    case SENSE_KEYS.abortedCommand:
      return "again";
    default:
      return "fail";
  }
}

function statusOfSense({ key, code }: Sense): vmbus.NtStatus {
  if (key === SENSE_KEYS.illegalRequest && code === LBA_OUT_OF_RANGE) {
    return STATUS_NONEXISTENT_SECTOR;
  }
  return STATUS_BY_KEY[key] ?? STATUS_IO_DEVICE_ERROR;
}

/** The judgement on an answer. */
export function judge({ srbStatus: field, scsiStatus, sense: area }: SrbAnswer): Verdict {
  const srbStatus = field & SRB_STATUS_MASK;
  const name = srbStatusOf(field);
  const sense = (field & SRB_AUTOSENSE_VALID) !== 0 ? decodeSense(area) : null;
  const failed = (action: Action, status: vmbus.NtStatus): Verdict => ({
    action,
    failure: { status, srbStatus, sense },
  });
  // The disk is gone, whatever else is said.
  if (name !== null && BY_SRB_STATUS[name] === "remove") return failed("remove", ntStatusOf(name));
  if (name === "success" && scsiStatus === SCSI_STATUSES.good) return DONE;
  if (sense !== null) {
    const action = actionOfSense(sense);
    return action === "done" ? DONE : failed(action, statusOfSense(sense));
  }
  if (scsiStatus === SCSI_STATUSES.reservationConflict) return failed("fail", STATUS_DEVICE_BUSY);
  const byScsi = BY_SCSI_STATUS[scsiStatus];
  if (byScsi !== undefined) {
    return failed(byScsi, byScsi === "later" ? STATUS_DEVICE_BUSY : vmbus.STATUS_CANCELLED);
  }
  if (name === null || name === "success") return failed("fail", STATUS_IO_DEVICE_ERROR);
  return failed(BY_SRB_STATUS[name] ?? "fail", ntStatusOf(name));
}
