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

/** Resolves as soon as `signal` is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Real time in milliseconds, from any start. */
export function realNowMs(): number {
  return performance.now();
}

/** Keeps a value with code and whatever that code awaits, of any depth. */
export interface Follower {
  /** Does `work` with `value`, which stays with all that continues after its awaits. */
  run<R>(value: object | undefined, work: () => R): R;
  /** The value that the running code has; undefined where it has none. */
  get(): object | undefined;
}

interface Contexts {
  readonly AsyncContext?: { readonly Variable: new () => Follower };
  readonly process?: { getBuiltinModule?(name: string): unknown };
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => {
    run<R>(value: object | undefined, work: () => R): R;
    getStore(): object | undefined;
  };
}

let shared: Follower | null = null;

/** What tells whose code continues after an await; null where the runtime cannot tell. One serves a process. */
export function follower(): Follower | null {
  const { AsyncContext, process } = globalThis as Contexts;
  if (AsyncContext === undefined && process?.getBuiltinModule === undefined) return null;
  return shared ??= AsyncContext === undefined ? storageFollower() : new AsyncContext.Variable();
}

function storageFollower(): Follower | null {
  const { process } = globalThis as Contexts;
  const hooks = process?.getBuiltinModule?.("async_hooks") as AsyncHooks | undefined;
  if (hooks === undefined) return null;
  const storage = new hooks.AsyncLocalStorage();
  return { run: (value, work) => storage.run(value, work), get: () => storage.getStore() };
}

// A signal is the program's: it may have members of its own under these names.
const { addEventListener, removeEventListener } = EventTarget.prototype;

/** Whether `signal` has ended what it is for: also where it throws, and so cannot say that it has not. */
export function hasAborted(signal: AbortSignal): boolean {
  try {
    return signal.aborted === true;
  } catch {
    return true;
  }
}

/** Has `listener` called when `signal`, if there is one, is aborted, until the function returned is called. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  addEventListener.call(signal, "abort", listener);
  return () => removeEventListener.call(signal, "abort", listener);
}
