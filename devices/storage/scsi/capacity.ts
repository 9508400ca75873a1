/**
 * The commands of a SCSI disk that are about its size, and about what of it is kept: READ CAPACITY, GET LBA STATUS,
 * UNMAP (docs/storage.md D13 to D16).
 *
 * @module
 */

import {
  array,
  bigEndian,
  Damage,
  reserved,
  size64,
  struct,
  u16,
  u32,
  u8,
} from "../../../core/layout/mod.ts";
import type { MaybePromise } from "../../../mod.ts";
import { chain, inTurn, mended } from "./maybe.ts";
import { type Cdb, SERVICE_ACTION_MASK, SERVICE_ACTIONS } from "./commands.ts";
import type { GuestData } from "./guest_data.ts";
import { failed, good, type ScsiResult } from "./result.ts";
import type { ScsiUnit } from "./unit.ts";

const U32_MAX = 0xffff_ffff;
/** Fewest bytes that READ CAPACITY(16) needs: the address of the last block, and the bytes of one. */
const CAPACITY_16_BYTES_MIN = 12;

const beU32 = bigEndian(u32);
const beSize = bigEndian(size64);

/** What READ CAPACITY(10) gives. */
const CAPACITY_10 = struct("capacity (10)", 8, {
  lastLba: [0, beU32],
  blockBytes: [4, beU32, "bytes"],
});

/** What READ CAPACITY(16) gives. */
const CAPACITY_16 = struct("capacity (16)", 32, {
  lastLba: [0, beSize],
  blockBytes: [8, beU32, "bytes"],
  reserved12: [12, reserved(1)],
  physicalExponent: [13, u8],
  provisioning: [14, u8], // bit 7: there is UNMAP
  reserved15: [15, reserved(17)],
});
const HAS_UNMAP = 0x80;

/** What READ CAPACITY(16) tells who asks. */
export interface Capacity {
  /** Address of the last block; what is no exact number is 2^53 - 1. */
  readonly lastLba: number;
  /** Bytes of a block. */
  readonly blockBytes: number;
}

/** Reads what READ CAPACITY(16) has given; null: it is cut off. */
export function capacityIn(data: Uint8Array): Capacity | null {
  if (data.length < CAPACITY_16_BYTES_MIN) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const { lastLba, blockBytes } = CAPACITY_16.fields;
  return { lastLba: lastLba.read(view) as number, blockBytes: blockBytes.read(view) as number };
}

/** One extent of GET LBA STATUS. */
const LBA_STATUS = struct("LBA status", 16, {
  lba: [0, beSize],
  blocks: [8, beU32, "blocks"],
  provisioning: [12, u8], // 0 mapped, 1 not
  reserved13: [13, reserved(3)],
});
const LBA_STATUSES = struct("LBA statuses", 8, {
  byteCount: [0, beU32, "bytes"], // of what follows this number
  reserved4: [4, reserved(4)],
  extents: [8, array(LBA_STATUS, "toTheEnd")],
});

/** READ CAPACITY(10). */
export function readCapacity10(unit: ScsiUnit, data: GuestData): ScsiResult {
  if (data.byteCount < CAPACITY_10.byteCount) return failed("invalidFieldInCdb", "dataOverrun");
  const lastLba = Math.min(lastLbaOf(unit), U32_MAX);
  return stored(data, CAPACITY_10.encode({ lastLba, blockBytes: unit.settings.blockBytes }));
}

/** SERVICE ACTION IN(16): READ CAPACITY(16), GET LBA STATUS. */
export function serviceActionIn(
  unit: ScsiUnit,
  cdb: Extract<Cdb, { readonly operation: "serviceActionIn16" }>,
  data: GuestData,
): ScsiResult {
  switch (cdb.serviceAction & SERVICE_ACTION_MASK) {
    case SERVICE_ACTIONS.readCapacity16:
      return readCapacity16(unit, data);
    case SERVICE_ACTIONS.getLbaStatus:
      return getLbaStatus(unit, cdb, data);
    default:
      return failed("invalidFieldInCdb");
  }
}

function lastLbaOf({ blocks }: ScsiUnit): number {
  return Math.max(blocks - 1, 0);
}

/** Stores what was made for the guest, as far as its memory reaches. */
export function stored(data: GuestData, bytes: Uint8Array): ScsiResult {
  return data.isWritable ? good(data.store(bytes)) : failed("invalidFieldInCdb");
}

function readCapacity16(unit: ScsiUnit, data: GuestData): ScsiResult {
  if (data.byteCount < CAPACITY_16_BYTES_MIN) return failed("invalidFieldInCdb", "dataOverrun");
  const { blockBytes, physicalBlockBytes } = unit.settings;
  const capacity = CAPACITY_16.encode({
    lastLba: lastLbaOf(unit),
    blockBytes,
    physicalExponent: Math.log2(physicalBlockBytes / blockBytes),
    provisioning: unit.image.discard === undefined ? 0 : HAS_UNMAP,
  });
  return stored(data, capacity);
}

