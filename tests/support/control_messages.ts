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
const userData = fc.uint8Array({ minLength: 120, maxLength: 120 });

function words(countMax: number): fc.Arbitrary<Uint8Array> {
  return fc.bigUint64Array({ maxLength: countMax }).map((array) => new Uint8Array(array.buffer));
}

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
  fc.record({
    message: fc.constant("openChannel" as const),
    channelId: u32,
    openId: u32,
    ringGpadlId: u32,
    targetVp: u32,
    downstreamPageOffset: u32,
    userData,
  }),
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
);
