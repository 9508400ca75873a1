/**
 * A sweep by child processes: each is given ranges of seeds, and one that dies is followed by another.
 *
 * @module
 */

import type { ExpectedFinding } from "../../mod.ts";
import type { RunRecord } from "../../sweeps/artefact.ts";
import { causeOf } from "../../sweeps/causes.ts";
import { type SeedPlan, type SeedRange, SeedRanges } from "../../sweeps/seed_ranges.ts";
import type { ScenarioFacts } from "../../sweeps/summary.ts";
import { Tally, type TallyData } from "../../sweeps/tally.ts";
import { type ChildDeath, SweepChild } from "./child_process.ts";
import type { ChildMessage, ChildTask } from "./messages.ts";

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
  /** Hears how many worlds ran. */
  readonly onProgress: (worlds: number) => void;
}

/** What a sweep has come to. */
export interface SweepEnd {
  /** What its children say of the scenario; null: it was stopped before they did. */
  readonly scenario: ScenarioFacts | null;
  /** What came of the worlds. */
  readonly tally: TallyData;
}

/** A world whose process died has found that, and left nothing else. */
function lostTally(
  seed: bigint,
  death: ChildDeath,
  settings: ChildTask["settings"],
  expected: readonly Pick<ExpectedFinding, "rule" | "place">[],
): TallyData {
  const record: RunRecord = {
    settings: { ...settings, seed: String(seed) },
    finding: { ...death, by: "sweep", step: 0 },
    steps: null,
    digest: null,
    choices: null,
  };
  const tally = new Tally();
  tally.addLost(record, expected.some((known) => causeOf(known) === causeOf(death)));
  return tally.data;
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
    } finally {
      if (timer !== null) clearTimeout(timer);
      this.#hooks.signal.removeEventListener("abort", stop);
      this.#stop();
      await Promise.all([...this.#children.keys()].map((child) => child.end()));
    }
    return { scenario: this.#scenario, tally: this.#ranges.tally };
  }

  #stop(): void {
    this.#ranges.close();
    for (const child of this.#children.keys()) child.kill();
  }

  /** One child after the other runs ranges, until there is none. */
  async #work(): Promise<void> {
    while (!this.#hooks.signal.aborted) {
      const range = this.#ranges.take();
      if (range === null) return;
      const child = new SweepChild(this.#task.child, this.#task.worldMs);
      this.#children.set(child, range.from);
      try {
        await this.#workWith(child, range);
      } finally {
        await child.end();
        this.#children.delete(child);
      }
    }
  }

  /** One child runs `first` and further ranges, until there is none, or it dies. */
  async #workWith(child: SweepChild, first: SeedRange): Promise<void> {
    const scenario = await child.ready();
    if (scenario === null) return;
    this.#scenario ??= scenario;
    for (let range: SeedRange | null = first; range !== null; range = this.#ranges.take()) {
      this.#children.set(child, range.from);
      if (!await this.#runRange(child, range)) return;
    }
  }

  /** Has `child` run a range; false where it is no more. */
  async #runRange(child: SweepChild, { from, to }: SeedRange): Promise<boolean> {
    let rest = from;
    const hear = (message: ChildMessage) => {
      if (!("done" in message)) return;
      rest = BigInt(message.done.to);
      this.#done({ from: BigInt(message.done.from), to: rest }, message.tally);
    };
    const end = await child.run({ from: String(from), to: String(to) }, hear);
    if (end === null) return true;
    // Whoever ended it wants no more of it.
    if (this.#hooks.signal.aborted || !this.#ranges.isUseful(from)) return false;
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
    this.#hooks.onProgress(this.#worlds);
    for (const [child, from] of this.#children) if (!this.#ranges.isUseful(from)) child.kill();
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