function getLbaStatus(
  unit: ScsiUnit,
  { lba, allocationBytes }: Extract<Cdb, { readonly operation: "serviceActionIn16" }>,
  data: GuestData,
): ScsiResult {
  const { image, blocks, settings: { blockBytes } } = unit;
  if (image.extentAt === undefined) return failed("invalidOpcode");
  if (allocationBytes !== data.byteCount) return failed("invalidFieldInCdb");
  if (allocationBytes === 0) return good();
  const headBytes = LBA_STATUSES.byteCount;
  if (allocationBytes < headBytes + LBA_STATUS.byteCount) return failed("invalidFieldInCdb");
  if (lba >= blocks) return failed("lbaOutOfRange");
  const extents: { lba: number; blocks: number; provisioning: number }[] = [];
  const extentsMax = Math.floor((allocationBytes - headBytes) / LBA_STATUS.byteCount);
  for (let at = lba; at < blocks && extents.length < extentsMax;) {
    const { byteCount, isMapped } = image.extentAt(at * blockBytes);
    // A block that is kept in part is kept.
    const whole = Math.floor(byteCount / blockBytes);
    const count = Math.min(Math.max(whole, 1), blocks - at, U32_MAX);
    extents.push({ lba: at, blocks: count, provisioning: isMapped || whole === 0 ? 0 : 1 });
    at += count;
  }
  const byteCount = 4 + extents.length * LBA_STATUS.byteCount;
  return stored(data, LBA_STATUSES.encode({ byteCount, extents }));
}

// -- UNMAP

/** Most descriptors of one UNMAP, as the disk says: more than its length, of 16 bits, can announce. */
export const UNMAP_DESCRIPTORS_MAX = 4096;

const UNMAP_HEAD = struct("UNMAP parameters", 8, {
  followingBytes: [0, bigEndian(u16), "bytes"],
  descriptorBytes: [2, bigEndian(u16), "bytes"],
  reserved4: [4, reserved(4)],
});
const UNMAP_DESCRIPTOR = struct("UNMAP descriptor", 16, {
  lba: [0, beSize],
  blocks: [8, beU32, "blocks"],
  reserved12: [12, reserved(4)],
});

/** Bytes of the parameters of an UNMAP of `count` ranges. */
export function unmapBytesOf(count: number): number {
  return UNMAP_HEAD.byteCount + count * UNMAP_DESCRIPTOR.byteCount;
}

/** The parameters of an UNMAP of `ranges`. */
export function encodeUnmap(
  ranges: readonly { readonly lba: number; readonly blocks: number }[],
): Uint8Array {
  const parameters = new Uint8Array(unmapBytesOf(ranges.length));
  const followingBytes = parameters.length - 2;
  const descriptorBytes = parameters.length - UNMAP_HEAD.byteCount;
  parameters.set(UNMAP_HEAD.encode({ followingBytes, descriptorBytes }));
  for (const [at, range] of ranges.entries()) {
    parameters.set(UNMAP_DESCRIPTOR.encode(range), unmapBytesOf(at));
  }
  return parameters;
}

/** UNMAP: gives blocks back. What the image cannot give back is left as it is. */
export function unmap(
  unit: ScsiUnit,
  { parameterBytes }: Extract<Cdb, { readonly operation: "unmap" }>,
  data: GuestData,
): MaybePromise<ScsiResult> {
  const { image, blocks: all, settings: { blockBytes } } = unit;
  const headBytes = UNMAP_HEAD.byteCount;
  if (image.discard === undefined) return failed("invalidFieldInCdb");
  if (parameterBytes < headBytes || parameterBytes !== data.byteCount) {
    return failed("invalidFieldInCdb");
  }
  const parameters = data.load(parameterBytes);
  const head = UNMAP_HEAD.decode(parameters);
  if (head instanceof Damage || head.followingBytes !== parameterBytes - 2) {
    return failed("invalidFieldInCdb");
  }
  if (head.descriptorBytes !== parameterBytes - headBytes) return failed("illegalRequest");
  const count = Math.floor(head.descriptorBytes / UNMAP_DESCRIPTOR.byteCount);
  if (unit.isReadOnly) return failed("writeProtected", "error");
  const view = new DataView(parameters.buffer);
  let isOutside = false;
  const ranges = function* (): Generator<readonly [lba: number, blocks: number], void> {
    for (let at = 0; at < count; at++) {
      const base = headBytes + at * UNMAP_DESCRIPTOR.byteCount;
      const lba = UNMAP_DESCRIPTOR.fields.lba.read(view, base) as number;
      const blocks = UNMAP_DESCRIPTOR.fields.blocks.read(view, base) as number;
      if (blocks === 0) continue;
      isOutside = lba > all - blocks;
      if (isOutside) return;
      yield [lba, blocks];
    }
  };
  const discarding = unit.onImage(
    () =>
      inTurn(
        ranges(),
        ([lba, blocks]) =>
          mended<void>(() => image.discard?.(lba * blockBytes, blocks * blockBytes), () => {}),
      ),
    "ioError",
    good(),
  );
  return chain(discarding, (result) => isOutside ? failed("lbaOutOfRange") : result);
}
