/**
 * A hostile saver: it changes what was saved, anywhere, and computes the checksums anew.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import { EnvelopeWriter, joined, type SavedChunk } from "../../core/saved/envelope.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";

type Parent = PlainData[] | Record<string, PlainData>;

/** A place in a tree of plain data. */
interface Place {
  readonly parent: Parent;
  readonly key: string;
}

function pick<T>(chance: Chance, list: readonly T[]): T {
  return list[chance.below(list.length)]!;
}

/** Every place in `parent` and below. */
function placesIn(parent: Parent): Place[] {
  return Object.entries(parent).flatMap(([key, value]) => {
    const isTree = typeof value === "object" && value !== null && !(value instanceof Uint8Array);
    return [{ parent, key }, ...(isTree ? placesIn(value as Parent) : [])];
  });
}

const WORDS = [
  "",
  "x",
  "paused",
  "fresh",
  "suspended",
  "ready",
  "running",
  "opened",
  "closed",
  "idle",
  "wanted",
  "owned",
  "pooled",
  "queued",
  "awaiting",
  "withdrawn",
  "ended",
  "sound",
  "faulted",
  "saving",
  "lookaside",
  "request",
  "initialized",
  "packetFailed",
  "__proto__x",
];
const NUMBERS = [
  0,
  1,
  2,
  3,
  7,
  8,
  4095,
  4096,
  2047,
  2048,
  65_535,
  65_536,
  2 ** 24 - 1,
  2 ** 24,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  2 ** 60,
  -1,
  0.5,
  NaN,
  Infinity,
];

function otherNumber(chance: Chance, value: number): number {
  const near = [value + 1, value - 1, value * 2, value + 8, value - 8, value + 4096];
  return chance.below(2) === 0 ? pick(chance, near) : pick(chance, NUMBERS);
}

function otherBytes(chance: Chance, value: Uint8Array): Uint8Array {
  const ways: readonly (() => Uint8Array)[] = [
    () => new Uint8Array(0),
    () => value.subarray(0, chance.below(value.length + 1)),
    () => Uint8Array.from([...value, 7]),
    () => chance.bytes(chance.below(6000)),
  ];
  return pick(chance, ways)();
}

/** Another value of the same kind. */
function alike(chance: Chance, value: PlainData): PlainData {
  if (typeof value === "number") return otherNumber(chance, value);
  if (typeof value === "string") return pick(chance, WORDS);
  if (typeof value === "boolean") return !value;
  if (value instanceof Uint8Array) return otherBytes(chance, value);
  if (Array.isArray(value)) return otherList(chance, value);
  return null;
}

function otherList(chance: Chance, list: readonly PlainData[]): PlainData[] {
  const copy = [...list];
  const at = chance.below(list.length + 1);
  const ways: readonly (() => unknown)[] = [
    () => copy.splice(at, 1),
    () => copy.splice(at, 0, structuredClone(list[chance.below(list.length + 1)] ?? 0)),
    () => copy.reverse(),
    () => copy.splice(0),
    () => copy.push(pick(chance, NUMBERS)),
  ];
  pick(chance, ways)();
  return copy;
}

/** A value of any kind. */
function anything(chance: Chance): PlainData {
  const values: readonly PlainData[] = [
    null,
    true,
    pick(chance, NUMBERS),
    5n,
    pick(chance, WORDS),
    chance.bytes(chance.below(9)),
    [],
    [pick(chance, NUMBERS)],
    {},
    { state: "x" },
    nested(chance.below(18)),
  ];
  return pick(chance, values);
}

function nested(depth: number): PlainData {
  let data: PlainData = 0;
  for (let level = 0; level < depth; level++) data = [data];
  return data;
}

function set({ parent, key }: Place, value: PlainData): void {
  (parent as Record<string, PlainData>)[key] = value;
}

function valueAt({ parent, key }: Place): PlainData {
  return (parent as Record<string, PlainData>)[key]!;
}

/** Changes one place of `root`, which is its own to change. */
function changeOne(chance: Chance, root: Parent): void {
  const places = placesIn(root);
  if (places.length === 0) return;
  const place = pick(chance, places);
  const value = valueAt(place);
  const other = pick(chance, places);
  const ways: readonly (() => void)[] = [
    () => set(place, alike(chance, value)),
    () => set(place, alike(chance, value)),
    () => set(place, alike(chance, value)),
    () => set(place, anything(chance)),
    () => void Reflect.deleteProperty(place.parent, place.key),
    () => {
      if (!Array.isArray(place.parent)) place.parent[pick(chance, WORDS)] = anything(chance);
    },
    () => set(place, structuredClone(valueAt(other))),
  ];
  pick(chance, ways)();
}

/** The chunks with a few changes: of fields, mostly; of chunks, at times. Unchanged ones are the same objects. */
export function changeChunks(chance: Chance, chunks: readonly SavedChunk[]): SavedChunk[] {
  const root = [...chunks];
  for (let changes = 1 + chance.below(3); changes > 0 && root.length > 0; changes--) {
    const index = chance.below(root.length);
    const ways = chance.below(40);
    if (ways === 0) root.splice(index, 1);
    else if (ways === 1) root.splice(index, 0, root[chance.below(root.length)]!);
    else if (ways === 2) root[index] = { type: 1 + chance.below(6), data: root[index]!.data };
    else if (ways === 3) root.reverse();
    else root[index] = changeChunk(chance, root[index]!);
  }
  return root;
}

function changeChunk(chance: Chance, chunk: SavedChunk): SavedChunk {
  const { type, data } = structuredClone(chunk) as { type: number; data: PlainData };
  const holder = { type, data };
  changeOne(chance, holder);
  return { type: chunkType(holder.type), data: withoutHoles(holder.data ?? null) };
}

const written = new WeakMap<SavedChunk, Uint8Array>();

/** The envelope of a saved channel with these chunks; one that was written before is not written again. */
export function writeChunks(chunks: readonly SavedChunk[]): Uint8Array {
  const writer = new EnvelopeWriter("channel");
  const pieces = [writer.header()];
  for (const chunk of chunks) {
    const bytes = written.get(chunk) ?? new EnvelopeWriter("channel").chunk(chunk.type, chunk.data);
    written.set(chunk, bytes);
    pieces.push(bytes);
  }
  return joined([...pieces, endOf(chunks.length)]);
}

const ends: Uint8Array[] = [];

function endOf(count: number): Uint8Array {
  let end = ends[count];
  if (end === undefined) {
    const writer = new EnvelopeWriter("channel");
    for (let chunk = 0; chunk < count; chunk++) writer.chunk(1, null);
    end = writer.end();
    ends[count] = end;
  }
  return end;
}

/** A type that an envelope can carry at all. */
function chunkType(type: unknown): number {
  return typeof type === "number" && type >>> 0 === type && type > 0 ? type : 9;
}

/** Deleting a member of a list leaves a hole, which no plain data has. */
function withoutHoles(data: PlainData): PlainData {
  if (Array.isArray(data)) return Array.from(data, (value) => withoutHoles(value ?? null));
  if (typeof data !== "object" || data === null || data instanceof Uint8Array) return data;
  const entries = Object.entries(data).filter(([key]) => key !== "__proto__");
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutHoles(value)]));
}
