/**
 * Arrays of bytes that may be a driver's: their lengths, parts and copies.
 *
 * A driver's array may be of a class of its own, or have members of its own: its length, its buffer, or a
 * part of it may be anything, or reading them may throw. So its members are never used: what the runtime
 * itself knows of it is read here, through the runtime's own accessors.
 *
 * @module
 */

/** No bytes: one array for every place that needs an empty one. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype);

/** The runtime's own accessor of a member, whatever a driver's object has under that name. */
function accessor<T>(prototype: object, key: string | symbol): (this: unknown) => T {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get!;
}

function viewAccessors(prototype: object) {
  return {
    buffer: accessor<ArrayBufferLike>(prototype, "buffer"),
    byteOffset: accessor<number>(prototype, "byteOffset"),
    byteLength: accessor<number>(prototype, "byteLength"),
  };
}

const TYPED_ARRAY = viewAccessors(typedArray);
const DATA_VIEW = viewAccessors(DataView.prototype);
const tagOf = accessor<string | undefined>(typedArray, Symbol.toStringTag);
const ownLength = accessor<number>(typedArray, "length");
const { buffer: ownBuffer, byteOffset: ownByteOffset } = TYPED_ARRAY;

/** Whether `value` is a Uint8Array, of whatever class: never a throw, also for what cannot be looked at. */
export function isBytes(value: unknown): value is Uint8Array {
  return tagOf.call(value) === "Uint8Array";
}

// Calling an accessor takes some nanoseconds. Loading an element is faster, and whether it exists does
// not depend on the object's own members.

/** Whether `bytes` are at least `byteCount` long. */
export function holdsBytes(bytes: Uint8Array, byteCount: number): boolean {
  return byteCount === 0 || bytes[byteCount - 1] !== undefined;
}

/** Whether `bytes`, which are at least `byteCount` long, are no longer than that. */
export function endsAt(bytes: Uint8Array, byteCount: number): boolean {
  return bytes[byteCount] === undefined;
}

/** How many elements a typed array of any kind has; null for any other value. */
export function elementCountOf(value: unknown): number | null {
  return tagOf.call(value) === undefined ? null : ownLength.call(value);
}

/** How long `bytes` are now: 0 where their buffer was transferred or no longer reaches that far. */
export function lengthOf(bytes: Uint8Array): number {
  return ownLength.call(bytes);
}

/**
 * The bytes of a view of any kind; an empty array where its buffer was transferred or is too short for
 * it.
 */
export function bytesOfView(view: ArrayBufferView): Uint8Array {
  const own = tagOf.call(view) === undefined ? DATA_VIEW : TYPED_ARRAY;
  try {
    return new Uint8Array(
      own.buffer.call(view),
      own.byteOffset.call(view),
      own.byteLength.call(view),
    );
  } catch {
    return NO_BYTES;
  }
}

/** Whether the buffer of a view was transferred. */
export function isDetached(view: ArrayBufferView): boolean {
  const own = tagOf.call(view) === undefined ? DATA_VIEW : TYPED_ARRAY;
  try {
    new Uint8Array(own.buffer.call(view), 0, 0);
    return false;
  } catch {
    return true; // of such a buffer alone not even nothing can be taken
  }
}

/** A view of `byteCount` bytes of `bytes` from `start` on, which lie inside: a plain Uint8Array. */
export function partOf(bytes: Uint8Array, start: number, byteCount: number): Uint8Array {
  return byteCount === 0
    ? NO_BYTES
    : new Uint8Array(ownBuffer.call(bytes), ownByteOffset.call(bytes) + start, byteCount);
}

/** The first `byteCount` bytes of `bytes`, which has as many, for reading numbers. */
export function dataViewOf(bytes: Uint8Array, byteCount: number): DataView {
  return new DataView(ownBuffer.call(bytes), ownByteOffset.call(bytes), byteCount);
}

/** All of `bytes`, as {@linkcode partOf} shows them. */
export function wholeOf(bytes: Uint8Array): Uint8Array {
  return partOf(bytes, 0, lengthOf(bytes));
}

/** The first `byteCount` bytes of `source`; 0 bytes also of an array whose buffer was transferred. */
export function firstBytes(source: Uint8Array, byteCount: number): Uint8Array {
  return partOf(source, 0, byteCount);
}

/** Below this many bytes a loop is faster than making a view for `set`. */
const LOOP_BYTES_MAX = 128;

/**
 * Copies `byteCount` bytes from `start` of `source`, which may be a driver's, to `targetStart` of
 * `target`. Where that is nothing, the arrays may be of a buffer that was transferred, at which `set`
 * would throw.
 */
export function copyBytes(
  target: Uint8Array,
  source: Uint8Array,
  start: number,
  byteCount: number,
  targetStart = 0,
): void {
  if (start === 0 && byteCount > 0 && source[byteCount] === undefined) {
    target.set(source, targetStart); // all that is left
  } else if (byteCount > LOOP_BYTES_MAX) {
    target.set(partOf(source, start, byteCount), targetStart);
  } else {
    for (let at = 0; at < byteCount; at++) target[targetStart + at] = source[start + at]!;
  }
}
