/**
 * What a run leaves on the machine while it runs.
 *
 * @module
 */

import { cannot } from "./command.ts";
import { type FileSystem, MACHINE } from "./file_system.ts";

/**
 * Paths that go when the run does: at its end, also where that is an error, and at a hard exit of the
 * program.
 */
export class Scratch implements Disposable {
  readonly #fs: FileSystem;
  readonly #paths = new Set<string>();
  readonly #removeAll = () => {
    for (const path of this.#paths) this.#fs.removeAll(path);
    this.#paths.clear();
  };

  /** Paths on `fs`. */
  constructor(fs: FileSystem = MACHINE) {
    this.#fs = fs;
    globalThis.addEventListener("unload", this.#removeAll);
  }

  /**
   * Makes a temporary folder.
   *
   * @throws {UsageError} There is no place for one.
   */
  async makeFolder(): Promise<string> {
    try {
      const path = await this.#fs.makeTemporaryFolder();
      this.add(path);
      return path;
    } catch (error) {
      const isPlaceGone = error instanceof Deno.errors.NotFound;
      throw cannot(
        "make a temporary folder",
        isPlaceGone ? "the folder for such is not there" : error,
        "the variable TMPDIR can name another place",
      );
    }
  }

  /** From now on `path` goes with the run. */
  add(path: string): void {
    this.#paths.add(path);
  }

  /** From now on `path` stays. */
  forget(path: string): void {
    this.#paths.delete(path);
  }

  /** Removes all of it. */
  [Symbol.dispose](): void {
    globalThis.removeEventListener("unload", this.#removeAll);
    this.#removeAll();
  }
}
