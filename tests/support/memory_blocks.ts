/**
 * A block device on bytes in memory, for what builds on one.
 *
 * @module
 */

import { type BlockDevice, BlockError } from "../../devices/storage/block_device.ts";

/** STATUS_NONEXISTENT_SECTOR. */
const NONEXISTENT_SECTOR = 0xc000_0015;
/** STATUS_MEDIA_WRITE_PROTECTED. */
const WRITE_PROTECTED = 0xc000_00a2;

/** `bytes`, whole blocks, as a block device. Each of its promises has settled when it is given. */
export function memoryBlocks(
  bytes: Uint8Array,
  { blockBytes = 512, isReadOnly = false }: { blockBytes?: number; isReadOnly?: boolean } = {},
): BlockDevice {
  const placeOf = (action: string, lba: number, byteCount: number) => {
    const at = lba * blockBytes;
    if (byteCount % blockBytes !== 0) {
      throw new RangeError(`Cannot ${action} ${byteCount} bytes: blocks have ${blockBytes}`);
    }
    if (at + byteCount > bytes.length) {
      throw new BlockError(`${action} ${byteCount / blockBytes} at ${lba}`, NONEXISTENT_SECTOR);
    }
    if (isReadOnly && action !== "read") throw new BlockError(action, WRITE_PROTECTED);
    return bytes.subarray(at, at + byteCount);
  };
  return {
    blockBytes,
    blocks: bytes.length / blockBytes,
    isReadOnly,
    read: (lba, into) => Promise.try(() => into.set(placeOf("read", lba, into.length))),
    write: (lba, from) => Promise.try(() => placeOf("write", lba, from.length).set(from)),
    flush: () => Promise.resolve(),
    discard: (lba, blocks) =>
      Promise.try(() => {
        placeOf("discard", lba, blocks * blockBytes).fill(0);
      }),
  };
}
