/**
 * Where each field of each control message lies (wire.md 3.2, 4.2, 4.4). Offsets count from the
 * first byte of the message, so the 8-byte header is included. A further message is an interface in
 * messages.ts, an entry here, and one in versions.ts.
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
  size64,
  type Struct,
  type TaggedLayout,
  u16,
  u32,
  u64,
  u8,
} from "../layout/mod.ts";
import { NT_STATUS_NAMES } from "../ntstatus.ts";
import {
  type ControlMessage,
  type ControlMessageName,
  MONITOR_ID_NONE,
  OFFER_FLAG_CONFIDENTIAL_EXTERNAL_MEMORY,
  OFFER_FLAG_CONFIDENTIAL_RING,
  OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  OFFER_FLAG_LOOPBACK,
  OFFER_FLAG_NAMED_PIPE,
  OFFER_FLAG_REQUIRES_PINNED_MEMORY,
  OFFER_FLAG_TLNPI_PROVIDER,
  OPEN_FLAG_REDIRECT_INTERRUPT,
  TARGET_VP_NO_INTERRUPTS,
  USER_DATA_BYTES,
} from "./messages.ts";
import {
  CONNECTION_FAILED_LOW_RESOURCES,
  CONNECTION_FAILED_UNKNOWN,
  CONNECTION_SUCCESSFUL,
} from "./connection_messages.ts";
import { FEATURES, MESSAGE_RULES, VERSION_NUMBERS } from "./versions.ts";

/** The number of each message (wire.md 4.2). */
const NUMBERS = Object.fromEntries(
  Object.entries(MESSAGE_RULES).map(([name, { number }]) => [name, number]),
) as Readonly<Record<ControlMessageName, number>>;

/** Flags of an offer as OpenVMM and, from 0x100 on, Linux name them (wire.md 4.4). */
const OFFER_FLAGS = {
  enumerateDeviceInterface: OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  confidentialRing: OFFER_FLAG_CONFIDENTIAL_RING,
  confidentialExternalMemory: OFFER_FLAG_CONFIDENTIAL_EXTERNAL_MEMORY,
  requiresPinnedMemory: OFFER_FLAG_REQUIRES_PINNED_MEMORY,
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

const GPA = hex(size64);
const MONITOR_PAGES = (at: number) =>
  ({
    parentToChildMonitorGpa: [at, GPA],
    childToParentMonitorGpa: [at + 8, GPA],
  }) as const;
const CONNECTION_STATE = named(u8, {
  successful: CONNECTION_SUCCESSFUL,
  failedLowResources: CONNECTION_FAILED_LOW_RESOURCES,
  failedUnknown: CONNECTION_FAILED_UNKNOWN,
});

const OPEN_CHANNEL = {
  padding: PADDING,
  channelId: CHANNEL_ID,
  openId: [12, u32],
  ringGpadlId: [16, u32],
  targetVp: [20, named(u32, { noInterrupts: TARGET_VP_NO_INTERRUPTS })],
  downstreamPageOffset: [24, u32, "pages"],
  userData: [28, bytes(USER_DATA_BYTES)],
} as const;
const INITIATE_CONTACT = {
  padding: PADDING,
  version: [8, named(hex(u32), VERSION_NUMBERS)],
  targetMessageVp: [12, u32],
  // The interrupt page below 2.4; from 5.0 on bytes 0 and 1 are SINT and VTL, 4 to 7 feature flags.
  targetInfo: [16, hex(u64)],
  ...MONITOR_PAGES(24),
} as const;
const VERSION_RESPONSE = {
  padding: PADDING,
  supported: [8, u8],
  connectionState: [9, CONNECTION_STATE],
  reserved: [10, reserved(2)],
  // The version below 5.0, else the connection id for messages.
  selected: [12, hex(u32)],
} as const;
const VERSION_RESPONSE_2 = {
  ...VERSION_RESPONSE,
  supportedFeatures: [16, flags(u32, FEATURES)],
} as const;
const TL_CONNECT = { padding: PADDING, endpointId: [8, guid], serviceId: [24, guid] } as const;

/** The layout of all messages, for each the longest form first. */
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
  openChannel: {
    bySize: [
      [156, {
        ...OPEN_CHANNEL,
        connectionId: [148, hex(u32)],
        eventFlag: [152, u16],
        openFlags: [154, flags(u16, { redirectInterrupt: OPEN_FLAG_REDIRECT_INTERRUPT })],
      }],
      [148, OPEN_CHANNEL],
    ],
  },
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
  initiateContact: {
    bySize: [[56, { ...INITIATE_CONTACT, clientId: [40, guid] }], [40, INITIATE_CONTACT]],
  },
  versionResponse: {
    bySize: [
      [40, { ...VERSION_RESPONSE_2, reserved20: [20, reserved(4)], ...MONITOR_PAGES(24) }],
      [20, VERSION_RESPONSE_2],
      [16, VERSION_RESPONSE],
    ],
  },
  unload: [8, { padding: PADDING }],
  unloadComplete: [8, { padding: PADDING }],
  openReservedChannel: [28, {
    padding: PADDING,
    channelId: CHANNEL_ID,
    targetVp: [12, u32],
    targetSint: [16, u32],
    ringGpadlId: [20, u32],
    downstreamPageOffset: [24, u32, "pages"],
  }],
  closeReservedChannel: [20, {
    padding: PADDING,
    channelId: CHANNEL_ID,
    targetVp: [12, u32],
    targetSint: [16, u32],
  }],
  closeReservedResponse: [12, { padding: PADDING, channelId: CHANNEL_ID }],
  tlConnectRequest: { bySize: [[56, { ...TL_CONNECT, siloId: [40, guid] }], [40, TL_CONNECT]] },
  modifyChannel: [16, { padding: PADDING, channelId: CHANNEL_ID, targetVp: [12, u32] }],
  tlConnectResult: [44, { ...TL_CONNECT, status: [40, STATUS] }],
  modifyChannelResponse: [16, { padding: PADDING, channelId: CHANNEL_ID, status: [12, STATUS] }],
  modifyConnection: [24, { padding: PADDING, ...MONITOR_PAGES(8) }],
  modifyConnectionResponse: [9, { padding: PADDING, connectionState: [8, CONNECTION_STATE] }],
  pause: [8, { padding: PADDING }],
  pauseResponse: [8, { padding: PADDING }],
  resume: [8, { padding: PADDING }],
});

/** The forms that a message of this name has, the longest first: several where versions differ. */
export function formsOf(message: ControlMessageName): readonly Struct<Definition>[] {
  const body = CONTROL_MESSAGE.bodies.get(message);
  assert(body !== undefined, "each message has a layout");
  return body.kind === "bySize" ? body.forms : [body];
}

/** The form of so many bytes of a message: the longest that they hold, or the shortest. */
export function formOfSize(message: ControlMessageName, byteCount: number): Struct<Definition> {
  const forms = formsOf(message);
  return forms.find((form) => form.byteCount <= byteCount) ?? forms.at(-1)!;
}
