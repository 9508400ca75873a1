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
  /** Fills all of `into` with what stands at `offset`; rejects where it cannot. */
  read(offset: number, into: Uint8Array): Promise<void>;
  /** Stores all of `bytes` at `offset`; rejects where it cannot. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Resolves when all that was written is safe. */
  flush(): Promise<void>;
}

/** An image in memory: `bytes` themselves. */
export function memoryImage(bytes: Uint8Array): DiskImage {
  return {
    byteCount: bytes.length,
    read: (offset, into) => {
      into.set(bytes.subarray(offset, offset + into.length));
      return Promise.resolve();
    },
    write: (offset, from) => {
      bytes.set(from, offset);
      return Promise.resolve();
    },
    flush: () => Promise.resolve(),
  };
}

/** An image in a file. Byte n of the disk is byte n of the file, so that other programs can read it. */
export class ImageFile implements DiskImage, Disposable {
  readonly byteCount: number;
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile, byteCount: number) {
    this.#file = file;
    this.byteCount = byteCount;
  }

  /** Opens the file at `path`, with read and write access, as an image of the size that it has. */
  static async open(path: string): Promise<ImageFile> {
    const file = await Deno.open(path, { read: true, write: true });
    const { size } = await file.stat();
    return new ImageFile(file, size);
  }

  /** Makes a file of `byteCount` zeros at `path`, which must not be there yet. */
  static async create(path: string, byteCount: number): Promise<ImageFile> {
    const file = await Deno.open(path, { read: true, write: true, createNew: true });
    await file.truncate(byteCount);
    return new ImageFile(file, byteCount);
  }

  /** See {@linkcode DiskImage.read}. */
  async read(offset: number, into: Uint8Array): Promise<void> {
    await this.#file.seek(offset, Deno.SeekMode.Start);
    for (let done = 0; done < into.length;) {
      const count = await this.#file.read(into.subarray(done));
      if (count === null) {
        throw new Error(`Cannot read the image at ${offset + done}: the file ends there`);
      }
      done += count;
    }
  }

  /** See {@linkcode DiskImage.write}. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#file.seek(offset, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += await this.#file.write(bytes.subarray(done));
  }

  /** See {@linkcode DiskImage.flush}. */
  async flush(): Promise<void> {
    await this.#file.sync();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
