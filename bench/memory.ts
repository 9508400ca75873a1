/**
 * How much memory something takes, by V8's own count.
 *
 * @module
 */

/** Bytes of live objects and of what they hold outside of the heap, after a full collection. */
export function liveBytes(): number {
  collect();
  return usedBytes();
}

/** Bytes of objects, collected or not. */
export function usedBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Collects all garbage. */
export function collect(): void {
  const gc: unknown = Reflect.get(globalThis, "gc");
  if (typeof gc !== "function") {
    throw new Error("Cannot measure memory without gc: start V8 with --expose-gc");
  }
  gc();
  gc(); // what the first round let go of, such as memory outside of the heap, goes in the second
}
