/**
 * A child process of a sweep, as the sweep sees it: it runs worlds, and may die of one, or never end.
 *
 * @module
 */

import type { Finding } from "../../mod.ts";
import type { RunEntries } from "../../sweeps/compare.ts";
import { visible } from "../../text.ts";
import { UsageError, UsageErrors } from "../command.ts";
import { linesOf } from "../lines.ts";
import { endProcess, WORLD_FLAGS } from "../processes.ts";
import {
  type ChildMessage,
  type ChildRequest,
  type ChildTask,
  type LoadedScenario,
  messageOf,
  type SeedText,
} from "./messages.ts";

const CHILD = new URL("./child.ts", import.meta.url).href;
/** Of what a child that died wrote to stderr, so much is looked at. */
const STDERR_LENGTH_MAX = 20_000;
/** A process begins to run, and loads the scenario, in so many milliseconds, also on a busy machine. */
const START_MS = 60_000;
/** Signals that a terminal has for all of its processes: the sweep hears them as well, and may hear them later. */
const TERMINAL_SIGNALS: readonly Deno.Signal[] = ["SIGHUP", "SIGINT", "SIGTERM"];
/** So much later at most. */
const TERMINAL_MS = 200;

/** Why a process is no more, as what is found in the world that it was running. */
export type ChildDeath = Pick<Finding, "kind" | "rule" | "place" | "message">;

/** How a range went: to its end, or to the seed in whose world the process died. */
export type RangeEnd = null | { readonly at: bigint; readonly death: ChildDeath };

/** One child process. */
export class SweepChild {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stderr: Promise<string>;
  /** Milliseconds in which it must say something. */
  readonly #boundMs: number;
  /** Begins its messages: the record separator, and what nobody else can know. */
  readonly #mark = `\x1e${crypto.randomUUID()} `;
  /** Milliseconds that it said nothing for, and was ended as that was too long. */
  #hungMs: number | null = null;
  #isKilled = false;

  /** Starts one; a world of it may take `boundMs` milliseconds. */
  constructor(task: ChildTask, boundMs: number) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...WORLD_FLAGS, CHILD, JSON.stringify(task), this.#mark],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = linesOf(this.#process.stdout);
    this.#stdin = this.#process.stdin.getWriter();
    this.#stderr = tailOf(this.#process.stderr);
    this.#boundMs = boundMs;
  }

  /**
   * What it says of its scenario, once it has loaded it; null: it was killed before.
   *
   * @throws {UsageError} It cannot be loaded.
   */
  async ready(): Promise<LoadedScenario | null> {
    const message = await this.#next(Math.max(START_MS, this.#boundMs));
    if (message === null) {
      const { message } = await this.#death();
      if (this.#isKilled && this.#hungMs === null) return null;
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
    return await this.#ask(range, hearAt) ? null : { at, death: await this.#death() };
  }

  /** What the world of a seed of the last range did; null: it cannot say. */
  async entriesOf(seed: string): Promise<RunEntries | null> {
    let entries: RunEntries | null = null;
    await this.#ask({ entriesOf: seed }, (message) => {
      if ("entries" in message) entries = message.entries;
    });
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
    return await this.#ask(request, hear, boundMs) ? null : await this.#death();
  }

  /** Asks for something; false: it has ended before it had done that. */
  async #ask(
    request: ChildRequest,
    hear: (message: ChildMessage) => void,
    boundMs: number = this.#boundMs,
  ): Promise<boolean> {
    const line = new TextEncoder().encode(`${JSON.stringify(request)}\n`);
    // A process that has died meanwhile says so by its silence.
    await this.#stdin.write(line).catch(() => {});
    for (;;) {
      const message = await this.#next(boundMs);
      if (message === null || "idle" in message) return message !== null;
      hear(message);
    }
  }

  /** The next message; null where the process has ended, or says nothing for too long and is ended. */
  async #next(boundMs: number): Promise<ChildMessage | null> {
    const timer = setTimeout(() => {
      this.#hungMs = boundMs;
      this.kill();
    }, boundMs);
    try {
      for (;;) {
        const { value, done } = await this.#lines.next();
        if (done) return null;
        const message = messageOf(value, this.#mark);
        if (message !== null) return message;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #death(): Promise<ChildDeath> {
    const { code, signal } = await this.#process.status;
    if (signal !== null && TERMINAL_SIGNALS.includes(signal) && !this.#isKilled) {
      await new Promise((resolve) => setTimeout(resolve, TERMINAL_MS));
    }
    if (this.#hungMs !== null) {
      return {
        kind: "liveness",
        rule: "a world ends",
        place: "process",
        message: `it took more than ${this.#hungMs} ms, and its process was ended`,
      };
    }
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const [said] = /^error: .*$/m.exec(await this.#stderr) ?? [""];
    return {
      kind: "crash",
      rule: "a process outlives its worlds",
      place: "process",
      message: `it ended ${how}${said === "" ? "" : `, ${visible(said.slice(0, 500))}`}`,
    };
  }

  /** Ends it at once. */
  kill(): void {
    this.#isKilled = true;
    endProcess(this.#process);
  }

  /** Ends it, and waits until it has ended. */
  async end(): Promise<void> {
    this.kill();
    await this.#lines.return(undefined);
    await Promise.all([this.#process.status, this.#stderr, this.#stdin.abort().catch(() => {})]);
  }
}

/** The last that `stream` says. */
async function tailOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let tail = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    tail = (tail + text).slice(-STDERR_LENGTH_MAX);
  }
  return tail;
}
