/**
 * Work on whole files before or after a run: it is seen on the terminal, and signals are heard meanwhile.
 *
 * @module
 */

import { stoppedText } from "../../report.ts";
import type { RunHooks } from "../../scenario.ts";
import { StoppedError } from "../command.ts";

/** Work that takes longer lets signals in. */
const TURN_MS = 50;

/** How far the work is. */
export class Watch {
  readonly #hooks: RunHooks;
  readonly #totalBytes: number;
  readonly #unit: string;
  #doneBytes = 0;
  #nextTurnMs = performance.now() + TURN_MS;

  /**
   * Work on `totalBytes`, which `hooks` hears of and can stop.
   *
   * @param unit What is done to how many bytes: `bytes checked`.
   */
  constructor(hooks: RunHooks, totalBytes: number, unit: string) {
    this.#hooks = hooks;
    this.#totalBytes = totalBytes;
    this.#unit = unit;
  }

  /**
   * `byteCount` more bytes are done.
   *
   * @throws {StoppedError} The user does not want the rest.
   */
  async passed(byteCount: number): Promise<void> {
    this.#doneBytes += byteCount;
    this.#hooks.onProgress?.(this.#doneBytes, this.#totalBytes, this.#unit);
    if (performance.now() >= this.#nextTurnMs) {
      // Signals come between turns of the runtime.
      await new Promise((resolve) => setTimeout(resolve));
      this.#nextTurnMs = performance.now() + TURN_MS;
    }
    if (this.#hooks.signal?.aborted !== true) return;
    const [done, total] = [this.#doneBytes, this.#totalBytes];
    throw new StoppedError(stoppedText({ done, total, unit: this.#unit }));
  }
}
