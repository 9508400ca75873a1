/**
 * Where a disk keeps its blocks: an image. The host's driver knows nothing of files, so that one in
 * memory serves tests as well.
 *
 * @module
 */

/** The bytes of a disk. The driver has one call under way at a time. */
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

/** An image in memory: `bytes` themselves. */
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

/** An image in a file. Byte n of the disk is byte n of the file, so that other programs can read it. */
export class ImageFile implements BlockingImage, Disposable {
  readonly byteCount: number;
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile, byteCount: number) {
    this.#file = file;
    this.byteCount = byteCount;
  }

  /** Opens the file at `path`, with read and write access, as an image of the size that it has. */
  static async open(path: string): Promise<ImageFile> {
    const file = await Deno.open(path, { read: true, write: true });
    return orClose(file, () => new ImageFile(file, file.statSync().size));
  }

  /** Makes a file of `byteCount` zeros at `path`, which must not be there yet. */
  static async create(path: string, byteCount: number): Promise<ImageFile> {
    const file = await Deno.open(path, { read: true, write: true, createNew: true });
    return orClose(file, () => {
      file.truncateSync(byteCount);
      return new ImageFile(file, byteCount);
    });
  }

  /** See {@linkcode DiskImage.read}. */
  read(offset: number, into: Uint8Array): void {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let done = 0; done < into.length;) {
      const count = this.#file.readSync(done === 0 ? into : into.subarray(done));
      if (count === null) {
        throw new Error(`Cannot read the image at ${offset + done}: the file ends there`);
      }
      done += count;
    }
  }

  /** See {@linkcode DiskImage.write}. */
  write(offset: number, bytes: Uint8Array): void {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) {
      done += this.#file.writeSync(done === 0 ? bytes : bytes.subarray(done));
    }
  }

  /** See {@linkcode DiskImage.flush}. */
  flush(): void {
    this.#file.syncSync();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** What `work` makes of a file; where it throws, nobody will close the file but us. */
function orClose<T>(file: Deno.FsFile, work: () => T): T {
  try {
    return work();
  } catch (error) {
    file.close();
    throw error;
  }
}
