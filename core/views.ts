/**
 * What an array of bytes really is, whatever its owner did to it: own properties may lie about its length,
 * and what only looks like an array has none. None of these runs code of the owner's.
 *
 * @module
 */

import { NO_BYTES } from "./bytes.ts";

const typedArrays = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The getter `key` of `owner`, as it is when this module is loaded. */
function getterOf<Value>(owner: object, key: string | symbol): (this: unknown) => Value {
  return Object.getOwnPropertyDescriptor(owner, key)!.get!;
}

const kindOf = getterOf<string | undefined>(typedArrays, Symbol.toStringTag);
const byteLengthOf = getterOf<number>(typedArrays, "byteLength");
const offsetOf = getterOf<number>(typedArrays, "byteOffset");
const bufferOf = getterOf<ArrayBuffer>(typedArrays, "buffer");
const viewLengthOf = getterOf<number>(DataView.prototype, "byteLength");
const viewOffsetOf = getterOf<number>(DataView.prototype, "byteOffset");
const viewBufferOf = getterOf<ArrayBuffer>(DataView.prototype, "buffer");

/** A view of the first `byteCount` bytes of `bytes`, which has as many. */
export function viewOf(bytes: Uint8Array, byteCount: number): DataView {
  return new DataView(bufferOf.call(bytes), offsetOf.call(bytes), byteCount);
}

/** The bytes of any view of a buffer, none where that was transferred; null where `value` is no view. */
export function bytesOfView(value: unknown): Uint8Array | null {
  if (!ArrayBuffer.isView(value)) return null;
  return kindOf.call(value) === undefined
    ? bytesOfDataView(value as DataView)
    : bytesOfArray(value);
}

function bytesOfArray(array: unknown): Uint8Array {
  const byteCount = byteLengthOf.call(array);
  if (byteCount === 0) return NO_BYTES;
  return new Uint8Array(bufferOf.call(array), offsetOf.call(array), byteCount);
}

/** Unlike an array, a view of a buffer that was transferred, or became too short, has no length but throws. */
function bytesOfDataView(view: DataView): Uint8Array {
  try {
    const byteCount = viewLengthOf.call(view);
    return new Uint8Array(viewBufferOf.call(view), viewOffsetOf.call(view), byteCount);
  } catch {
    return NO_BYTES;
  }
}
