/**
 * The files of a run: what is copied, the disks' images, and where the copies are kept. Those that the
 * command line does not name are made in a temporary folder.
 *
 * @module
 */

import { ImageFile } from "../../../examples/disk/mod.ts";
import { cannot } from "../command.ts";
import { statFile } from "../opened_file.ts";
import { Scratch } from "../scratch.ts";
import { type DiskOptions, MADE_FILE_BYTES } from "./options.ts";
import { OutFile } from "./out_file.ts";
import { makeFile, SourceFile } from "./source_file.ts";

const MADE_FILE_NAME = "a file made from the seed";
const SPACE_HINT = "the temporary folder needs room for it; the variable TMPDIR can name another";

/** The files of one guest's copy. */
export interface GuestFiles {
  /** What it copies; all guests copy the same. */
  readonly source: SourceFile;
  /** What its disk keeps its blocks in. */
  readonly image: ImageFile;
  /** Where the copy is kept; null: nowhere. */
  readonly out: OutFile | null;
}

/**
 * Opens and makes all files of a run, those of each guest. They are closed, and what was made is
 * removed, with `stack`.
 *
 * @throws {UsageError} One of them cannot be used.
 */
export async function openFiles(
  options: DiskOptions,
  seed: bigint,
  stack: DisposableStack,
): Promise<readonly GuestFiles[]> {
  const scratch = stack.use(new Scratch());
  const opener = new Opener(options, scratch, stack);
  // What the user named comes first: where that is no good, nothing was made in vain.
  const named = options.filePath === null ? null : await opener.openSources(options.filePath);
  const byteCount = named?.[0]?.byteCount ?? MADE_FILE_BYTES;
  const images = await opener.openImages(byteCount);
  const outs = await opener.beginOuts();
  const needsFolder = named === null || images === null;
  const folder = needsFolder ? await scratch.makeFolder() : "";
  const sources = named ?? await opener.makeSources(`${folder}/file`, byteCount, seed);
  const disks = images ?? await opener.makeImages(`${folder}/disk`, byteCount);
  return sources.map((source, at) => ({ source, image: disks[at]!, out: outs?.[at] ?? null }));
}

/** Opens the files of a run, each no more than once. */
class Opener {
  readonly #options: DiskOptions;
  readonly #scratch: Scratch;
  readonly #stack: DisposableStack;
  /** Which files are taken, by identity, and what for. */
  readonly #claims = new Map<string, string>();

  constructor(options: DiskOptions, scratch: Scratch, stack: DisposableStack) {
    this.#options = options;
    this.#scratch = scratch;
    this.#stack = stack;
  }

  /** One for each guest, as each has its own place in the file. */
  async openSources(path: string, name = path): Promise<SourceFile[]> {
    await this.#claim(path, `--file ${name}`);
    const sources: SourceFile[] = [];
    while (sources.length < this.#options.guestCount) {
      sources.push(this.#stack.use(await SourceFile.open(path, name)));
    }
    return sources;
  }

  /** See {@linkcode Opener.openSources}. */
  async makeSources(path: string, byteCount: number, seed: bigint): Promise<SourceFile[]> {
    const make = () => makeFile(path, byteCount, seed);
    await orUsageError("make a file", SPACE_HINT, make);
    return await this.openSources(path, MADE_FILE_NAME);
  }

  /** The images that the user named; null where none was. */
  async openImages(fileBytes: number): Promise<ImageFile[] | null> {
    const { diskPath, blockBytes } = this.#options;
    if (diskPath === null) return null;
    const neededBytes = imageBytes(fileBytes, blockBytes);
    const hint = `name a file of ${neededBytes} bytes or more, in whole blocks of ${blockBytes}`;
    const images: ImageFile[] = [];
    for (const path of this.#pathsOf(diskPath)) {
      const action = `use ${path} as a disk`;
      await statFile(path, action, hint);
      await this.#claim(path, `--disk ${path}`);
      const image = this.#stack.use(await orUsageError(action, hint, () => ImageFile.open(path)));
      const { byteCount } = image;
      if (byteCount < neededBytes || byteCount % blockBytes !== 0) {
        throw cannot(action, `it has ${byteCount} bytes`, hint);
      }
      images.push(image);
    }
    return images;
  }

  /** Images as large as they have to be. */
  async makeImages(path: string, fileBytes: number): Promise<ImageFile[]> {
    const neededBytes = imageBytes(fileBytes, this.#options.blockBytes);
    const images: ImageFile[] = [];
    for (const each of this.#pathsOf(path)) {
      const make = () => ImageFile.create(each, neededBytes);
      images.push(this.#stack.use(await orUsageError("make an image", SPACE_HINT, make)));
    }
    return images;
  }

  /** Where the copies go; null where they are not kept. */
  async beginOuts(): Promise<OutFile[] | null> {
    const { outPath } = this.#options;
    if (outPath === null) return null;
    const outs: OutFile[] = [];
    for (const path of this.#pathsOf(outPath)) {
      await this.#claim(path, `--out ${path}`);
      outs.push(this.#stack.use(await OutFile.begin(path, this.#scratch)));
    }
    return outs;
  }

  /** `path` for a single guest, else one for each guest. */
  #pathsOf(path: string): readonly string[] {
    const { guestCount } = this.#options;
    if (guestCount === 1) return [path];
    return Array.from({ length: guestCount }, (_, at) => `${path}.${at + 1}`);
  }

  /** Takes the file at `path`, should there be one: nobody else may have it, under whatever name. */
  async #claim(path: string, purpose: string): Promise<void> {
    const identity = await identityOf(path);
    if (identity === null) return;
    const other = this.#claims.get(identity);
    if (other !== undefined) {
      throw cannot(`use ${purpose}`, `it is the same file as ${other}`, "name another");
    }
    this.#claims.set(identity, purpose);
  }
}

/** Bytes of an image for a file: whole blocks, and one at least. */
function imageBytes(fileBytes: number, blockBytes: number): number {
  return Math.max(1, Math.ceil(fileBytes / blockBytes)) * blockBytes;
}

/** What tells a file from all others, whatever it is called; null where there is none. */
async function identityOf(path: string): Promise<string | null> {
  try {
    const { dev, ino } = await Deno.stat(path);
    return ino === null || ino === 0 ? await Deno.realPath(path) : `${dev}:${ino}`;
  } catch {
    return null; // whoever opens it says what is wrong
  }
}

async function orUsageError<T>(action: string, hint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw cannot(action, error, hint);
  }
}
