/**
 * A saved guest taken apart for changes by hand.
 *
 * @module
 */

import { PARTITION_CHUNKS } from "../../../actors/saving/partition_image.ts";
import type { ChunkKind } from "../../../core/saved/chunks.ts";
import { readEnvelope, type SavedChunk, writeEnvelope } from "../../../core/saved/envelope.ts";

// deno-lint-ignore no-explicit-any -- tests reach into every corner of it
type Fields = any;

/** The chunks by what they are; each may be changed in place. */
export interface SavedParts {
  readonly header: Fields;
  readonly drivers: Fields[];
  readonly memory: Fields;
  readonly pages: Fields[];
  readonly clients: Fields[];
  readonly guestEnd: Fields;
  readonly hostEnd: Fields;
  readonly work: Fields;
}

/** A saved guest with `change` made to it, its checksums computed anew. */
export function withParts(bytes: Uint8Array, change: (parts: SavedParts) => void): Uint8Array {
  const chunks = structuredClone(readEnvelope("partition", bytes)) as SavedChunk[];
  const kinds = PARTITION_CHUNKS;
  const all = ({ type }: ChunkKind<unknown>): Fields[] =>
    chunks.filter((chunk) => chunk.type === type).map(({ data }) => data);
  const parts = {
    header: all(kinds.header)[0],
    drivers: all(kinds.driver),
    memory: all(kinds.memory)[0],
    pages: all(kinds.pages),
    clients: all(kinds.client),
    guestEnd: all(kinds.guestEnd)[0],
    hostEnd: all(kinds.hostEnd)[0],
    work: all(kinds.work)[0],
  };
  change(parts);
  const chunksOf = ({ type }: ChunkKind<unknown>, datas: Fields[]) =>
    datas.map((data) => ({ type, data }));
  return writeEnvelope("partition", [
    ...chunksOf(kinds.header, [parts.header]),
    ...chunksOf(kinds.driver, parts.drivers),
    ...chunksOf(kinds.memory, [parts.memory]),
    ...chunksOf(kinds.pages, parts.pages),
    ...chunksOf(kinds.mmioPages, all(kinds.mmioPages)),
    ...chunksOf(kinds.client, parts.clients),
    ...chunksOf(kinds.guestEnd, [parts.guestEnd]),
    ...chunksOf(kinds.hostEnd, [parts.hostEnd]),
    ...chunksOf(kinds.work, [parts.work]),
  ]);
}
