/**
 * A file that a run makes under a name that the user gave: where the copy that came back is kept, or
 * what the run is saved in.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, dirname, join, sep as SEPARATOR } from "node:path";
import type { Sink } from "../../../devices/streams.ts";
import { cannot, UsageError } from "../command.ts";
import type { FileSystem, OpenFile } from "../file_system.ts";
import { requireText, statFile } from "../opened_file.ts";
import type { Scratch } from "../scratch.ts";

const HINT = "name a file in a folder that can be written to";
const BUSY_HINT = "name another, or wait until that has ended";

/** What a file is made with. */
export interface OutFileOptions {
  /** The machine's files. */
  readonly fs: FileSystem;
  /** What goes with the run. */
  readonly scratch: Scratch;
  /** Who may read what will stand in it; null: anybody. Nobody else may read it. */
  readonly mode: number | null;
}

/**
 * A file that appears whole, or not at all: until it is kept it has another name, in the same folder,
 * and while it has that no other run makes the same file. What a run that came to a sudden end has left
 * under that name is taken away by the next one.
 */
export class OutFile implements Sink, Disposable {
  /** What the user calls it. */
  readonly name: string;
  /** The file that it becomes; a link is followed to where it leads. */
  readonly target: string;
  readonly #fs: FileSystem;
  readonly #scratch: Scratch;
  readonly #file: OpenFile;
  #isKept = false;

  private constructor(
    name: string,
    target: string,
    file: OpenFile,
    { fs, scratch }: OutFileOptions,
  ) {
    this.name = name;
    this.target = target;
    this.#file = file;
    this.#fs = fs;
    this.#scratch = scratch;
  }

  /** Whether it has its name. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /**
   * Begins the file at `path`. What is there stays until {@linkcode OutFile.keep}.
   *
   * @throws {UsageError} No file can be written there, or another run makes the same.
   */
  static async begin(path: string, options: OutFileOptions): Promise<OutFile> {
    const { fs, scratch } = options;
    const { target, mode } = await targetOf(fs, path);
    const partPath = partPathOf(target);
    using stack = new DisposableStack();
    try {
      await removeLeft(fs, partPath, path);
      // Whoever may not read what it is made of, or what it replaces, must not read it.
      const file = stack.use(await fs.create(partPath, { mode: both(mode, options.mode) }));
      // Until it is locked another run may take it for one that was left, and make its own.
      const isOurs = await file.tryLock() && (await fs.lstat(partPath)).ino === file.stat().ino;
      if (!isOurs) throw isBusy(path);
      scratch.add(partPath);
      stack.move();
      return new OutFile(path, target, file, options);
    } catch (error) {
      // Another run has made it between two steps of this one.
      throw error instanceof Deno.errors.AlreadyExists ? isBusy(path) : cannotWrite(path, error);
    }
  }

  /**
   * See {@linkcode Sink.write}.
   *
   * @throws {UsageError} It cannot be written.
   */
  write(offset: number, bytes: Uint8Array): void {
    try {
      this.#file.write(offset, bytes);
    } catch (error) {
      throw cannotWrite(this.name, error);
    }
  }

  /**
   * Gives the file its name: all of it was written. It is safe then, as are names that other files in
   * its folder were given before.
   *
   * @param kept Others that have theirs already, for the error.
   * @throws {UsageError} It cannot have the name.
   */
  async keep(kept: readonly string[] = []): Promise<void> {
    try {
      this.#file.sync();
      await this.#fs.syncFolderOf(this.target);
      await this.#fs.rename(this.#file.path, this.target);
      this.#isKept = true;
      this.#scratch.forget(this.#file.path);
      await this.#fs.syncFolderOf(this.target);
    } catch (error) {
      const others = kept.length === 0 ? "" : `; kept already: ${kept.join(", ")}`;
      throw cannotWrite(this.name, error, others);
    }
  }

  /** Closes it. What is not kept goes with the scratch. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/**
 * The name of a file that is not whole yet, in the folder of the one that it becomes: always the same,
 * and no longer than the machine takes.
 */
export function partPathOf(target: string): string {
  const digest = createHash("sha256").update(basename(target)).digest("hex");
  return join(dirname(target), `.simulate-${digest.slice(0, 32)}.part`);
}

/** Takes away what a run that is not there any more has left at `partPath`. */
async function removeLeft(fs: FileSystem, partPath: string, name: string): Promise<void> {
  if (!await fs.isThere(partPath)) return;
  const { isFile } = await fs.lstat(partPath);
  if (!isFile) throw cannotWrite(name, `there is something else at ${partPath}`);
  using left = await fs.open(partPath, "read");
  if (!await left.tryLock()) throw isBusy(name);
  fs.remove(partPath);
}

/** What both of two modes allow. */
function both(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a & b;
}

/** The file that `path` stands for, checked as far as it is there, and who may use it. */
async function targetOf(
  fs: FileSystem,
  path: string,
): Promise<{ target: string; mode: number | null }> {
  requireText(path, actionOf(path), HINT);
  const isThere = await fs.stat(path).then(() => true, () => false);
  if (!isThere) {
    const isLink = await fs.lstat(path).then(({ isSymlink }) => isSymlink, () => false);
    if (isLink) throw cannotWrite(path, "it is a link that leads nowhere");
    const isFolder = path.endsWith("/") || path.endsWith(SEPARATOR);
    if (isFolder) throw cannotWrite(path, new Deno.errors.NotFound());
    return { target: path, mode: null };
  }
  const { mode } = await statFile(fs, path, actionOf(path), HINT);
  try {
    using _ = await fs.open(path, "write");
    return { target: await fs.realPath(path), mode: mode === null ? null : mode & 0o777 };
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function isBusy(path: string): UsageError {
  return cannot(actionOf(path), "another run is writing it", BUSY_HINT);
}

function actionOf(path: string): string {
  return `write ${path}`;
}

function cannotWrite(path: string, error: unknown, others: string = ""): UsageError {
  if (error instanceof UsageError) return error;
  // The file itself need not be there.
  const isFolderGone = error instanceof Deno.errors.NotFound;
  const reason = isFolderGone ? "there is no such folder" : error;
  return cannot(actionOf(path), reason, `${HINT}${others}`);
}
