/**
 * Control messages from 14 on, which this package neither sends nor takes: as they may stand in what was recorded
 * elsewhere (wire.md 4.2).
 *
 * @module
 */

import {
  byField,
  flags,
  guid,
  hex,
  type Layout,
  named,
  oneOf,
  reserved,
  size64,
  u32,
  u8,
} from "../../core/layout/mod.ts";
import { NT_STATUS_NAMES } from "../../core/ntstatus.ts";

const PADDING = [4, reserved(4)] as const;
const CHANNEL_ID = [8, u32] as const;
const GPA = hex(size64);
const STATUS = named(hex(u32), NT_STATUS_NAMES);
const CONNECTION_STATE = named(u8, { successful: 0, failedLowResources: 1, failedUnknown: 2 });
/** Versions (wire.md 4.3). */
const VERSION = named(hex(u32), {
  "0.13": 0x0000_000d,
  "1.1": 0x0001_0001,
  "2.4": 0x0002_0004,
  "3.0": 0x0003_0000,
  "4.0": 0x0004_0000,
  "4.1": 0x0004_0001,
  "5.0": 0x0005_0000,
  "5.1": 0x0005_0001,
  "5.2": 0x0005_0002,
  "5.3": 0x0005_0003,
  "6.0": 0x0006_0000,
});
/** Feature flags (wire.md 4.3). */
const FEATURES = flags(u32, {
  guestSpecifiedSignalParameters: 0x1,
  channelInterruptRedirection: 0x2,
  modifyConnection: 0x4,
  clientId: 0x8,
  confidentialChannels: 0x10,
  pauseResume: 0x20,
  serverSpecifiedMonitorPages: 0x40,
  gpaPinning: 0x80,
});

const INITIATE_CONTACT = {
  padding: PADDING,
  version: [8, VERSION],
  targetMessageVp: [12, u32],
  // The interrupt page in old versions; from 5.0 on bytes 0 and 1 are SINT and VTL, 4 to 7 feature flags.
  targetInfo: [16, GPA],
  parentToChildMonitorGpa: [24, GPA],
  childToParentMonitorGpa: [32, GPA],
} as const;
const VERSION_RESPONSE = {
  padding: PADDING,
  supported: [8, u8],
  connectionState: [9, CONNECTION_STATE],
  reserved: [10, reserved(2)],
  // The version below 5.0, else the connection id for messages.
  selected: [12, hex(u32)],
} as const;
const VERSION_RESPONSE_2 = { ...VERSION_RESPONSE, supportedFeatures: [16, FEATURES] } as const;
const TL_CONNECT = { padding: PADDING, endpointId: [8, guid], serviceId: [24, guid] } as const;
const OPEN_RESERVED = {
  padding: PADDING,
  channelId: CHANNEL_ID,
  targetVp: [12, u32],
  targetSint: [16, u32],
  ringGpadlId: [20, u32],
  downstreamPageOffset: [24, u32, "pages"],
} as const;

/** The messages 14 to 29. */
export const OTHER_MESSAGE: Layout<{ readonly message: string }> = byField(
  "control message",
  "message",
  {
    message: [
      0,
      oneOf(u32, {
        initiateContact: 14,
        versionResponse: 15,
        unload: 16,
        unloadComplete: 17,
        openReservedChannel: 18,
        closeReservedChannel: 19,
        closeReservedResponse: 20,
        tlConnectRequest: 21,
        modifyChannel: 22,
        tlConnectResult: 23,
        modifyChannelResponse: 24,
        modifyConnection: 25,
        modifyConnectionResponse: 26,
        pause: 27,
        pauseResponse: 28,
        resume: 29,
      }),
    ],
  },
  {
    initiateContact: {
      bySize: [[56, { ...INITIATE_CONTACT, clientId: [40, guid] }], [40, INITIATE_CONTACT]],
    },
    versionResponse: {
      bySize: [
        [40, {
          ...VERSION_RESPONSE_2,
          reserved20: [20, reserved(4)],
          parentToChildMonitorGpa: [24, GPA],
          childToParentMonitorGpa: [32, GPA],
        }],
        [20, VERSION_RESPONSE_2],
        [16, VERSION_RESPONSE],
      ],
    },
    unload: [8, { padding: PADDING }],
    unloadComplete: [8, { padding: PADDING }],
    openReservedChannel: [28, OPEN_RESERVED],
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
    modifyConnection: [24, {
      padding: PADDING,
      parentToChildMonitorGpa: [8, GPA],
      childToParentMonitorGpa: [16, GPA],
    }],
    modifyConnectionResponse: [9, { padding: PADDING, connectionState: [8, CONNECTION_STATE] }],
    pause: [8, { padding: PADDING }],
    pauseResponse: [8, { padding: PADDING }],
    resume: [8, { padding: PADDING }],
  },
);
