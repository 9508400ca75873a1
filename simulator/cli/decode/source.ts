/**
 * The bytes of what `decode` reads, as they come: a long trace is not held whole.
 *
 * @module
 */

import { MACHINE } from "../file_system.ts";
import { openToRead } from "../opened_file.ts";

/** Bytes that are read at once. */
const CHUNK_BYTES = 2 ** 16;

/** No line of a trace is so long: what is behind it is left out. */
const LINE_CHARACTERS_MAX = 2 ** 16;

/** Some of the bytes at the beginning, and all of them. */
export interface Source {
  /** The first bytes: as many as are read at once, or all there are. */
  readonly head: Uint8Array;
  /** All bytes, those of the head included; asked for once. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** The chunks of a file. */
async function* chunksOfFile(path: string): AsyncGenerator<Uint8Array> {
  const { file: open } = await openToRead(MACHINE, path, path);
  using file = open;
  for (let at = 0;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = file.read(at, chunk);
    if (count === 0) return;
    at += count;
    yield chunk.subarray(0, count);
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * Opens a file, or what comes from `stdin` where there is no path.
 *
 * @throws {UsageError} It cannot be read.
 */
export async function openSource(
  path: string | null,
  stdin: ReadableStream<Uint8Array>,
): Promise<Source> {
  const all = path === null ? stdin.values() : chunksOfFile(path);
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < CHUNK_BYTES) {
    const { done, value } = await all.next();
    if (done) break;
    first.push(value);
    length += value.length;
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* first;
    first.length = 0;
    yield* all;
  }
  return { head: joined(first), chunks: chunks() };
}

/** All bytes of a source; null: there are more than `max`. */
export async function wholeOf({ chunks }: Source, max: number): Promise<Uint8Array | null> {
  const all: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    all.push(chunk);
    length += chunk.length;
    if (length > max) return null;
  }
  return joined(all);
}

/** The lines of a source, without what ends them. */
export async function* linesOfSource({ chunks }: Source): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = (lines.pop() ?? "").slice(0, LINE_CHARACTERS_MAX);
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
