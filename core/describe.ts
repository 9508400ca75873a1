/**
 * Unknown values as text. Describing one never throws, although a driver may hand over, or throw, a value
 * that refuses to be read.
 *
 * @module
 */

/** Longer texts are cut: one that nearly fills a string leaves no room for the text around it. */
const TEXT_LENGTH_MAX = 1000;
/** Bigints of more bits are not spelled out, which takes longer than in proportion to their length. */
const BIGINT_BITS_MAX = 128;

function cut(text: string): string {
  return text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX)}…`;
}

/** A value, as short text. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "object":
      return value === null ? "null" : "an object";
    case "function":
      return "a function";
    case "bigint":
      return BigInt.asIntN(BIGINT_BITS_MAX, value) === value
        ? String(value)
        : `a bigint of more than ${BIGINT_BITS_MAX} bits`;
    default:
      return cut(String(value));
  }
}

/** Whether `value` is made by `type`, or by a class made of it; false for a value that cannot be asked. */
export function isInstance<T>(
  value: unknown,
  type: abstract new (...args: never[]) => T,
): value is T {
  try {
    return value instanceof type;
  } catch {
    return false; // a Proxy: it throws, or was revoked
  }
}

/** What was thrown, as text. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return describe(thrown);
  try {
    return cut(String(isInstance(thrown, Error) ? thrown.message : thrown));
  } catch {
    return "an object that cannot be shown"; // what it says of itself is the thrower's own code
  }
}

/** What was thrown, where an Error is needed: itself, or one that says what it was. */
export function errorOf(thrown: unknown): Error {
  return isInstance(thrown, Error) ? thrown : new Error(messageOf(thrown));
}
