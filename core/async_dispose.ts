/**
 * The name of the method that `await using` calls at the end of a block.
 *
 * @module
 */

/**
 * `Symbol.asyncDispose` of `symbols`; where they have none, the symbol that compilers which turn `await
 * using` into older JavaScript use in its place.
 */
export function asyncDisposeOf(
  symbols: { readonly asyncDispose?: symbol },
): typeof Symbol.asyncDispose {
  return (symbols.asyncDispose ?? Symbol.for("Symbol.asyncDispose")) as typeof Symbol.asyncDispose;
}

/** The runtime's own, or what stands in for it: some browsers do not know it yet. */
export const ASYNC_DISPOSE: typeof Symbol.asyncDispose = asyncDisposeOf(Symbol);
