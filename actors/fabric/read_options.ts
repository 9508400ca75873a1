/**
 * Reads options that a program passes.
 *
 * @module
 */

import { describe, messageOf } from "../../core/describe.ts";

/** A value for an error. */
export function show(value: unknown): string {
  return typeof value === "string" ? `"${describe(value)}"` : describe(value);
}

/**
 * The options of `what`, each read once, with defaults for those that are left out; none of `required` may be.
 *
 * @throws {TypeError} They are no object, cannot be read, one of them is unknown, or one that is required is left out.
 */
export function withDefaults<T extends object>(
  what: string,
  options: unknown,
  defaults: T,
  verb: "create" | "attach" = "create",
  required: readonly (keyof T & string)[] = [],
): T {
  const action = `${verb} ${what}`;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot ${action}: its options must be an object, not ${show(options)}`,
    );
  }
  const given = entriesOf(action, options);
  const known = Object.keys(defaults);
  const unknown = given.map(([key]) => key).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot ${action}: no option is called ${unknown}, only ${known.join(", ")}`,
    );
  }
  const said = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  const missing = required.find((name) => !Object.hasOwn(said, name));
  if (missing !== undefined) {
    throw new TypeError(`Cannot ${action}: it needs the option ${missing}, which is left out`);
  }
  return { ...defaults, ...said };
}

/** The options as they are read, once. */
function entriesOf(action: string, options: object): readonly [string, unknown][] {
  try {
    return Object.entries(options);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new TypeError(`Cannot ${action}: its options cannot be read: ${reason}`, { cause });
  }
}

/**
 * Checks a number of `what`.
 *
 * @throws {RangeError} It is no whole number within its bounds.
 */
export function checkBounds(
  what: string,
  name: string,
  value: unknown,
  [least, most]: readonly [number, number],
): void {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return;
  }
  throw new RangeError(
    `Cannot create ${what}: ${name} must be a whole number from ${least} to ${most}, not ${
      show(value)
    }`,
  );
}
