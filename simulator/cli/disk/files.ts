/**
 * The files of a run: what is copied, the disks' images, and where the copies are kept. Those that the
 * command line does not name are made, in a temporary folder, or beside the file that the run is saved
 * in.
 *
 * @module
 */

import { ImageFile } from "../../../examples/disk/mod.ts";
import { cannot, type UsageError } from "../command.ts";
import { statFile } from "../opened_file.ts";
import { Scratch } from "../scratch.ts";
import { Claims } from "./claims.ts";
import { type DiskOptions, MADE_FILE_BYTES } from "./options.ts";
import { OutFile, partPathBeside } from "./out_file.ts";
import type { SavedGuest } from "./saved_run.ts";
import { CopySource, makeFile } from "./source_file.ts";

const MADE_FILE_NAME = "a file made from the seed";
const SPACE_HINT = "the temporary folder needs room for it; the variable TMPDIR can name another";
const SAVED_HINT = "it must be what it was when the run was saved";

/** A disk's image, and the file that it is in. */
export interface DiskFile {
  /** The image. */
  readonly image: ImageFile;
  /** Where it is. */
  readonly path: string;
  /** Whether it was made for this run, and goes with it. */
  readonly isMade: boolean;
}

/** The files of one guest's copy. */
export interface GuestFiles {
  /** What it copies; all guests copy the same. */
  readonly source: CopySource;
  /** What its disk keeps its blocks in. */
  readonly disk: DiskFile;
  /** Where the copy is kept; null: nowhere. */
  readonly out: OutFile | null;
}

/** The files of a run. */
export interface RunFiles {
  /** Those of each guest. */
  readonly guests: readonly GuestFiles[];
  /** What the run is saved in; null: it is not. */
  readonly save: OutFile | null;
  /** What goes with the run. */
  readonly scratch: Scratch;
}

/**
 * Opens and makes all files of a run. They are closed, and what was made is removed, with `stack`.
 *
 * @throws {UsageError} One of them cannot be used.
 */
export async function openFiles(
  options: DiskOptions,
  seed: bigint,
  stack: DisposableStack,
): Promise<RunFiles> {
  const scratch = stack.use(new Scratch());
  const opener = new Opener(options, scratch, stack);
  // What the user named comes first: where that is no good, nothing was made in vain.
  const named = options.filePath === null ? null : await opener.openSources(options.filePath);
  const byteCount = named?.[0]?.byteCount ?? MADE_FILE_BYTES;
  const images = await opener.openImages(byteCount);
  const outs = await opener.beginOuts();
  const save = await opener.beginSave();
  const folder = named === null || images === null ? await scratch.makeFolder() : "";
  const sources = named ?? await opener.makeSources(`${folder}/file`, byteCount, seed);
  // An image that is kept with a saved run is made where it will be.
  const imagePath = options.save === null ? `${folder}/disk` : partPathBeside(options.save.path);
  const disks = images ?? await opener.makeImages(imagePath, byteCount);
  const guests = sources.map((source, at) => ({
    source,
    disk: disks[at]!,
    out: outs?.[at] ?? null,
  }));
  return { guests, save, scratch };
}

/**
 * Opens the files of a run that was saved, and makes its source again where it had none of the user's.
 * Their content is not looked at.
 *
 * @throws {UsageError} One of them cannot be used, or has another size.
 */
export async function reopenFiles(
  options: DiskOptions,
  seed: bigint,
  saved: readonly SavedGuest[],
  stack: DisposableStack,
): Promise<RunFiles> {
  const scratch = stack.use(new Scratch());
  const opener = new Opener(options, scratch, stack);
  const sources = options.filePath === null
    ? await opener.makeSources(`${await scratch.makeFolder()}/file`, MADE_FILE_BYTES, seed)
    : await opener.openSources(options.filePath);
  const guests: GuestFiles[] = [];
  for (const [at, { source: { byteCount }, image, out }] of saved.entries()) {
    const source = sources[at]!;
    if (source.byteCount !== byteCount) throw otherSize(source.name, source.byteCount, byteCount);
    const disk = await opener.openDisk(image.path, SAVED_HINT);
    if (disk.image.byteCount !== image.byteCount) {
      throw otherSize(image.path, disk.image.byteCount, image.byteCount);
    }
    guests.push({ source, disk, out: out && await opener.reopenOut(out.path, out.partPath) });
  }
  return { guests, save: null, scratch };
}

function otherSize(path: string, isBytes: number, wasBytes: number): UsageError {
  return notAsSaved(path, `it has ${isBytes} bytes now, and had ${wasBytes}`);
}

/** The error for a file of a saved run that is not what it was. */
export function notAsSaved(path: string, reason: string): UsageError {
  return cannot(`go on with ${path}`, reason, SAVED_HINT);
}

/** Opens the files of a run, each no more than once. */
class Opener {
  readonly #options: DiskOptions;
  readonly #scratch: Scratch;
  readonly #stack: DisposableStack;
  readonly #claims = new Claims();

  constructor(options: DiskOptions, scratch: Scratch, stack: DisposableStack) {
    this.#options = options;
    this.#scratch = scratch;
    this.#stack = stack;
  }

