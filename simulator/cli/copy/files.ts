/**
 * The files of a run: what is copied, the images of devices that have one, and where the copies are kept.
 * Those that the command line does not name are made, in a temporary folder, or beside the file that the
 * run is saved in.
 *
 * @module
 */

import type { BlockingImage } from "../../../devices/image.ts";
import { grouped } from "../../layout.ts";
import { cannot } from "../command.ts";
import type { FileSystem, OpenFile } from "../file_system.ts";
import { Scratch } from "../scratch.ts";
import { TakenFiles } from "./taken_files.ts";
import { FileImage } from "../file_image.ts";
import type { CopyDevice, CopyPlan } from "./device.ts";
import { OutFile } from "./out_file.ts";
import { drawRunNumber, pathsOf, SavedPlace } from "./saved_place.ts";
import { CopySource, makeFile } from "./source_file.ts";

const MADE_FILE_NAME = "a file made from the seed";
/** The hint where there is no room for temporary files. */
export const SPACE_HINT =
  "the temporary folder needs room for it; the variable TMPDIR can name another";
/** Rights that an image or a saved run can have: nobody executes them. */
const DATA_MODE = 0o666;

/** A device's image, and the file that it is in. */
export interface ImageFile {
  /** The image. */
  readonly image: BlockingImage;
  /** Where it is. */
  readonly path: string;
  /** Whether it was made for this run, and goes with it. */
  readonly isMade: boolean;
}

/** The files of one guest's copy. */
export interface GuestFiles {
  /** What it copies; all guests copy the same. */
  readonly source: CopySource;
  /** Where its device keeps the bytes; null: it has no image. */
  readonly image: ImageFile | null;
  /** Where the copy is kept; null: nowhere. */
  readonly out: OutFile | null;
}

/** Where a run will be saved. */
export interface SaveFiles {
  /** The file that decides. */
  readonly file: OutFile;
  /** Where the others are, beside it. */
  readonly place: SavedPlace;
}

/** The files of a run. */
export interface RunFiles {
  /** The machine's files. */
  readonly fs: FileSystem;
  /** Those of each guest. */
  readonly guests: readonly GuestFiles[];
  /** Whether what is copied was made for this run. */
  readonly isSourceMade: boolean;
  /** What the run is saved in; null: it is not. */
  readonly save: SaveFiles | null;
  /** What goes with the run. */
  readonly scratch: Scratch;
}

/**
 * Opens and makes all files of a run. They are closed, and what was made is removed, with `stack`.
 *
 * @throws {UsageError} One of them cannot be used.
 */
export async function openFiles(
  fs: FileSystem,
  device: CopyDevice,
  plan: CopyPlan,
  seed: bigint,
  stack: DisposableStack,
): Promise<RunFiles> {
  const opener = new Opener(fs, device, plan, stack);
  // What the user named comes first: where it cannot be used, nothing was made in vain.
  const named = plan.filePath === null ? null : await opener.openSources(plan.filePath);
  const byteCount = named?.[0]?.byteCount ?? device.madeFileBytes;
  const mode = named?.[0]?.mode ?? null;
  const images = await opener.openImages(byteCount);
  const outs = await opener.beginOuts(mode);
  const save = await opener.beginSave(mode);
  const sources = named ?? await opener.makeSources(seed);
  const all = images ?? await opener.makeImages(byteCount, mode, save?.place ?? null);
  opener.keepNamedImages();
  const guests = sources.map((source, at) => ({
    source,
    image: all?.[at] ?? null,
    out: outs?.[at] ?? null,
  }));
  return { fs, guests, isSourceMade: named === null, save, scratch: opener.scratch };
}

/** Opens the files of a run, each no more than once. */
export class Opener {
  /** What goes with the run. */
  readonly scratch: Scratch;
  readonly #fs: FileSystem;
  readonly #device: CopyDevice;
  readonly #plan: CopyPlan;
  readonly #stack: DisposableStack;
  readonly #takenFiles: TakenFiles;
  /** Images that were made where the user named them: they stay once all files can be used. */
  readonly #namedImages: string[] = [];
  /** Made with the first file that needs it. */
  #folder: Promise<string> | null = null;

  /** An opener for a run of `plan` on `device`; what it opens is closed with `stack`. */
  constructor(fs: FileSystem, device: CopyDevice, plan: CopyPlan, stack: DisposableStack) {
    this.scratch = stack.use(new Scratch(fs));
    this.#fs = fs;
    this.#device = device;
    this.#plan = plan;
    this.#stack = stack;
    this.#takenFiles = new TakenFiles(fs);
  }

