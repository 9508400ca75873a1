/**
 * Control messages as a peer says them: any message with any numbers, as bytes (wire.md 3.2, 4.2).
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import { encodeControlMessage } from "../../core/control/codec.ts";
import { CONTROL_MESSAGE, formsOf } from "../../core/control/layouts.ts";
import {
  CONTROL_MESSAGE_BYTES_MAX,
  type ControlMessage,
  type ControlMessageName,
  MONITOR_ID_NONE,
  type OfferChannel,
  type OpenChannel2,
  USER_DATA_BYTES,
} from "../../core/control/messages.ts";
import { describe } from "../../core/describe.ts";
import { parseGuid } from "../../core/guid.ts";
import type { Definition, Field, Struct, Type } from "../../core/layout/mod.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { GPADL_WORDS_MAX, gpadlWords, splitGpadl } from "../../core/memory/gpadl.ts";
import { requireBody, requireChance, requireObject, requireUint } from "./checks.ts";
import { requireRanges } from "./ranges.ts";

/** Each kind of message. */
const MESSAGES = [...CONTROL_MESSAGE.bodies.keys()] as readonly ControlMessageName[];

/** One form of a message. */
type Form = Struct<Definition>;

/** The fields of a form that have values. */
function fieldsOf({ list }: Form): readonly Field[] {
  return list.filter(({ type }) => !type.isSilent);
}

/** The longest form of which `values` name each field; the shortest where they lack some of each. */
function formOf(message: ControlMessageName, values: Readonly<Record<string, unknown>>): Form {
  const forms = formsOf(message);
  const isWhole = (form: Form) => fieldsOf(form).every(({ name }) => values[name] !== undefined);
  return forms.find(isWhole) ?? forms.at(-1)!;
}

/** Most bytes of GPADL words that a message of this form has room for. */
function wordBytesMax({ byteCount }: Form): number {
  return CONTROL_MESSAGE_BYTES_MAX - byteCount & ~7;
}

/**
 * The bytes of `message`, which may say anything that its fields can hold. What is no message at all is
 * posted as bytes of one's own.
 *
 * @throws {TypeError} There is no such message, or a field has the wrong type.
 * @throws {RangeError} A field cannot hold its value.
 */
export function controlMessageBytes(message: ControlMessage): Uint8Array {
  if (!MESSAGES.includes(message?.message)) {
    throw new TypeError(
      `Cannot encode a control message: there is no message ${describe(message?.message)}`,
    );
  }
  const values = message as unknown as Readonly<Record<string, unknown>>;
  const form = formOf(message.message, values);
  for (const field of fieldsOf(form)) {
    requireField(`encode ${message.message}`, field, values, wordBytesMax(form));
  }
  return encodeControlMessage(message);
}

function requireField(
  action: string,
  { name, type }: Field,
  values: Readonly<Record<string, unknown>>,
  bytesMax: number,
): void {
  const value = values[name];
  switch (type.kind) {
    case "bit":
      if (typeof value === "boolean") return;
      throw new TypeError(`Cannot ${action}: ${name} must be a boolean, not ${describe(value)}`);
    case "guid":
      if (typeof value === "string" && parseGuid(value) === value) return;
      throw new TypeError(
        `Cannot ${action}: ${name} must be a lower-case GUID without braces, not ${
          describe(value)
        }`,
      );
    case "bytes": {
      const unitBytes = type.isFixed ? 1 : 8;
      const limit = type.isFixed ? USER_DATA_BYTES : bytesMax;
      const { length } = requireBody(action, value as Uint8Array, unitBytes, limit);
      if (!type.isFixed) return;
      return requireUint(action, `the bytes of ${name}`, length, USER_DATA_BYTES, USER_DATA_BYTES);
    }
    case "u64":
      if (type.fits(value)) return;
      throw new RangeError(
        `Cannot ${action}: ${name} must be ${type.form}, not ${describe(value)}`,
      );
    default:
      return requireUint(action, name, value, 2 ** (8 * type.byteCount) - 1);
  }
}

