/**
 * A child process of `deno task sweep`. It is given ranges of seeds on stdin, one a line, runs their worlds,
 * and says on stdout what came of them; it ends when stdin does. Needs `--allow-read` to load a scenario.
 *
 * @module
 */

import type { DriverTable, ScenarioDefinition, WorldResult } from "../../mod.ts";
import type { ToldChoice } from "../../shrinking/plan.ts";
import { ShrinkError } from "../../shrinking/attempt.ts";
import { WorldMaker } from "../../shrinking/world_maker.ts";
import { choicesOfLines, linesOfChoices } from "../../artefacts/choices_text.ts";
import { digestOf, entriesOf } from "../../sweeps/compare.ts";
import { SeedRunner } from "../../sweeps/seed_runner.ts";
import { Tally } from "../../sweeps/tally.ts";
import { UsageError, UsageErrors, writeAll } from "../command.ts";
import { findScenario } from "../find_scenario.ts";
import { linesOf } from "../lines.ts";
import { lineOf } from "../marked_lines.ts";
import type { ChildMessage, ChildRequest, ChildTask, SeedText, ShrinkRequest } from "./messages.ts";

/** What came of worlds is said so often: who stops the sweep loses no more than that. */
const TELL_MS = 200;

const [given = "", mark = ""] = Deno.args;

/** To make a run by which another one is made smaller. */
type MakeRequest = Extract<ChildRequest, { readonly again: unknown } | { readonly keep: unknown }>;

function say(message: ChildMessage): void {
  writeAll(Deno.stdout, lineOf(message, mark));
}

/** Seeds of a range in the order in which they run. */
function* seedsOf({ from, to }: SeedText, isBackwards: boolean): Generator<bigint> {
  const [first, end] = [BigInt(from), BigInt(to)];
  for (let at = first; at < end; at++) yield isBackwards ? first + end - 1n - at : at;
}

/** Runs worlds of one scenario. */
class Child {
  readonly #isUntilFailure: boolean;
  readonly #scenario: ScenarioDefinition;
  readonly #runner: SeedRunner;
  /** Makes runs by which one is made smaller; null: none is to be. */
  #maker: WorldMaker<DriverTable> | null = null;
  /** The worlds of the last range, where they are compared. */
  readonly #results = new Map<string, WorldResult>();

  constructor(scenario: ScenarioDefinition, { settings, isUntilFailure, tells }: ChildTask) {
    this.#scenario = scenario;
    this.#isUntilFailure = isUntilFailure;
    this.#runner = new SeedRunner(scenario, settings, {
      ...tells === "runs" && { world: { trace: "full" }, onWorld: (result) => this.#see(result) },
      ...tells === "choices" && {
        world: { onChoice: (choice) => say({ chose: linesOfChoices([choice]).join() }) },
      },
    });
  }

  #see(result: WorldResult): void {
    const seed = String(result.seed);
    this.#results.set(seed, result);
    say({ seen: seed, digest: digestOf(result), isFailed: result.findings.length > 0 });
  }

  async do(request: ChildRequest): Promise<void> {
    if ("shrink" in request) this.#begin(request);
    else if ("again" in request || "keep" in request) await this.#make(request);
    else if ("entriesOf" in request) {
      const result = this.#results.get(request.entriesOf);
      if (result !== undefined) say({ entries: entriesOf(result) });
    } else await this.#run(request, request.isBackwards === true);
    say({ idle: true });
  }

  /** Makes runs from now on by which one is made smaller. */
  #begin({ shrink: { settings, finding, choices }, isTold }: ShrinkRequest): void {
    const made = choices === null ? null : choicesOfLines(choices);
    const onChoice = isTold ? (told: ToldChoice) => say({ told }) : null;
    this.#maker = new WorldMaker(this.#scenario, { settings, finding, choices: made }, onChoice);
  }

  /** Makes one of these runs. */
  async #make(request: MakeRequest): Promise<void> {
    const maker = this.#maker!;
    try {
      if ("keep" in request) return say({ kept: await maker.record(choicesOfLines(request.keep)) });
      const { again } = request;
      if (again === "first") say({ came: await maker.first() });
      else if ("switches" in again) say({ came: await maker.attempt(again) });
      else say({ came: await maker.replay(choicesOfLines(again)) });
    } catch (error) {
      if (!(error instanceof ShrinkError)) throw error;
      say({ gone: error.message });
    }
  }

  /** Runs the worlds of one range. */
  async #run(range: SeedText, isBackwards: boolean): Promise<void> {
    this.#results.clear();
    let begin = BigInt(range.from);
    let tally = new Tally();
    let toldMs = performance.now();
    const tell = (seed: bigint) => {
      if (tally.worlds === 0) return;
      say({ done: { from: String(begin), to: String(seed + 1n) }, tally: tally.data });
      [begin, tally, toldMs] = [seed + 1n, new Tally(), performance.now()];
    };
    let last = begin;
    for (const seed of seedsOf(range, isBackwards)) {
      last = seed;
      say({ at: String(seed) });
      if (await this.#runner.run(seed, tally) && this.#isUntilFailure) break;
      if (!isBackwards && performance.now() - toldMs >= TELL_MS) tell(seed);
    }
    // Who runs them backwards is there to be compared with.
    if (!isBackwards) tell(last);
  }
}

async function main(task: ChildTask): Promise<void> {
  // Ctrl-C goes to all processes of a terminal: the one that was started by hand ends the others.
  Deno.addSignalListener("SIGINT", () => {});
  try {
    const { scenario, settings, seeds } = await findScenario(task.scenario);
    const { name, expected = [] } = scenario;
    const range = seeds && { from: String(seeds.from), count: seeds.count };
    say({ ready: { name, expected, settings, seeds: range } });
    const child = new Child(scenario, task);
    for await (const line of linesOf(Deno.stdin.readable)) {
      await child.do(JSON.parse(line) as ChildRequest);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say({ refused: error instanceof UsageErrors ? error.lines : [error.message] });
  }
  Deno.exit();
}

if (import.meta.main) {
  await main(JSON.parse(given) as ChildTask);
}
