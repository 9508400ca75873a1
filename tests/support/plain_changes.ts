/**
 * Changes of plain data such as a hostile saver makes: anywhere, to what lies near, to what belongs
 * elsewhere, or to anything at all.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import { areEqual, encodePlainData, type PlainData } from "../../core/saved/plain_data.ts";

type Path = readonly (string | number)[];

/** What was changed, in words that tell one change from another. */
export interface Change {
  readonly data: PlainData;
  readonly what: string;
}

const NUMBERS: readonly number[] = [
  0,
  1,
  2,
  3,
  7,
  8,
  255,
  256,
  2047,
  2048,
  4095,
  4096,
  4097,
  0xffff,
  0x1_0000,
  0xff_ffff,
  0x100_0000,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_fff8,
  0xffff_ffff,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  1e300,
  -1,
  -4096,
  0.5,
  NaN,
  Infinity,
  -Infinity,
];

const STRANGERS: readonly PlainData[] = [
  null,
  true,
  false,
  0,
  -1,
  1n,
  -1n,
  2n ** 64n - 1n,
  "",
  "x",
  "__proto",
  "constructor",
  "toString",
  [],
  {},
  [[]],
  { value: 0 },
  new Uint8Array(0),
  new Uint8Array(3),
  Array.from({ length: 300 }, () => 0),
];

function isRecord(data: PlainData): data is { readonly [key: string]: PlainData } {
  return typeof data === "object" && data !== null && !Array.isArray(data) &&
    !(data instanceof Uint8Array);
}

function isList(data: PlainData): data is readonly PlainData[] {
  return Array.isArray(data);
}

/** Values by the key that they stood under, wherever that was: what else a field might hold. */
export class Donors {
  readonly #byKey = new Map<string, PlainData[]>();

  /** Takes up all that lies in `data`. */
  add(data: PlainData, key: string): void {
    const donors = this.#byKey.get(key) ?? [];
    this.#byKey.set(key, donors);
    donors.push(data);
    if (isList(data)) { for (const member of data) this.add(member, `${key}[]`); }
    else if (isRecord(data)) {
      for (const [name, member] of Object.entries(data)) this.add(member, name);
    }
  }

  /** One that stood under `key`. */
  draw(chance: Chance, key: string): PlainData {
    const donors = this.#byKey.get(key) ?? [null];
    return donors[chance.below(donors.length)]!;
  }
}

/** Every place in `data`, as a path with the key that it stands under. */
export function placesOf(
  data: PlainData,
  key: string,
  path: Path = [],
): readonly { readonly path: Path; readonly key: string }[] {
  const here = { path, key };
  if (isList(data)) {
    return [here, ...data.flatMap((member, at) => placesOf(member, `${key}[]`, [...path, at]))];
  }
  if (!isRecord(data)) return [here];
  return [
    here,
    ...Object.entries(data).flatMap(([name, member]) => placesOf(member, name, [...path, name])),
  ];
}

/** What lies at `path`; undefined where an earlier change took it away. */
export function dataAt(data: PlainData, path: Path): PlainData | undefined {
  let at: PlainData | undefined = data;
  for (const key of path) {
    if (at === undefined || at === null || typeof at !== "object" || !Object.hasOwn(at, key)) {
      return undefined;
    }
    at = (at as { readonly [key: string]: PlainData })[key];
  }
  return at;
}

/** `data` with `value` at `path`; all else is shared. */
export function withAt(data: PlainData, path: Path, value: PlainData): PlainData {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (isList(data)) {
    return data.map((member, at) => at === key ? withAt(member, rest, value) : member);
  }
  if (!isRecord(data)) return data;
  return { ...data, [key]: withAt(data[key]!, rest, value) };
}

/** Another value than `data`, which stands under `key`. */
export function changed(chance: Chance, data: PlainData, key: string, donors: Donors): PlainData {
  const bytes = encodePlainData(data);
  for (;;) {
    const fresh = draw(chance, data, key, donors);
    if (!areEqual(encodePlainData(fresh), bytes)) return fresh;
  }
}

function draw(chance: Chance, data: PlainData, key: string, donors: Donors): PlainData {
  const way = chance.below(10);
  if (way < 3) return donors.draw(chance, key);
  if (way === 3) return STRANGERS[chance.below(STRANGERS.length)]!;
  if (typeof data === "number") return changedNumber(chance, data);
  if (typeof data === "boolean") return !data;
  if (typeof data === "string") return changedText(chance, data);
  if (data instanceof Uint8Array) return changedBytes(chance, data);
  if (isList(data)) return changedList(chance, data, key, donors);
  if (isRecord(data)) return changedRecord(chance, data, donors);
  return data === null ? nested(chance.below(50)) : null;
}

function changedNumber(chance: Chance, value: number): PlainData {
  switch (chance.below(5)) {
    case 0:
      return value + 1;
    case 1:
      return value - 1;
    case 2:
      return value + 8 * (chance.below(64) - 32);
    case 3:
      return Number.isSafeInteger(value) ? BigInt(value) : 0n;
    default:
      return NUMBERS[chance.below(NUMBERS.length)]!;
  }
}

function changedText(chance: Chance, text: string): string {
  const at = chance.below(text.length + 1);
  const ways = [text.slice(0, at), text + text, text.toUpperCase(), `${text.slice(0, at)}1`, "\0"];
  return ways[chance.below(ways.length)]!;
}

function changedBytes(chance: Chance, bytes: Uint8Array): Uint8Array {
  const at = chance.below(bytes.length + 1);
  if (chance.below(3) === 0) return bytes.slice(0, at);
  const longer = new Uint8Array(bytes.length + (chance.below(3) === 0 ? chance.below(20) : 0));
  longer.set(bytes);
  if (at < longer.length) longer[at] = chance.below(256);
  return longer;
}

function changedList(
  chance: Chance,
  list: readonly PlainData[],
  key: string,
  donors: Donors,
): readonly PlainData[] {
  const at = chance.below(list.length + 1);
  const donor = donors.draw(chance, `${key}[]`);
  const ways: readonly (readonly PlainData[])[] = [
    list.toSpliced(at, 1),
    list.toSpliced(at, 0, donor),
    list.toSpliced(at, 0, list[at] ?? 0),
    list.toReversed(),
    [],
  ];
  return ways[chance.below(ways.length)]!;
}

function changedRecord(
  chance: Chance,
  record: { readonly [key: string]: PlainData },
  donors: Donors,
): PlainData {
  const keys = Object.keys(record);
  const key = keys[chance.below(Math.max(keys.length, 1))] ?? "value";
  switch (chance.below(4)) {
    case 0: {
      const { [key]: _, ...rest } = record;
      return rest;
    }
    case 1:
      return { ...record, [`${key}2`]: 0 };
    case 2:
      return { ...record, [key]: donors.draw(chance, key) };
    default:
      return Object.values(record);
  }
}

function nested(depth: number): PlainData {
  let data: PlainData = 0;
  for (let level = 0; level < depth; level++) data = level % 2 === 0 ? [data] : { value: data };
  return data;
}
