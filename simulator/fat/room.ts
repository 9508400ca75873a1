/**
 * Looks whether a file can be copied onto the FAT volume of an image before anything is done with that: the file system
 * itself is asked, and writes nothing.
 *
 * @module
 */

import type { BlockingImage } from "../../devices/image.ts";
import type { BlockDevice } from "../../devices/storage/block_device.ts";
import { grouped } from "../layout.ts";
import { FatError } from "./result.ts";
import { FatVolume } from "./volume.ts";

const BLOCK_BYTES = 512;

/** Why a file of `fileBytes` bytes cannot be put at `path` on the volume of `image`, in words; null where it can. */
export async function findRoomFault(
  image: BlockingImage,
  path: string,
  fileBytes: number,
): Promise<string | null> {
  try {
    const volume = await FatVolume.mount(readOnlyBlocks(image));
    const room = await volume.room(path);
    await volume.unmount();
    if (room >= fileBytes) return null;
    return `its volume has room for ${grouped(room)} bytes, and the file has ${grouped(fileBytes)}`;
  } catch (error) {
    if (!(error instanceof FatError)) throw error;
    return error.result === "denied"
      ? `its volume has a directory or a read-only file at ${path}`
      : `its volume cannot take the file: ${error.result}`;
  }
}

/** The blocks of an image, none of which is written. */
function readOnlyBlocks(image: BlockingImage): BlockDevice {
  const refuse = () => Promise.reject(new Error("Cannot write to an image that is looked at"));
  return {
    blockBytes: BLOCK_BYTES,
    blocks: Math.floor(image.byteCount / BLOCK_BYTES),
    isReadOnly: true,
    read: (lba, into) => Promise.try(() => image.read(lba * BLOCK_BYTES, into)),
    write: refuse,
    flush: () => Promise.resolve(),
    discard: refuse,
  };
}
