/**
 * Where each field of each control message lies (wire.md 3.2, 4.2, 4.4). Offsets count from the
 * first byte of the message, so the 8-byte header is included. A further message is an interface in
 * messages.ts and an entry here.
 *
 * @module
 */

import { assert } from "../assert.ts";
import {
  bit,
  byField,
  bytes,
  bytesToEnd,
  type Definition,
  flags,
  guid,
  hex,
  named,
  oneOf,
  reserved,
  type Struct,
  type TaggedLayout,
  u16,
  u32,
  u8,
} from "../layout/mod.ts";
import { NT_STATUS_NAMES } from "../ntstatus.ts";
import {
  type ControlMessage,
  MONITOR_ID_NONE,
  OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  OFFER_FLAG_LOOPBACK,
  OFFER_FLAG_NAMED_PIPE,
  OFFER_FLAG_TLNPI_PROVIDER,
  TARGET_VP_NO_INTERRUPTS,
  USER_DATA_BYTES,
} from "./messages.ts";

/** The number of each message (wire.md 4.2). */
const NUMBERS: { readonly [M in ControlMessage["message"]]: number } = {
  offerChannel: 1,
  rescindChannelOffer: 2,
  requestOffers: 3,
  allOffersDelivered: 4,
  openChannel: 5,
  openResult: 6,
  closeChannel: 7,
  gpadlHeader: 8,
  gpadlBody: 9,
  gpadlCreated: 10,
  gpadlTeardown: 11,
  gpadlTorndown: 12,
  relIdReleased: 13,
};

/** Flags of an offer as OpenVMM and, from 0x100 on, Linux name them (wire.md 4.4). */
const OFFER_FLAGS = {
  enumerateDeviceInterface: OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  confidentialRing: 0x2,
  confidentialExternalMemory: 0x4,
  requiresPinnedMemory: 0x8,
  namedPipe: OFFER_FLAG_NAMED_PIPE,
  loopback: OFFER_FLAG_LOOPBACK,
  parentOffer: 0x200,
  monitoredNotification: 0x400,
  tlnpiProvider: OFFER_FLAG_TLNPI_PROVIDER,
};

/** What every message has after its number. */
const PADDING = [4, reserved(4)] as const;
const CHANNEL_ID = [8, u32] as const;
/** The wire calls a status an i32; the unsigned number has the same bits. */
const STATUS = named(hex(u32), NT_STATUS_NAMES);
/**
 * Whole 8-byte words to the end of the message. How many of them count is known to the GPADL alone, as a
 * sender may always fill the 240 bytes (wire.md 3.3).
 */
const WORDS = bytesToEnd(8);

/** The layout of all messages. */
export const CONTROL_MESSAGE: TaggedLayout<ControlMessage> = byField("control message", "message", {
  message: [0, oneOf(u32, NUMBERS)],
}, {
  offerChannel: [196, {
    padding: PADDING,
    interfaceId: [8, guid],
    instanceId: [24, guid],
    reserved: [40, reserved(16)],
    flags: [56, flags(u16, OFFER_FLAGS)],
    mmioMegabytes: [58, u16, "MiB"],
    userData: [60, bytes(USER_DATA_BYTES)],
    subchannelIndex: [180, u16],
    mmioMegabytesOptional: [182, u16, "MiB"],
    channelId: [184, u32],
    monitorId: [188, named(u8, { none: MONITOR_ID_NONE })],
    monitorAllocated: [189, bit(u8, 0)],
    isDedicated: [190, bit(u16, 0)],
    connectionId: [192, hex(u32)],
  }],
  rescindChannelOffer: [12, { padding: PADDING, channelId: CHANNEL_ID }],
  requestOffers: [8, { padding: PADDING }],
  allOffersDelivered: [8, { padding: PADDING }],
  openChannel: [148, {
    padding: PADDING,
    channelId: CHANNEL_ID,
    openId: [12, u32],
    ringGpadlId: [16, u32],
    targetVp: [20, named(u32, { noInterrupts: TARGET_VP_NO_INTERRUPTS })],
    downstreamPageOffset: [24, u32, "pages"],
    userData: [28, bytes(USER_DATA_BYTES)],
  }],
  openResult: [20, {
    padding: PADDING,
    channelId: CHANNEL_ID,
    openId: [12, u32],
    status: [16, STATUS],
  }],
  closeChannel: [12, { padding: PADDING, channelId: CHANNEL_ID }],
  gpadlHeader: [20, {
    // In the header's padding, which others send as 0 and ignore (wire.md 3.2).
    readOnly: [4, bit(u32, 0)],
    channelId: CHANNEL_ID,
    gpadlId: [12, u32],
    byteLength: [16, u16, "bytes"],
    rangeCount: [18, u16, "ranges"],
    words: [20, WORDS],
  }],
  gpadlBody: [16, {
    padding: PADDING,
    messageNumber: [8, u32],
    gpadlId: [12, u32],
    words: [16, WORDS],
  }],
  gpadlCreated: [20, {
    padding: PADDING,
    channelId: CHANNEL_ID,
    gpadlId: [12, u32],
    status: [16, STATUS],
  }],
  gpadlTeardown: [16, { padding: PADDING, channelId: CHANNEL_ID, gpadlId: [12, u32] }],
  gpadlTorndown: [12, { padding: PADDING, gpadlId: [8, u32] }],
  relIdReleased: [12, { padding: PADDING, channelId: CHANNEL_ID }],
});

/** What follows the number in a message of this name: none of them differs by size. */
export function bodyOf(message: ControlMessage["message"]): Struct<Definition> {
  const body = CONTROL_MESSAGE.bodies.get(message);
  assert(body?.kind === "struct", "each message has one form");
  return body;
}
