/**
 * What a storage controller's two drivers say to each other: its packets (docs/storage.md, sections 1 to 3).
 * What the SCSI commands in them are, scsi/ says.
 *
 * Each packet is a header of 12 bytes and a union: 64 bytes from version 5.1 on, 48 before. A guest's packet
 * is a request, and its answer the completion, whose header always says `completeIo`: what its union holds
 * follows from the request. What a host sends by itself is a notification.
 *
 * @module
 */

import {
  byField,
  bytes,
  Damage,
  flags,
  hex,
  type Layout,
  named,
  oneOf,
  reserved,
  u16,
  u32,
  u8,
} from "../../core/layout/mod.ts";
import { SCSI_STATUSES, SRB_DIRECTIONS, SRB_FLAGS, SRB_STATUS_FIELDS } from "./srb.ts";

// -- Offers

/** Interface type of a SCSI controller's offer. */
export const SCSI_INTERFACE_TYPE = "ba6163d9-04a1-4d29-b605-72e2ffb1dc7f";
/** Interface type of an accelerator for one IDE disk. */
export const IDE_INTERFACE_TYPE = "32412632-86cb-44a2-9b5c-50d1417354f5";
/** Interface type of a Fibre Channel adapter. */
export const FIBRE_CHANNEL_INTERFACE_TYPE = "2f9bcc4a-0069-4af3-b76b-6fd0be528cda";

// -- Versions

/** The versions of the protocol, the major number in the high byte. */
export const STORAGE_VERSIONS = {
  win6: 0x0200,
  win7: 0x0402,
  win8: 0x0501,
  win8Blue: 0x0600,
  win10: 0x0602,
} as const;
/** From this version on packets are long and there are sub-channels. */
export const LONG_PACKET_VERSION: number = STORAGE_VERSIONS.win8;
/** Bytes of a packet's header. */
export const HEADER_BYTES = 12;
/** Bytes of a packet from version 5.1 on. */
export const LONG_PACKET_BYTES = 64;
/** Bytes of a packet in older versions. */
export const SHORT_PACKET_BYTES = 48;
/** Most bytes that one request moves, as a host of this package says in its properties. */
export const TRANSFER_BYTES_MAX = 0x4_0000;
/** Bit of the field `flags` in a header: a completion is wanted. */
export const COMPLETION_WANTED = 0x1;
/** Bit of the properties' field `flags`: there may be sub-channels. */
export const MULTI_CHANNEL = 0x1;

/** Bytes of each packet of `version`. */
export function packetBytesOf(version: number): number {
  return version >= LONG_PACKET_VERSION ? LONG_PACKET_BYTES : SHORT_PACKET_BYTES;
}

// -- Operations

/** What a guest asks for. */
export const STORAGE_REQUESTS = {
  executeSrb: 3,
  resetLun: 4,
  resetAdapter: 5,
  resetBus: 6,
  beginInitialization: 7,
  endInitialization: 8,
  queryProtocolVersion: 9,
  queryProperties: 10,
  createSubChannels: 13,
} as const;
/** A guest's operation by its name. */
export type StorageOperation = keyof typeof STORAGE_REQUESTS;

/** What a host says by itself. */
export const STORAGE_NOTIFICATIONS = {
  removeDevice: 2,
  enumerateBus: 11,
  eventNotification: 14,
} as const;

/** All operations: what a tool shows of a header. */
export const STORAGE_OPERATIONS = {
  completeIo: 1,
  ...STORAGE_REQUESTS,
  ...STORAGE_NOTIFICATIONS,
  fibreChannelHbaData: 12,
} as const;

/** What follows the operation in each header. */
export const HEADER = {
  flags: [4, flags(u32, { completionWanted: COMPLETION_WANTED })],
  status: [8, hex(u32)],
} as const;

// -- Unions

/** The union that names a version, and where it ends. */
export const VERSION = [16, {
  version: [12, named(hex(u16), STORAGE_VERSIONS)],
  revision: [14, u16],
}] as const;

const SUB_CHANNEL_COUNT = [14, { subChannels: [12, u16, "channels"] }] as const;

/** What is the same in a request and in its answer, up to the CDB or the sense bytes. */
export const SRB_HEAD = {
  srbBytes: [12, u16, "bytes"],
  srbStatus: [14, named(hex(u8), SRB_STATUS_FIELDS)],
  scsiStatus: [15, named(hex(u8), SCSI_STATUSES)],
  portNumber: [16, u8],
  pathId: [17, u8],
  targetId: [18, u8],
  lun: [19, u8],
  cdbBytes: [20, u8, "bytes"],
  senseBytes: [21, u8, "bytes"],
  direction: [22, named(u8, SRB_DIRECTIONS)],
  reserved23: [23, reserved(1)],
  dataTransferBytes: [24, u32, "bytes"],
} as const;

/** What only a long packet has. */
const SRB_TAIL = {
  reserved48: [48, reserved(2)],
  queueTag: [50, u8],
  queueAction: [51, u8],
  srbFlags: [52, flags(u32, SRB_FLAGS)],
  timeoutSeconds: [56, u32, "s"],
  queueSortKey: [60, u32],
} as const;

