/**
 * Work that several workers do, each of them one thing after the other.
 *
 * @module
 */

/** Has `work` done for each of `items`, in their order, `workers` at a time; once `signal` is aborted nothing is begun. */
export async function sideBySide<T>(
  items: readonly T[],
  workers: number,
  signal: AbortSignal,
  work: (item: T, at: number) => Promise<void>,
): Promise<void> {
  const left = items.entries();
  const worker = async () => {
    for (const [at, item] of left) {
      if (signal.aborted) return;
      await work(item, at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, items.length) }, worker));
}