  /** Takes the file at `path` for something else: see {@linkcode TakenFiles.take}. */
  async claim(path: string, purpose: string): Promise<void> {
    await this.#takenFiles.take(path, purpose);
  }

  /** One for each guest, as each has its own place in the file. */
  async openSources(path: string, name = path): Promise<CopySource[]> {
    await this.#takenFiles.take(path, `--file ${name}`);
    const { guestCount, fileBytesMax = Infinity } = this.#plan;
    const sources: CopySource[] = [];
    while (sources.length < guestCount) {
      const source = this.#stack.use(await CopySource.open(this.#fs, path, name));
      if (source.byteCount > fileBytesMax) {
        const hint = `name a file of ${grouped(fileBytesMax)} bytes or fewer`;
        throw cannot(`copy ${name}`, `it has ${grouped(source.byteCount)} bytes`, hint);
      }
      sources.push(source);
    }
    return sources;
  }

  /** The same for a file that it makes from the seed. */
  async makeSources(seed: bigint): Promise<CopySource[]> {
    const path = `${await this.#makeFolder()}/file`;
    const { name, madeFileBytes } = this.#device;
    const make = () => makeFile(this.#fs, path, madeFileBytes, { seed, scenario: name });
    await orUsageError("make a file", SPACE_HINT, make);
    return await this.openSources(path, MADE_FILE_NAME);
  }

  /** The images that the user named; null where none was. */
  async openImages(fileBytes: number): Promise<ImageFile[] | null> {
    const { imagePath, imageUnitBytes = 1, madeImages } = this.#plan;
    const { imageOption } = this.#device;
    if (imagePath === null || imageOption === null) return null;
    const neededBytes = imageBytes(fileBytes, imageUnitBytes);
    const needed = grouped(neededBytes);
    const hint = `name a file of ${needed} bytes or more, in whole blocks of ${
      grouped(imageUnitBytes)
    }`;
    const images: ImageFile[] = [];
    for (const path of this.#pathsOf(imagePath)) {
      await this.#takenFiles.take(path, `--${imageOption.name} ${path}`);
      if (madeImages?.areKept === true && !await this.#fs.isThere(path)) {
        images.push(await this.#makeNamedImage(path, fileBytes));
        continue;
      }
      const image = this.#stack.use(await FileImage.open(this.#fs, path, hint));
      const { byteCount } = image;
      if (byteCount < neededBytes || byteCount % imageUnitBytes !== 0) {
        throw cannot(`use ${path} as a disk`, `it has ${grouped(byteCount)} bytes`, hint);
      }
      await this.#checkImage(path, image, fileBytes);
      images.push({ image, path, isMade: false });
    }
    return images;
  }

  /** An image has to hold what its device needs: that is said now, not once all runs. */
  async #checkImage(path: string, image: FileImage, fileBytes: number): Promise<void> {
    const { images } = this.#plan;
    const fault = await images?.findFault(image, fileBytes) ?? null;
    if (images !== undefined && fault !== null) {
      throw cannot(`use ${path} as a disk`, fault, images.hint);
    }
  }

  /** An image that the user named, where nothing is: it stays. */
  async #makeNamedImage(path: string, fileBytes: number): Promise<ImageFile> {
    const hint = "name a file in a folder that can be written to, and where there is room for it";
    const make = async () => {
      try {
        return await FileImage.create(this.#fs, path, this.#imageBytes(fileBytes));
      } catch (error) {
        // The file itself need not be there.
        const isFolderGone = error instanceof Deno.errors.NotFound;
        throw isFolderGone ? cannot(`make ${path}`, "there is no such folder", hint) : error;
      }
    };
    const image = this.#stack.use(await orUsageError(`make ${path}`, hint, make));
    this.scratch.add(path);
    this.#namedImages.push(path);
    this.#plan.madeImages?.format(image);
    return { image, path, isMade: false };
  }

  /** What was made where the user named it stays from now on: the run begins. */
  keepNamedImages(): void {
    for (const path of this.#namedImages.splice(0)) this.scratch.forget(path);
  }

  /** Bytes of an image that is made for a file. */
  #imageBytes(fileBytes: number): number {
    const { imageUnitBytes = 1, madeImages } = this.#plan;
    return madeImages?.byteCountFor(fileBytes) ?? imageBytes(fileBytes, imageUnitBytes);
  }

  /**
   * Images as large as they have to be: those that are kept with a saved run are where they will be. Null
   * where the device has none.
   */
  async makeImages(
    fileBytes: number,
    mode: number | null,
    place: SavedPlace | null,
  ): Promise<ImageFile[] | null> {
    if (this.#device.imageOption === null) return null;
    const { guestCount, madeImages } = this.#plan;
    const paths = place?.imagePaths(guestCount) ??
      this.#pathsOf(`${await this.#makeFolder()}/disk`);
    const images: ImageFile[] = [];
    for (const path of paths) {
      const made = await this.makeImage(path, this.#imageBytes(fileBytes), mode);
      madeImages?.format(made.image);
      images.push(made);
    }
    return images;
  }

  /** An image of zeros, which goes with the run. */
  async makeImage(path: string, byteCount: number, mode: number | null): Promise<ImageFile> {
    this.scratch.add(path);
    const image = this.#stack.use(
      await orUsageError(
        "make an image",
        SPACE_HINT,
        () => FileImage.create(this.#fs, path, byteCount, { mode: dataMode(mode) }),
      ),
    );
    return { image, path, isMade: true };
  }

  /** A path for an image that goes with the run, by its number. */
  async imagePathInScratch(number: number): Promise<string> {
    return `${await this.#makeFolder()}/disk.${number}`;
  }

  /** Where the copies go; null where they are not kept. */
  async beginOuts(mode: number | null): Promise<OutFile[] | null> {
    const { outPath } = this.#plan;
    if (outPath === null) return null;
    const outs: OutFile[] = [];
    for (const path of this.#pathsOf(outPath)) {
      await this.#takenFiles.take(path, `--out ${path}`);
      outs.push(await this.#begin(path, mode));
    }
    return outs;
  }

  /** What the run is saved in; null where it is not. */
  async beginSave(mode: number | null): Promise<SaveFiles | null> {
    const { save } = this.#plan;
    if (save === null) return null;
    await this.#takenFiles.take(save.path, `--save-to ${save.path}`);
    const file = await this.#begin(save.path, dataMode(mode));
    const place = new SavedPlace(file.target, drawRunNumber());
    const hint = "name a file in a folder that can be read and written to";
    await orUsageError(`write ${save.path}`, hint, () => place.others(this.#fs));
    if (await this.#fs.isThere(file.target)) {
      // Nobody may resume the run that stands there while it is replaced.
      this.#stack.use(await openLocked(this.#fs, file.target, `write ${save.path}`));
    }
    return { file, place };
  }

  async #begin(path: string, mode: number | null): Promise<OutFile> {
    const options = { fs: this.#fs, scratch: this.scratch, mode };
    return this.#stack.use(await OutFile.begin(path, options));
  }

  #makeFolder(): Promise<string> {
    this.#folder ??= this.scratch.makeFolder();
    return this.#folder;
  }

  /** `path` for a single guest, else one for each guest. */
  #pathsOf(path: string): readonly string[] {
    return pathsOf(path, this.#plan.guestCount);
  }
}

/** So often a lock is tried, and so long it is waited in between, in milliseconds. */
const LOCK = { tries: 5, pauseMs: 20 };

/** Locks `file`. A process that is being started has for a moment what its parent had open, and with it the lock. */
async function locks(file: OpenFile): Promise<boolean> {
  for (let tried = 1; !await file.tryLock(); tried++) {
    if (tried === LOCK.tries) return false;
    await new Promise((resolve) => setTimeout(resolve, LOCK.pauseMs));
  }
  return true;
}

/**
 * Opens the file at `path`, which no other run may use until it is closed.
 *
 * @throws {UsageError} Another run uses it, or it cannot be read.
 */
export async function openLocked(
  fs: FileSystem,
  path: string,
  action: string,
): Promise<OpenFile> {
  const hint = "name another, or wait until that has ended";
  using stack = new DisposableStack();
  try {
    const file = stack.use(await fs.open(path, "read"));
    if (!await locks(file)) throw cannot(action, "another run uses it", hint);
    // Whoever had it may have put another in its place meanwhile.
    const isStillThere = await fs.isThere(path) &&
      (await fs.stat(path)).ino === file.stat().ino;
    if (!isStillThere) throw cannot(action, "another run has just replaced it", "try once more");
    stack.move();
    return file;
  } catch (error) {
    throw cannot(action, error, hint);
  }
}

/** Rights for data that is made of a file with the rights `mode`. */
function dataMode(mode: number | null): number | null {
  return mode === null ? null : mode & DATA_MODE;
}

/** Bytes of an image for a file: whole units, and one at least. */
function imageBytes(fileBytes: number, unitBytes: number): number {
  return Math.max(1, Math.ceil(fileBytes / unitBytes)) * unitBytes;
}

/** What the machine refuses is the user's to hear; an error of our own is thrown again. */
export async function orUsageError<T>(
  action: string,
  hint: string,
  work: () => Promise<T>,
): Promise<T> {
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
