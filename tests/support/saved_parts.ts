/**
 * A saved guest taken apart for changes by hand.
 *
 * @module
 */

import { PARTITION_CHUNKS } from "../../actors/saving/write_partition.ts";
import { readEnvelope, type SavedChunk, writeEnvelope } from "../../core/saved/envelope.ts";

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
  const all = (type: number): Fields[] =>
    chunks.filter((chunk) => chunk.type === type).map(({ data }) => data);
  const types = PARTITION_CHUNKS;
  const parts = {
    header: all(types.header)[0],
    drivers: all(types.driver),
    memory: all(types.memory)[0],
    pages: all(types.pages),
    clients: all(types.client),
    guestEnd: all(types.guestEnd)[0],
    hostEnd: all(types.hostEnd)[0],
    work: all(types.work)[0],
  };
  change(parts);
  const chunksOf = (type: number, datas: Fields[]) => datas.map((data) => ({ type, data }));
  return writeEnvelope("partition", [
    ...chunksOf(types.header, [parts.header]),
    ...chunksOf(types.driver, parts.drivers),
    ...chunksOf(types.memory, [parts.memory]),
    ...chunksOf(types.pages, parts.pages),
    ...chunksOf(types.mmioPages, all(types.mmioPages)),
    ...chunksOf(types.client, parts.clients),
    ...chunksOf(types.guestEnd, [parts.guestEnd]),
    ...chunksOf(types.hostEnd, [parts.hostEnd]),
    ...chunksOf(types.work, [parts.work]),
  ]);
}
