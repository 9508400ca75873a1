/**
 * A child process of `deno task fuzz`. It is asked for batches of inputs of one target on stdin, one request a
 * line, and says on stdout what came of them; it ends when stdin does. Needs `--allow-read` to load the
 * module of the targets, and `--allow-sys` where coverage guides it.
 *
 * @module
 */

import type { FuzzFailure } from "../../fuzzing/finding.ts";
import { isSameFailure } from "../../fuzzing/finding.ts";
import { type FailedInput, Fuzzer } from "../../fuzzing/fuzzer.ts";
import { shrinkInput } from "../../fuzzing/shrink.ts";
import { wholeTarget } from "../../fuzzing/target.ts";
import { UsageError, writeAll } from "../command.ts";
import { linesOf } from "../lines.ts";
import { lineOf } from "../marked_lines.ts";
import { CoverageGuide } from "./coverage.ts";
import { Growth, growthOfOne } from "./growth.ts";
import { loadTargets } from "./load_targets.ts";
import type { FuzzBeginning, FuzzChildTask, FuzzMessage, FuzzRequest } from "./messages.ts";

/** Tries to make an input smaller. */
const TRIES_MAX = 2000;
/** The same where each try runs the input some hundred times. */
const GROWTH_TRIES_MAX = 40;
/** Inputs of a batch of which each is tried alone where memory has grown. */
const GROWTH_INPUTS = 64;
/** Failures of different places that one child tells. */
const FAILURES_MAX = 20;

const [given = "", mark = ""] = Deno.args;

function say(message: FuzzMessage): void {
  writeAll(Deno.stdout, lineOf(message, mark));
}

/** Runs inputs of one target. */
class Child {
  readonly #fuzzer: Fuzzer;
  readonly #growth = new Growth();
  readonly #told: FuzzFailure[] = [];

  constructor(fuzzer: Fuzzer) {
    this.#fuzzer = fuzzer;
  }

  async do(request: FuzzRequest): Promise<void> {
    if ("try" in request) await this.#try(Uint8Array.fromHex(request.try), request.times);
    else if ("batch" in request) await this.#runSlowly(request.batch, request.input);
    else await this.#run(request.from, request.to);
    say({ outcomes: Object.fromEntries(this.#fuzzer.outcomes) });
    this.#fuzzer.outcomes.clear();
    say({ idle: true });
  }

  async #try(input: Uint8Array, times: number): Promise<void> {
    let failure = await this.#fuzzer.tryInput(input);
    if (failure === null && times > 1) {
      failure = await growthOfOne(() => this.#fuzzer.tryInput(input));
    }
    say({ tried: failure });
  }

  async #run(from: number, to: number): Promise<void> {
    for (let batch = from; batch < to; batch++) {
      const onPart = () => say({ at: batch });
      onPart();
      const { cases, failed, kept } = await this.#fuzzer.runBatch(batch, { onPart });
      for (const each of failed) await this.#tell(each);
      say({ batch, cases, kept: kept.map((input) => input.toHex()) });
      const growth = await this.#growth.after(cases);
      if (growth !== null) await this.#tellGrowth(growth, (batch + 1) * cases - 1);
    }
  }

  /** Runs a batch that an earlier process died of. */
  async #runSlowly(batch: number, from: number): Promise<void> {
    const onInput = (input: number, bytes: Uint8Array) => say({ input, bytes: bytes.toHex() });
    const end = await this.#fuzzer.runBatch(batch, {
      from,
      onInput,
      onPart: () => say({ at: batch }),
    });
    for (const each of end.failed) await this.#tell(each);
    say({ batch, cases: end.cases, kept: end.kept.map((input) => input.toHex()) });
  }

  #isNew(failure: FuzzFailure): boolean {
    const isKnown = this.#told.some((other) => isSameFailure(failure, other));
    if (isKnown || this.#told.length >= FAILURES_MAX) return false;
    this.#told.push(failure);
    return true;
  }

  /** Tells of a failure, and then of the smallest input that fails so. */
  async #tell({ failure, input, at }: FailedInput): Promise<void> {
    if (!this.#isNew(failure)) return;
    say({ failed: { failure, input: input.toHex(), at } });
    const fails = this.#fuzzer.stillFails(failure);
    const smaller = await shrinkInput(input, fails, TRIES_MAX);
    const last = await this.#fuzzer.tryInput(smaller) ?? failure;
    say({ failed: { failure: last, input: smaller.toHex(), at } });
  }

  /** Tells of growth, and then of an input that alone makes it, where there is one. */
  async #tellGrowth(failure: FuzzFailure, at: number): Promise<void> {
    if (!this.#isNew(failure)) return;
    say({ failed: { failure, input: null, at } });
    const alone = (input: Uint8Array) => growthOfOne(() => this.#fuzzer.tryInput(input));
    for (const input of this.#fuzzer.lastInputs(GROWTH_INPUTS)) {
      const own = await alone(input);
      if (own === null) continue;
      const smaller = await shrinkInput(
        input,
        async (candidate) => await alone(candidate) !== null,
        GROWTH_TRIES_MAX,
      );
      return say({ failed: { failure: own, input: smaller.toHex(), at } });
    }
  }
}

async function start(task: FuzzChildTask, { kept, known }: FuzzBeginning): Promise<Child | null> {
  const targets = await loadTargets(task.module);
  const loaded = targets.map((target) => {
    const { name, title, batchCases } = wholeTarget(target);
    return { name, title, batchCases };
  });
  say({ loaded });
  const target = targets.find(({ name }) => name === task.target);
  const child = target === undefined ? null : new Child(
    await Fuzzer.start(target, {
      seed: BigInt(task.seed),
      kept: kept.map((input) => Uint8Array.fromHex(input)),
      known,
      // What runs while the target is made is not new later on.
      guide: task.isGuided ? await CoverageGuide.start() : null,
    }),
  );
  say({ ready: true });
  return child;
}

async function main(task: FuzzChildTask): Promise<void> {
  // Ctrl-C goes to all processes of a terminal: the one that was started by hand ends the others.
  Deno.addSignalListener("SIGINT", () => {});
  try {
    let child: Child | null = null;
    let hasBegun = false;
    for await (const line of linesOf(Deno.stdin.readable)) {
      if (hasBegun) await child?.do(JSON.parse(line) as FuzzRequest);
      else child = await start(task, JSON.parse(line) as FuzzBeginning);
      hasBegun = true;
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say({ refused: error.message });
  }
  Deno.exit();
}

if (import.meta.main) {
  await main(JSON.parse(given) as FuzzChildTask);
}
