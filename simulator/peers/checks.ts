/**
 * Arguments of the peers: who calls them wrongly is told the action, the reason and the value. What a peer
 * then says or writes is not looked at: that is the receiver's part.
 *
 * @module
 */

import { requireBytes } from "../../core/arguments.ts";
import { bytesOfView } from "../../core/bytes.ts";
import { Chance } from "../../core/chance.ts";
import { describe } from "../../core/describe.ts";
import { type GuestMemory, GuestRam } from "../../core/memory/guest_memory.ts";
import { isUint } from "../../core/units.ts";

/** Highest number of a C `UINT32`. */
export const U32_MAX = 0xffff_ffff;

/**
 * Lets whole numbers from `min` to `max` through.
 *
 * @throws {RangeError} `value` is no such number; the text begins `Cannot ${action}`.
 */
export function requireUint(
  action: string,
  name: string,
  value: unknown,
  max: number = U32_MAX,
  min: number = 0,
): void {
  if (isUint(value, max) && value >= min) return;
  throw new RangeError(
    `Cannot ${action}: ${name} must be a whole number from ${min} to ${max}, not ${
      describe(value)
    }`,
  );
}

/**
 * Lets the members of `options` through.
 *
 * @throws {TypeError} `value` is not one of them; the text begins `Cannot ${action}`.
 */
export function requireOneOf<T>(
  action: string,
  name: string,
  value: T,
  options: readonly T[],
): void {
  if (options.includes(value)) return;
  const known = options.map((option) => JSON.stringify(option)).join(", ");
  throw new TypeError(
    `Cannot ${action}: ${name} must be one of ${known}, not ${describe(value)}`,
  );
}

/**
 * The bytes of a view, of which there must be a multiple of `unitBytes`.
 *
 * @throws {TypeError} `value` is no ArrayBufferView, or its buffer is detached.
 * @throws {RangeError} It has another length, or more than `bytesMax`; both texts begin `Cannot ${action}`.
 */
export function requireBody(
  action: string,
  value: ArrayBufferView,
  unitBytes: number,
  bytesMax: number,
): Uint8Array {
  const bytes = bytesOfView(requireBytes(action, value));
  if (bytes.length % unitBytes !== 0) {
    throw new RangeError(
      `Cannot ${action}: its bytes must be a multiple of ${unitBytes}, not ${bytes.length}`,
    );
  }
  if (bytes.length > bytesMax) {
    throw new RangeError(
      `Cannot ${action}: its bytes must be ${bytesMax} at most, not ${bytes.length}`,
    );
  }
  return bytes;
}

/**
 * Lets functions through.
 *
 * @throws {TypeError} `value` is no function; the text begins `Cannot ${action}`.
 */
export function requireFunction(action: string, name: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new TypeError(`Cannot ${action}: ${name} must be a function, not ${describe(value)}`);
}

/**
 * Lets objects through, whatever is in them.
 *
 * @throws {TypeError} `value` is none; the text begins `Cannot ${action}`.
 */
export function requireObject(action: string, name: string, value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  throw new TypeError(`Cannot ${action}: ${name} must be an object, not ${describe(value)}`);
}

/**
 * Lets arrays through.
 *
 * @throws {TypeError} `value` is no array; the text begins `Cannot ${action}`.
 */
export function requireArray(action: string, name: string, value: unknown): void {
  if (Array.isArray(value)) return;
  throw new TypeError(`Cannot ${action}: ${name} must be an array, not ${describe(value)}`);
}

/**
 * Lets the memory of a partition through.
 *
 * @throws {TypeError} `value` is something else; the text begins `Cannot ${action}`.
 */
export function requireMemory(action: string, value: GuestMemory): void {
  if (value instanceof GuestRam) return;
  throw new TypeError(
    `Cannot ${action}: memory must be that of a partition, not ${describe(value)}`,
  );
}

/**
 * Lets streams of chance through.
 *
 * @throws {TypeError} `value` is no Chance; the text begins `Cannot ${action}`.
 */
export function requireChance(action: string, value: Chance): void {
  if (value instanceof Chance) return;
  throw new TypeError(
    `Cannot ${action}: chance must be a Chance, as Chance.fromSeed makes it, not ${
      describe(value)
    }`,
  );
}
