/**
 * The files of a run that was saved. What is read is what lies beside the saved run, whose name the
 * command line has; what is written is a temporary folder, and what the command line names. Nothing that
 * stands in a saved run names a file.
 *
 * @module
 */

import { grouped } from "../../layout.ts";
import type { RunHooks } from "../../scenario.ts";
import { cannot, type UsageError } from "../command.ts";
import type { FileSystem } from "../file_system.ts";
import { type StreamDigest, watchedDigestOf } from "./digest.ts";
import {
  type GuestFiles,
  type ImageFile,
  Opener,
  orUsageError,
  type RunFiles,
  SPACE_HINT,
} from "./files.ts";
import type { CopyDigests } from "./guest_copy.ts";
import type { CopyDevice, CopyPlan } from "./device.ts";
import type { OutFile } from "./out_file.ts";
import type { SavedPlace } from "./saved_place.ts";
import { RESUME_HINT, type SavedCopyRun, type SavedGuest, type SavedImage } from "./saved_run.ts";
import type { CopySource } from "./source_file.ts";
import { Watch } from "./watch.ts";

const SAVED_HINT = "it must be what it was when the run was saved";
const SAVED_FILE_NAME = "the saved file";

/** The files of a run that is resumed, and what went through them. */
export interface ResumedFiles {
  /** The files. */
  readonly files: RunFiles;
  /** Of each guest. */
  readonly digests: readonly CopyDigests[];
}

/** Files beside a saved run that are read when it is resumed. */
export function filesRead(saved: SavedCopyRun, place: SavedPlace): readonly string[] {
  const images = place.imagePaths(saved.guests.length);
  return [
    ...(saved.source.isMade ? [] : [place.sourcePath]),
    ...saved.guests.flatMap(({ image }, at) => image?.isKept ? [images[at]!] : []),
  ];
}

/**
 * Images of the user's are named whenever they are written, and no others.
 *
 * @throws {UsageError} The run is given other images than it had, or its device has other ones.
 */
export function checkImages(
  action: string,
  { imageOption }: CopyDevice,
  { imagePath }: CopyPlan,
  { guests }: SavedCopyRun,
): void {
  if (guests.some(({ image }) => (image === null) !== (imageOption === null))) {
    throw cannot(action, "its images are not those of its device", RESUME_HINT);
  }
  const isKept = guests.every(({ image }) => image === null || image.isKept);
  if (isKept === (imagePath === null)) return;
  const name = `--${imageOption?.name}`;
  throw cannot(
    action,
    isKept ? "the run has an image of its own" : `the run was begun with ${name}`,
    isKept ? `leave ${name} out` : `name the same ${name} again`,
  );
}

/**
 * Opens the files of a run that was saved; all that is written is a copy, but for the images that the
 * user names, so that the saved run stays what it is. All of them are read, which may take a while.
 *
 * @throws {UsageError} One of them cannot be used, or is not what it was.
 * @throws {StoppedError} The user has stopped it.
 */
export async function reopenFiles(
  fs: FileSystem,
  saved: SavedCopyRun,
  { device, plan, place, hooks, stack }: {
    readonly device: CopyDevice;
    readonly plan: CopyPlan;
    readonly place: SavedPlace;
    readonly hooks: RunHooks;
    readonly stack: DisposableStack;
  },
): Promise<ResumedFiles> {
  const watch = new Watch(hooks, bytesToCheck(saved), "bytes checked");
  const opener = new Opener(fs, device, plan, stack);
  // No copy takes the place of what is read.
  await opener.claim(place.path, "--resume");
  for (const path of place.imagePaths(saved.guests.length)) await opener.claim(path, path);
  const sources = await openSources(fs, opener, saved, place);
  const [source] = sources;
  const mode = saved.source.isMade ? null : source!.mode;
  const images = await opener.openImages(source!.byteCount) ??
    await copyImages(fs, opener, saved, { place, mode, watch });
  const outs = await opener.beginOuts(mode);
  const whole = await watchedDigestOf(
    watch,
    source!.byteCount,
    (offset, into) => source!.read(offset, into),
  );
  if (whole.hex() !== saved.source.sha256) throw notAsSaved(source!.name, OTHER);
  const guests: GuestFiles[] = [];
  const digests: CopyDigests[] = [];
  for (const [at, guest] of saved.guests.entries()) {
    const image = images[at] ?? null;
    const files = { source: sources[at]!, image, out: outs?.[at] ?? null };
    if (image?.isMade === false && guest.image) await checkImage(image, guest.image, watch);
    guests.push(files);
    digests.push(await digestsOf(files.source, files.out, guest, watch));
  }
  const { scratch } = opener;
  return {
    files: { fs, guests, isSourceMade: saved.source.isMade, save: null, scratch },
    digests,
  };
}

