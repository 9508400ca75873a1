/**
 * Deep equality as assertions mean it.
 *
 * @module
 */

/** Whether two objects can be equal at all; one without a prototype is like a plain one. */
function sameClass(a: object, b: object): boolean {
  const plain = (value: object) => (value.constructor ?? Object) === Object;
  return a.constructor === b.constructor || plain(a) && plain(b);
}

/** The bytes behind a buffer or a DataView; null for anything else. */
function bytesOf(value: object): Uint8Array | null {
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return new Uint8Array(value);
  }
  if (value instanceof DataView) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return null;
}

function isTypedArray(
  value: object,
): value is ArrayLike<number | bigint> & object {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function sameElements(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i]))) {
      return false;
    }
  }
  return true;
}

/** One comparison: it remembers the pairs it is inside of, so that cycles end. */
class Comparison {
  readonly #open = new Map<object, object>();

  values(a: unknown, b: unknown): boolean {
    // `===` before `Object.is`: 0 equals -0 here, as in the real package.
    if (a === b || Object.is(a, b)) return true;
    if (
      typeof a !== "object" || typeof b !== "object" || a === null || b === null
    ) return false;
    return sameClass(a, b) && this.#objects(a, b);
  }

  #objects(a: object, b: object): boolean {
    if (a instanceof WeakMap || a instanceof WeakSet) {
      throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
    }
    if (a instanceof WeakRef && b instanceof WeakRef) {
      return this.values(a.deref(), b.deref());
    }
    if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
    if (a instanceof Date && b instanceof Date) {
      return Object.is(a.getTime(), b.getTime());
    }
    if (isTypedArray(a) && isTypedArray(b)) return sameElements(a, b);
    const aBytes = bytesOf(a);
    const bBytes = bytesOf(b);
    if (aBytes !== null && bBytes !== null) return sameElements(aBytes, bBytes);
    if (this.#open.get(a) === b) return true;
    this.#open.set(a, b);
    if (a instanceof Error && b instanceof Error) {
      if (a.name !== b.name || a.message !== b.message) return false;
    }
    if (
      a instanceof Set && b instanceof Set && !this.#entries([...a], [...b])
    ) return false;
    if (a instanceof Map && b instanceof Map && !this.#maps(a, b)) return false;
    return this.#properties(a, b);
  }

  #maps(a: Map<unknown, unknown>, b: Map<unknown, unknown>): boolean {
    if ([...a.keys()].some((key) => typeof key === "object" && key !== null)) {
      return this.#entries([...a], [...b]);
    }
    if (a.size !== b.size) return false;
    return [...a].every(([key, value]) => b.has(key) && this.values(value, b.get(key)));
  }

  /** Whether each entry of one has a partner of its own in the other, in any order. */
  #entries(a: unknown[], b: unknown[]): boolean {
    if (a.length !== b.length) return false;
    const free = new Set(b);
    for (const entry of a) {
      // What is in both needs no search: large sets of numbers are common in tests.
      const partner = free.has(entry) ? [entry] : [...free].filter((other) => equal(entry, other));
      if (partner.length === 0) return false;
      free.delete(partner[0]);
    }
    return true;
  }

  #properties(a: object, b: object): boolean {
    const own = (value: object) =>
      Reflect.ownKeys(value).filter((key) =>
        Object.prototype.propertyIsEnumerable.call(value, key)
      );
    const keys = own(a);
    if (keys.length !== own(b).length) return false;
    return keys.every((key) =>
      Object.hasOwn(b, key) &&
      this.values(Reflect.get(a, key), Reflect.get(b, key))
    );
  }
}

/**
 * Whether `a` and `b` are deeply equal. Classes must agree; NaN equals NaN and 0 equals -0; sets and
 * maps are compared in any order; dates, regular expressions and URLs by value; buffers and typed
 * arrays by their elements. A WeakMap or WeakSet cannot be compared and throws a TypeError.
 */
export function equal(a: unknown, b: unknown): boolean {
  return new Comparison().values(a, b);
}
