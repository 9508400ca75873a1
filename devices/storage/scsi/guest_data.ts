/**
 * The data of a request: memory of the guest, in pieces. The guest can change it at any time, so what is looked at
 * is loaded once.
 *
 * @module
 */

/** The data of a request. */
export class GuestData {
  /** Bytes that count. */
  readonly byteCount: number;
  /** Whether it may be written: a request says which way its data goes. */
  readonly isWritable: boolean;
  readonly #segments: readonly Uint8Array[];

  /** The first `byteCount` bytes of `segments`, which have as many. */
  constructor(segments: readonly Uint8Array[], byteCount: number, isWritable: boolean) {
    this.#segments = segments;
    this.byteCount = byteCount;
    this.isWritable = isWritable;
  }

  /** Its first `byteCount` bytes, the guest's own, piece by piece, each with where it begins. */
  *parts(byteCount: number): Generator<readonly [at: number, part: Uint8Array], void> {
    let at = 0;
    for (const segment of this.#segments) {
      if (at >= byteCount) return;
      const part = segment.subarray(0, byteCount - at);
      yield [at, part];
      at += part.length;
    }
  }

  /** Stores as much of `bytes` as it holds, and says how many those are. */
  store(bytes: Uint8Array): number {
    const byteCount = Math.min(bytes.length, this.byteCount);
    for (const [at, part] of this.parts(byteCount)) part.set(bytes.subarray(at, at + part.length));
    return byteCount;
  }

  /** A copy of its first `byteCount` bytes, which it has. */
  load(byteCount: number): Uint8Array {
    const bytes = new Uint8Array(byteCount);
    for (const [at, part] of this.parts(byteCount)) bytes.set(part, at);
    return bytes;
  }
}
