import { assertStrictEquals } from "@std/assert";
import { ASYNC_DISPOSE, asyncDisposeOf } from "../../core/async_dispose.ts";

Deno.test("ASYNC_DISPOSE: is the runtime's own symbol where it has one", () => {
  assertStrictEquals(ASYNC_DISPOSE, Symbol.asyncDispose);
});

// Browsers without it: compiled code looks a method up by this symbol, and "undefined" is a name like any.
Deno.test("asyncDisposeOf: is what compilers use, where a runtime does not know the symbol", () => {
  assertStrictEquals(asyncDisposeOf({}), Symbol.for("Symbol.asyncDispose"));
});
