/**
 * Saving a run with its files. What it needs to be resumed is kept beside the saved run, made safe before the
 * one name that decides, so that a sudden end leaves the run that was saved before, or this one.
 *
 * @module
 */

import type { RunHooks } from "../../scenario.ts";
import { cannot } from "../command.ts";
import { watchedDigestOf } from "./digest.ts";
import {
  type ImageFile,
  orUsageError,
  type RunFiles,
  type SaveFiles,
  SPACE_HINT,
} from "./files.ts";
import type { GuestCopy } from "./guest_copy.ts";
import {
  encodeRun,
  type SavedCopyRun,
  type SavedGuest,
  type SavedImage,
  type SavedSource,
} from "./saved_run.ts";
import { changedSource } from "./source_file.ts";
import { Watch } from "./watch.ts";

/**
 * Saves a run whose guests were saved. What was made for it and is needed to resume it stays. False where
 * what came back so far is not what was copied: then there is nothing to resume, and that is a finding of
 * the copy.
 *
 * @param states The saved guests.
 * @throws {UsageError} A file cannot be used.
 * @throws {StoppedError} The user has stopped it.
 */
export async function saveRun(
  { scenario, settings, totals }: Pick<SavedCopyRun, "scenario" | "settings" | "totals">,
  files: RunFiles,
  copies: readonly GuestCopy[],
  states: readonly Uint8Array[],
  hooks: RunHooks,
): Promise<boolean> {
  const { save, scratch, guests } = files;
  if (save === null) throw new Error("Cannot save a run without a file to save it in");
  const watch = new Watch(hooks, bytesToSave(files, copies), "bytes saved");
  let areGood = true;
  for (const copy of copies) areGood = await copy.checkReturned(watch) && areGood;
  if (!areGood) return false;
  const { file, place } = save;
  const source = await saveSource(files, save, copies, watch);
  await orUsageError("write an image", SPACE_HINT, async () => {
    for (const { image } of guests) await image?.image.flush();
  });
  const saved: SavedGuest[] = [];
  for (const [at, copy] of copies.entries()) {
    saved.push(await savedGuest(copy, states[at]!, watch));
  }
  const { number } = place;
  file.write(0, encodeRun({ scenario, settings, number, source, totals, guests: saved }));
  const beside = [
    ...(source.isMade ? [] : [place.sourcePath]),
    ...guests.flatMap(({ image }) => image?.isMade ? [image.path] : []),
  ];
  // From here on a sudden end must not take away what the saved run has.
  for (const path of beside) scratch.forget(path);
  try {
    await file.keep();
  } finally {
    if (!file.isKept) { for (const path of beside) scratch.add(path); }
  }
  await orUsageError(
    "take away what another run has left",
    `the run is in ${file.name}`,
    async () => {
      for (const path of await place.others(files.fs)) files.fs.remove(path);
    },
  );
  return true;
}

/** What is read for it: each file as far as it matters. */
function bytesToSave({ guests, isSourceMade }: RunFiles, copies: readonly GuestCopy[]): number {
  return copies.reduce(
    (sum, { digests: { read, returned }, writtenBytes }) =>
      sum + returned.byteCount + writtenBytes + (isSourceMade ? 0 : read.byteCount),
    guests[0]!.source.byteCount,
  );
}

/** Keeps what is copied: it is the user's, and may be another by the time the run is resumed. */
async function saveSource(
  { fs, guests, isSourceMade, scratch }: RunFiles,
  { file, place }: SaveFiles,
  copies: readonly GuestCopy[],
  watch: Watch,
): Promise<SavedSource> {
  const { source } = guests[0]!;
  const { byteCount } = source;
  const read = (offset: number, into: Uint8Array) => source.read(offset, into);
  if (isSourceMade) {
    const made = await watchedDigestOf(watch, byteCount, read);
    return { isMade: true, byteCount, sha256: made.hex() };
  }
  const path = place.sourcePath;
  try {
    scratch.add(path);
    using kept = await fs.create(path, { mode: source.mode });
    const whole = await watchedDigestOf(watch, byteCount, (offset, into) => {
      read(offset, into);
      kept.write(offset, into);
    });
    for (const { digests } of copies) {
      const { byteCount } = digests.read;
      const readKept = (offset: number, into: Uint8Array) => void kept.read(offset, into);
      const before = await watchedDigestOf(watch, byteCount, readKept);
      const isSame = before.hex() === digests.read.hex();
      if (!isSame) throw changedSource(source.name, "its content is another");
    }
    kept.sync();
    return { isMade: false, byteCount, sha256: whole.hex() };
  } catch (error) {
    throw cannot(`write ${file.name}`, error, "name a file in a folder that has room for it");
  }
}

async function savedGuest(
  copy: GuestCopy,
  partition: Uint8Array,
  watch: Watch,
): Promise<SavedGuest> {
  const { files, digests, writtenBytes } = copy;
  const { image } = files;
  return {
    readBytes: digests.read.byteCount,
    returnedBytes: digests.returned.byteCount,
    image: image && await savedImage(image, writtenBytes, watch),
    partition,
  };
}

async function savedImage(
  { image, isMade }: ImageFile,
  writtenBytes: number,
  watch: Watch,
): Promise<SavedImage> {
  const read = (offset: number, into: Uint8Array) => image.read(offset, into);
  const written = await watchedDigestOf(watch, writtenBytes, read);
  return { isKept: isMade, byteCount: image.byteCount, writtenBytes, sha256: written.hex() };
}
