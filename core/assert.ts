/**
 * Checks of the package's own promises. What a caller or a peer can cause is never checked here:
 * the first gets an NTSTATUS, the second becomes a fault value.
 *
 * @module
 */

/** Thrown where only a bug of this package can lead. */
export class BrokenInvariant extends Error {
  /** Always `"BrokenInvariant"`. */
  override readonly name = "BrokenInvariant";
}

/**
 * Throws {@linkcode BrokenInvariant} unless `condition` holds. The error is built elsewhere: that keeps
 * this short enough to be inlined always.
 */
export function assert(condition: boolean, promise: string): asserts condition {
  if (!condition) broken(promise);
}

function broken(promise: string): never {
  throw new BrokenInvariant(`Cannot go on as this does not hold: ${promise}`);
}
