/**
 * Times contenders against each other: in one process, in turns, round after round, so that what the
 * machine does meanwhile hits all of them alike.
 *
 * @module
 */

/** One way of doing the work that a figure is about. */
export interface Contender {
  /** What it is called in the report. */
  readonly name: string;
  /** Does the work `count` times. */
  run(count: number): void | Promise<void>;
}

/** What a contender took. */
export interface Timing {
  /** The contender. */
  readonly name: string;
  /** Nanoseconds for one piece of work, by round. */
  readonly nanoseconds: readonly number[];
}

/** How long, and by which clock, contenders are timed. */
export interface RaceOptions {
  /** Rounds; each contender runs once in each. */
  readonly rounds: number;
  /** About how long one contender's part of a round is, in milliseconds. */
  readonly roundMs: number;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

/** A warm-up ends here even where a contender is still slower than it will be. */
const COUNT_MAX = 2 ** 26;
/** A warm-up is this many times as long as a round: optimizing compilers need that long. */
const WARM_UP_ROUNDS = 8;
const NS_PER_MS = 1e6;

/** Times `contenders`: all are warmed up first, and each begins a round in its turn. */
export async function race(
  contenders: readonly Contender[],
  options: RaceOptions,
): Promise<Timing[]> {
  const { now } = options;
  const lanes: { contender: Contender; count: number; nanoseconds: number[] }[] = [];
  for (const contender of contenders) {
    lanes.push({
      contender,
      count: await warmUp(contender, options.roundMs, now),
      nanoseconds: [],
    });
    await turn();
  }
  for (let round = 0; round < options.rounds; round++) {
    for (let turn = 0; turn < lanes.length; turn++) {
      const lane = lanes[(round + turn) % lanes.length]!;
      const elapsedMs = await time(lane.contender, lane.count, now);
      lane.nanoseconds.push(elapsedMs * NS_PER_MS / lane.count);
    }
    await turn();
  }
  return lanes.map(({ contender, nanoseconds }) => ({ name: contender.name, nanoseconds }));
}

/** A turn of the runtime, in which signals are heard; it is part of no time that is taken. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Runs `contender` until it is fast, and finds out how often it does its work in a round. */
async function warmUp(contender: Contender, roundMs: number, now: () => number): Promise<number> {
  const endMs = now() + WARM_UP_ROUNDS * roundMs;
  let count = 1;
  for (;;) {
    const elapsedMs = await time(contender, count, now);
    if (elapsedMs < roundMs / 2 && count < COUNT_MAX) count *= 2;
    else if (now() >= endMs) return Math.max(1, Math.round(count * roundMs / elapsedMs));
  }
}

async function time(contender: Contender, count: number, now: () => number): Promise<number> {
  const startMs = now();
  const work = contender.run(count);
  if (work !== undefined) await work;
  return now() - startMs;
}

/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half];
  if (upper === undefined) throw new RangeError("Cannot take the median of no values");
  return sorted.length % 2 === 1 ? upper : (sorted[half - 1]! + upper) / 2;
}

/** How many times as long `one` took as `other`: the median over rounds, each compared with itself. */
export function ratioOf(one: Timing, other: Timing): number {
  return median(one.nanoseconds.map((value, round) => value / other.nanoseconds[round]!));
}
