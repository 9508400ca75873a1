/**
 * A file that is written piece by piece, and is there when it is whole.
 *
 * @module
 */

import { removeIfThere, requireReplaceable } from "./written_files.ts";

/**
 * It lies beside the file that was named, and takes its place when it is whole: whoever looks there never sees a part of
 * it, and a run that comes to nothing leaves what was there.
 */
export class PartFile implements Disposable {
  readonly #path: string;
  readonly #part: string;
  readonly #file: Deno.FsFile;
  /** Why no more can be written: who writes is in the middle of something, so it is said at the end. */
  #failure: unknown = null;
  #isWhole = false;
  /** A program that is ended at once disposes of nothing. */
  readonly #removeAtExit = () => removeIfThere(this.#part);

  /**
   * Begins the file that is to lie at `path`.
   *
   * @throws {Error} It cannot be written.
   */
  constructor(path: string) {
    this.#path = path;
    this.#part = `${path}.${crypto.randomUUID()}.part`;
    this.#file = Deno.openSync(this.#part, { write: true, createNew: true });
    globalThis.addEventListener("unload", this.#removeAtExit);
  }

  /** Writes bytes; what comes after a failure goes nowhere. */
  write(bytes: Uint8Array): void {
    if (this.#failure !== null) return;
    try {
      let rest = bytes;
      while (rest.length > 0) rest = rest.subarray(this.#file.writeSync(rest));
    } catch (error) {
      this.#failure = error;
    }
  }

  /**
   * It is whole.
   *
   * @throws {Error} It could not be written, or what is there is no file.
   */
  finish(): void {
    if (this.#failure !== null) throw this.#failure;
    requireReplaceable(this.#path);
    Deno.renameSync(this.#part, this.#path);
    this.#isWhole = true;
  }

  /** Closes it; what is not whole is removed. */
  [Symbol.dispose](): void {
    globalThis.removeEventListener("unload", this.#removeAtExit);
    this.#file.close();
    if (!this.#isWhole) removeIfThere(this.#part);
  }
}
