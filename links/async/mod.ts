/**
 * Stand-in for the functions of `jsr:@std/async` that this repository uses, for places that cannot
 * reach JSR. Names, signatures and behaviour follow the real package.
 *
 * @module
 */

/** Options of {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the wait: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Options of {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the wait early: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Resolves after `ms` milliseconds, or rejects when `options.signal` is aborted before. */
export function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/**
 * Settles as `p` does, or rejects with a DOMException named `TimeoutError` when `p` takes longer
 * than `ms` milliseconds, or with the signal's reason when `options.signal` is aborted before.
 */
export async function deadline<T>(
  p: Promise<T>,
  ms: number,
  options: DeadlineOptions = {},
): Promise<T> {
  const { signal } = options;
  signal?.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal?.reason);
  const timer = setTimeout(
    () => reject(new DOMException("Signal timed out.", "TimeoutError")),
    ms,
  );
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([p, stopped]);
  } finally {
    // The test runner counts a timer that outlives its test as a leak.
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
