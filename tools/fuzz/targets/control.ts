/**
 * Targets: control messages as either end of a bus gets them, to what the receiver makes of them by
 * themselves. An input is the bytes of one message.
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import { Chance } from "../../../core/chance.ts";
import {
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
} from "../../../core/control/codec.ts";
import { type InitiateContact, targetInfoOf } from "../../../core/control/connection_messages.ts";
import { CONTROL_MESSAGE_BYTES_MAX, type ControlMessage } from "../../../core/control/messages.ts";
import {
  type Agreed,
  FEATURES_KNOWN,
  protocolOf,
  refusalOf,
  VERSION_NUMBERS,
  VERSIONS,
  type VmbusVersion,
} from "../../../core/control/versions.ts";
import { readMmioPlacement, readPipeType } from "../../../core/control/user_data.ts";
import type { FuzzNote } from "../../../simulator/fuzzing/mod.ts";
import {
  controlMessageBytes,
  drawControlMessage,
  gpadlMessages,
  offerMessage,
  openMessage,
  wholePages,
} from "../../../simulator/peers/mod.ts";
import type { NamedSeeds } from "../corpus.ts";
import { type PackageTarget, withCorpus } from "../package_target.ts";

const TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";

const RESERVED = { channelId: 1, targetVp: 1, targetSint: 5 };
const RESPONSE = { message: "versionResponse", supported: 1, connectionState: 0 } as const;

function contact(version: VmbusVersion, changes: Partial<InitiateContact>): InitiateContact {
  return {
    message: "initiateContact",
    version: VERSION_NUMBERS[version],
    targetMessageVp: 0,
    targetInfo: 0,
    parentToChildMonitorGpa: 0,
    childToParentMonitorGpa: 0,
    ...changes,
  };
}

/** Messages that a guest sends. */
const TO_HOST: Readonly<Record<string, ControlMessage>> = {
  "request offers": { message: "requestOffers" },
  "open": openMessage(1, 2, 4),
  "close": { message: "closeChannel", channelId: 1 },
  "a GPADL": gpadlMessages(1, 2, [wholePages([1, 2, 3, 4])])[0]!,
  "a body of a GPADL": gpadlMessages(1, 2, [wholePages(Array(40).fill(7))])[1]!,
  "tear down": { message: "gpadlTeardown", channelId: 1, gpadlId: 2 },
  "released": { message: "relIdReleased", channelId: 1 },
  "open with signals of its own": {
    ...openMessage(1, 2, 4),
    connectionId: 0x1_2345,
    eventFlag: 77,
    openFlags: 1,
  },
  "contact, 1.1": contact("1.1", { targetInfo: 0x5000 }),
  "contact, 5.3": contact("5.3", {
    targetInfo: targetInfoOf({ sint: 2, vtl: 0, featureFlags: 0 }),
  }),
  "contact, 6.0": {
    ...contact("6.0", {
      targetInfo: targetInfoOf({ sint: 2, vtl: 0, featureFlags: FEATURES_KNOWN }),
      parentToChildMonitorGpa: 0x6000,
      childToParentMonitorGpa: 0x7000,
    }),
    clientId: INSTANCE,
  },
  "unload": { message: "unload" },
  "open reserved": {
    message: "openReservedChannel",
    ...RESERVED,
    ringGpadlId: 2,
    downstreamPageOffset: 4,
  },
  "close reserved": { message: "closeReservedChannel", ...RESERVED },
  "connect to a socket": { message: "tlConnectRequest", endpointId: INSTANCE, serviceId: TYPE },
  "connect to a socket of a container": {
    message: "tlConnectRequest",
    endpointId: INSTANCE,
    serviceId: TYPE,
    siloId: INSTANCE,
  },
  "modify channel": { message: "modifyChannel", channelId: 1, targetVp: 1 },
  "modify connection": {
    message: "modifyConnection",
    parentToChildMonitorGpa: 0x6000,
    childToParentMonitorGpa: 0x7000,
  },
  "pause": { message: "pause" },
  "resume": { message: "resume" },
};

