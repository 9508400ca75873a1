/**
 * The seeds of a sweep, in ranges for those who run them, and what came of these put together again.
 *
 * @module
 */

import { Tally, type TallyData } from "./tally.ts";

/** Seeds of a range: few enough that nobody waits long for the last one, many enough to be worth a word. */
const RANGE_SEEDS = 64n;
/** The seed after the last one that there is. */
export const SEED_END = 2n ** 64n;

/** Seeds from `from` on to `to`, which is not one of them. */
export interface SeedRange {
  /** The first. */
  readonly from: bigint;
  /** The one after the last. */
  readonly to: bigint;
}

/** What a sweep is to run. */
export interface SeedPlan extends SeedRange {
  /** How many run ranges at a time. */
  readonly workers: number;
  /** Whether it ends at the first failure: all lower seeds have run then, and no higher one counts. */
  readonly isUntilFailure: boolean;
  /** Seeds of a range. Default: up to 64, so that each worker has some. */
  readonly rangeSeeds?: number;
}

/** Gives out the seeds of a sweep, and takes what came of them. */
export class SeedRanges {
  readonly #plan: SeedPlan;
  readonly #rangeSeeds: bigint;
  /** What was given out and came back undone. */
  readonly #again: SeedRange[] = [];
  /** The next seed that nobody has run. */
  #next: bigint;
  /** No seed from here on is of use. */
  #end: bigint;
  #isClosed = false;
  readonly #tally = new Tally();
  /** Until a failure: what came of seeds before which others are still missing, by the first of them. */
  readonly #parts = new Map<bigint, { readonly to: bigint; readonly data: TallyData }>();
  /** Until a failure: all seeds before this one are in the tally. */
  #counted: bigint;

  /** The seeds of `plan`. */
  constructor(plan: SeedPlan) {
    const { from, to, workers, rangeSeeds } = plan;
    this.#plan = plan;
    [this.#next, this.#counted, this.#end] = [from, from, to];
    const fair = (to - from) / BigInt(4 * workers);
    const most = fair < RANGE_SEEDS ? fair : RANGE_SEEDS;
    this.#rangeSeeds = rangeSeeds === undefined ? most < 1n ? 1n : most : BigInt(rangeSeeds);
  }

  /** The next range to run; null: there is none. */
  take(): SeedRange | null {
    if (this.#isClosed) return null;
    const range = this.#again.pop() ?? this.#fresh();
    if (range === null || range.from < this.#end) return range;
    return this.take();
  }

  #fresh(): SeedRange | null {
    const from = this.#next;
    if (from >= this.#end) return null;
    const whole = from + this.#rangeSeeds;
    const to = whole < this.#end ? whole : this.#end;
    this.#next = to;
    return { from, to };
  }

  /** Whether the range that begins with `from` is of any use. */
  isUseful(from: bigint): boolean {
    return from < this.#end;
  }

  /** A range was not run after all. */
  giveBack(range: SeedRange): void {
    if (range.from < range.to) this.#again.push(range);
  }

  /** No further range is given out. */
  close(): void {
    this.#isClosed = true;
  }

  /** What came of the worlds of a range. Until a failure it ends with the first one. */
  done({ from, to }: SeedRange, data: TallyData): void {
    if (!this.#plan.isUntilFailure) {
      this.#tally.add(data);
      return;
    }
    if (data.failed > 0 && to < this.#end) this.#end = to;
    this.#parts.set(from, { to, data });
    for (let part = this.#parts.get(this.#counted); part !== undefined;) {
      this.#parts.delete(this.#counted);
      this.#tally.add(part.data);
      this.#counted = part.to;
      part = this.#counted < this.#end ? this.#parts.get(this.#counted) : undefined;
    }
  }

  /** More was found in worlds that were done. */
  found(data: TallyData): void {
    this.#tally.add(data);
    if (this.#plan.isUntilFailure) this.#end = this.#next;
  }

  /** What came of all that was done. */
  get tally(): TallyData {
    const tally = new Tally();
    tally.add(this.#tally.data);
    // Somebody stopped it: what was done beyond a gap was done as well.
    for (const [from, { data }] of this.#parts) if (from < this.#end) tally.add(data);
    return tally.data;
  }
}
