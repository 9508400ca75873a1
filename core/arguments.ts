/**
 * Arguments in the forms that drivers have them in: a C `BOOLEAN`, memory by any view of it, a list of
 * page frame numbers (kmcl.md I7). Every such argument is read here.
 *
 * @module
 */

import * as views from "./bytes.ts";
import { bytesOfView, isDetached } from "./bytes.ts";
import { copyElements } from "./structures.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { isBytes } = views;
const { isView } = ArrayBuffer;

/** The `BOOLEAN` that `value` is: true and 1, false and 0; null for any other value. */
export function booleanOf(value: unknown): boolean | null {
  if (value === true || value === 1) return true;
  return value === false || value === 0 ? false : null;
}

/**
 * The bytes that `value` shows, shared and not copied, or null where it is not a view. A view of a buffer
 * that was transferred shows no bytes. A Uint8Array of any class is returned as it is: its own members
 * may answer anything, so it is read through bytes.ts.
 */
export function bytesOf(value: unknown): Uint8Array | null {
  if (isBytes(value)) return value;
  return isView(value) ? bytesOfView(value) : null;
}

/**
 * The bytes of a view, for a caller that throws where functions with a status would return one.
 *
 * @throws {TypeError} `value` is not an ArrayBufferView, or its buffer is detached; the text begins
 * `Cannot ${action}`.
 */
export function requireBytes(action: string, value: ArrayBufferView): Uint8Array {
  const bytes = bytesOf(value);
  if (bytes === null) {
    throw new TypeError(`Cannot ${action}: a value of type ${typeof value} is no ArrayBufferView`);
  }
  if (isDetached(value)) {
    throw new TypeError(`Cannot ${action}: the buffer of the bytes is detached`);
  }
  return bytes;
}

/**
 * A copy of the first elements of a list of PFNs, an array or a typed array, at most `countMax` of them;
 * the elements are unchecked. Null where it is not a list, or cannot be read. Callers make the copy
 * before anything else, as reading may run the driver's code.
 */
export function copyPfns(list: unknown, countMax: number): readonly unknown[] | null {
  const elements = copyElements(list, countMax);
  return elements?.map((pfn) => typeof pfn === "bigint" ? Number(pfn) : pfn) ?? null;
}