/** Messages that a host sends. */
const TO_GUEST: Readonly<Record<string, ControlMessage>> = {
  "offer": offerMessage(TYPE, INSTANCE),
  "offer of a pipe": offerMessage(TYPE, INSTANCE, {
    flags: 0x2000,
    mmioMegabytes: 1,
    channelId: 2,
    userData: Uint8Array.of(4, ...new Uint8Array(119)),
  }),
  "rescind": { message: "rescindChannelOffer", channelId: 1 },
  "all offers": { message: "allOffersDelivered" },
  "open result": { message: "openResult", channelId: 1, openId: 7, status: 0xc000_009a },
  "GPADL created": { message: "gpadlCreated", channelId: 1, gpadlId: 2, status: 0 },
  "GPADL torn down": { message: "gpadlTorndown", gpadlId: 2 },
  "version": { ...RESPONSE, selected: 0x5_0003 },
  "version with features": { ...RESPONSE, selected: 4, supportedFeatures: 0x3f },
  "version with monitor pages": {
    ...RESPONSE,
    selected: 4,
    supportedFeatures: 0x40,
    parentToChildMonitorGpa: 0,
    childToParentMonitorGpa: 0x7000,
  },
  "unload complete": { message: "unloadComplete" },
  "reserved channel closed": { message: "closeReservedResponse", channelId: 1 },
  "no such socket": {
    message: "tlConnectResult",
    endpointId: INSTANCE,
    serviceId: TYPE,
    status: 0xc000_0236,
  },
  "channel modified": { message: "modifyChannelResponse", channelId: 1, status: 0 },
  "connection modified": { message: "modifyConnectionResponse", connectionState: 0 },
  "paused": { message: "pauseResponse" },
};

/** What a receiver reads out of the user data of the messages that have some. */
function readFurther(message: ControlMessage, note: FuzzNote): string {
  if (message.message === "offerChannel") return ` ${readPipeType(message.userData)}`;
  if (message.message !== "openChannel") return "";
  const { gpa, byteCount } = readMmioPlacement(message.userData);
  assert(Number.isSafeInteger(gpa) && Number.isSafeInteger(byteCount), "a placement has numbers");
  note(gpa);
  note(byteCount);
  return "";
}

/** What two ends may have agreed on. */
const AGREED: readonly Agreed[] = [
  "disconnected",
  ...VERSIONS.map((version) => protocolOf(version)),
  protocolOf("6.0", FEATURES_KNOWN),
];

/** Whoever has agreed on something takes what may be said then, and nothing else. */
function readAsAgreed(input: Uint8Array): void {
  for (const agreed of AGREED) {
    const message = decodeControlMessage(input, agreed);
    if (isControlFault(message)) continue;
    assert(refusalOf(message.message, agreed) === null, "what may not be said is refused");
    assert(encodeControlMessage(message).length <= input.length, "no form has more than came");
  }
}

function run(input: Uint8Array, note: FuzzNote): string {
  readAsAgreed(input);
  const message = decodeControlMessage(input);
  if (isControlFault(message)) return message;
  assert(input.length <= CONTROL_MESSAGE_BYTES_MAX, "a longer message is refused");
  const further = readFurther(message, note);
  // It can be said again, and says the same: no field is larger than its place, or lies elsewhere.
  const again = encodeControlMessage(message);
  assert(again.length <= input.length, "a message has no more bytes than came");
  for (const byte of again) note(byte);
  return message.message + further;
}

function controlTarget(
  name: string,
  title: string,
  messages: Readonly<Record<string, ControlMessage>>,
): PackageTarget {
  const makeSeeds = (): NamedSeeds =>
    Object.fromEntries(
      Object.entries(messages).map(([what, message]) => [what, controlMessageBytes(message)]),
    );
  return withCorpus(makeSeeds, {
    name,
    title,
    inputBytesMax: CONTROL_MESSAGE_BYTES_MAX + 20,
    draw(seed, count) {
      const chance = Chance.fromSeed(seed);
      return Array.from({ length: count }, () => controlMessageBytes(drawControlMessage(chance)));
    },
    run,
  });
}

/** The targets of control messages. */
export const controlTargets: readonly PackageTarget[] = [
  controlTarget("control-to-host", "control messages that a guest sends", TO_HOST),
  controlTarget("control-to-guest", "control messages that a host sends", TO_GUEST),
];
