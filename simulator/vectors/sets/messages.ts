/**
 * The cases of `messages.json`: every form of every control message, with what its fields can hold, and in sizes that are
 * right and wrong. They follow from the layouts, so that a further message has its cases by itself.
 *
 * @module
 */

import { bytesToHex } from "@noble/hashes/utils.js";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import { CONTROL_MESSAGE, formsOf } from "../../../core/control/layouts.ts";
import {
  CONTROL_MESSAGE_BYTES_MAX,
  type ControlMessage,
  type ControlMessageName,
} from "../../../core/control/messages.ts";
import { FEATURES, MESSAGE_NUMBER_MAX, MESSAGE_RULES } from "../../../core/control/versions.ts";
import { Damage, type Definition, type Struct } from "../../../core/layout/mod.ts";
import { contactMessage } from "../../peers/connection_messages.ts";
import { u32Bytes } from "../../peers/raw_packet.ts";
import { observeMessage } from "./message_readings.ts";
import type { MessageCase } from "./messages_shape.ts";

type Form = Struct<Definition>;

/** Words of 8 bytes that messages of a GPADL carry here, where more than one fit. */
const WORDS = 3;

/** Bytes from which the fields of a form are read, so that each has the value which the pattern's name says. */
const PATTERNS:
  readonly (readonly [name: string, description: string, byteAt: (at: number) => number])[] = [
    ["counted", "each field has bytes that no other has", (at) => at + 1],
    ["zero", "each field is 0", () => 0],
    ["ones", "each field has the largest value that a writer of this package gives it", () => 0xff],
  ];

/** Where the fields of a message may go on to the end. */
function isOpen(form: Form): boolean {
  return form.list.some(({ type }) => type.kind === "bytes" && !type.isFixed);
}

/** A message in that form, whose fields are read from a pattern, in the bytes that our own writer makes of it. */
function messageOf(
  name: ControlMessageName,
  form: Form,
  byteAt: (at: number) => number,
): Uint8Array {
  const byteCount = form.byteCount + (isOpen(form) ? 8 * WORDS : 0);
  const record = form.decode(Uint8Array.from({ length: byteCount }, (_, at) => byteAt(at)));
  if (record instanceof Damage) throw new Error(`${name}: ${record.reason}`);
  return CONTROL_MESSAGE.encode({ message: name, ...record } as ControlMessage);
}

/** `bytes` with others behind them, up to `byteCount`. */
function longer(bytes: Uint8Array, byteCount: number): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, at) => bytes[at] ?? 0xee);
}

/** The cases of one form. */
function casesOfForm(name: ControlMessageName, form: Form): readonly MessageCase[] {
  const { number } = MESSAGE_RULES[name];
  const title = `${name}-${form.byteCount}`;
  const what = `message ${number}, ${name}, of ${form.byteCount} bytes`;
  const [counted] = PATTERNS;
  const bytes = messageOf(name, form, counted![2]);
  const sizes = isOpen(form) ? openSizes(form) : [
    ["tail", "a byte more than it has, which is ignored", form.byteCount + 1],
    [
      "padded",
      "as many bytes as a message can have: what follows it is ignored",
      CONTROL_MESSAGE_BYTES_MAX,
    ],
    ["short", "a byte less than it has", form.byteCount - 1],
  ] as const;
  return [
    ...PATTERNS.map(([pattern, description, byteAt]) =>
      caseOf(`${title}-${pattern}`, `${what}: ${description}`, messageOf(name, form, byteAt))
    ),
    ...sizes.map(([size, description, byteCount]) =>
      caseOf(
        `${title}-${size}`,
        `${what}: ${description}`,
        longer(bytes, byteCount).slice(0, byteCount),
      )
    ),
  ];
}

/** Sizes of a message whose words go on to its end. */
function openSizes({ byteCount }: Form) {
  const wordsMax = Math.floor((CONTROL_MESSAGE_BYTES_MAX - byteCount) / 8);
  return [
    ["no-words", "no word", byteCount],
    ["most-words", `${wordsMax} words, the most that fit`, byteCount + 8 * wordsMax],
    ["padded", "as many bytes as a message can have", CONTROL_MESSAGE_BYTES_MAX],
    ["half-word", "half a word more than it has, which is ignored", byteCount + 8 * WORDS + 4],
    ["short", "a byte less than its fields have", byteCount - 1],
  ] as const;
}

function caseOf(name: string, description: string, bytes: Uint8Array): MessageCase {
  const hex = bytesToHex(bytes);
  return { name, description, hex, ...observeMessage(hex) };
}

/** What is no message, whatever follows its number. */
function noMessages(): readonly MessageCase[] {
  const numbers = [0, MESSAGE_NUMBER_MAX + 1, 0xff, 0x0100_0001, 0xffff_ffff];
  const whole = encodeControlMessage({ message: "requestOffers" });
  return [
    caseOf("hostile-empty", "no byte at all", new Uint8Array(0)),
    caseOf("hostile-number-alone", "a number without the padding behind it", whole.slice(0, 4)),
    caseOf("hostile-header-short", "a header that lacks a byte", whole.slice(0, 7)),
    caseOf(
      "hostile-too-large",
      "a byte more than any message has",
      longer(whole, CONTROL_MESSAGE_BYTES_MAX + 1),
    ),
    ...numbers.map((number) =>
      caseOf(`hostile-number-${number}`, `a number without a message`, u32Bytes(number, 0))
    ),
    caseOf(
      "hostile-padding",
      "padding of the header that is not 0: it is ignored",
      longer(whole.slice(0, 4), 8),
    ),
  ];
}

/** Contacts that promise to say who the guest is (wire.md 5.1). */
function contacts(): readonly MessageCase[] {
  const named = encodeControlMessage(contactMessage("6.0", { features: FEATURES.clientId }));
  const older = encodeControlMessage(contactMessage("5.3"));
  return [
    caseOf(
      "contact-client-id",
      "a contact in 6.0 with the feature of the client id, and with the id",
      named,
    ),
    caseOf(
      "hostile-contact-client-id",
      "the same without the id: too small by what it says itself",
      named.slice(0, 40),
    ),
    caseOf("contact-older", "a contact in 5.3, which has no features", older),
  ];
}

/** All cases. */
export function messageCases(): readonly MessageCase[] {
  const names = Object.keys(MESSAGE_RULES) as readonly ControlMessageName[];
  const cases = names.flatMap((name) =>
    formsOf(name).toReversed().flatMap((form) => casesOfForm(name, form))
  );
  return [...cases, ...contacts(), ...noMessages()];
}
