/**
 * The name of the method that `await using` calls at the end of a block.
 *
 * @module
 */

/**
 * `Symbol.asyncDispose` of `symbols`; where it is missing, the symbol that compilers use in its place
 * when they turn `await using` into older JavaScript.
 */
export function asyncDisposeOf(
  symbols: { readonly asyncDispose?: symbol },
): typeof Symbol.asyncDispose {
  return (symbols.asyncDispose ?? Symbol.for("Symbol.asyncDispose")) as typeof Symbol.asyncDispose;
}

/** The runtime's own symbol, or its replacement: some browsers do not have it. */
export const ASYNC_DISPOSE: typeof Symbol.asyncDispose = asyncDisposeOf(Symbol);
