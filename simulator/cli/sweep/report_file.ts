/**
 * The page of a sweep in a file.
 *
 * @module
 */

import { dirname, relative, resolve } from "node:path";
import { sweepPage, type SweepPageFacts, type SweepPoint } from "../../pages/sweep_page.ts";
import type { SweepSummary } from "../../sweeps/summary.ts";
import { writeAsked } from "../written_files.ts";

/** More points than that cannot be told apart in a chart. */
const POINTS_MAX = 512;

/** How far a sweep is over time: of a long one every second moment is forgotten, again and again. */
export class SweepPoints {
  #list: SweepPoint[] = [];
  #last: SweepPoint | null = null;
  /** Milliseconds from one to the next. */
  #stepMs = 0;

  /** It is so far. */
  add(ms: number, worlds: number, failed: number): void {
    const point = { ms, worlds, failed };
    this.#last = point;
    if (ms - (this.#list.at(-1)?.ms ?? -Infinity) < this.#stepMs) return;
    this.#list.push(point);
    if (this.#list.length < POINTS_MAX) return;
    this.#list = this.#list.filter((_, at) => at % 2 === 0);
    this.#stepMs = 2 * ms / POINTS_MAX;
  }

  /** What is kept, how far it came last included. */
  get list(): readonly SweepPoint[] {
    const last = this.#last;
    return last === null || this.#list.at(-1) === last ? this.#list : [...this.#list, last];
  }
}

/**
 * Writes the page of a sweep to `path`; pages of failures are named from there on.
 *
 * @throws {UsageError} It cannot be written.
 */
export function writeSweepPage(
  path: string,
  summary: SweepSummary,
  facts: Omit<SweepPageFacts, "linkOf">,
): void {
  const folder = resolve(dirname(path));
  const linkOf = (page: string) => relative(folder, resolve(page)).split("\\").join("/");
  const page = sweepPage(summary, { ...facts, linkOf });
  writeAsked(path, page, "name another file with --report");
}
