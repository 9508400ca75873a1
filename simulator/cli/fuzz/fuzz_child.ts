/**
 * A child process that fuzzes one target, as the command sees it.
 *
 * @module
 */

import type { FuzzFailure } from "../../fuzzing/finding.ts";
import { ChildProcess, START_MS } from "../child_process.ts";
import { UsageError } from "../command.ts";
import type {
  FuzzBeginning,
  FuzzChildTask,
  FuzzMessage,
  FuzzRequest,
  ListedTarget,
} from "./messages.ts";

const CHILD = new URL("./child.ts", import.meta.url).href;
const FLAGS = [
  "run",
  "--quiet",
  "--no-prompt",
  "--allow-read",
];
const FAST_FLAGS = ["--v8-flags=--expose-gc"];
/**
 * What coverage needs: the permission to look at this process from within, and no optimizing compiler, whose
 * code does not count calls; else what is found would depend on when something is compiled.
 */
const GUIDED_FLAGS = ["--allow-sys", "--v8-flags=--expose-gc,--no-opt,--no-maglev"];

/** One child process. */
export class FuzzChild {
  readonly #process: ChildProcess<FuzzMessage>;
  readonly #beginning: FuzzBeginning;
  readonly #target: string | null;
  readonly #boundMs: number;

  /** Starts one; it must say something every `boundMs` milliseconds. */
  constructor(
    task: FuzzChildTask,
    boundMs: number,
    beginning: FuzzBeginning = { kept: [], known: [] },
  ) {
    const flags = [...FLAGS, ...task.isGuided ? GUIDED_FLAGS : FAST_FLAGS];
    this.#process = new ChildProcess(flags, CHILD, [JSON.stringify(task)]);
    this.#beginning = beginning;
    this.#target = task.target;
    this.#boundMs = boundMs;
  }

  /**
   * The targets that there are, once it has loaded them and its own has made its seeds; null: it was killed before.
   *
   * @param seedsMs The seeds may take so many milliseconds, and as long as an input at least.
   * @throws {UsageError} They cannot be loaded, or there are no seeds.
   */
  async ready(seedsMs: number = START_MS): Promise<readonly ListedTarget[] | null> {
    await this.#process.send(this.#beginning);
    const first = await this.#step("load the targets", Math.max(START_MS, this.#boundMs));
    if (first === null) return null;
    if (!("loaded" in first)) throw new UsageError("Cannot load the targets: it names none");
    const target = this.#target;
    const what = target === null ? "list the targets" : `make the seeds of ${target}`;
    const last = await this.#step(what, Math.max(seedsMs, this.#boundMs));
    return last === null ? null : first.loaded;
  }

  /** The next message while it begins; null: it was killed. */
  async #step(what: string, boundMs: number): Promise<FuzzMessage | null> {
    const message = await this.#process.next(boundMs);
    if (message !== null) {
      if ("refused" in message) throw new UsageError(message.refused);
      return message;
    }
    if (this.#process.isKilled) return null;
    const { hungMs, how } = await this.#process.ended();
    const why = hungMs === null
      ? `the process ended ${how}`
      : `that does not come to its end within ${hungMs} ms`;
    throw new UsageError(`Cannot ${what}: ${why}`);
  }

  /** Asks for something; null: done. Else how the process came to its end before that. */
  async ask(
    request: FuzzRequest,
    hear: (message: FuzzMessage) => void,
    boundMs: number = this.#boundMs,
  ): Promise<FuzzFailure | null> {
    return await this.#process.ask(request, hear, boundMs) ? null : await this.#death(boundMs);
  }

  async #death(boundMs: number): Promise<FuzzFailure> {
    const { hungMs, how } = await this.#process.ended();
    return hungMs !== null
      ? { kind: "hang", place: "process", message: `it does not come back within ${boundMs} ms` }
      : { kind: "crash", place: "process", message: `its process ended ${how}` };
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
