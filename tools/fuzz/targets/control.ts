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
import { CONTROL_MESSAGE_BYTES_MAX, type ControlMessage } from "../../../core/control/messages.ts";
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

/** Messages that a guest sends. */
const TO_HOST: Readonly<Record<string, ControlMessage>> = {
  "request offers": { message: "requestOffers" },
  "open": openMessage(1, 2, 4),
  "close": { message: "closeChannel", channelId: 1 },
  "a GPADL": gpadlMessages(1, 2, [wholePages([1, 2, 3, 4])])[0]!,
  "a body of a GPADL": gpadlMessages(1, 2, [wholePages(Array(40).fill(7))])[1]!,
  "tear down": { message: "gpadlTeardown", channelId: 1, gpadlId: 2 },
  "released": { message: "relIdReleased", channelId: 1 },
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

function run(input: Uint8Array, note: FuzzNote): string {
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
