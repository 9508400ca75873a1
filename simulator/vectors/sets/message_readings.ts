/**
 * How the bytes of a control message are read, by what its reader has agreed on.
 *
 * @module
 */

import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import {
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
  messageNameOf,
} from "../../../core/control/codec.ts";
import { CONTROL_MESSAGE, formsOf } from "../../../core/control/layouts.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import {
  type Agreed,
  FEATURES,
  FEATURES_KNOWN,
  MESSAGE_RULES,
  protocolOf,
  VERSIONS,
  type VmbusVersion,
} from "../../../core/control/versions.ts";
import {
  Damage,
  type Definition,
  type Field,
  fieldsOf,
  type Struct,
  struct,
  u32,
} from "../../../core/layout/mod.ts";
import type { MessageAgreement, MessageCase } from "./messages_shape.ts";

type Reading = MessageCase["readings"][number];
type FieldValue = NonNullable<Reading["fields"]>[number]["value"];

const NUMBER = struct("message number", 4, { number: [0, u32] });

function nameOf(version: VmbusVersion, features: number): string {
  return features === 0 ? version : `${version}+0x${features.toString(16)}`;
}

/** No connection, each version without features, and the newest with each feature, and with all. */
function makeAgreements(): readonly MessageAgreement[] {
  const newest = VERSIONS.at(-1)!;
  const agreed = [
    ...VERSIONS.map((version) => [version, 0] as const),
    ...[...Object.values(FEATURES), FEATURES_KNOWN].map((bits) => [newest, bits] as const),
  ];
  return [
    { name: "disconnected", version: null, features: 0 },
    ...agreed.map(([version, features]) => ({
      name: nameOf(version, features),
      version,
      features,
    })),
  ];
}

/** What a reader and its peer may have agreed on. */
export const AGREEMENTS: readonly MessageAgreement[] = makeAgreements();

function agreedOf({ version, features }: MessageAgreement): Agreed {
  return version === null ? "disconnected" : protocolOf(version, features);
}

/** What a case says of its bytes. */
export function observeMessage(hex: string) {
  const bytes = hexToBytes(hex);
  const name = messageNameOf(bytes);
  return {
    message: name,
    number: numberOf(bytes),
    to: name === null ? null : MESSAGE_RULES[name].to,
    isCanonical: isCanonical(bytes),
    readings: readingsOf(bytes),
  } satisfies Partial<MessageCase>;
}

function numberOf(bytes: Uint8Array): number | null {
  const found = NUMBER.decode(bytes);
  return found instanceof Damage ? null : found.number;
}

function isCanonical(bytes: Uint8Array): boolean {
  const decoded = decodeControlMessage(bytes);
  return !isControlFault(decoded) &&
    bytesToHex(encodeControlMessage(decoded)) === bytesToHex(bytes);
}

/** The readings, those that are the same as one. */
function readingsOf(bytes: Uint8Array): Reading[] {
  const readings = new Map<string, Reading>();
  for (const agreement of AGREEMENTS) {
    const decoded = decodeControlMessage(bytes, agreedOf(agreement));
    const form = isControlFault(decoded) ? null : formOf(decoded);
    const key = form === null ? String(decoded) : String(form.byteCount);
    const known = readings.get(key);
    if (known !== undefined) {
      known.agreements.push(agreement.name);
      continue;
    }
    readings.set(key, {
      agreements: [agreement.name],
      fault: isControlFault(decoded) ? decoded : null,
      formBytes: form === null ? null : form.byteCount,
      fields: form === null ? null : fieldsIn(form, numberOf(bytes) ?? 0, bytes),
    });
  }
  return [...readings.values()];
}

/** The form that a message was read in: the one that has just its fields. */
function formOf(message: ControlMessage): Struct<Definition> {
  const count = Object.keys(message).length - 1;
  const forms = formsOf(message.message);
  return forms.find((form) => spokenFields(form).length === count) ?? forms.at(-1)!;
}

/** The fields of a form that say something. */
function spokenFields({ list }: Struct<Definition>): readonly Field[] {
  return list.filter(({ type }) => !type.isSilent);
}

/** The fields by their bytes, as our own reader makes one number of all addresses that no guest has. */
function fieldsIn(form: Struct<Definition>, number: number, bytes: Uint8Array): Reading["fields"] {
  const types = new Map(form.list.map(({ name, type }) => [name, type]));
  const heads = CONTROL_MESSAGE.head.list.map(({ name, offset, type }) => ({
    name,
    offset,
    byteCount: type.byteCount,
    value: number,
  }));
  const spoken = fieldsOf(form, bytes).fields.filter(({ name }) => !types.get(name)!.isSilent);
  return [
    ...heads, // the number alone
    ...spoken.map(({ name, offset, byteCount, value }) => ({
      name,
      offset,
      byteCount,
      value: types.get(name)!.kind === "u64" ? String(value) : value as FieldValue,
    })),
  ];
}