/** What is read before the run continues: each file as far as it matters. */
function bytesToCheck({ source, guests }: SavedCopyRun): number {
  return guests.reduce(
    (sum, { image, readBytes }) => sum + (image?.writtenBytes ?? 0) + readBytes,
    source.byteCount,
  );
}

const OTHER = "its content is another now";

/** The error for a file of a saved run that is not what it was. */
function notAsSaved(path: string, reason: string): UsageError {
  return cannot(`go on with ${path}`, reason, SAVED_HINT);
}

function otherSize(path: string, isBytes: number, wasBytes: number): UsageError {
  return notAsSaved(path, `it has ${grouped(isBytes)} bytes now, and had ${grouped(wasBytes)}`);
}

async function openSources(
  fs: FileSystem,
  opener: Opener,
  { source, settings }: SavedCopyRun,
  place: SavedPlace,
): Promise<readonly CopySource[]> {
  if (!source.isMade) await checkBeside(fs, place.sourcePath, source.byteCount);
  const sources = source.isMade
    ? await opener.makeSources(settings.seed)
    : await opener.openSources(place.sourcePath, SAVED_FILE_NAME);
  const { name, byteCount } = sources[0]!;
  if (byteCount !== source.byteCount) throw otherSize(name, byteCount, source.byteCount);
  return sources;
}

/** What lies beside a saved run is a file, not a link that would lead to another. */
async function checkBeside(fs: FileSystem, path: string, byteCount: number): Promise<void> {
  const info = await fs.lstat(path).catch((error) => {
    throw cannot(`go on with ${path}`, error, SAVED_HINT);
  });
  if (!info.isFile) throw notAsSaved(path, "it is no file");
  if (info.size !== byteCount) throw otherSize(path, info.size, byteCount);
}

/** Copies of the images that are kept with the run: what is written into them is not. */
async function copyImages(
  fs: FileSystem,
  opener: Opener,
  { guests }: SavedCopyRun,
  { place, mode, watch }: {
    readonly place: SavedPlace;
    readonly mode: number | null;
    readonly watch: Watch;
  },
): Promise<(ImageFile | null)[]> {
  const paths = place.imagePaths(guests.length);
  const images: (ImageFile | null)[] = [];
  for (const [at, { image }] of guests.entries()) {
    if (image === null) {
      images.push(null);
      continue;
    }
    const path = paths[at]!;
    await checkBeside(fs, path, image.byteCount);
    const copyPath = await opener.imagePathInScratch(at + 1);
    const copy = await opener.makeImage(copyPath, image.byteCount, mode);
    using kept = await fs.open(path, "read");
    const copyPiece = (offset: number, into: Uint8Array) => {
      if (kept.read(offset, into) < into.length) throw notAsSaved(path, "it has fewer bytes now");
      copy.image.write(offset, into);
    };
    const digest = await orUsageError(
      "make an image",
      SPACE_HINT,
      () => watchedDigestOf(watch, image.writtenBytes, copyPiece),
    );
    if (digest.hex() !== image.sha256) throw notAsSaved(path, OTHER);
    images.push(copy);
  }
  return images;
}

/** An image of the user's must hold what it held. */
async function checkImage(
  { image, path }: ImageFile,
  { byteCount, writtenBytes, sha256 }: SavedImage,
  watch: Watch,
): Promise<void> {
  if (image.byteCount !== byteCount) throw otherSize(path, image.byteCount, byteCount);
  const read = (offset: number, into: Uint8Array) => image.read(offset, into);
  const written = await watchedDigestOf(watch, writtenBytes, read);
  if (written.hex() !== sha256) throw notAsSaved(path, OTHER);
}

/**
 * The digests of a copy that is resumed. What had come back was what had been read: so both digests are
 * made again from the file itself, and the copy as well.
 */
async function digestsOf(
  source: CopySource,
  out: OutFile | null,
  saved: SavedGuest,
  watch: Watch,
): Promise<CopyDigests> {
  const read = (offset: number, into: Uint8Array) => source.read(offset, into);
  const copy = (offset: number, into: Uint8Array) => {
    read(offset, into);
    out?.write(offset, into);
  };
  const returned: StreamDigest = await watchedDigestOf(watch, saved.returnedBytes, copy);
  const whole = await watchedDigestOf(watch, saved.readBytes, read, returned.copy());
  return { read: whole, returned };
}
