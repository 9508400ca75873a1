/**
 * The chunks of one envelope as a table of schemas: of which type each kind is, and what it holds.
 *
 * @module
 */

import type { SavedChunk } from "./envelope.ts";
import { throwDataError } from "./fault.ts";
import type { PlainData } from "./plain_data.ts";
import type { Schema, SchemaType } from "./schema.ts";

/** A kind of chunk. */
export interface ChunkKind<T> {
  /** Its type in the envelope. Chunks come in the order of their types. */
  readonly type: number;
  /** What it holds. */
  readonly holds: Schema<T>;
}

/** The kinds of chunk that an envelope has, by what they are called in refusals. */
export type ChunkKinds = { readonly [name: string]: ChunkKind<unknown> };

/** A chunk that holds `value`. */
export function chunkOf<T>({ type, holds }: ChunkKind<T>, value: T): SavedChunk {
  return { type, data: holds.save(value) };
}

/** Types from one group of chunks to the next: more than any envelope has kinds. */
export const GROUP_TYPES = 16;

/** `chunk` in group `group` of an envelope that has several of the same. */
export function inGroup({ type, data }: SavedChunk, group: number): SavedChunk {
  return { type: group * GROUP_TYPES + type, data };
}

/**
 * The chunks of an envelope by their groups, of which there is one at least, each as {@linkcode inGroup} was given
 * them. Throws a SavedStateFault where there are more than `groupsMax`, or they are not in order.
 */
export function groupsOf(
  chunks: readonly SavedChunk[],
  groupsMax: number,
): readonly (readonly SavedChunk[])[] {
  const groups: SavedChunk[][] = [[]];
  for (const { type, data } of chunks) {
    const group = Math.floor(type / GROUP_TYPES);
    if (group >= groupsMax) throwDataError(`no chunk has type ${type}`);
    if (group === groups.length) groups.push([]);
    if (group !== groups.length - 1) throwDataError("the chunks are not in order");
    groups[group]!.push({ type: type % GROUP_TYPES, data });
  }
  return groups;
}

/** The chunks of one envelope, or of one of its groups, which were read, taken apart by their kinds. */
export class SavedChunks<Kinds extends ChunkKinds> {
  readonly #kinds: Kinds;
  readonly #byType = new Map<number, PlainData[]>();

  /** Throws a SavedStateFault where a chunk is not of `kinds`, or they are not in order. */
  constructor(kinds: Kinds, chunks: readonly SavedChunk[]) {
    this.#kinds = kinds;
    for (const { type } of Object.values(kinds)) this.#byType.set(type, []);
    let last = 0;
    for (const { type, data } of chunks) {
      if (type < last) throwDataError("the chunks are not in order");
      last = type;
      const ofType = this.#byType.get(type) ?? throwDataError(`no chunk has type ${type}`);
      ofType.push(data);
    }
  }

  /** What the one chunk of a kind holds. */
  one<Name extends keyof Kinds & string>(name: Name): SchemaType<Kinds[Name]["holds"]> {
    const [data, more] = this.#of(name);
    if (data === undefined || more !== undefined) throwDataError(`there is not one chunk ${name}`);
    return this.#read(name, data, name);
  }

  /** Throws a SavedStateFault where there is a chunk of one of these kinds. */
  none(...names: readonly (keyof Kinds & string)[]): void {
    const name = names.find((each) => this.#of(each).length > 0);
    if (name !== undefined) throwDataError(`there must be no chunk ${name}`);
  }

  /** What the chunks of a kind hold, in order. */
  all<Name extends keyof Kinds & string>(
    name: Name,
  ): readonly SchemaType<Kinds[Name]["holds"]>[] {
    return this.#of(name).map((data, at) => this.#read(name, data, `${name} ${at}`));
  }

  #of(name: keyof Kinds): readonly PlainData[] {
    return this.#byType.get(this.#kinds[name]!.type)!;
  }

  #read<Name extends keyof Kinds>(
    name: Name,
    data: PlainData,
    where: string,
  ): SchemaType<Kinds[Name]["holds"]> {
    return this.#kinds[name]!.holds.read(data, () => where) as SchemaType<Kinds[Name]["holds"]>;
  }
}
