/**
 * A file of this machine, for scenarios.
 *
 * @module
 */

import { grouped } from "../layout.ts";
import type { SourceFile } from "../scenario.ts";
import { cannot } from "./command.ts";
import { type FileSystem, MACHINE, type OpenFile } from "./file_system.ts";

/** What would be right where a file cannot be read. */
export const READ_HINT = "name a file that can be read";

/**
 * The machine may have names that are not text. Read as text, such a name is that of another file, in which
 * a mark stands for what is missing.
 *
 * @throws {UsageError} `path` may be such a name.
 */
export function requireText(path: string, action: string, hint: string): void {
  if (path.isWellFormed() && !path.includes("\ufffd")) return;
  throw cannot(action, "its name is not UTF-8, so it cannot be told from others", hint);
}

/**
 * Looks at `path` before it is opened, as opening a pipe would wait for its other end.
 *
 * @param action What the file is for, for the error: `read README.md`.
 * @param hint What would be right, for the error.
 * @throws {UsageError} It is not there, or no file.
 */
export async function statFile(
  fs: FileSystem,
  path: string | URL,
  action: string,
  hint: string,
): Promise<Deno.FileInfo> {
  if (typeof path === "string") requireText(path, action, hint);
  const info = await fs.stat(path).catch((error) => {
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
  fs: FileSystem,
  path: string | URL,
  name: string,
): Promise<{ readonly file: OpenFile; readonly info: Deno.FileInfo }> {
  const action = `read ${name}`;
  const info = await statFile(fs, path, action, READ_HINT);
  try {
    return { file: await fs.open(path, "read"), info };
  } catch (error) {
    throw cannot(action, error, READ_HINT);
  }
}

/** What two looks at a file say of the time between: how it was written to, or null. */
export function changeBetween(was: Deno.FileInfo, is: Deno.FileInfo): string | null {
  if (is.size !== was.size) {
    return `it has ${grouped(is.size)} bytes now, and had ${grouped(was.size)}`;
  }
  return is.mtime?.getTime() === was.mtime?.getTime() ? null : "somebody wrote to it";
}

/** A file that is open for reading. It is read where a scenario asks, never whole. */
export class OpenedFile implements SourceFile, Disposable {
  readonly name: string;
  readonly #file: OpenFile;
  /** What the machine said of it when it was opened. */
  readonly #info: Deno.FileInfo;

  private constructor(name: string, file: OpenFile, info: Deno.FileInfo) {
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
  static async open(
    path: string | URL,
    name: string,
    fs: FileSystem = MACHINE,
  ): Promise<OpenedFile> {
    const { file, info } = await openToRead(fs, path, name);
    return new OpenedFile(name, file, info);
  }

  /** See {@linkcode SourceFile.read}. */
  read(offset: number, byteCount: number): Promise<Uint8Array> {
    return Promise.try(() => {
      const bytes = new Uint8Array(byteCount);
      return bytes.subarray(0, this.#file.read(offset, bytes));
    });
  }

  /**
   * Makes sure that what was read is what was there all the time.
   *
   * @throws {UsageError} It has been written to since it was opened.
   */
  assertUnchanged(): Promise<void> {
    return Promise.try(() => {
      const change = changeBetween(this.#info, this.#file.stat());
      if (change === null) return;
      const reason = `it changed while it was read: ${change}`;
      throw cannot(`use ${this.name}`, reason, "run again when nobody writes to it");
    });
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
