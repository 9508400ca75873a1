/**
 * The fields of the dissector: for each field of a layout one of Wireshark's, with the name by which filters know it.
 *
 * @module
 */

import type {
  BitType,
  BytesType,
  ChoiceType,
  ConstantType,
  LimitedType,
  NumberLook,
  NumberType,
  Type,
  WideType,
} from "../../core/layout/mod.ts";

/** A field of the dissector. */
export interface FilterField {
  /** What filters call it: `vmbus.channel_id`. */
  readonly filter: string;
  /** How Lua makes it. */
  readonly made: string;
  /** What its values are called; null: they have no names. */
  readonly names: Readonly<Record<string, number>> | null;
}

/** `channelId` as a filter says it: `channel_id`. */
export function filterWord(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/** A text as Lua has it. */
export function luaText(text: string): string {
  return JSON.stringify(text);
}

/** The plain number that a type is on the wire, however it is shown; null: it is not a number. */
export function numberOf(type: Type<unknown>): NumberType | WideType<number> | null {
  switch (type.kind) {
    case "u8":
    case "u16":
    case "u32":
      return "number" in type ? (type as LimitedType).number : type as NumberType;
    case "u64":
      return type as WideType<number>;
    case "choice":
      return (type as ChoiceType<string>).number;
    case "constant":
      return (type as ConstantType).number;
    case "bit":
      return (type as BitType).number;
    default:
      return null;
  }
}

/** The names of a field's values; null: they have none. */
function namesOf(type: Type<unknown>): Readonly<Record<string, number>> | null {
  if (type.kind === "choice") return (type as ChoiceType<string>).names;
  return lookOf(type).names ?? null;
}

/**
 * Whether a field shows the name before the number, and calls values without a name unknown: where most have one. Else
 * the name follows the number.
 */
function isEnumeration(type: Type<unknown>): boolean {
  return type.kind === "choice" || Object.keys(namesOf(type) ?? {}).length > 1;
}

/** Whether its values have names. */
export function hasNames(type: Type<unknown>): boolean {
  return namesOf(type) !== null;
}

/** Whether a name follows the number, where the value has one. */
export function isNameBehind(type: Type<unknown>): boolean {
  return hasNames(type) && !isEnumeration(type);
}

/** How a number is shown. */
export function lookOf(type: Type<unknown>): NumberLook {
  return numberOf(type)?.look ?? {};
}

/** A table of names by value, in Lua. */
export function namesTable(names: Readonly<Record<string, number>>): string {
  const members = Object.entries(names).map(([name, value]) => `[${value}] = ${luaText(name)}`);
  return `{ ${members.join(", ")} }`;
}

/** What one of several is called. */
export function oneOfUnit(unit: string): string {
  return unit.replace(/^(\w+)s\b/, "$1");
}

/** One and several of a unit, as Wireshark puts them behind a number. */
function unitTable(unit: string): string {
  return `{ ${luaText(` ${oneOfUnit(unit)}`)}, ${luaText(` ${unit}`)} }`;
}

function numberField(filter: string, name: string, type: Type<unknown>, unit: string): string {
  const number = numberOf(type)!;
  const { radix, flags } = lookOf(type);
  const names = namesOf(type);
  const isHex = radix === 16 || flags !== undefined;
  const bits = number.byteCount * 8;
  if (type.kind === "bit") {
    const mask = (type as BitType).mask;
    return `ProtoField.bool(${luaText(filter)}, ${luaText(name)}, ${bits}, nil, ${mask})`;
  }
  const words = `ProtoField.uint${bits}(${luaText(filter)}, ${luaText(name)}`;
  const base = isHex ? "base.HEX" : "base.DEC";
  // Wireshark shows names or a unit, not both.
  if (names !== null && isEnumeration(type)) return `${words}, ${base}, names[${luaText(filter)}])`;
  if (unit === "" || isHex) return `${words}, ${base})`;
  return `${words}, base.UNIT_STRING, ${unitTable(unit)})`;
}

function madeOf(filter: string, name: string, type: Type<unknown>, unit: string): string {
  const words = `${luaText(filter)}, ${luaText(name)}`;
  if (numberOf(type) !== null) return numberField(filter, name, type, unit);
  switch (type.kind) {
    case "guid":
      return `ProtoField.guid(${words})`;
    case "text":
      return `ProtoField.string(${words})`;
    case "bytes":
    case "reserved":
      return `ProtoField.bytes(${words})`;
    default:
      return `ProtoField.none(${words})`;
  }
}

/** All fields of the dissector, each once: those of one group that are alike are one. */
export class FilterFields {
  readonly #made = new Map<string, FilterField>();

  /** Every field, in the order in which they were asked for. */
  get all(): readonly FilterField[] {
    return [...this.#made.values()];
  }

  /**
   * The filter of the field `name`: one that is alike in all of its `group`, or, where another of that name is not, one
   * that says of which struct it is.
   */
  filterOf(group: string, owner: string, name: string, type: Type<unknown>, unit: string): string {
    const words = [group, filterWord(name)].filter((word) => word !== "");
    const plain = ["vmbus", ...words].join(".");
    if (this.#take(plain, name, type, unit)) return plain;
    const owned = ["vmbus", group, filterWord(owner.replaceAll(" ", "_")), filterWord(name)]
      .filter((word) => word !== "").join(".");
    if (this.#take(owned, name, type, unit)) return owned;
    throw new Error(`Cannot name a field of the dissector: ${owned} is two fields`);
  }

  /** Whether the filter stands for a field that is made so. */
  #take(filter: string, name: string, type: Type<unknown>, unit: string): boolean {
    const field = { filter, made: madeOf(filter, name, type, unit), names: namesOf(type) };
    const known = this.#made.get(filter);
    if (known === undefined) this.#made.set(filter, field);
    return known === undefined || JSON.stringify(known) === JSON.stringify(field);
  }
}

/** What a bytes type's length is a multiple of. */
export function unitBytesOf(type: Type<unknown>): number {
  return (type as BytesType).unitBytes;
}
