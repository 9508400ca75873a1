/**
 * The run of one target: batches in a child process, and another child where one dies.
 *
 * @module
 */

import { isSameFailure } from "../../fuzzing/finding.ts";
import type { FuzzFailure } from "../../fuzzing/finding.ts";
import { shrinkInput } from "../../fuzzing/shrink.ts";
import { FuzzChild } from "./fuzz_child.ts";
import type { FuzzChildTask, FuzzMessage, ListedTarget, ToldFailure } from "./messages.ts";

/** A child is asked for as many batches as take about so long. */
const ASK_MS = 250;
const BATCHES_MAX = 4096;
/** Coverage guides a run until so many batches in a row found nothing new, */
const QUIET_BATCHES_MAX = 8;
/** or this many in all. */
const GUIDED_BATCHES_MAX = 48;
/** An input that hangs or kills is tried so often, as each try may cost a process. */
const DEATH_TRIES_MAX = 40;
/** A smaller input hangs where it does not come back for so long: those that do not take no time at all. */
const TRY_MS = 1000;

/** How a target is to be run. */
export interface TargetTask {
  /** What its children are started with. */
  readonly child: Omit<FuzzChildTask, "target">;
  /** The target. */
  readonly target: ListedTarget;
  /** Inputs, at least; null: until the time is over. */
  readonly cases: number | null;
  /** Milliseconds; null: until the inputs are run. */
  readonly timeMs: number | null;
  /** Milliseconds within which an input comes back. */
  readonly inputMs: number;
}

/** What the run of a target has come to. */
export interface TargetEnd {
  /** The target. */
  readonly target: ListedTarget;
  /** Inputs that were run. */
  readonly cases: number;
  /** Real time that it took. */
  readonly milliseconds: number;
  /** How often each outcome came. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Inputs that were kept. */
  readonly kept: number;
  /** What failed, each with the smallest input. */
  readonly failures: readonly ToldFailure[];
}

/** One run. */
export class TargetRun {
  readonly #task: TargetTask;
  readonly #signal: AbortSignal;
  readonly #onCases: (cases: number) => void;
  readonly #outcomes = new Map<string, number>();
  readonly #kept: string[] = [];
  readonly #failures: ToldFailure[] = [];
  readonly #startedMs = performance.now();
  #child: FuzzChild | null = null;
  #cases = 0;
  /** The next batch. */
  #batch = 0;
  /** Whether a child died of an input: of a second one nobody could say that it is another failure. */
  #isDead = false;
  /** Whether coverage says what is kept. That takes its time, so the first part of a run alone is guided. */
  #isGuided: boolean;
  #quietBatches = 0;

  /** A run that `signal` stops; `onCases` hears of inputs that were run. */
  constructor(task: TargetTask, signal: AbortSignal, onCases: (cases: number) => void) {
    this.#task = task;
    this.#signal = signal;
    this.#onCases = onCases;
    this.#isGuided = task.child.isGuided;
  }

