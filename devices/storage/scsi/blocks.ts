/**
 * The commands of a SCSI disk that are about its blocks: reads, writes, verification, flushes (docs/storage.md D4
 * to D12).
 *
 * @module
 */

import type { MaybePromise } from "../../../mod.ts";
import { inTurn } from "./maybe.ts";
import { BLOCK_FLAGS, type BlockCdb, type Cdb } from "./commands.ts";
import type { GuestData } from "./guest_data.ts";
import { failed, good, type ScsiResult } from "./result.ts";
import type { ScsiUnit } from "./unit.ts";

/** Most bytes that WRITE SAME writes, whatever the controller moves at once. */
export const WRITE_SAME_BYTES_MAX = 8 * 1024 * 1024;
/** Blocks that a count of 0 stands for, in the commands of six bytes. */
const BLOCKS_6_MAX = 256;
/** The five bits of an address that the second byte of such a command has. */
const LBA_HIGH_MASK = 0x1f;

/** A range of blocks, and how it is to be moved. */
interface BlockRange {
  readonly lba: number;
  readonly blocks: number;
  readonly blockFlags: number;
}

/** The range that `cdb` names, whichever form it has. */
function rangeOf(cdb: Cdb): BlockRange {
  if ("lbaHigh" in cdb) {
    const lba = (cdb.lbaHigh & LBA_HIGH_MASK) * 0x1_0000 + cdb.lbaLow;
    return { lba, blocks: cdb.blocks === 0 ? BLOCKS_6_MAX : cdb.blocks, blockFlags: 0 };
  }
  const { operation, lba, blocks, blockFlags } = cdb as BlockCdb;
  // The forms of 16 bytes have no relative addresses.
  return { lba, blocks, blockFlags: operation.endsWith("16") ? blockFlags & ~1 : blockFlags };
}

/** Why `range` cannot be worked on; null where it can. */
function refusalOf({ blocks: all }: ScsiUnit, { lba, blocks, blockFlags }: BlockRange) {
  if ((blockFlags & BLOCK_FLAGS.relativeAddress) !== 0) return failed("invalidFieldInCdb");
  return lba > all - blocks ? failed("lbaOutOfRange") : null;
}

/** The same of a range whose data the request brings or takes. */
function transferRefusal(unit: ScsiUnit, range: BlockRange, data: GuestData): ScsiResult | null {
  const refusal = refusalOf(unit, range);
  if (refusal !== null) return refusal;
  const isThere = range.blocks * unit.settings.blockBytes <= data.byteCount;
  return isThere ? null : failed("lbaOutOfRange");
}

/** READ: the image fills the guest's own memory. */
export function read(unit: ScsiUnit, cdb: Cdb, data: GuestData): MaybePromise<ScsiResult> {
  const range = rangeOf(cdb);
  const refusal = transferRefusal(unit, range, data);
  if (refusal !== null) return refusal;
  if (!data.isWritable && range.blocks > 0) return failed("invalidFieldInCdb");
  const { blockBytes } = unit.settings;
  const byteCount = range.blocks * blockBytes;
  const start = range.lba * blockBytes;
  return unit.onImage(
    (image) => inTurn(data.parts(byteCount), ([at, part]) => image.read(start + at, part)),
    "readError",
    good(byteCount),
  );
}

/** WRITE, and WRITE AND VERIFY: the image takes the guest's own memory. */
export function write(unit: ScsiUnit, cdb: Cdb, data: GuestData): MaybePromise<ScsiResult> {
  const range = rangeOf(cdb);
  const refusal = transferRefusal(unit, range, data);
  if (refusal !== null) return refusal;
  if (unit.isReadOnly) return failed("writeProtected", "error");
  const { blockBytes } = unit.settings;
  const byteCount = range.blocks * blockBytes;
  const start = range.lba * blockBytes;
  return written(unit, range, byteCount, function* () {
    for (const [at, part] of data.parts(byteCount)) yield [start + at, part];
  });
}

/** WRITE SAME: one block of the request, over and over. */
export function writeSame(unit: ScsiUnit, cdb: Cdb, data: GuestData): MaybePromise<ScsiResult> {
  const range = rangeOf(cdb);
  const { blockBytes } = unit.settings;
  const byteCount = range.blocks * blockBytes;
  const refusal = refusalOf(unit, range);
  if (refusal !== null) return refusal;
  if (unit.isReadOnly) return failed("writeProtected", "error");
  const bytesMax = Math.min(WRITE_SAME_BYTES_MAX, unit.transferBytesMax);
  if (range.blocks === 0 || byteCount > bytesMax) return failed("lbaOutOfRange");
  if (data.byteCount < blockBytes) return failed("lbaOutOfRange");
  // Loaded once: each of the blocks is to be the same, whatever the guest does meanwhile.
  const block = data.load(blockBytes);
  return written(unit, range, byteCount, function* () {
    for (let at = 0; at < byteCount; at += blockBytes) yield [range.lba * blockBytes + at, block];
  });
}

/** Writes pieces to the image, and flushes it where the request or the disk asks for that. */
function written(
  unit: ScsiUnit,
  { blockFlags }: BlockRange,
  byteCount: number,
  pieces: () => Iterator<readonly [offset: number, bytes: Uint8Array]>,
): MaybePromise<ScsiResult> {
  const isForced = (blockFlags & BLOCK_FLAGS.forceUnitAccess) !== 0;
  const isFlushed = (isForced || !unit.settings.hasWriteCache) && byteCount > 0;
  const steps = function* (): Generator<(image: ScsiUnit["image"]) => MaybePromise<void>> {
    const each = pieces();
    for (let piece = each.next(); piece.done !== true; piece = each.next()) {
      const [offset, bytes] = piece.value;
      yield (image) => image.write(offset, bytes);
    }
    if (isFlushed) yield (image) => image.flush();
  };
  return unit.onImage(
    (image) => inTurn(steps(), (step) => step(image)),
    "writeFault",
    good(byteCount),
  );
}

/** VERIFY: the blocks are there. */
export function verify(unit: ScsiUnit, cdb: Cdb): ScsiResult {
  return refusalOf(unit, rangeOf(cdb)) ?? good();
}

/** SYNCHRONIZE CACHE: all of the disk, whatever range it names. */
export function synchronizeCache(unit: ScsiUnit): MaybePromise<ScsiResult> {
  return unit.onImage((image) => image.flush(), "ioError", good());
}

/** START STOP UNIT: a disk that is stopped is flushed. */
export function startStop(
  unit: ScsiUnit,
  { isImmediate, isStart }: Extract<Cdb, { readonly operation: "startStopUnit" }>,
): MaybePromise<ScsiResult> {
  if (isImmediate) return failed("invalidFieldInCdb");
  return isStart ? good() : synchronizeCache(unit);
}
