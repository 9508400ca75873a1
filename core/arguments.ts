/**
 * Arguments in the forms that drivers have them in: a C `BOOLEAN`, memory by any view of it, a list of
 * page frame numbers (kmcl.md I7). Every such argument comes in here.
 *
 * @module
 */

import { NO_BYTES } from "./bytes.ts";

const { isView } = ArrayBuffer;

/** The `BOOLEAN` that `value` is: true and 1, false and 0; null where it is none. */
export function booleanOf(value: unknown): boolean | null {
  if (value === true || value === 1) return true;
  return value === false || value === 0 ? false : null;
}

/**
 * The bytes that `value` shows, shared and not copied, or null where it is no view. A view of a buffer
 * that was transferred shows none. A Uint8Array is given back as it is; of any other view, and of what
 * extends Uint8Array with methods of its own, the bytes are shown by a plain one.
 */
export function bytesOf(value: unknown): Uint8Array | null {
  if (!isView(value)) return null;
  // Every packet comes by here: to ask for the prototype would cost a tenth of a transaction.
  return value.constructor === Uint8Array ? value as Uint8Array : bytesOfView(value);
}

function bytesOfView(view: ArrayBufferView): Uint8Array {
  try {
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  } catch {
    // Its buffer was transferred, or has become too short for it: a Uint8Array would have no length.
    return NO_BYTES;
  }
}

/**
 * The bytes of a view, where a missing status is no way to say that there are none.
 *
 * @throws {TypeError} `value` is no ArrayBufferView, or its buffer is detached; the text begins
 * `Cannot ${action}`.
 */
export function requireBytes(action: string, value: ArrayBufferView): Uint8Array {
  const bytes = bytesOf(value);
  if (bytes === null) {
    throw new TypeError(`Cannot ${action}: a value of type ${typeof value} is no ArrayBufferView`);
  }
  if (value.buffer instanceof ArrayBuffer && value.buffer.detached) {
    throw new TypeError(`Cannot ${action}: the buffer of the bytes is detached`);
  }
  return bytes;
}

/** How many elements a list of PFNs has, or null where `value` is none: an array or a typed array. */
export function pfnCountOf(value: unknown): number | null {
  return isPfnList(value) ? value.length : null;
}

/** A copy of the first `count` elements of a list of PFNs; what is in there has yet to be checked. */
export function copyPfns(list: unknown, count: number): number[] {
  const pfns: number[] = [];
  if (!isPfnList(list)) return pfns;
  for (let at = 0; at < count; at++) {
    const pfn = list[at];
    pfns.push(typeof pfn === "bigint" ? Number(pfn) : pfn as number);
  }
  return pfns;
}

function isPfnList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
