/**
 * A file of this machine, for scenarios.
 *
 * @module
 */

import type { SourceFile } from "../scenario.ts";
import { cannot } from "./command.ts";

const READ_HINT = "name a file that can be read";

/**
 * Looks at `path` before it is opened, as opening a pipe would wait for its other end.
 *
 * @param action What the file is for, for the error: `read README.md`.
 * @param hint What would be right, for the error.
 * @throws {UsageError} It is not there, or no file.
 */
export async function statFile(
  path: string | URL,
  action: string,
  hint: string,
): Promise<Deno.FileInfo> {
  const info = await Deno.stat(path).catch((error) => {
    throw cannot(action, error, hint);
  });
  if (info.isDirectory) throw cannot(action, "it is a folder, not a file", hint);
  if (!info.isFile) throw cannot(action, "it is a device or pipe, not a file", hint);
  return info;
}

/**
 * Opens `path`, which reports call `name`, for reading.
 *
 * @throws {UsageError} It is not there, no file, or must not be read.
 */
export async function openToRead(
  path: string | URL,
  name: string,
): Promise<{ readonly file: Deno.FsFile; readonly info: Deno.FileInfo }> {
  const action = `read ${name}`;
  const info = await statFile(path, action, READ_HINT);
  try {
    return { file: await Deno.open(path), info };
  } catch (error) {
    throw cannot(action, error, READ_HINT);
  }
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
    const { file, info } = await openToRead(path, name);
    return new OpenedFile(name, file, info.size);
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
