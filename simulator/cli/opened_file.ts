/**
 * A file of this machine, for scenarios.
 *
 * @module
 */

import type { SourceFile } from "../scenario.ts";
import { UsageError } from "./command.ts";

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "reading it is not permitted";
  return error instanceof Error ? error.message : String(error);
}

/** A file that is open for reading. It is read where a scenario asks, never whole. */
export class OpenedFile implements SourceFile {
  readonly name: string;
  readonly byteCount: number;
  readonly #file: Deno.FsFile;

  private constructor(name: string, file: Deno.FsFile, byteCount: number) {
    this.name = name;
    this.#file = file;
    this.byteCount = byteCount;
  }

  /**
   * Opens `path`, which reports call `name`.
   *
   * @throws {UsageError} It is not there, no file, or must not be read.
   */
  static async open(path: string | URL, name: string): Promise<OpenedFile> {
    try {
      // Opening a pipe would wait for its other end: look before.
      const { isFile, isDirectory, size } = await Deno.stat(path);
      if (isDirectory) throw new UsageError(`Cannot read ${name}: it is a folder, not a file`);
      if (!isFile) throw new UsageError(`Cannot read ${name}: it is a device or pipe, not a file`);
      return new OpenedFile(name, await Deno.open(path), size);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`Cannot read ${name}: ${reasonOf(error)}`);
    }
  }

  /** See {@linkcode SourceFile.read}. */
  async read(offset: number, byteCount: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(byteCount);
    let filled = 0;
    await this.#file.seek(offset, Deno.SeekMode.Start);
    while (filled < byteCount) {
      const count = await this.#file.read(bytes.subarray(filled));
      if (count === null) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  /** Closes it. */
  close(): void {
    this.#file.close();
  }
}
