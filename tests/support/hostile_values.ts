/**
 * Values that do harm when they are looked at: what a driver in JavaScript may return, throw, or pass.
 *
 * @module
 */

/** The code of a driver that must not be able to leave anything half done. */
function boo(): never {
  throw new Error("boo");
}

function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Throws whatever is asked of it. */
function throwing<T extends object>(target: T): T {
  return new Proxy(target, new Proxy({}, { get: () => boo }));
}

function withGetters<T extends object>(target: T, ...keys: readonly PropertyKey[]): T {
  for (const key of keys) Object.defineProperty(target, key, { get: boo });
  return target;
}

/** Objects of which nothing can be asked: each by its name, made anew each time. */
export const HOSTILE_OBJECTS: Readonly<Record<string, () => object>> = {
  "a revoked Proxy": () => revoked({}),
  "a Proxy that throws": () => throwing({}),
  "a revoked Proxy of a function": () => revoked(() => {}),
  "an object without prototype": () => Object.create(null),
  "an object with a prototype that throws": () => Object.create(throwing({})),
  "an object that is no text": () => ({ toString: boo, valueOf: boo, [Symbol.toPrimitive]: boo }),
};

/** What a callback may return that claims to be a promise, or cannot be asked whether it is one. */
export const HOSTILE_PROMISES: Readonly<Record<string, () => object>> = {
  "a thenable whose then cannot be read": () => withGetters({}, "then"),
  "a thenable that throws when it is called": () => ({ then: boo }),
  "a thenable whose then can be read once": () => {
    let count = 0;
    return {
      get then() {
        return count++ === 0 ? (resolve: () => void) => resolve() : boo();
      },
    };
  },
  "a thenable that settles twice": () => ({
    then: (resolve: () => void, reject: (reason: unknown) => void) => {
      resolve();
      reject(Object.create(null));
      boo();
    },
  }),
  "a thenable that is a function": () => Object.assign(() => {}, { then: boo }),
  "a promise whose constructor cannot be read": () => withGetters(Promise.resolve(), "constructor"),
  "a promise whose own then throws": () => Object.assign(Promise.resolve(), { then: boo }),
  "a promise that rejects with what is no text": () => Promise.reject(Object.create(null)),
};

/** What may be thrown, and cannot be told in a text. */
export const HOSTILE_THROWN: Readonly<Record<string, () => unknown>> = {
  ...HOSTILE_OBJECTS,
  "an Error whose message cannot be read": () =>
    withGetters(new Error(), "message", "name", "stack"),
  "an Error whose message is no text": () =>
    Object.defineProperty(new Error(), "message", { value: Object.create(null) }),
  "undefined": () => undefined,
  "a symbol": () => Symbol("s"),
  "a long text": () => "x".repeat(2 ** 20),
  "a large bigint": () => 1n << 100_000n,
};

/** The bytes of every {@linkcode HOSTILE_ARRAYS | hostile array}. */
export const EIGHT: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8];

const LIARS = ["length", "byteLength", "byteOffset", "buffer", "subarray", "slice", "set"] as const;

class Odd extends Uint8Array {
  override get length(): number {
    return 4096;
  }
  override get byteOffset(): number {
    return 64;
  }
  override get buffer(): ArrayBuffer {
    return new ArrayBuffer(0);
  }
}

class Longer extends Uint8Array {
  static get [Symbol.species](): never {
    return boo();
  }
  override subarray(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(100_000);
  }
  override set(): void {
    boo();
  }
}

/** Arrays of {@linkcode EIGHT} bytes that say something else of themselves, or nothing. */
export const HOSTILE_ARRAYS: Readonly<Record<string, () => Uint8Array>> = {
  "of a class that lies": () => Odd.from(EIGHT),
  "of a class with methods of its own": () => new Longer(Uint8Array.from(EIGHT)),
  "that throws when it is asked": () =>
    withGetters(Uint8Array.from(EIGHT), ...LIARS, "constructor"),
  "with a short length of its own": () =>
    Object.defineProperty(Uint8Array.from(EIGHT), "length", { value: 0 }),
  "without prototype": () => Object.setPrototypeOf(Uint8Array.from(EIGHT), null),
  "with a prototype that throws": () => Object.setPrototypeOf(Uint8Array.from(EIGHT), throwing({})),
  "in a buffer that was made shorter": () => {
    const buffer = new ArrayBuffer(16, { maxByteLength: 64 });
    const array = new Uint8Array(buffer);
    array.set(EIGHT);
    buffer.resize(8);
    return array;
  },
};

/** What is no array of bytes, and looks like one. */
export const NO_ARRAYS: Readonly<Record<string, () => unknown>> = {
  ...HOSTILE_OBJECTS,
  "a Proxy of an array": () => new Proxy(Uint8Array.from(EIGHT), {}),
  "a revoked Proxy of an array": () => revoked(Uint8Array.from(EIGHT)),
  "an object with an array's prototype": () => Object.create(Uint8Array.prototype),
};

/** Arrays that have nothing left. */
export const EMPTIED_ARRAYS: Readonly<Record<string, () => Uint8Array>> = {
  "that was transferred": () => {
    const array = Uint8Array.from(EIGHT);
    array.buffer.transfer();
    return array;
  },
  "beyond the end of its buffer": () => {
    const buffer = new ArrayBuffer(16, { maxByteLength: 16 });
    const array = new Uint8Array(buffer, 8, 8);
    buffer.resize(8);
    return array;
  },
};

/** A structure whose members cannot be read, `good` apart from that. */
export function unreadable<T extends object>(good: T): T {
  return withGetters({ ...good }, ...Object.keys(good));
}

/** Every kind of value above but for promises, for a place where anything may stand. */
export const ANYTHING: Readonly<Record<string, () => unknown>> = {
  ...HOSTILE_THROWN,
  ...NO_ARRAYS,
  ...HOSTILE_ARRAYS,
  ...EMPTIED_ARRAYS,
};
