/**
 * The one file that knows the runtime: how to let it have a turn, and how to let real time pass.
 *
 * @module
 */

interface Turns {
  readonly setImmediate?: (work: () => void) => unknown;
}

/** Resolves after the runtime ran every promise reaction that was due, of any depth. */
export function turn(): Promise<void> {
  const { setImmediate } = globalThis as Turns;
  if (setImmediate !== undefined) return new Promise((resolve) => setImmediate(() => resolve()));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Resolves after `milliseconds` of real time, or as soon as `signal` is aborted. */
export function realDelay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}

/** Real time in milliseconds, from any start. */
export function realNowMs(): number {
  return performance.now();
}
