/**
 * Where the copy that came back is kept.
 *
 * @module
 */

import { dirname, join, sep as SEPARATOR } from "node:path";
import type { Sink } from "../../../examples/disk/mod.ts";
import { cannot, type UsageError } from "../command.ts";
import { readFully, statFile } from "../opened_file.ts";
import type { Scratch } from "../scratch.ts";

const HINT = "name a file in a folder that can be written to";

/**
 * A file that appears whole, or not at all: until it is kept it has another name, in the same folder.
 */
export class OutFile implements Sink, Disposable {
  /** What the user calls it. */
  readonly name: string;
  /** The file that it becomes; a link is followed to where it leads. */
  readonly #target: string;
  /** Where it is before it has its name. */
  readonly partPath: string;
  readonly #file: Deno.FsFile;
  readonly #scratch: Scratch;

  private constructor(
    name: string,
    target: string,
    partPath: string,
    file: Deno.FsFile,
    scratch: Scratch,
  ) {
    this.name = name;
    this.#target = target;
    this.partPath = partPath;
    this.#file = file;
    this.#scratch = scratch;
  }

  /**
   * Begins the file at `path`. What is there stays until {@linkcode OutFile.keep}.
   *
   * @throws {UsageError} No file can be written there.
   */
  static async begin(path: string, scratch: Scratch): Promise<OutFile> {
    const { target, mode } = await targetOf(path);
    const partPath = partPathBeside(target);
    try {
      // Whoever may not read the file that is replaced must not read the new one.
      const access = mode === null ? {} : { mode };
      const file = await Deno.open(partPath, {
        read: true,
        write: true,
        createNew: true,
        ...access,
      });
      scratch.add(partPath);
      return new OutFile(path, target, partPath, file, scratch);
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  /**
   * Goes on with a copy that was left in the middle, in the file at `partPath`. It stays there until it
   * is whole, so that it can be gone on with once more.
   *
   * @throws {UsageError} It is not there any more.
   */
  static async reopen(path: string, partPath: string, scratch: Scratch): Promise<OutFile> {
    const action = `go on with ${partPath}`;
    const hint = `where the run was resumed to its end, the copy is ${path}; else begin it again`;
    await statFile(partPath, action, hint);
    const { target } = await targetOf(path);
    try {
      const file = await Deno.open(partPath, { read: true, write: true });
      return new OutFile(path, target, partPath, file, scratch);
    } catch (error) {
      throw cannot(action, error, hint);
    }
  }

  /**
   * Fills `into` with what was written at `offset`; false where it ends before.
   *
   * @throws {UsageError} It cannot be read.
   */
  read(offset: number, into: Uint8Array): boolean {
    try {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
      return readFully(this.#file, into);
    } catch (error) {
      throw cannotWrite(this.name, error);
    }
  }

  /**
   * See {@linkcode Sink.write}.
   *
   * @throws {UsageError} It cannot be written.
   */
  write(offset: number, bytes: Uint8Array): void {
    try {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
    } catch (error) {
      throw cannotWrite(this.name, error);
    }
  }

  /** What was written stays, without its name, for another run to go on with. */
  leave(): void {
    this.#scratch.forget(this.partPath);
  }

  /**
   * Gives the file its name: all of it was written.
   *
   * @param kept Others that have theirs already, for the error.
   * @throws {UsageError} It cannot have the name.
   */
  async keep(kept: readonly string[] = []): Promise<void> {
    try {
      await Deno.rename(this.partPath, this.#target);
      this.#scratch.forget(this.partPath);
    } catch (error) {
      const others = kept.length === 0 ? "" : `; kept already: ${kept.join(", ")}`;
      throw cannotWrite(this.name, error, others);
    }
  }

  /** Closes it. What is not kept goes with the scratch. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** A name for a file that is not whole yet, in the folder of the one that it becomes. */
export function partPathBeside(path: string): string {
  return join(dirname(path), `.simulate-${crypto.randomUUID()}.part`);
}

/** The file that `path` stands for, checked as far as it is there, and who may use it. */
async function targetOf(path: string): Promise<{ target: string; mode: number | null }> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  const isFolder = path.endsWith("/") || path.endsWith(SEPARATOR);
  if (!isThere && isFolder) throw cannotWrite(path, new Deno.errors.NotFound());
  if (!isThere) return { target: path, mode: null };
  const { mode } = await statFile(path, actionOf(path), HINT);
  try {
    using _ = await Deno.open(path, { write: true });
    return { target: await Deno.realPath(path), mode: mode === null ? null : mode & 0o777 };
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function actionOf(path: string): string {
  return `write ${path}`;
}

function cannotWrite(path: string, error: unknown, others: string = ""): UsageError {
  // The file itself need not be there.
  const isFolderGone = error instanceof Deno.errors.NotFound;
  const reason = isFolderGone ? "there is no such folder" : error;
  return cannot(actionOf(path), reason, `${HINT}${others}`);
}
