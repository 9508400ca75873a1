/**
 * What drivers return and say will come later: promises of any make, which may do anything.
 *
 * @module
 */

/**
 * Whether `value` is a promise, of whatever make. It asks the object itself, so what that throws comes
 * out: this is to be asked inside the guard that the driver's call stands in.
 */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  // Few callbacks return one of these: the rest stands elsewhere.
  return (typeof value === "object" || typeof value === "function") && isThenable(value);
}

function isThenable(value: object | null): boolean {
  return value !== null && "then" in value && typeof value.then === "function";
}

/**
 * What a driver returned must be there at once: a promise of its is refused, and what that rejects with is
 * nobody's. Throws what {@linkcode isPromise} throws.
 */
export function ignoreRejection(value: unknown): void {
  if (isPromise(value)) whenSettled(value, () => {}, () => {});
}

/**
 * Has the one or the other called, once, when `promise` has settled, never before this returns. Neither
 * asking the promise nor calling its `then` can throw here: what they throw is what it rejects with.
 */
export async function whenSettled(
  promise: unknown,
  fulfilled: (value: unknown) => void,
  rejected: (reason: unknown) => void,
): Promise<void> {
  let value: unknown;
  try {
    value = await promise;
  } catch (reason) {
    await null; // a promise whose constructor cannot be asked is refused at once
    return rejected(reason);
  }
  fulfilled(value);
}
