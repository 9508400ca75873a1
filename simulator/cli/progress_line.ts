/**
 * A line on a terminal that says how far a run is, how fast, and how long it still takes.
 *
 * @module
 */

import { grouped } from "../layout.ts";
import { unitsFor } from "../text.ts";
import { columnsOf, tell } from "./command.ts";

/** Cells of the bar, the most that fit first. */
const BAR_CELLS = [30, 20, 10, 0];
const INTERVAL_MS = 100;
/** The rate is that of the last so many milliseconds. */
const RATE_MS = 5000;
/** Back to the line's beginning, and clear it. */
const CLEAR = "\r\x1b[K";

/** How far it was at a moment. */
interface Sample {
  readonly atMs: number;
  readonly done: number;
}

/** What a line needs to know. */
export interface ProgressLineOptions {
  /** Whether there is a line at all. Default: stderr is a terminal. */
  readonly isShown?: boolean;
  /** The time. */
  readonly nowMs?: () => number;
  /** How wide the terminal is now. */
  readonly columns?: () => number;
}

/** The line; nothing at all where stderr is not a terminal. */
export class ProgressLine {
  readonly #isShown: boolean;
  readonly #nowMs: () => number;
  readonly #columns: () => number;
  #nextMs: number;
  #unit = "";
  /** Of the last while, the oldest first. */
  #samples: Sample[] = [];

  /** A line that appears once the run has taken some time: a short run needs no line. */
  constructor({ isShown, nowMs, columns }: ProgressLineOptions = {}) {
    this.#isShown = isShown ?? Deno.stderr.isTerminal();
    this.#nowMs = nowMs ?? (() => performance.now());
    this.#columns = columns ?? (() => columnsOf(Deno.stderr) ?? 80);
    this.#nextMs = this.#nowMs() + INTERVAL_MS;
  }

  /** Shows how far the run is, a few times a second at most; another unit is another part of it. */
  show(done: number, total: number, unit: string = ""): void {
    if (!this.#isShown) return;
    const atMs = this.#nowMs();
    if (unit !== this.#unit) this.#samples = [];
    this.#unit = unit;
    // The first is where it begins: a run that is resumed does not begin at 0.
    if (this.#samples.length === 0) this.#samples.push({ atMs, done });
    if (atMs < this.#nextMs) return;
    this.#nextMs = atMs + INTERVAL_MS;
    this.#samples.push({ atMs, done });
    while (this.#samples.length > 2 && this.#samples[0]!.atMs < atMs - RATE_MS) {
      this.#samples.shift();
    }
    tell(CLEAR + lineOf(partsOf(done, total, unit, this.#rate()), done / total, this.#columns()));
  }

  /** Units a second; 0 where nothing says. */
  #rate(): number {
    const [first, last] = [this.#samples[0]!, this.#samples.at(-1)!];
    const passedMs = last.atMs - first.atMs;
    return passedMs > 0 ? (last.done - first.done) * 1000 / passedMs : 0;
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isShown) tell(CLEAR);
  }
}

/** What is said, what matters most first. */
function partsOf(done: number, total: number, unit: string, rate: number): readonly string[] {
  const percent = `${Math.floor(100 * done / total)} %`;
  const amount = `${grouped(done)} of ${grouped(total)}`;
  if (rate <= 0) return [percent, `${amount} ${unitsFor(total, unit)}`.trim()];
  const perSecond = Math.round(rate);
  const left = `${clockText(Math.ceil((total - done) / rate))} left`;
  return [
    percent,
    left,
    `${grouped(perSecond)} ${unitsFor(perSecond, unit)} a second`.replace("  ", " "),
    amount,
  ];
}

/** As much of it as a line has room for; the terminal's last column would begin the next. */
function lineOf(parts: readonly string[], part: number, columns: number): string {
  for (let count = parts.length; count > 0; count--) {
    for (const cells of BAR_CELLS) {
      const filled = Math.floor(cells * part);
      const bar = cells === 0 ? "" : `[${"#".repeat(filled).padEnd(cells, ".")}] `;
      const line = bar + parts.slice(0, count).join(", ");
      // A short bar is worth a part, but no part is worth the bar.
      if (line.length < columns && (cells > 0 || count === 1)) return line;
    }
  }
  return "";
}

/** Seconds as `1:02:03`, or `2:03`. */
function clockText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${grouped(Math.floor(minutes / 60))}:${two(minutes % 60)}:${rest}`;
}
