/**
 * What a storage controller's host sends: answers to requests, and notifications (docs/storage.md, sections 2
 * and 3). The rest of the protocol is protocol.ts.
 *
 * @module
 */

import {
  bit,
  byField,
  bytes,
  constant,
  flags,
  hex,
  type Layout,
  oneOf,
  reserved,
  struct,
  u16,
  u32,
  u8,
} from "../../core/layout/mod.ts";
import {
  HEADER,
  HEADER_BYTES,
  LONG_PACKET_BYTES,
  MULTI_CHANNEL,
  NOTHING,
  SHORT_PACKET_BYTES,
  SRB_HEAD,
  type SrbFields,
  STORAGE_NOTIFICATIONS,
  STORAGE_OPERATIONS,
  type StorageHeader,
  type StorageOperation,
  VERSION,
  type VersionFields,
} from "./protocol.ts";

// -- Answers

const PROPERTIES = {
  reserved12: [12, reserved(4)],
  subChannelsMax: [16, u16, "channels"],
  reserved18: [18, reserved(2)],
  propertyFlags: [20, flags(u32, { multiChannel: MULTI_CHANNEL })],
  transferBytesMax: [24, u32, "bytes"],
  reserved28: [28, reserved(8)],
} as const;

/** Bytes of sense data in an SRB; scsi/sense.ts fills 18 of them. */
export const SENSE_AREA_BYTES = 20;

const COMPLETED = {
  operation: [0, constant(u32, STORAGE_OPERATIONS.completeIo)],
  ...HEADER,
} as const;

/** What the answer to queryProperties says. */
export interface StorageProperties extends StorageHeader {
  /** Most sub-channels that may be asked for. */
  readonly subChannelsMax: number;
  /** {@linkcode MULTI_CHANNEL}, where there are any. */
  readonly propertyFlags: number;
  /** Most bytes that one request may move. */
  readonly transferBytesMax: number;
}

/** What the answer to executeSrb says. */
export interface SrbAnswer extends SrbFields {
  /** Sense data, valid where `srbStatus` says so: scsi/sense.ts reads them. */
  readonly sense: Uint8Array;
}

/** An answer that its header says all of. */
export const PLAIN_ANSWER: Layout<StorageHeader> = struct(
  "storage answer",
  HEADER_BYTES,
  COMPLETED,
);
/** The answer to queryProtocolVersion: with the version that was asked for, agreed on or not. */
export const VERSION_ANSWER: Layout<VersionFields> = struct("storage version", VERSION[0], {
  ...COMPLETED,
  ...VERSION[1],
});
/** The answer to queryProperties. */
export const PROPERTIES_ANSWER: Layout<StorageProperties> = struct("storage properties", 36, {
  ...COMPLETED,
  ...PROPERTIES,
});
/** The answer to executeSrb, as far as any packet has it: what follows is 0. */
export const SRB_ANSWER: Layout<SrbAnswer> = struct("SRB answer", SHORT_PACKET_BYTES, {
  ...COMPLETED,
  ...SRB_HEAD,
  sense: [28, bytes(SENSE_AREA_BYTES)],
});

/** How the answer to each operation lies in bytes. */
export const STORAGE_ANSWERS = {
  executeSrb: SRB_ANSWER,
  resetLun: PLAIN_ANSWER,
  resetAdapter: PLAIN_ANSWER,
  resetBus: PLAIN_ANSWER,
  beginInitialization: PLAIN_ANSWER,
  endInitialization: PLAIN_ANSWER,
  queryProtocolVersion: VERSION_ANSWER,
  queryProperties: PROPERTIES_ANSWER,
  createSubChannels: PLAIN_ANSWER,
} as const satisfies Readonly<Record<StorageOperation, unknown>>;

/** Bytes of the answer to a request of `requestBytes`, as the ring counts them ([storage.md P4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/storage.md)). */
export function answerBytesOf(requestBytes: number): number {
  return Math.min(requestBytes, LONG_PACKET_BYTES);
}

/**
 * The bytes of an answer: what `layout` says of `answer`, cut to `byteCount` or filled up with 0.
 *
 * @throws {RangeError} A number of it does not fit its field.
 */
export function encodeStorageAnswer<T>(
  layout: Layout<T>,
  answer: T,
  byteCount: number,
): Uint8Array {
  const packet = new Uint8Array(byteCount);
  packet.set(layout.encode(answer).subarray(0, byteCount));
  return packet;
}

// -- Notifications

/** What a host says by itself. */
export type StorageNotification =
  | (StorageHeader & { readonly operation: "removeDevice" | "enumerateBus" })
  | (StorageHeader & {
    readonly operation: "eventNotification";
    readonly lun: number;
    readonly targetId: number;
    readonly pathId: number;
    readonly eventFlags: number;
  });

/** How a notification lies in bytes; what follows its last field is 0. */
export const STORAGE_NOTIFICATION: Layout<StorageNotification> = byField(
  "storage notification",
  "operation",
  { operation: [0, oneOf(u32, STORAGE_NOTIFICATIONS)], ...HEADER },
  {
    removeDevice: NOTHING,
    enumerateBus: NOTHING,
    eventNotification: [16, {
      lun: [12, u8],
      targetId: [13, u8],
      pathId: [14, u8],
      eventFlags: [15, hex(u8)],
    }],
  },
);

/** The bytes of a notification in a version whose packets have `byteCount`. */
export function encodeNotification(
  notification: StorageNotification,
  byteCount: number,
): Uint8Array {
  const packet = new Uint8Array(byteCount);
  packet.set(STORAGE_NOTIFICATION.encode(notification));
  return packet;
}

/** The names of a Fibre Channel adapter, which operation 12 asks for. No host of this package has one. */
export interface FibreChannelNames extends StorageHeader {
  /** Whether the primary pair is the one in use. */
  readonly isPrimaryActive: boolean;
  /** The primary port's name. */
  readonly primaryPort: Uint8Array;
  /** The primary node's name. */
  readonly primaryNode: Uint8Array;
  /** The secondary port's name. */
  readonly secondaryPort: Uint8Array;
  /** The secondary node's name. */
  readonly secondaryNode: Uint8Array;
}

/** How {@linkcode FibreChannelNames} lie in a completion. */
export const FIBRE_CHANNEL_NAMES: Layout<FibreChannelNames> = struct("Fibre Channel names", 48, {
  ...COMPLETED,
  isPrimaryActive: [12, bit(u8, 0)],
  reserved13: [13, reserved(3)],
  primaryPort: [16, bytes(8)],
  primaryNode: [24, bytes(8)],
  secondaryPort: [32, bytes(8)],
  secondaryNode: [40, bytes(8)],
});
