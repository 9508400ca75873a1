/**
 * The error of a failed assertion, and the ends of its texts.
 *
 * @module
 */

/** Thrown by every assertion that does not hold. */
export class AssertionError extends Error {
  /** Always `"AssertionError"`. */
  override readonly name = "AssertionError";
}

/** How a text continues: with the caller's own message, or with a full stop. */
export function suffixOf(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}
