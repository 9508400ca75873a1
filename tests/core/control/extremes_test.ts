// Each field of each form of each message at the ends of its C type, and each message in each version.

import { assert, assertEquals } from "@std/assert";
import { Chance } from "../../../core/chance.ts";
import {
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
} from "../../../core/control/codec.ts";
import { CONTROL_MESSAGE, formsOf } from "../../../core/control/layouts.ts";
import {
  CONTROL_MESSAGE_BYTES_MAX,
  type ControlMessage,
  type ControlMessageName,
} from "../../../core/control/messages.ts";
import {
  type Agreed,
  FEATURES,
  FEATURES_KNOWN,
  protocolOf,
  refusalOf,
  VERSIONS,
} from "../../../core/control/versions.ts";
import type { Field } from "../../../core/layout/mod.ts";
import { corruptMessage, drawControlMessage } from "../../../simulator/peers/mod.ts";

const NAMES = [...CONTROL_MESSAGE.bodies.keys()] as readonly ControlMessageName[];
/** All that two ends can have agreed on, but for which of the features. */
const AGREED: readonly Agreed[] = [
  "any",
  "disconnected",
  ...VERSIONS.map((version) => protocolOf(version)),
  ...Object.values(FEATURES).map((feature) => protocolOf("6.0", feature)),
  protocolOf("6.0", FEATURES_KNOWN),
];

/** The ends of a field's C type. */
function extremesOf({ type }: Field, byteCount: number): readonly unknown[] {
  switch (type.kind) {
    case "bit":
      return [false, true];
    case "guid":
      return ["0", "f"].map((digit) =>
        "00000000-0000-0000-0000-000000000000".replaceAll("0", digit)
      );
    case "bytes": {
      const most = type.isFixed ? type.byteCount : CONTROL_MESSAGE_BYTES_MAX - byteCount & ~7;
      const full = new Uint8Array(most).fill(0xff);
      return type.isFixed ? [new Uint8Array(most), full] : [new Uint8Array(0), full];
    }
    case "u64": // an address has as many bits as a number has
      return type.fits(2n ** 64n - 1n) ? [0, 2n ** 64n - 1n] : [0, Number.MAX_SAFE_INTEGER];
    default:
      return [0, 2 ** (8 * type.byteCount) - 1];
  }
}

/** The forms of a message with all fields at one end, and each with one of them at the other. */
function extremeMessages(message: ControlMessageName): readonly ControlMessage[] {
  return formsOf(message).flatMap(({ list, byteCount }) => {
    const fields = list.filter(({ type }) => !type.isSilent)
      .map((field) => [field.name, extremesOf(field, byteCount)] as const);
    const at = (end: number, other = "") =>
      Object.fromEntries(
        fields.map(([name, ends]) => [name, ends[name === other ? 1 - end : end]]),
      );
    const all = [0, 1].flatMap((end) => [at(end), ...fields.map(([name]) => at(end, name))]);
    return all.map((values) => ({ ...values, message }) as ControlMessage);
  });
}

// wire.md 4.2, 5.1: a contact in a version that has no flags may have any bits there.
Deno.test("decodeControlMessage: each field of each form comes through at both ends of its type", () => {
  let count = 0;
  for (const message of NAMES.flatMap(extremeMessages)) {
    assertEquals(decodeControlMessage(encodeControlMessage(message)), message);
    count++;
  }
  assert(count > 250, `${count} messages`);
});

// wire.md 4.2: below its lowest version, without its feature and without a connection it is none.
Deno.test("decodeControlMessage: what may not be said is unexpectedMessage, whatever its fields hold", () => {
  for (const name of NAMES) {
    for (const message of extremeMessages(name)) {
      const bytes = new Uint8Array(CONTROL_MESSAGE_BYTES_MAX);
      bytes.set(encodeControlMessage(message));
      for (const agreed of AGREED) {
        const decoded = decodeControlMessage(bytes, agreed);
        const said = isControlFault(decoded) ? decoded : decoded.message;
        assertEquals(said, refusalOf(name, agreed) === null ? name : "unexpectedMessage");
      }
    }
  }
});

// wire.md 4.1: what the peer sends is a message or a named fault, whatever was agreed on.
Deno.test("decodeControlMessage: damaged messages are a fault, or one that may be said", () => {
  const chance = Chance.fromSeed(15);
  const heard = new Set<string>();
  for (let round = 0; round < 4000; round++) {
    const bytes = encodeControlMessage(drawControlMessage(chance));
    const damaged = chance.below(3) === 0 ? bytes : corruptMessage(chance, bytes);
    const agreed = AGREED[chance.below(AGREED.length)]!;
    const decoded = decodeControlMessage(damaged, agreed);
    heard.add(isControlFault(decoded) ? decoded : decoded.message);
    if (isControlFault(decoded)) continue;
    assertEquals(refusalOf(decoded.message, agreed), null);
    assert(encodeControlMessage(decoded).length <= damaged.length);
  }
  assertEquals(heard.size, NAMES.length + 4, [...heard].join());
});
