/**
 * The files of a run that is saved: what stood in them is saved with it, and they are what the run goes
 * on with only if that still stands there.
 *
 * @module
 */

import { cannot } from "../command.ts";
import { digestOf } from "./digest.ts";
import { type GuestFiles, notAsSaved, type RunFiles, savedImagePaths } from "./files.ts";
import type { CopyDigests, GuestCopy } from "./guest_copy.ts";
import type { PastLife } from "./past.ts";
import { encodeRun, type RunSettings, type SavedGuest } from "./saved_run.ts";

/**
 * Saves a run whose guests were saved. What was made for it and is needed to go on stays. False where
 * what came back so far is not what was copied: then there is nothing to go on with, and that is a
 * finding of the copy.
 *
 * @throws {UsageError} A file cannot be used.
 */
export async function saveRun(
  settings: RunSettings,
  { guests, save, scratch }: RunFiles,
  past: PastLife,
  copies: readonly GuestCopy[],
  states: readonly Uint8Array[],
): Promise<boolean> {
  if (save === null) throw new Error("Cannot save a run without a file to save it in");
  const areGood = copies.map((copy) => copy.checkReturned());
  if (areGood.includes(false)) return false;
  const imagePaths = savedImagePaths(save.name, guests.length);
  const saved = copies.map((copy, at) => savedGuest(copy, imagePaths[at]!, states[at]!));
  save.write(0, encodeRun({ settings, past, guests: saved }));
  for (const [at, { disk }] of guests.entries()) {
    if (!disk.isMade) continue;
    const path = imagePaths[at]!;
    try {
      await Deno.rename(disk.path, path);
    } catch (error) {
      throw cannot(`keep ${path}`, error, "name a file in a folder that can be written to");
    }
    scratch.forget(disk.path);
  }
  await save.keep();
  for (const { out } of guests) out?.leave();
  return true;
}

function savedGuest(copy: GuestCopy, madePath: string, partition: Uint8Array): SavedGuest {
  const { files: { source, disk: { image, path, isMade }, out }, digests, writtenBytes } = copy;
  const written = digestOf(writtenBytes, (offset, into) => image.read(offset, into));
  return {
    source: {
      byteCount: source.byteCount,
      readBytes: digests.read.byteCount,
      sha256: digests.read.hex(),
    },
    image: {
      path: isMade ? madePath : path,
      byteCount: image.byteCount,
      writtenBytes,
      sha256: written.hex(),
    },
    returnedBytes: digests.returned.byteCount,
    out: out && { path: out.name, partPath: out.partPath },
    partition,
  };
}

/**
 * The digests of a copy that goes on: its files must hold what they held.
 *
 * @throws {UsageError} They do not.
 */
export function restoreDigests(files: GuestFiles, saved: SavedGuest): CopyDigests {
  const { source, disk: { image, path }, out } = files;
  const readSource = (offset: number, into: Uint8Array) => source.read(offset, into);
  // What had come back was what had been read: so the file itself says how that digest goes on.
  const returned = digestOf(saved.returnedBytes, readSource);
  const read = digestOf(saved.source.readBytes, readSource, returned.copy());
  const other = "its content is another now";
  if (read.hex() !== saved.source.sha256) throw notAsSaved(source.name, other);
  const written = digestOf(saved.image.writtenBytes, (offset, into) => image.read(offset, into));
  if (written.hex() !== saved.image.sha256) throw notAsSaved(path, other);
  if (out !== null) {
    const kept = digestOf(saved.returnedBytes, (offset, into) => {
      if (!out.read(offset, into)) throw notAsSaved(out.partPath, "it has fewer bytes now");
    });
    if (kept.hex() !== returned.hex()) throw notAsSaved(out.partPath, other);
  }
  return { read, returned };
}
