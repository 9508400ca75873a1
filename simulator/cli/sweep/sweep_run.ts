/**
 * A sweep by child processes: each is given ranges of seeds, and one that dies is followed by another.
 *
 * @module
 */

import { type SeedPlan, type SeedRange, SeedRanges } from "../../sweeps/seed_ranges.ts";
import type { ScenarioFacts } from "../../sweeps/summary.ts";
import { Tally, type TallyData } from "../../sweeps/tally.ts";
import { SweepChild } from "./child_process.ts";
import { isLostCause, lostTally, withChoices } from "./lost_worlds.ts";
import type { ChildMessage, ChildTask } from "./messages.ts";
import { runTwice, type TwinEnd } from "./twins.ts";

/** What a sweep is to do. */
export interface SweepTask {
  /** What its children are started with. */
  readonly child: ChildTask;
  /** Which seeds. */
  readonly plan: SeedPlan;
  /** After so many milliseconds no further range is begun; null: they all are. */
  readonly timeMs: number | null;
  /** A world may take so many milliseconds. */
  readonly worldMs: number;
}

/** What stops a sweep, and what hears how far it is. */
export interface SweepHooks {
  /** Ends it where it stands. */
  readonly signal: AbortSignal;
  /** Hears how many worlds ran, and in how many something was found. */
  readonly onProgress: (worlds: number, failed: number) => void;
}

/** What a sweep has come to. */
export interface SweepEnd {
  /** What its children say of the scenario; null: it was stopped before they did. */
  readonly scenario: ScenarioFacts | null;
  /** What came of the worlds. */
  readonly tally: TallyData;
}

/** One sweep. */
class SweepRun {
  readonly #task: SweepTask;
  readonly #hooks: SweepHooks;
  readonly #ranges: SeedRanges;
  /** Children, each with the first seed of the range that it runs. */
  readonly #children = new Map<SweepChild, bigint>();
  #scenario: ScenarioFacts | null = null;
  #worlds = 0;
  #failed = 0;

  constructor(task: SweepTask, hooks: SweepHooks) {
    this.#task = task;
    this.#hooks = hooks;
    this.#ranges = new SeedRanges(task.plan);
  }

  async run(): Promise<SweepEnd> {
    const { timeMs, plan: { from, to, workers } } = this.#task;
    const timer = timeMs === null ? null : setTimeout(() => this.#ranges.close(), timeMs);
    const stop = () => this.#stop();
    this.#hooks.signal.addEventListener("abort", stop);
    try {
      const count = to - from < workers ? Number(to - from) : workers;
      await Promise.all(Array.from({ length: count }, () => this.#work()));
      return { scenario: this.#scenario, tally: await this.#tallyWithChoices() };
    } finally {
      if (timer !== null) clearTimeout(timer);
      this.#hooks.signal.removeEventListener("abort", stop);
      this.#stop();
      await Promise.all([...this.#children.keys()].map((child) => child.end()));
    }
  }

  #stop(): void {
    this.#ranges.close();
    for (const child of this.#children.keys()) child.kill();
  }

  /** Starts a child that is to run the worlds from a seed on. */
  #start(task: ChildTask, from: bigint): SweepChild {
    const child = new SweepChild(task, this.#task.worldMs);
    this.#children.set(child, from);
    return child;
  }

  async #end(child: SweepChild): Promise<void> {
    await child.end();
    this.#children.delete(child);
  }

  /** One child after the other runs ranges, until there is none; with a twin where worlds are compared. */
  async #work(): Promise<void> {
    const { child: task } = this.#task;
    while (!this.#hooks.signal.aborted) {
      const range = this.#ranges.take();
      if (range === null) return;
      const child = this.#start(task, range.from);
      const twin = task.tells === "runs"
        ? this.#start({ ...task, isUntilFailure: false }, range.from)
        : null;
      try {
        await this.#workWith(child, twin, range);
      } finally {
        await this.#end(child);
        if (twin !== null) await this.#end(twin);
      }
    }
  }

  /** A child runs `first` and further ranges, until there is none, or it dies. */
  async #workWith(child: SweepChild, twin: SweepChild | null, first: SeedRange): Promise<void> {
    const scenario = await child.ready();
    const isReady = twin === null || await twin.ready() !== null;
    if (scenario === null || !isReady) return;
    this.#scenario ??= scenario;
    for (let range: SeedRange | null = first; range !== null; range = this.#ranges.take()) {
      this.#children.set(child, range.from);
      if (!await this.#runRange(child, twin, range)) return;
    }
  }

  /** Has a child run a range; false where it has ended. */
  async #runRange(
    child: SweepChild,
    twin: SweepChild | null,
    { from, to }: SeedRange,
  ): Promise<boolean> {
    let rest = from;
    const hear = (message: ChildMessage) => {
      if (!("done" in message)) return;
      rest = BigInt(message.done.to);
      this.#done({ from: BigInt(message.done.from), to: rest }, message.tally);
    };
    const range = { from: String(from), to: String(to) };
    const { end, isWhole, differences }: TwinEnd = twin === null
      ? { end: await child.run(range, hear), isWhole: true, differences: [] }
      : await runTwice(child, twin, range, hear);
    // Whoever ended it wants no more of it.
    if (this.#hooks.signal.aborted || !this.#ranges.isUseful(from)) return false;
    for (const { seed, finding, isFailed } of differences) {
      const tally = new Tally();
      tally.addFound(finding, seed, !isFailed);
      this.#ranges.found(tally.data);
    }
    if (end === null) return isWhole;
    const { at, death } = end;
    this.#ranges.giveBack({ from: at + 1n, to });
    this.#ranges.giveBack({ from: rest, to: at });
    const { child: { settings } } = this.#task;
    const lost = lostTally(at, death, settings, this.#scenario?.expected ?? []);
    this.#done({ from: at, to: at + 1n }, lost);
    return false;
  }

  #done(range: SeedRange, tally: TallyData): void {
    this.#ranges.done(range, tally);
    this.#worlds += tally.worlds;
    this.#failed += tally.failed;
    this.#hooks.onProgress(this.#worlds, this.#failed);
    for (const [child, from] of this.#children) if (!this.#ranges.isUseful(from)) child.kill();
  }

  /** What came of all; of worlds that their process died of, the choices until then are had in another run. */
  async #tallyWithChoices(): Promise<TallyData> {
    const { tally } = this.#ranges;
    if (!tally.causes.some(isLostCause) || this.#hooks.signal.aborted) return tally;
    const causes = [];
    for (const cause of tally.causes) {
      if (!isLostCause(cause)) {
        causes.push(cause);
        continue;
      }
      const child = this.#start({ ...this.#task.child, tells: "choices" }, 0n);
      causes.push(await withChoices(cause, child));
      await this.#end(child);
    }
    return { ...tally, causes };
  }
}

/**
 * Runs a sweep to its end, or until it is stopped.
 *
 * @throws {UsageError} The scenario cannot be loaded.
 */
export async function runSweep(task: SweepTask, hooks: SweepHooks): Promise<SweepEnd> {
  return await new SweepRun(task, hooks).run();
}
