/**
 * The promise of a waiting call: it tells when somebody awaits it.
 *
 * @module
 */

/**
 * A promise that tells of each `then`, so of each `await`, `catch`, `finally` and `Promise.all`, also of
 * those that come long after the call. What `then` returns is a promise like any other.
 */
export class AwaitedPromise<T> extends Promise<T> {
  /** Called each time that somebody begins to await it. */
  onAwaited: (() => void) | null = null;

  /** What `then` makes: a promise like any other. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** A promise of what `change` makes of its value. Whoever awaits that awaits this one. */
  map<U>(change: (value: T) => U): AwaitedPromise<U> {
    const mapped = new AwaitedPromise<U>((resolve, reject) => {
      super.then((value) => resolve(change(value)), reject);
    });
    mapped.onAwaited = () => this.onAwaited?.();
    return mapped;
  }

  /** See `Promise.prototype.then`. */
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.onAwaited?.();
    return super.then(onFulfilled, onRejected);
  }
}
