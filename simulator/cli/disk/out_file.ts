/**
 * Where the copy that came back is kept.
 *
 * @module
 */

import { dirname, join, sep as SEPARATOR } from "node:path";
import type { Sink } from "../../../examples/disk/mod.ts";
import { cannot, type UsageError } from "../command.ts";
import { statFile } from "../opened_file.ts";
import type { Scratch } from "../scratch.ts";

const HINT = "name a file in a folder that can be written to";

/**
 * A file that appears whole, or not at all: until it is kept it has another name, in the same folder.
 */
export class OutFile implements Sink, Disposable {
  readonly #name: string;
  /** The file that it becomes; a link is followed to where it leads. */
  readonly #target: string;
  readonly #partPath: string;
  readonly #file: Deno.FsFile;
  readonly #scratch: Scratch;

  private constructor(
    name: string,
    target: string,
    partPath: string,
    file: Deno.FsFile,
    scratch: Scratch,
  ) {
    this.#name = name;
    this.#target = target;
    this.#partPath = partPath;
    this.#file = file;
    this.#scratch = scratch;
  }

  /**
   * Begins the file at `path`. What is there stays until {@linkcode OutFile.keep}.
   *
   * @throws {UsageError} No file can be written there.
   */
  static async begin(path: string, scratch: Scratch): Promise<OutFile> {
    const target = await targetOf(path);
    const partPath = join(dirname(target), `.simulate-${crypto.randomUUID()}.part`);
    try {
      const file = await Deno.open(partPath, { write: true, createNew: true });
      scratch.add(partPath);
      return new OutFile(path, target, partPath, file, scratch);
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  /**
   * See {@linkcode Sink.write}.
   *
   * @throws {UsageError} It cannot be written.
   */
  async write(bytes: Uint8Array): Promise<number> {
    try {
      return await this.#file.write(bytes);
    } catch (error) {
      throw cannotWrite(this.#name, error);
    }
  }

  /**
   * Gives the file its name: all of it was written.
   *
   * @throws {UsageError} It cannot have the name.
   */
  async keep(): Promise<void> {
    try {
      await Deno.rename(this.#partPath, this.#target);
      this.#scratch.forget(this.#partPath);
    } catch (error) {
      throw cannotWrite(this.#name, error);
    }
  }

  /** Closes it. What is not kept goes with the scratch. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** The file that `path` stands for, checked as far as it is there. */
async function targetOf(path: string): Promise<string> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  const isFolder = path.endsWith("/") || path.endsWith(SEPARATOR);
  if (!isThere && isFolder) throw cannotWrite(path, new Deno.errors.NotFound());
  if (!isThere) return path;
  await statFile(path, actionOf(path), HINT);
  try {
    using _ = await Deno.open(path, { write: true });
    return await Deno.realPath(path);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function actionOf(path: string): string {
  return `write ${path}`;
}

function cannotWrite(path: string, error: unknown): UsageError {
  // The file itself need not be there.
  const isFolderGone = error instanceof Deno.errors.NotFound;
  return cannot(actionOf(path), isFolderGone ? "there is no such folder" : error, HINT);
}
