/**
 * A disk's image in a file of the machine's. Byte n of the disk is byte n of the file, so that other
 * programs can read it.
 *
 * @module
 */

import type { BlockingImage } from "../../devices/disk/mod.ts";
import { cannot } from "./command.ts";
import type { CreateOptions, FileSystem, OpenFile } from "./file_system.ts";
import { statFile } from "./opened_file.ts";

/** The image. While it is open no other run may have it. */
export class FileImage implements BlockingImage, Disposable {
  /** See {@linkcode BlockingImage.byteCount}. */
  readonly byteCount: number;
  readonly #file: OpenFile;

  private constructor(file: OpenFile, byteCount: number) {
    this.#file = file;
    this.byteCount = byteCount;
  }

  /** Where it is. */
  get path(): string {
    return this.#file.path;
  }

  /**
   * Opens the file at `path` as an image of the size that it has.
   *
   * @param hint What would be right, for the error.
   * @throws {UsageError} It cannot be used, or another run uses it.
   */
  static async open(fs: FileSystem, path: string, hint: string): Promise<FileImage> {
    const action = `use ${path} as a disk`;
    await statFile(fs, path, action, hint);
    using stack = new DisposableStack();
    try {
      const file = stack.use(await fs.open(path, "write"));
      if (!await file.tryLock()) {
        throw cannot(action, "another run uses it", "name another, or wait until that has ended");
      }
      const image = new FileImage(file, file.stat().size);
      stack.move();
      return image;
    } catch (error) {
      throw cannot(action, error, hint);
    }
  }

  /** Makes an image of `byteCount` zeros at `path`, where nothing is. */
  static async create(
    fs: FileSystem,
    path: string,
    byteCount: number,
    options: CreateOptions = {},
  ): Promise<FileImage> {
    using stack = new DisposableStack();
    const file = stack.use(await fs.create(path, options));
    file.truncate(byteCount);
    stack.move();
    return new FileImage(file, byteCount);
  }

  /** See {@linkcode BlockingImage.read}. */
  read(offset: number, into: Uint8Array): void {
    const count = this.#file.read(offset, into);
    if (count === into.length) return;
    throw new Error(`Cannot read the image at ${offset + count}: the file ends there`);
  }

  /** See {@linkcode BlockingImage.write}. */
  write(offset: number, bytes: Uint8Array): void {
    this.#file.write(offset, bytes);
  }

  /** See {@linkcode BlockingImage.flush}. */
  flush(): void {
    this.#file.sync();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
