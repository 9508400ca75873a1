/**
 * Which files a run has taken: no two of them may be one.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { cannot } from "../command.ts";
import type { FileSystem } from "../file_system.ts";

/** The files that a run has taken, and what for. */
export class TakenFiles {
  /** By what tells each file from all others. */
  readonly #purposes = new Map<string, string>();
  readonly #fs: FileSystem;

  /** What one run takes of the files of `fs`. */
  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /**
   * Takes the file at `path`, which need not be there yet.
   *
   * @param purpose What it is for, as the user said it: `--out copy.md`.
   * @throws {UsageError} It is taken already, by whatever name.
   */
  async take(path: string, purpose: string): Promise<void> {
    const identity = await identityOf(this.#fs, path);
    if (identity === null) return;
    const other = this.#purposes.get(identity);
    if (other !== undefined) {
      throw cannot(`use ${purpose}`, `it is the same file as ${other}`, "name another");
    }
    this.#purposes.set(identity, purpose);
  }
}

/** What tells a file from all others, whatever it is called; null where there can be none. */
async function identityOf(fs: FileSystem, path: string): Promise<string | null> {
  try {
    const { dev, ino } = await fs.stat(path);
    return ino === null || ino === 0 ? await fs.realPath(path) : `${dev}:${ino}`;
  } catch {
    return await placeOf(fs, path);
  }
}

/** What tells the place of a file that is not there from all others; null where none can be there. */
async function placeOf(fs: FileSystem, path: string): Promise<string | null> {
  try {
    return join(await fs.realPath(dirname(path)), basename(path));
  } catch {
    return null; // whoever opens it says what is wrong
  }
}
