/**
 * A line on a terminal that says how far a run is.
 *
 * @module
 */

import { tell } from "./command.ts";

const BAR_CELLS = 30;
const INTERVAL_MS = 100;
/** Back to the line's beginning, and clear it. */
const CLEAR = "\r\x1b[K";

/** The line; nothing at all where stderr is no terminal. */
export class ProgressLine {
  readonly #isShown: boolean;
  readonly #nowMs: () => number;
  #nextMs: number;

  /** A line that is still empty: short runs need none. `nowMs` is the time. */
  constructor(isShown: boolean = Deno.stderr.isTerminal(), nowMs = () => performance.now()) {
    this.#isShown = isShown;
    this.#nowMs = nowMs;
    this.#nextMs = nowMs() + INTERVAL_MS;
  }

  /** Shows how far the run is, a few times a second at most. */
  show(done: number, total: number): void {
    if (!this.#isShown || this.#nowMs() < this.#nextMs) return;
    this.#nextMs = this.#nowMs() + INTERVAL_MS;
    const filled = Math.floor(BAR_CELLS * done / total);
    const bar = "#".repeat(filled).padEnd(BAR_CELLS, ".");
    const percent = Math.floor(100 * done / total);
    tell(`${CLEAR}[${bar}] ${percent} %, ${done} of ${total}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isShown) tell(CLEAR);
  }
}