  get #isOver(): boolean {
    const { cases, timeMs } = this.#task;
    return this.#signal.aborted || this.#isDead ||
      cases !== null && this.#cases >= cases ||
      timeMs !== null && performance.now() - this.#startedMs >= timeMs;
  }

  /** Runs to the end, or until it is stopped. */
  async run(): Promise<TargetEnd> {
    const stop = () => this.#child?.kill();
    this.#signal.addEventListener("abort", stop);
    try {
      while (!this.#isOver) await this.#runChild();
    } finally {
      this.#signal.removeEventListener("abort", stop);
      await this.#child?.end();
    }
    return {
      target: this.#task.target,
      cases: this.#cases,
      milliseconds: Math.round(performance.now() - this.#startedMs),
      outcomes: Object.fromEntries(this.#outcomes),
      kept: this.#kept.length,
      failures: this.#failures,
    };
  }

  /** Starts a child that knows what was kept. */
  async #start(): Promise<FuzzChild | null> {
    const { child, target, inputMs } = this.#task;
    const known = [...this.#outcomes.keys()];
    const started = new FuzzChild(
      { ...child, isGuided: this.#isGuided, target: target.name },
      inputMs,
      { kept: this.#kept, known },
    );
    this.#child = started;
    return await started.ready() === null ? null : started;
  }

  /** Has one child run batches, until all is over, or coverage has nothing more to say, or it dies. */
  async #runChild(): Promise<void> {
    const child = await this.#start();
    const isGuided = this.#isGuided;
    for (let count = 1; child !== null && !this.#isOver && isGuided === this.#isGuided;) {
      const askedMs = performance.now();
      const { cases, target: { batchCases } } = this.#task;
      const left = cases === null ? Infinity : Math.ceil((cases - this.#cases) / batchCases);
      const range = { from: this.#batch, to: this.#batch + Math.min(count, left) };
      const death = await child.ask(range, (message) => this.#hear(message));
      if (death !== null) {
        await child.end();
        if (!this.#signal.aborted) await this.#lookFor(death);
        return;
      }
      const tookMs = performance.now() - askedMs;
      if (isGuided) continue;
      if (tookMs < ASK_MS) count = Math.min(count * 2, BATCHES_MAX);
      else if (tookMs > 2 * ASK_MS) count = Math.max(1, count >> 1);
    }
    await child?.end();
  }

  #hear(message: FuzzMessage): void {
    if ("failed" in message) this.#failed(message.failed);
    else if ("outcomes" in message) {
      for (const [name, count] of Object.entries(message.outcomes)) {
        this.#outcomes.set(name, (this.#outcomes.get(name) ?? 0) + count);
      }
    } else if ("cases" in message) {
      this.#batch = message.batch + 1;
      this.#cases += message.cases;
      this.#kept.push(...message.kept);
      this.#quietBatches = message.kept.length > 0 ? 0 : this.#quietBatches + 1;
      const isQuiet = this.#quietBatches >= QUIET_BATCHES_MAX;
      if (isQuiet || this.#batch >= GUIDED_BATCHES_MAX) this.#isGuided = false;
      this.#onCases(message.cases);
    }
  }

  /** Takes note of a failure; of one that is known a smaller input. */
  #failed(told: ToldFailure): void {
    const at = this.#failures.findIndex(({ failure }) => isSameFailure(failure, told.failure));
    if (at === -1) this.#failures.push(told);
    else if (this.#failures[at]!.at === told.at) this.#failures[at] = told;
  }

  /** Runs the batch again that a child died of, each input by itself, and finds the one that did it. */
  async #lookFor(death: FuzzFailure): Promise<void> {
    this.#isDead = true;
    const batch = this.#batch;
    const { batchCases } = this.#task.target;
    let [input, bytes] = [-1, ""];
    this.#isGuided = false;
    const child = await this.#start();
    if (child === null) return;
    const again = await child.ask({ batch, input: 0 }, (message) => {
      if ("input" in message) [input, bytes] = [message.input, message.bytes];
      else this.#hear(message);
    });
    await child.end();
    if (this.#signal.aborted) return;
    if (again === null) {
      // Not one input alone: what there was before it counts as well.
      return this.#failed({ failure: death, input: null, at: batch * batchCases });
    }
    const at = batch * batchCases + Math.max(0, input);
    this.#failed({ failure: again, input: bytes, at });
    this.#failed({ failure: again, input: await this.#shrink(again, bytes), at });
    this.#cases += input + 1;
  }

  /** The smallest input that ends a process as `bytes` does. */
  async #shrink(failure: FuzzFailure, bytes: string): Promise<string> {
    const boundMs = Math.min(this.#task.inputMs, TRY_MS);
    let child: FuzzChild | null = null;
    const fails = async (input: Uint8Array) => {
      if (this.#signal.aborted) return false;
      child ??= await this.#start();
      const death = await child?.ask({ try: input.toHex(), times: 1 }, () => {}, boundMs) ?? null;
      if (death === null) return false;
      await child?.end();
      child = null;
      return isSameFailure(failure, death);
    };
    const smaller = await shrinkInput(Uint8Array.fromHex(bytes), fails, DEATH_TRIES_MAX);
    await (child as FuzzChild | null)?.end();
    return smaller.toHex();
  }
}