/** Bytes of a CDB in an SRB, whatever the command takes of them. */
export const CDB_BYTES = 16;
const SRB_REQUEST = {
  ...SRB_HEAD,
  cdb: [28, bytes(CDB_BYTES)],
  reserved44: [44, reserved(4)],
} as const;

/** The union of a packet that is a header alone. */
export const NOTHING = [HEADER_BYTES, {}] as const;

// -- Requests

/** The header that every packet begins with, its operation aside. */
export interface StorageHeader {
  /** {@linkcode COMPLETION_WANTED}: guests set it in each request, and the host ignores it. */
  readonly flags: number;
  /** How it ended, in a completion: an NTSTATUS. 0 in all else. */
  readonly status: number;
}

/** The part of an SRB that a request and its answer both have. */
export interface SrbFields extends StorageHeader {
  /** Bytes of the whole union. */
  readonly srbBytes: number;
  /** See srb.ts: 0 in a request. */
  readonly srbStatus: number;
  /** See {@linkcode SCSI_STATUSES}: 0 in a request. */
  readonly scsiStatus: number;
  /** The adapter, where a guest has several. The host ignores it. */
  readonly portNumber: number;
  /** With target and LUN the address of the disk. */
  readonly pathId: number;
  /** See {@linkcode SrbFields.pathId}. */
  readonly targetId: number;
  /** See {@linkcode SrbFields.pathId}. */
  readonly lun: number;
  /** Bytes of the CDB that count. The host takes {@linkcode CDB_BYTES} in any case. */
  readonly cdbBytes: number;
  /** Bytes of sense data that the guest has room for. */
  readonly senseBytes: number;
  /** See {@linkcode SRB_DIRECTIONS}. */
  readonly direction: number;
  /** In a request bytes of the packet's external data that count; in an answer those that were moved. */
  readonly dataTransferBytes: number;
}

/** Runs a SCSI command. */
export interface SrbRequest extends SrbFields {
  /** Always `"executeSrb"`. */
  readonly operation: "executeSrb";
  /** The command. */
  readonly cdb: Uint8Array;
  /** 0xff where the request has no tag. Long packets alone have this and what follows. */
  readonly queueTag?: number;
  /** 0x20: simple. */
  readonly queueAction?: number;
  /** See {@linkcode SRB_FLAGS}. */
  readonly srbFlags?: number;
  /** After how many seconds the guest gives up. The host ignores it. */
  readonly timeoutSeconds?: number;
  /** How the guest would sort it. The host ignores it. */
  readonly queueSortKey?: number;
}

/** Asks for a version, or says which was asked for. */
export interface VersionFields extends StorageHeader {
  /** See {@linkcode STORAGE_VERSIONS}. */
  readonly version: number;
  /** 0. */
  readonly revision: number;
}

/** What a guest may ask for. */
export type StorageRequest =
  | SrbRequest
  | (VersionFields & { readonly operation: "queryProtocolVersion" })
  | (StorageHeader & { readonly operation: "createSubChannels"; readonly subChannels: number })
  | (StorageHeader & {
    readonly operation: Exclude<
      StorageOperation,
      "executeSrb" | "queryProtocolVersion" | "createSubChannels"
    >;
  });

/** How a request lies in bytes; what follows its last field is 0. */
export const STORAGE_REQUEST: Layout<StorageRequest> = byField("storage request", "operation", {
  operation: [0, oneOf(u32, STORAGE_REQUESTS)],
  ...HEADER,
}, {
  executeSrb: {
    bySize: [
      [LONG_PACKET_BYTES, { ...SRB_REQUEST, ...SRB_TAIL }],
      [SHORT_PACKET_BYTES, SRB_REQUEST],
    ],
  },
  resetLun: NOTHING,
  resetAdapter: NOTHING,
  resetBus: NOTHING,
  beginInitialization: NOTHING,
  endInitialization: NOTHING,
  queryProtocolVersion: VERSION,
  queryProperties: NOTHING,
  createSubChannels: SUB_CHANNEL_COUNT,
});

/**
 * The bytes of a request as a guest sends it: `byteCount` of them, the size of a packet in its version.
 *
 * @throws {RangeError} A number of it does not fit its field, or the request does not fit `byteCount`.
 */
export function encodeStorageRequest(request: StorageRequest, byteCount: number): Uint8Array {
  const packet = new Uint8Array(byteCount);
  packet.set(STORAGE_REQUEST.encode(request));
  return packet;
}

/**
 * What `bytes[0, byteCount)` ask for. Bytes of a long packet that are not there count as 0, and bytes beyond it
 * are ignored ([storage.md P3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/storage.md)); less than a header, or an operation that no guest has, is damage.
 */
export function decodeStorageRequest(
  bytes: Uint8Array,
  byteCount: number,
): StorageRequest | Damage {
  if (byteCount < HEADER_BYTES) {
    const reason = `a storage request takes ${HEADER_BYTES} bytes, ${byteCount} are there`;
    return new Damage("tooShort", 0, reason);
  }
  if (byteCount >= LONG_PACKET_BYTES) return STORAGE_REQUEST.decode(bytes, LONG_PACKET_BYTES);
  const packet = new Uint8Array(LONG_PACKET_BYTES);
  packet.set(bytes.subarray(0, byteCount));
  return STORAGE_REQUEST.decode(packet);
}
