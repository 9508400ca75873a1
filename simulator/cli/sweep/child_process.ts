/**
 * A child process of a sweep, as the sweep sees it: it runs worlds, and may die of one, or never end.
 *
 * @module
 */

import type { Finding } from "../../mod.ts";
import type { RunEntries } from "../../sweeps/compare.ts";
import { ChildProcess, START_MS } from "../child_process.ts";
import { UsageError, UsageErrors } from "../command.ts";
import { WORLD_FLAGS } from "../processes.ts";
import type {
  ChildMessage,
  ChildRequest,
  ChildTask,
  LoadedScenario,
  SeedText,
} from "./messages.ts";

const CHILD = new URL("./child.ts", import.meta.url).href;

/** Why a process has ended, as what is found in the world that it was running. */
export type ChildDeath = Pick<Finding, "kind" | "rule" | "place" | "message">;

/** How a range went: to its end, or to the seed in whose world the process died. */
export type RangeEnd = null | { readonly at: bigint; readonly death: ChildDeath };

/** One child process. */
export class SweepChild {
  readonly #process: ChildProcess<ChildMessage>;
  /** Milliseconds in which it must say something. */
  readonly #boundMs: number;

  /** Starts one; a world of it may take `boundMs` milliseconds. */
  constructor(task: ChildTask, boundMs: number) {
    this.#process = new ChildProcess(WORLD_FLAGS, CHILD, [JSON.stringify(task)]);
    this.#boundMs = boundMs;
  }

  /**
   * What it says of its scenario, once it has loaded it; null: it was killed before.
   *
   * @throws {UsageError} It cannot be loaded.
   */
  async ready(): Promise<LoadedScenario | null> {
    const message = await this.#process.next(Math.max(START_MS, this.#boundMs));
    if (message === null) {
      const { message } = await this.#death();
      if (this.#process.isKilled) return null;
      throw new UsageError(`Cannot load the scenario: ${message}`);
    }
    if ("refused" in message) throw new UsageErrors(message.refused);
    if (!("ready" in message)) throw new UsageError("Cannot load the scenario: it says no name");
    return message.ready;
  }

  /** Has it run the worlds of `range`, and tells `hear` what it says of them. */
  async run(
    range: SeedText & { readonly isBackwards?: boolean },
    hear: (message: ChildMessage) => void,
  ): Promise<RangeEnd> {
    let at = BigInt(range.from);
    const hearAt = (message: ChildMessage) => {
      if ("at" in message) at = BigInt(message.at);
      else hear(message);
    };
    const isDone = await this.#process.ask(range, hearAt, this.#boundMs);
    return isDone ? null : { at, death: await this.#death() };
  }

  /** What the world of a seed of the last range did; null: it cannot say. */
  async entriesOf(seed: string): Promise<RunEntries | null> {
    let entries: RunEntries | null = null;
    const hear = (message: ChildMessage) => {
      if ("entries" in message) entries = message.entries;
    };
    await this.#process.ask({ entriesOf: seed }, hear, this.#boundMs);
    return entries;
  }

  /**
   * Asks for something, and tells `hear` what it says; null: it has done that, else how it ended before.
   *
   * @param boundMs Milliseconds in which it must say something each time.
   */
  async ask(
    request: ChildRequest,
    hear: (message: ChildMessage) => void,
    boundMs: number,
  ): Promise<ChildDeath | null> {
    return await this.#process.ask(request, hear, boundMs) ? null : await this.#death();
  }

  async #death(): Promise<ChildDeath> {
    const { hungMs, how } = await this.#process.ended();
    if (hungMs !== null) {
      return {
        kind: "liveness",
        rule: "a world ends",
        place: "process",
        message: `it took more than ${hungMs} ms, and its process was ended`,
      };
    }
    return {
      kind: "crash",
      rule: "a process outlives its worlds",
      place: "process",
      message: `it ended ${how}`,
    };
  }

  /** Ends it at once. */
  kill(): void {
    this.#process.kill();
  }

  /** Ends it, and waits until it has ended. */
  async end(): Promise<void> {
    await this.#process.end();
  }
}
