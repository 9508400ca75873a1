/**
 * What a disk keeps its blocks in: an image. A driver of the host reads and writes one through this
 * interface alone, so that it runs in any runtime: whoever makes the disk decides whether the image is in
 * memory, in a file, or elsewhere.
 *
 * @module
 */

/** The bytes of a disk. A driver makes one call at a time, and awaits it before the next. */
export interface DiskImage {
  /** Bytes that the image holds. It does not grow. */
  readonly byteCount: number;
  /** Fills all of `into` with what stands at `offset`; throws or rejects where it cannot. */
  read(offset: number, into: Uint8Array): void | Promise<void>;
  /** Stores all of `bytes` at `offset`; throws or rejects where it cannot. */
  write(offset: number, bytes: Uint8Array): void | Promise<void>;
  /** Makes all that was written safe. */
  flush(): void | Promise<void>;
}

/** An image whose calls have done their work when they return. */
export interface BlockingImage extends DiskImage {
  /** Fills `into` with the bytes from `offset` on. */
  read(offset: number, into: Uint8Array): void;
  /** Stores `bytes` at `offset`. */
  write(offset: number, bytes: Uint8Array): void;
  /** Makes all that was written safe. */
  flush(): void;
}

/**
 * An image in memory: `bytes` themselves. It also serves as the source or the sink of a copy.
 *
 * Its calls throw a RangeError for what lies beyond `bytes`.
 */
export function memoryImage(bytes: Uint8Array): BlockingImage {
  const placeOf = (offset: number, byteCount: number) => {
    if (offset + byteCount <= bytes.length) return bytes.subarray(offset, offset + byteCount);
    throw new RangeError(`Cannot reach byte ${offset + byteCount}: the image has ${bytes.length}`);
  };
  return {
    byteCount: bytes.length,
    read: (offset, into) => into.set(placeOf(offset, into.length)),
    write: (offset, from) => placeOf(offset, from.length).set(from),
    flush: () => {},
  };
}