  /** One for each guest, as each has its own place in the file. */
  async openSources(path: string, name = path): Promise<CopySource[]> {
    await this.#claims.take(path, `--file ${name}`);
    const sources: CopySource[] = [];
    while (sources.length < this.#options.guestCount) {
      sources.push(this.#stack.use(await CopySource.open(path, name)));
    }
    return sources;
  }

  /** See {@linkcode Opener.openSources}. */
  async makeSources(path: string, byteCount: number, seed: bigint): Promise<CopySource[]> {
    const make = () => makeFile(path, byteCount, seed);
    await orUsageError("make a file", SPACE_HINT, make);
    return await this.openSources(path, MADE_FILE_NAME);
  }

  /** The images that the user named; null where none was. */
  async openImages(fileBytes: number): Promise<DiskFile[] | null> {
    const { diskPath, blockBytes } = this.#options;
    if (diskPath === null) return null;
    const neededBytes = imageBytes(fileBytes, blockBytes);
    const hint = `name a file of ${neededBytes} bytes or more, in whole blocks of ${blockBytes}`;
    const disks: DiskFile[] = [];
    for (const path of this.#pathsOf(diskPath)) {
      const disk = await this.openDisk(path, hint);
      const { byteCount } = disk.image;
      if (byteCount < neededBytes || byteCount % blockBytes !== 0) {
        throw cannot(`use ${path} as a disk`, `it has ${byteCount} bytes`, hint);
      }
      disks.push(disk);
    }
    return disks;
  }

  /** The image in the file at `path`. */
  async openDisk(path: string, hint: string): Promise<DiskFile> {
    const action = `use ${path} as a disk`;
    await statFile(path, action, hint);
    await this.#claims.take(path, `--disk ${path}`);
    const image = this.#stack.use(await orUsageError(action, hint, () => ImageFile.open(path)));
    return { image, path, isMade: false };
  }

  /** Images as large as they have to be. */
  async makeImages(path: string, fileBytes: number): Promise<DiskFile[]> {
    const neededBytes = imageBytes(fileBytes, this.#options.blockBytes);
    const disks: DiskFile[] = [];
    for (const each of this.#pathsOf(path)) {
      this.#scratch.add(each);
      const make = () => ImageFile.create(each, neededBytes);
      const image = this.#stack.use(await orUsageError("make an image", SPACE_HINT, make));
      disks.push({ image, path: each, isMade: true });
    }
    return disks;
  }

  /** Where the copies go; null where they are not kept. */
  async beginOuts(): Promise<OutFile[] | null> {
    const { outPath } = this.#options;
    if (outPath === null) return null;
    const outs: OutFile[] = [];
    for (const path of this.#pathsOf(outPath)) {
      await this.#claims.take(path, `--out ${path}`);
      outs.push(this.#stack.use(await OutFile.begin(path, this.#scratch)));
    }
    return outs;
  }

  /** A copy that was left in the middle. */
  async reopenOut(path: string, partPath: string): Promise<OutFile> {
    await this.#claims.take(path, `--out ${path}`);
    await this.#claims.take(partPath, `--out ${path}`);
    return this.#stack.use(await OutFile.reopen(path, partPath, this.#scratch));
  }

  /** What the run is saved in; null where it is not. */
  async beginSave(): Promise<OutFile | null> {
    const { save, diskPath, guestCount } = this.#options;
    if (save === null) return null;
    await this.#claims.take(save.path, `--save-to ${save.path}`);
    if (diskPath === null) {
      const isNew = !await isThere(save.path);
      for (const path of savedImagePaths(save.path, guestCount)) {
        await this.#claims.take(path, `--save-to ${save.path}, whose image is ${path}`);
        await checkSavedImage(path, isNew ? save.path : null);
      }
    }
    return this.#stack.use(await OutFile.begin(save.path, this.#scratch));
  }

  /** `path` for a single guest, else one for each guest. */
  #pathsOf(path: string): readonly string[] {
    return pathsOf(path, this.#options.guestCount);
  }
}

/** `path` for a single guest, else one for each of them. */
function pathsOf(path: string, guestCount: number): readonly string[] {
  if (guestCount === 1) return [path];
  return Array.from({ length: guestCount }, (_, at) => `${path}.${at + 1}`);
}

/** Where images that were made are kept with a run that is saved at `path`. */
export function savedImagePaths(path: string, guestCount: number): readonly string[] {
  return pathsOf(`${path}.disk`, guestCount);
}

/**
 * Nobody has named this file: what is there is replaced only where it came with a run that is.
 *
 * @param newPath Where a run is saved for the first time; null: it replaces one.
 * @throws {UsageError} An image cannot be kept at `path`.
 */
async function checkSavedImage(path: string, newPath: string | null): Promise<void> {
  if (!await isThere(path)) return;
  const action = `keep the image in ${path}`;
  const hint = "name another --save-to, or an image with --disk";
  await statFile(path, action, hint);
  if (newPath !== null) throw cannot(action, `it is there already, and ${newPath} is not`, hint);
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Bytes of an image for a file: whole blocks, and one at least. */
function imageBytes(fileBytes: number, blockBytes: number): number {
  return Math.max(1, Math.ceil(fileBytes / blockBytes)) * blockBytes;
}

/** What the machine refuses is the user's to hear; an error of our own goes on. */
async function orUsageError<T>(action: string, hint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isOfMachine(error)) throw error;
    throw cannot(action, error, hint);
  }
}

/** Whether the machine has refused something: its errors have a code, or are of Deno's own kinds. */
function isOfMachine(error: unknown): boolean {
  const kinds = Object.values(Deno.errors);
  return kinds.some((kind) => error instanceof kind) || Object(error).code !== undefined;
}