/** Any message, with each field anywhere in its C type: what a peer could say that knows the layouts alone. */
export function drawControlMessage(chance: Chance): ControlMessage {
  requireChance("draw a control message", chance);
  const message = MESSAGES[chance.below(MESSAGES.length)]!;
  const forms = formsOf(message);
  const form = forms[forms.length === 1 ? 0 : chance.below(forms.length)]!;
  const drawn = fieldsOf(form).map(({ name, type }) => [
    name,
    drawField(chance, type, wordBytesMax(form)),
  ]);
  // The fields are those of its layout, each of its type.
  return { ...Object.fromEntries(drawn), message } as ControlMessage;
}

function drawField(chance: Chance, type: Type<unknown>, bytesMax: number): unknown {
  switch (type.kind) {
    case "bit":
      return chance.below(2) === 0;
    case "guid": {
      const hex = Array.from(chance.bytes(16), (byte) => byte.toString(16).padStart(2, "0"));
      return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    }
    case "bytes":
      return chance.bytes(type.isFixed ? type.byteCount : 8 * chance.below(bytesMax / 8 + 1));
    case "u64":
      return chance.below(Number.MAX_SAFE_INTEGER);
    default:
      return chance.below(2 ** (8 * type.byteCount));
  }
}

/**
 * An offer of a device; what is not in `changes` is as it is for an ordinary channel with id 1.
 *
 * @throws {TypeError} `changes` is no object.
 */
export function offerMessage(
  interfaceId: string,
  instanceId: string,
  changes: Partial<OfferChannel> = {},
): OfferChannel {
  requireObject("make an offer", "changes", changes);
  const { channelId = 1 } = changes;
  return {
    message: "offerChannel",
    interfaceId,
    instanceId,
    flags: 0,
    mmioMegabytes: 0,
    userData: new Uint8Array(USER_DATA_BYTES),
    subchannelIndex: 0,
    mmioMegabytesOptional: 0,
    channelId,
    monitorId: MONITOR_ID_NONE,
    monitorAllocated: false,
    isDedicated: true,
    connectionId: (0x2000 | channelId) >>> 0,
    ...changes,
  };
}

/**
 * A request to open a channel over the rings that a GPADL describes. It has the longer form, with the signals of the
 * channel's offer: a host of another version takes that for the shorter one.
 *
 * @throws {TypeError} `changes` is no object.
 */
export function openMessage(
  channelId: number,
  ringGpadlId: number,
  downstreamPageOffset: number,
  changes: Partial<OpenChannel2> = {},
): OpenChannel2 {
  requireObject("make an open request", "changes", changes);
  return {
    message: "openChannel",
    channelId,
    openId: 7,
    ringGpadlId,
    targetVp: 0,
    downstreamPageOffset,
    userData: new Uint8Array(USER_DATA_BYTES),
    connectionId: (0x2000 | channelId) >>> 0,
    eventFlag: channelId & 0xffff,
    openFlags: 0,
    ...changes,
  };
}

/**
 * The messages that describe memory as a GPADL: a header, and as many bodies as it takes. What the ranges
 * say may be wrong; who wants a header that does not fit its words changes it.
 *
 * @throws {RangeError} A number of a range does not fit its field, or the words do not fit into a GPADL.
 */
export function gpadlMessages(
  channelId: number,
  gpadlId: number,
  ranges: readonly GpaRange[],
): ControlMessage[] {
  requireRanges("describe a GPADL", ranges, "writable");
  const wordCount = gpadlWords(ranges);
  requireUint("describe a GPADL", "the number of its words", wordCount, GPADL_WORDS_MAX);
  const [words = new Uint8Array(0), ...bodies] = splitGpadl(ranges);
  const byteLength = wordCount * 8;
  const header = { message: "gpadlHeader", channelId, gpadlId, byteLength, words } as const;
  return [
    { ...header, rangeCount: ranges.length, readOnly: false },
    ...bodies.map((words) => ({ message: "gpadlBody", messageNumber: 0, gpadlId, words } as const)),
  ];
}
