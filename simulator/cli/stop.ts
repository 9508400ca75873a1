/**
 * Signals that stop a command.
 *
 * @module
 */

/** Signals that stop a run, with the exit code that shells have for a program that one ended. */
const EXIT_STOPPED = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof EXIT_STOPPED;
/** Windows has no other to listen for. */
const STOP_SIGNALS: readonly StopSignal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGHUP", "SIGINT", "SIGTERM"];

/** Listens for signals. The first stops the run where it stands, the second ends the program. */
export class Stop implements Disposable {
  readonly #controller = new AbortController();
  readonly #handlers = STOP_SIGNALS.map((name) => ({ name, handler: () => this.#stop(name) }));
  readonly #beforeExit: () => void;
  /** What the program ends with where it was stopped. */
  exitCode: number = EXIT_STOPPED.SIGINT;

  /** `beforeExit` is called where a second signal ends the program. */
  constructor(beforeExit: () => void) {
    this.#beforeExit = beforeExit;
    for (const { name, handler } of this.#handlers) Deno.addSignalListener(name, handler);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  #stop(name: StopSignal): void {
    this.exitCode = EXIT_STOPPED[name];
    if (this.signal.aborted) {
      try {
        this.#beforeExit();
      } finally {
        Deno.exit(this.exitCode); // whatever could not be said
      }
    }
    this.#controller.abort();
  }

  /** Signals end the program again. */
  [Symbol.dispose](): void {
    for (const { name, handler } of this.#handlers) Deno.removeSignalListener(name, handler);
  }
}
