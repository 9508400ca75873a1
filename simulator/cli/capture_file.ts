/**
 * A capture that is written to a file during its run.
 *
 * @module
 */

import { RunCapture } from "../capture/capture.ts";
import { visible } from "../text.ts";
import { cannot, tell } from "./command.ts";
import { PartFile } from "./part_file.ts";

/** The capture of one run. */
export class CaptureFile implements Disposable {
  /** What captures the run. */
  readonly run: RunCapture;
  readonly #path: string;
  readonly #hint: string;
  readonly #file: PartFile;

  /**
   * Begins the capture that is to lie at `path`, of a run that is called `name`; `hint` is what would be right where that
   * cannot be.
   *
   * @throws {UsageError} It cannot be written.
   */
  constructor(path: string, name: string, hint: string) {
    this.#path = path;
    this.#hint = hint;
    try {
      this.#file = new PartFile(path);
    } catch (error) {
      throw cannot(`write ${path}`, error, hint);
    }
    this.run = new RunCapture((bytes) => this.#file.write(bytes), name);
  }

  /**
   * The run is over, with `findings`, a sentence each: the file is whole, and stderr says where it is.
   *
   * @throws {UsageError} It could not be written.
   */
  finish(findings: readonly string[]): void {
    this.run.close(findings);
    try {
      this.#file.finish();
    } catch (error) {
      throw cannot(`write ${this.#path}`, error, this.#hint);
    }
    tell(`capture: ${visible(this.#path)}\n`);
  }

  /** Closes it; what is not whole is removed. */
  [Symbol.dispose](): void {
    this.run.end();
    this.#file[Symbol.dispose]();
  }
}
