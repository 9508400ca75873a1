/**
 * Stand-in for the functions of `jsr:@std/assert` that this repository's tests use, for places that
 * cannot reach JSR. Names, signatures, behaviour and error texts follow the real package.
 *
 * @module
 */

export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
export {
  type AnyClass,
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  fail,
  unreachable,
} from "./values.ts";
export { assertRejects, assertThrows } from "./throws.ts";
