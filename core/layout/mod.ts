/**
 * Layouts of packets and of shared memory, each said once: from one definition follow the encoder, the decoder, the
 * TypeScript type, and the list of fields that traces, pages and the command `decode` show. VMBus's own bytes are
 * written in it ([wire.md](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)), and so may a driver pair's be.
 *
 * @example
 * ```ts
 * import { bit, Damage, fieldsOf, type LayoutValue, oneOf, struct, u16, u8 } from "@vmbus/kmcl/layout";
 *
 * const REQUEST = struct("request", 4, {
 *   kind: [0, oneOf(u8, ["read", "write"])],
 *   isUrgent: [1, bit(u8, 0)],
 *   blockCount: [2, u16, "blocks"],
 * });
 * type Request = LayoutValue<typeof REQUEST>;
 *
 * const request: Request = { kind: "write", isUrgent: false, blockCount: 3 };
 * const bytes = REQUEST.encode(request);
 * const decoded = REQUEST.decode(bytes);
 * if (decoded instanceof Damage) throw new Error(decoded.reason);
 * console.log(fieldsOf(REQUEST, bytes).fields.map(({ name, text }) => `${name}: ${text}`));
 * // [ "kind: 1 (write)", "isUrgent: no", "blockCount: 3 blocks" ]
 * ```
 *
 * @module
 */

export { array } from "./array.ts";
export type { ArrayType, Count } from "./array.ts";
export { bytes, bytesToEnd, guid, reserved, text } from "./areas.ts";
export type { BytesType } from "./areas.ts";
export { bit, constant, oneOf, within } from "./choices.ts";
export type { BitType, ChoiceType, ConstantType, LimitedType } from "./choices.ts";
export { fieldsOf } from "./fields.ts";
export type { DecodedField, DecodedFields } from "./fields.ts";
export { Field, Layout, Struct, struct } from "./layout.ts";
export type { Definition, FieldDefinition, Growing, LayoutValue, RecordOf } from "./layout.ts";
export { bigEndian, flags, hex, named, size64, u16, u32, u64, u8 } from "./numbers.ts";
export type { Looked, Names, NumberLook, NumberType, Ordered, WideType } from "./numbers.ts";
export { Damage } from "./type.ts";
export type { DamageKind, Kind, Type, TypeValue, Values } from "./type.ts";
export { byField, bySize } from "./variants.ts";
export type {
  Bodies,
  Body,
  FormRecord,
  Joined,
  SizedForm,
  SizedLayout,
  TaggedLayout,
  TaggedRecord,
  TagNames,
} from "./variants.ts";
