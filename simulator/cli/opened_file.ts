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

/** Fills `into` from where `file` stands; false where the file ends before. */
export function readFully(file: Deno.FsFile, into: Uint8Array): boolean {
  for (let done = 0; done < into.length;) {
    const count = file.readSync(done === 0 ? into : into.subarray(done));
    if (count === null) return false;
    done += count;
  }
  return true;
}

/** What two looks at a file say of the time between: how it was written to, or null. */
export function changeBetween(was: Deno.FileInfo, is: Deno.FileInfo): string | null {
  if (is.size !== was.size) return `it has ${is.size} bytes now, and had ${was.size}`;
  return is.mtime?.getTime() === was.mtime?.getTime() ? null : "somebody wrote to it";
}

/** A file that is open for reading. It is read where a scenario asks, never whole. */
export class OpenedFile implements SourceFile, Disposable {
  readonly name: string;
  readonly #file: Deno.FsFile;
  /** What the machine said of it when it was opened. */
  readonly #info: Deno.FileInfo;

  private constructor(name: string, file: Deno.FsFile, info: Deno.FileInfo) {
    this.name = name;
    this.#file = file;
    this.#info = info;
  }

  /** Its size when it was opened. */
  get byteCount(): number {
    return this.#info.size;
  }

  /**
   * Opens `path`, which reports call `name`.
   *
   * @throws {UsageError} It is not there, no file, or must not be read.
   */
  static async open(path: string | URL, name: string): Promise<OpenedFile> {
    const { file, info } = await openToRead(path, name);
    return new OpenedFile(name, file, info);
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

  /**
   * Makes sure that what was read is what was there all the time.
   *
   * @throws {UsageError} It has been written to since it was opened.
   */
  async assertUnchanged(): Promise<void> {
    const change = changeBetween(this.#info, await this.#file.stat());
    if (change === null) return;
    const reason = `it changed while it was read: ${change}`;
    throw cannot(`use ${this.name}`, reason, "run again when nobody writes to it");
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
