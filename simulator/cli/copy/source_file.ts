/**
 * The file that a guest copies: it is given, or made from the seed.
 *
 * @module
 */

import { Chance } from "../../../core/chance.ts";
import type { Source } from "../../../devices/streams.ts";
import { grouped } from "../../layout.ts";
import { cannot, type UsageError } from "../command.ts";
import type { FileSystem, OpenFile } from "../file_system.ts";
import { changeBetween, openToRead } from "../opened_file.ts";
import { digestOf } from "./digest.ts";

/** Bytes that are made at a time. */
const PIECE_BYTES = 2 ** 20;

/** Two changes that lie so close together can have the same time in some file systems. */
const TICK_MS_MAX = 2000;

/** Makes a file of `byteCount` bytes at `path`: the same for the same seed and scenario. */
export async function makeFile(
  fs: FileSystem,
  path: string,
  byteCount: number,
  { seed, scenario }: { readonly seed: bigint; readonly scenario: string },
): Promise<void> {
  const chance = Chance.fromSeed(seed).fork(`${scenario}: the file`);
  using file = await fs.create(path);
  for (let at = 0; at < byteCount; at += PIECE_BYTES) {
    file.write(at, chance.bytes(Math.min(PIECE_BYTES, byteCount - at)));
  }
}

/** The error for a file that did not stay what it was while it was read. */
export function changedSource(name: string, what: string): UsageError {
  const reason = `it changed while it was read: ${what}`;
  return cannot(`copy ${name}`, reason, "copy it when nobody writes to it");
}

/**
 * A file that is read from its beginning to the end that it had when it was opened. Where it changes before
 * it was read, what came of the copy says nothing: then the run ends with an error.
 */
export class CopySource implements Source, Disposable {
  /** What reports call it. */
  readonly name: string;
  /** What the machine said of it when it was opened. */
  readonly #info: Deno.FileInfo;
  /** Whether a change that came after would have another time. */
  readonly #wereTimesOld: boolean;
  readonly #file: OpenFile;

  private constructor(name: string, file: OpenFile, info: Deno.FileInfo) {
    this.name = name;
    this.#file = file;
    this.#info = info;
    this.#wereTimesOld = info.ctime !== null && info.ctime.getTime() < Date.now() - TICK_MS_MAX;
  }

  /**
   * Opens `path`, which reports call `name`.
   *
   * @throws {UsageError} It is not there, no file, or must not be read.
   */
  static async open(fs: FileSystem, path: string, name: string): Promise<CopySource> {
    const { file, info } = await openToRead(fs, path, name);
    return new CopySource(name, file, info);
  }

  /** Its size. */
  get byteCount(): number {
    return this.#info.size;
  }

  /** Who may read it, and so what is made of it; null where the machine does not say. */
  get mode(): number | null {
    const { mode } = this.#info;
    return mode === null ? null : mode & 0o777;
  }

  /**
   * See {@linkcode Source.read}.
   *
   * @throws {UsageError} It cannot be read, or has become shorter.
   */
  read(offset: number, into: Uint8Array): void {
    if (this.#readAt(offset, into)) return;
    throw changedSource(
      this.name,
      `it has fewer bytes now than the ${grouped(this.byteCount)} it had`,
    );
  }

  /**
   * Makes sure that what was read is what was there all the time.
   *
   * @param digest SHA-256 of what was read.
   * @throws {UsageError} It has changed since it was opened.
   */
  assertUnchanged(digest: string): void {
    const [was, is] = [this.#info, this.#file.stat()];
    const change = changeBetween(was, is);
    if (change !== null) throw changedSource(this.name, change);
    // The time of writing can be set back, and the time of change is that of names and rights as well.
    const hasChanged = is.ctime?.getTime() !== was.ctime?.getTime();
    if (!hasChanged && this.#wereTimesOld) return;
    const found = digestOf(this.byteCount, (offset, into) => this.read(offset, into));
    if (found.hex() !== digest) throw changedSource(this.name, "its content is another");
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #readAt(offset: number, into: Uint8Array): boolean {
    try {
      return this.#file.read(offset, into) === into.length;
    } catch (error) {
      throw cannot(`read ${this.name}`, error, "copy a file that can be read to its end");
    }
  }
}
