/**
 * Arbitrary control messages for property tests and fuzzing.
 *
 * @module
 */

import fc from "fast-check";
import type { ControlMessage } from "../../core/control/messages.ts";

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const gpa = fc.maxSafeNat();
const monitorPages = { parentToChildMonitorGpa: gpa, childToParentMonitorGpa: gpa };
const userData = fc.uint8Array({ minLength: 120, maxLength: 120 });

function words(countMax: number): fc.Arbitrary<Uint8Array> {
  return fc.bigUint64Array({ maxLength: countMax }).map((array) => new Uint8Array(array.buffer));
}

const openChannel = {
  message: fc.constant("openChannel" as const),
  channelId: u32,
  openId: u32,
  ringGpadlId: u32,
  targetVp: u32,
  downstreamPageOffset: u32,
  userData,
};
const initiateContact = {
  message: fc.constant("initiateContact" as const),
  // One that promises a client id and has none is too small: the flag is left out.
  version: u32,
  targetMessageVp: u32,
  targetInfo: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((info) => info & ~(0x8n << 32n))
    .map((info) => info <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(info) : info),
  ...monitorPages,
};
const versionResponse = {
  message: fc.constant("versionResponse" as const),
  supported: u8,
  connectionState: u8,
  selected: u32,
};
const tlConnect = { endpointId: fc.uuid(), serviceId: fc.uuid() };

const anyConnectionMessage: fc.Arbitrary<ControlMessage> = fc.oneof(
  fc.record(initiateContact),
  fc.record({ ...initiateContact, clientId: fc.uuid() }),
  fc.record(versionResponse),
  fc.record({ ...versionResponse, supportedFeatures: u32 }),
  fc.record({ ...versionResponse, supportedFeatures: u32, ...monitorPages }),
  fc.record({
    message: fc.constantFrom("unload", "unloadComplete", "pause", "pauseResponse", "resume"),
  }),
  fc.record({ message: fc.constant("modifyConnection" as const), ...monitorPages }),
  fc.record({ message: fc.constant("modifyConnectionResponse" as const), connectionState: u8 }),
);

const anyLaterMessage: fc.Arbitrary<ControlMessage> = fc.oneof(
  fc.record({ ...openChannel, connectionId: u32, eventFlag: u16, openFlags: u16 }),
  fc.record({
    message: fc.constant("openReservedChannel" as const),
    channelId: u32,
    targetVp: u32,
    targetSint: u32,
    ringGpadlId: u32,
    downstreamPageOffset: u32,
  }),
  fc.record({
    message: fc.constant("closeReservedChannel" as const),
    channelId: u32,
    targetVp: u32,
    targetSint: u32,
  }),
  fc.record({ message: fc.constant("closeReservedResponse" as const), channelId: u32 }),
  fc.record({ message: fc.constant("tlConnectRequest" as const), ...tlConnect }),
  fc.record({
    message: fc.constant("tlConnectRequest" as const),
    ...tlConnect,
    siloId: fc.uuid(),
  }),
  fc.record({ message: fc.constant("modifyChannel" as const), channelId: u32, targetVp: u32 }),
  fc.record({ message: fc.constant("tlConnectResult" as const), ...tlConnect, status: u32 }),
  fc.record({
    message: fc.constant("modifyChannelResponse" as const),
    channelId: u32,
    status: u32,
  }),
);

/** Any message, with every field anywhere in its C type. */
export const anyControlMessage: fc.Arbitrary<ControlMessage> = fc.oneof(
  fc.record({
    message: fc.constant("offerChannel" as const),
    interfaceId: fc.uuid(),
    instanceId: fc.uuid(),
    flags: u16,
    mmioMegabytes: u16,
    userData,
    subchannelIndex: u16,
    mmioMegabytesOptional: u16,
    channelId: u32,
    monitorId: u8,
    monitorAllocated: fc.boolean(),
    isDedicated: fc.boolean(),
    connectionId: u32,
  }),
  fc.record({ message: fc.constant("rescindChannelOffer" as const), channelId: u32 }),
  fc.record({ message: fc.constant("requestOffers" as const) }),
  fc.record({ message: fc.constant("allOffersDelivered" as const) }),
  fc.record(openChannel),
  fc.record({
    message: fc.constant("openResult" as const),
    channelId: u32,
    openId: u32,
    status: u32,
  }),
  fc.record({ message: fc.constant("closeChannel" as const), channelId: u32 }),
  fc.record({
    message: fc.constant("gpadlHeader" as const),
    channelId: u32,
    gpadlId: u32,
    byteLength: u16,
    rangeCount: u16,
    readOnly: fc.boolean(),
    words: words(27),
  }),
  fc.record({
    message: fc.constant("gpadlBody" as const),
    messageNumber: u32,
    gpadlId: u32,
    words: words(28),
  }),
  fc.record({
    message: fc.constant("gpadlCreated" as const),
    channelId: u32,
    gpadlId: u32,
    status: u32,
  }),
  fc.record({ message: fc.constant("gpadlTeardown" as const), channelId: u32, gpadlId: u32 }),
  fc.record({ message: fc.constant("gpadlTorndown" as const), gpadlId: u32 }),
  fc.record({ message: fc.constant("relIdReleased" as const), channelId: u32 }),
  anyConnectionMessage,
  anyLaterMessage,
);
