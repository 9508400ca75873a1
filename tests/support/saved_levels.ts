/**
 * A saved machine taken apart, level by level, for changes by hand.
 *
 * @module
 */

import { LEVELS_MAX, PARTITION_CHUNKS } from "../../actors/saving/partition_image.ts";
import { groupsOf, inGroup } from "../../core/saved/chunks.ts";
import { readEnvelope, type SavedChunk, writeEnvelope } from "../../core/saved/envelope.ts";

type Kind = keyof typeof PARTITION_CHUNKS;
// deno-lint-ignore no-explicit-any -- tests reach into every corner of it
type Fields = any;

/** The chunks of one level. */
export class LevelParts {
  /** The chunks. */
  chunks: SavedChunk[];

  constructor(chunks: readonly SavedChunk[]) {
    this.chunks = structuredClone(chunks) as SavedChunk[];
  }

  /** What the first chunk of a kind holds, to be changed in place. */
  one(kind: Kind): Fields {
    return this.chunks.find(({ type }) => type === PARTITION_CHUNKS[kind].type)?.data;
  }

  /** Takes out the chunks of a kind. */
  drop(kind: Kind): void {
    this.chunks = this.chunks.filter(({ type }) => type !== PARTITION_CHUNKS[kind].type);
  }

  /** One more chunk of a kind, in its place. */
  add(kind: Kind, data: Fields): void {
    this.chunks.push({ type: PARTITION_CHUNKS[kind].type, data });
    this.chunks.sort((a, b) => a.type - b.type);
  }
}

/** A saved machine with `change` made to its levels, its checksums computed anew. */
export function withLevels(
  bytes: Uint8Array,
  change: (levels: readonly LevelParts[]) => void,
): Uint8Array {
  const levels = groupsOf(readEnvelope("partition", bytes), LEVELS_MAX)
    .map((chunks) => new LevelParts(chunks));
  change(levels);
  return writeEnvelope(
    "partition",
    levels.flatMap(({ chunks }, place) => chunks.map((chunk) => inGroup(chunk, place))),
  );
}
