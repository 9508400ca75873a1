/**
 * A child process that is asked for things, and says what came of them; it may die of one, or never answer.
 *
 * @module
 */

import { visible } from "../text.ts";
import { linesOf } from "./lines.ts";
import { messageOf } from "./marked_lines.ts";
import { endProcess } from "./processes.ts";

/** Of what a child that died wrote to stderr, so much is looked at. */
const STDERR_LENGTH_MAX = 20_000;
/** Signals that a terminal has for all of its processes: the command hears them as well, and may hear them later. */
const TERMINAL_SIGNALS: readonly Deno.Signal[] = ["SIGHUP", "SIGINT", "SIGTERM"];
/** So much later at most. */
const TERMINAL_MS = 200;

/** A process begins to run, and loads what it is to run, in so many milliseconds, also on a busy machine. */
export const START_MS = 60_000;

/** How a process came to its end. */
export interface ProcessEnd {
  /** Milliseconds that it said nothing for, and was ended as that was too long; null: it was not. */
  readonly hungMs: number | null;
  /** How it ended, in words: by a signal or with a code, and what it said of that. */
  readonly how: string;
}

/** One process of the runtime, which says messages of type `Said`. */
export class ChildProcess<Said extends object> {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stderr: Promise<string>;
  /** Begins its messages: the record separator, and what nobody else can know. */
  readonly #mark = `\x1e${crypto.randomUUID()} `;
  #hungMs: number | null = null;
  #isKilled = false;

  /** Starts `deno` with `flags`, the program, its arguments, and the mark of its messages as the last one. */
  constructor(flags: readonly string[], program: string, args: readonly string[]) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...flags, program, ...args, this.#mark],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = linesOf(this.#process.stdout);
    this.#stdin = this.#process.stdin.getWriter();
    this.#stderr = tailOf(this.#process.stderr);
  }

  /** Whether it was ended by {@linkcode ChildProcess.kill}, and not because it hung. */
  get isKilled(): boolean {
    return this.#isKilled && this.#hungMs === null;
  }

  /** Sends a request, as a line of JSON. */
  async send(request: unknown): Promise<void> {
    const line = new TextEncoder().encode(`${JSON.stringify(request)}\n`);
    // A process that has died meanwhile says so by its silence.
    await this.#stdin.write(line).catch(() => {});
  }

  /** The next message; null where the process has ended, or says nothing for `boundMs` and is ended. */
  async next(boundMs: number): Promise<Said | null> {
    const timer = setTimeout(() => {
      this.#hungMs = boundMs;
      this.kill();
    }, boundMs);
    try {
      for (;;) {
        const { value, done } = await this.#lines.next();
        if (done) return null;
        const message = messageOf<Said>(value, this.#mark);
        if (message !== null) return message;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks for something, and tells `hear` what it says, until it is idle again; false: it has ended before. */
  async ask(
    request: unknown,
    hear: (message: Said) => void,
    boundMs: number,
  ): Promise<boolean> {
    await this.send(request);
    for (;;) {
      const message = await this.next(boundMs);
      if (message === null || "idle" in message) return message !== null;
      hear(message);
    }
  }

  /** How it came to its end, once it has. */
  async ended(): Promise<ProcessEnd> {
    const { code, signal } = await this.#process.status;
    if (signal !== null && TERMINAL_SIGNALS.includes(signal) && !this.#isKilled) {
      await new Promise((resolve) => setTimeout(resolve, TERMINAL_MS));
    }
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const [said] = /^error: .*$/m.exec(await this.#stderr) ?? [""];
    return {
      hungMs: this.#hungMs,
      how: `${how}${said === "" ? "" : `, ${visible(said.slice(0, 500))}`}`,
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
