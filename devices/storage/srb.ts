/**
 * How a SCSI request block (SRB) says how it ended: its SRB status, its SCSI status, and the NTSTATUS that
 * goes with it in the packet's header (storage.md, section 5).
 *
 * @module
 */

import * as vmbus from "../../mod.ts";

/** How far the host's adapter got with a request: bits 0 to 5 of the field `srbStatus`. */
export const SRB_STATUSES = {
  pending: 0x00,
  success: 0x01,
  aborted: 0x02,
  abortFailed: 0x03,
  error: 0x04,
  busy: 0x05,
  invalidRequest: 0x06,
  invalidPathId: 0x07,
  noDevice: 0x08,
  timeout: 0x09,
  selectionTimeout: 0x0a,
  commandTimeout: 0x0b,
  messageRejected: 0x0d,
  busReset: 0x0e,
  parityError: 0x0f,
  requestSenseFailed: 0x10,
  noHba: 0x11,
  dataOverrun: 0x12,
  unexpectedBusFree: 0x13,
  phaseSequenceFailure: 0x14,
  badSrbBlockLength: 0x15,
  requestFlushed: 0x16,
  invalidLun: 0x20,
  invalidTargetId: 0x21,
  badFunction: 0x22,
  errorRecovery: 0x23,
  notPowered: 0x24,
  linkDown: 0x25,
} as const;
/** An SRB status by its name. */
export type SrbStatus = keyof typeof SRB_STATUSES;

/** The bits of `srbStatus` that are the status itself. */
export const SRB_STATUS_MASK = 0x3f;
/** Bit of `srbStatus`: the queue stands still until it is released. No host of this package sets it. */
export const SRB_QUEUE_FROZEN = 0x40;
/** Bit of `srbStatus`: the sense bytes are valid. */
export const SRB_AUTOSENSE_VALID = 0x80;

/** What the SCSI device itself says. */
export const SCSI_STATUSES = {
  good: 0x00,
  checkCondition: 0x02,
  busy: 0x08,
  reservationConflict: 0x18,
  taskAborted: 0x40,
} as const;
/** A SCSI status by its name. */
export type ScsiStatus = keyof typeof SCSI_STATUSES;

/** Which way the data of a request goes. A host of this package writes to the buffer for all but `"write"`. */
export const SRB_DIRECTIONS = { write: 0, read: 1, none: 2 } as const;

/** Bits of the field `srbFlags`. */
export const SRB_FLAGS = {
  queueActionEnable: 0x2,
  disableSyncTransfer: 0x8,
  disableAutosense: 0x20,
  dataIn: 0x40,
  dataOut: 0x80,
  noQueueFreeze: 0x100,
  adapterCacheEnable: 0x200,
  special: 0x8000,
} as const;

/** `0x80000011`: the device is busy. */
export const STATUS_DEVICE_BUSY = 0x8000_0011;
/** `0xC000009D`: the connection to the device is lost. */
export const STATUS_DEVICE_NOT_CONNECTED = 0xc000_009d;
/** `0xC00000B5`: the device did not answer in time. */
export const STATUS_IO_TIMEOUT = 0xc000_00b5;
/** `0xC00000C0`: there is no such device. */
export const STATUS_DEVICE_DOES_NOT_EXIST = 0xc000_00c0;
/** `0xC0000185`: the device failed. */
export const STATUS_IO_DEVICE_ERROR = 0xc000_0185;

/** The NTSTATUS of each SRB status; those that are not listed are {@linkcode STATUS_IO_DEVICE_ERROR}. */
const NT_STATUSES: { readonly [Name in SrbStatus]?: vmbus.NtStatus } = {
  success: vmbus.STATUS_SUCCESS,
  aborted: vmbus.STATUS_CANCELLED,
  busy: STATUS_DEVICE_BUSY,
  noDevice: STATUS_DEVICE_DOES_NOT_EXIST,
  noHba: STATUS_DEVICE_DOES_NOT_EXIST,
  invalidLun: STATUS_DEVICE_DOES_NOT_EXIST,
  invalidTargetId: STATUS_DEVICE_DOES_NOT_EXIST,
  timeout: STATUS_IO_TIMEOUT,
  commandTimeout: STATUS_IO_TIMEOUT,
  selectionTimeout: STATUS_DEVICE_NOT_CONNECTED,
  dataOverrun: vmbus.STATUS_BUFFER_OVERFLOW,
  badSrbBlockLength: vmbus.STATUS_INVALID_DEVICE_REQUEST,
  badFunction: vmbus.STATUS_INVALID_DEVICE_REQUEST,
  requestFlushed: vmbus.STATUS_UNSUCCESSFUL,
};

/** The status in the header of an answer whose SRB ended with `srbStatus`. */
export function ntStatusOf(srbStatus: SrbStatus): vmbus.NtStatus {
  return NT_STATUSES[srbStatus] ?? STATUS_IO_DEVICE_ERROR;
}

const SRB_STATUS_NAMES = new Map<number, SrbStatus>(
  Object.entries(SRB_STATUSES).map(([name, value]) => [value, name as SrbStatus]),
);

/** The SRB status in the field `srbStatus`, its two high bits aside; null where its number stands for nothing. */
export function srbStatusOf(field: number): SrbStatus | null {
  return SRB_STATUS_NAMES.get(field & SRB_STATUS_MASK) ?? null;
}

/** What the field `srbStatus` can be, by name: each status, alone and with its sense bytes valid. */
export const SRB_STATUS_FIELDS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(SRB_STATUSES).flatMap(([name, value]) => [
    [name, value],
    [`${name} with sense`, value | SRB_AUTOSENSE_VALID],
  ]),
);
