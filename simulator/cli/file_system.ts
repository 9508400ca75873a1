/**
 * The machine's files. Whatever a run does to them it does through here, so that a test can see the
 * order in which it was done, and end a run between any two steps, as a machine that fails does.
 *
 * @module
 */

import { dirname } from "node:path";

/** One step: what was done, and to which file. */
export interface FileStep {
  /** What. Only what alters files, or makes that safe, has a name of its own. */
  readonly kind:
    | "look"
    | "open"
    | "create"
    | "lock"
    | "read"
    | "write"
    | "sync"
    | "rename"
    | "remove"
    | "syncFolder";
  /** To which file. */
  readonly path: string;
  /** The name that a file gets by `rename`. */
  readonly to?: string;
}

/** How a file is made. */
export interface CreateOptions {
  /** Who may use it, less what the process's umask takes away; default: all may read and write. */
  readonly mode?: number | null;
}

/** A file that is open. */
export class OpenFile implements Disposable {
  /** Where it was when it was opened. */
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #step: (step: FileStep) => void;

  /** `file`, each step of which is told to `step` before it is taken. */
  constructor(path: string, file: Deno.FsFile, step: (step: FileStep) => void) {
    this.path = path;
    this.#file = file;
    this.#step = step;
  }

  /** What the machine says of it. */
  stat(): Deno.FileInfo {
    this.#step({ kind: "look", path: this.path });
    return this.#file.statSync();
  }

  /** Fills `into` with what stands at `offset`; answers how many bytes there were. */
  read(offset: number, into: Uint8Array): number {
    this.#step({ kind: "read", path: this.path });
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    let done = 0;
    while (done < into.length) {
      const count = this.#file.readSync(done === 0 ? into : into.subarray(done));
      if (count === null) break;
      done += count;
    }
    return done;
  }

  /** Writes all of `bytes` at `offset`. */
  write(offset: number, bytes: Uint8Array): void {
    this.#step({ kind: "write", path: this.path });
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) {
      done += this.#file.writeSync(done === 0 ? bytes : bytes.subarray(done));
    }
  }

  /** Makes it `byteCount` bytes long; what is new is zero. */
  truncate(byteCount: number): void {
    this.#step({ kind: "write", path: this.path });
    this.#file.truncateSync(byteCount);
  }

  /** Makes all that was written outlast the machine's power. */
  sync(): void {
    this.#step({ kind: "sync", path: this.path });
    this.#file.syncSync();
  }

  /**
   * Keeps the file for this process: true unless another has it. It is free again once it is closed,
   * also where the process came to a sudden end.
   */
  async tryLock(): Promise<boolean> {
    this.#step({ kind: "lock", path: this.path });
    return await this.#file.tryLock(true);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** The files of the machine. */
export class FileSystem {
  readonly #step: (step: FileStep) => void;

  /** `step` is told of each step before it is taken; one that throws has it not taken. */
  constructor(step: (step: FileStep) => void = () => {}) {
    this.#step = step;
  }

  /** What `path` leads to. */
  async stat(path: string | URL): Promise<Deno.FileInfo> {
    this.#step({ kind: "look", path: String(path) });
    return await Deno.stat(path);
  }

  /** What is at `path` itself, be it a link. */
  async lstat(path: string): Promise<Deno.FileInfo> {
    this.#step({ kind: "look", path });
    return await Deno.lstat(path);
  }

  /** Whether anything is at `path`. */
  async isThere(path: string): Promise<boolean> {
    return await this.lstat(path).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    });
  }

  /** Where `path` leads to, without links. */
  async realPath(path: string): Promise<string> {
    this.#step({ kind: "look", path });
    return await Deno.realPath(path);
  }

  /** The names of the files in a folder, without those of folders and links. */
  async fileNamesIn(path: string): Promise<readonly string[]> {
    this.#step({ kind: "look", path });
    const names: string[] = [];
    for await (const { name, isFile } of Deno.readDir(path)) if (isFile) names.push(name);
    return names.sort();
  }

  /** Opens what `path` leads to. */
  async open(path: string | URL, access: "read" | "write"): Promise<OpenFile> {
    this.#step({ kind: "open", path: String(path) });
    const file = await Deno.open(path, { read: true, write: access === "write" });
    return new OpenFile(String(path), file, this.#step);
  }

  /** Makes a file at `path`, where nothing is. */
  async create(path: string, { mode }: CreateOptions = {}): Promise<OpenFile> {
    this.#step({ kind: "create", path });
    // With its rights from the beginning: there is no moment at which more may be done to it.
    const rights = mode === undefined || mode === null ? {} : { mode };
    const file = await Deno.open(path, { read: true, write: true, createNew: true, ...rights });
    return new OpenFile(path, file, this.#step);
  }

  /** Makes a folder that nobody else may look into, for files that go with the run. */
  async makeTemporaryFolder(): Promise<string> {
    this.#step({ kind: "create", path: "" });
    return await Deno.makeTempDir({ prefix: "simulate-" });
  }

  /** Gives the file at `from` the name `to`, whatever had it. */
  async rename(from: string, to: string): Promise<void> {
    this.#step({ kind: "rename", path: from, to });
    await Deno.rename(from, to);
  }

  /** Removes the file at `path`, if one is there. */
  remove(path: string): void {
    this.#remove(path, false);
  }

  /** Removes what is at `path`, be it a folder with all that is in it, if something is. */
  removeAll(path: string): void {
    this.#remove(path, true);
  }

  #remove(path: string, recursive: boolean): void {
    this.#step({ kind: "remove", path });
    try {
      Deno.removeSync(path, { recursive });
    } catch (error) {
      // Somebody else has tidied up: then there is nothing left to do.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /**
   * Makes the names in the folder of `path` outlast the machine's power, but for a folder that may be
   * written and not read: there the machine does it when it comes to it.
   */
  async syncFolderOf(path: string): Promise<void> {
    const folder = dirname(path);
    this.#step({ kind: "syncFolder", path: folder });
    if (Deno.build.os === "windows") return; // there a folder cannot be opened, and its names are safe
    const file = await Deno.open(folder, { read: true }).catch((error) => {
      if (error instanceof Deno.errors.PermissionDenied) return null;
      throw error;
    });
    using _ = file;
    await file?.sync();
  }
}

/** The files of this machine. */
export const MACHINE: FileSystem = new FileSystem();
