/**
 * Deep equality as the assertions of the real package mean it, with its oddities: what a test takes
 * for equal here must be so there.
 *
 * @module
 */

/** Classes whose instances are compared by their text. */
const BY_TEXT: ReadonlySet<unknown> = new Set<unknown>(
  [Intl.Locale, RegExp, URL, URLSearchParams].map(({ prototype }) => prototype),
);

const TypedArray: new () => ArrayLike<number | bigint> = Object.getPrototypeOf(Uint8Array);

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Whether the values are one, where 0 is -0 and NaN is NaN. */
function sameValue(a: unknown, b: unknown): boolean {
  return a === b || Object.is(a, b);
}

/** Whether two objects can be equal at all; one without a prototype is like a plain one. */
function sameClass(a: object, b: object): boolean {
  const plain = (value: object) => Object.getPrototypeOf(value) ?? Object.prototype;
  return Object.getPrototypeOf(a) === Object.getPrototypeOf(b) ||
    plain(a) === Object.prototype && plain(b) === Object.prototype;
}

function sameElements(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameValue(a[i], b[i])) return false;
  return true;
}

/** What an object that is neither a list nor a record is compared by: its class's members, too. */
function allKeys(value: object): Set<string | symbol> {
  const keys = new Set<string | symbol>();
  let holder: object | null = value;
  while (holder !== null && holder !== Object.prototype && holder !== Array.prototype) {
    for (const key of Reflect.ownKeys(holder)) keys.add(key);
    holder = Object.getPrototypeOf(holder);
  }
  return keys;
}

/** The keys by which `a` is compared with `b`, which is of the same class. */
function keysOf(a: object, b: object): Iterable<string | symbol> {
  const prototype = Object.getPrototypeOf(a) ?? Object.prototype;
  const isPlain = prototype === Object.prototype || prototype === Array.prototype;
  return isPlain ? Reflect.ownKeys({ ...a, ...b }) : allKeys(a).union(allKeys(b));
}

/** Whether all elements of an array are there, and no other member that could be compared. */
function isPlainList(value: object): value is unknown[] {
  if (!Array.isArray(value) || Object.getPrototypeOf(value) !== Array.prototype) return false;
  const keys = Reflect.ownKeys(value); // indices come first
  return keys.length === value.length + 1 && keys[value.length] === "length";
}

/** One comparison: it remembers which pairs it has begun, so that cycles end. */
class Comparison {
  readonly #begun = new Map<object, object>();

  values(a: unknown, b: unknown): boolean {
    if (sameValue(a, b)) return true;
    if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
    return isObject(a) && isObject(b) && sameClass(a, b) && this.#objects(a, b);
  }

  #objects(a: object, b: object): boolean {
    if (a instanceof TypedArray) return sameElements(a, b as typeof a);
    if (a instanceof ArrayBuffer || a instanceof SharedArrayBuffer) {
      return sameElements(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
    }
    if (a instanceof WeakMap || a instanceof WeakSet) {
      throw new TypeError(
        `Cannot compare ${a instanceof WeakMap ? "WeakMap" : "WeakSet"} instances`,
      );
    }
    if (a instanceof WeakRef) return this.values(a.deref(), (b as typeof a).deref());
    if (this.#begun.get(a) === b) return true;
    if (Object.keys(a).length !== Object.keys(b).length) return false;
    this.#begun.set(a, b);
    if (a instanceof Set && b instanceof Set) return this.#collections(a, b);
    if (a instanceof Map && b instanceof Map) return this.#collections(a, b);
    if (BY_TEXT.has(Object.getPrototypeOf(a))) return String(a) === String(b);
    return this.#members(a, b);
  }

  #members(a: object, b: object): boolean {
    // Long lists of numbers are common: what follows would make a record of each.
    if (isPlainList(a) && isPlainList(b)) {
      return a.every((value, index) => this.values(value, b[index]));
    }
    for (const key of keysOf(a, b)) {
      if (!this.values(Reflect.get(a, key), Reflect.get(b, key))) return false;
      if (key in a !== key in b) return false;
    }
    return true;
  }

  #collections<T extends Set<unknown> | Map<unknown, unknown>>(a: T, b: T): boolean {
    if (a.size !== b.size) return false;
    if ([...a.keys()].some((key) => isObject(key) || typeof key === "function")) {
      return this.#entries([...a.entries()], [...b.entries()]);
    }
    return [...a.entries()].every(([key, value]) =>
      b.has(key) && (b instanceof Set || this.values(value, b.get(key)))
    );
  }

  /** Whether each entry of `a` is found in `b`; several may find the same one, as in the real package. */
  #entries(a: [unknown, unknown][], b: [unknown, unknown][]): boolean {
    return a.every(([aKey, aValue]) =>
      b.some(([bKey, bValue]) => this.values(aKey, bKey) && this.values(aValue, bValue))
    );
  }
}

/**
 * Whether `a` and `b` are deeply equal. Prototypes must agree. NaN equals NaN and 0 equals -0; dates,
 * regular expressions and URLs are compared by value, buffers and typed arrays by their elements, sets
 * and maps in any order. Instances of other classes, errors among them, are equal where all their
 * members are: an error's stack is one of them. A WeakMap or WeakSet cannot be compared and throws a
 * TypeError.
 */
export function equal(a: unknown, b: unknown): boolean {
  return new Comparison().values(a, b);
}
