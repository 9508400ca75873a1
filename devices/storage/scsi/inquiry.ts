/**
 * INQUIRY: what a disk says of itself, and the pages of its vital product data (docs/storage.md, section 7).
 *
 * @module
 */

import {
  bigEndian,
  bytes,
  guid,
  reserved,
  size64,
  struct,
  u16,
  u32,
  u8,
} from "../../../core/layout/mod.ts";
import { WRITE_SAME_BYTES_MAX } from "./blocks.ts";
import { stored, UNMAP_DESCRIPTORS_MAX } from "./capacity.ts";
import type { Cdb } from "./commands.ts";
import type { GuestData } from "./guest_data.ts";
import { failed, type ScsiResult } from "./result.ts";
import { type CheckedSettings, checkSettings } from "./settings.ts";
import type { ScsiUnit } from "./unit.ts";

type InquiryCdb = Extract<Cdb, { readonly operation: "inquiry" }>;

/** Bytes of a vendor's name, and of a disk's id. */
const VENDOR_BYTES = 8;
const DISK_ID_BYTES = 16;

const beU16 = bigEndian(u16);
const beU32 = bigEndian(u32);

/** The standard data. */
const INQUIRY = struct("INQUIRY data", 104, {
  deviceType: [0, u8], // 0x7f: no disk there
  removable: [1, u8],
  version: [2, u8], // 5: SPC-3
  responseFormat: [3, u8],
  additionalBytes: [4, u8, "bytes"],
  reserved5: [5, reserved(2)],
  queueing: [7, u8], // 2: commands are queued
  identity: [8, bytes(28)], // vendor, product, revision
  reserved36: [36, reserved(68)],
});
const STANDARD = {
  deviceType: 0,
  removable: 0,
  version: 5,
  responseFormat: 2,
  additionalBytes: 99,
  queueing: 2,
} as const;
/** Device type where there is no disk. */
const NO_DISK = 0x7f;
/** Fewest bytes that INQUIRY may ask for, and the same of its pages. */
const STANDARD_BYTES_MIN = 5;
const PAGE_BYTES_MIN = 4;

const PAGE_HEAD = struct("page head", 4, {
  deviceType: [0, u8],
  page: [1, u8],
  reserved2: [2, reserved(1)],
  pageBytes: [3, u8, "bytes"],
});

/** Page 83: who this disk is, in two ways. */
const IDENTIFICATION = struct("device identification", 48, {
  vendorHead: [0, bytes(4)],
  vendor: [4, bytes(VENDOR_BYTES)],
  diskId: [12, bytes(DISK_ID_BYTES)],
  naaHead: [28, bytes(4)],
  naa: [32, bytes(16)],
});
/** ASCII, of the vendor's own, 24 bytes; and binary, an NAA, 16 bytes. */
const VENDOR_HEAD = Uint8Array.of(1, 1, 0, VENDOR_BYTES + DISK_ID_BYTES);
const NAA_HEAD = Uint8Array.of(1, 3, 0, 16);
/** An NAA of type 6 with the vendor's OUI, 00-22-48. */
const NAA_OUI = Uint8Array.of(0x60, 0x02, 0x24, 0x80);

/** Page B0: how much at once. */
const BLOCK_LIMITS = struct("block limits", 60, {
  reserved0: [0, reserved(16)],
  unmapBlocksMax: [16, beU32, "blocks"],
  unmapDescriptorsMax: [20, beU32, "descriptors"],
  unmapGranularity: [24, beU32, "blocks"],
  unmapAlignment: [28, beU32], // bit 31: the rest is valid
  writeSameBlocksMax: [32, bigEndian(size64), "blocks"],
  reserved40: [40, reserved(20)],
});

/** What page B0 tells who discards. */
export interface UnmapLimits {
  /** Most blocks of one UNMAP. */
  readonly unmapBlocksMax: number;
  /** Most ranges of one. */
  readonly unmapDescriptorsMax: number;
}

/** Reads what page B0 has behind its head; null: it is cut off before that. */
export function blockLimitsIn(payload: Uint8Array): UnmapLimits | null {
  const { unmapBlocksMax, unmapDescriptorsMax, unmapGranularity } = BLOCK_LIMITS.fields;
  if (payload.length < unmapGranularity.offset) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return {
    unmapBlocksMax: unmapBlocksMax.read(view) as number,
    unmapDescriptorsMax: unmapDescriptorsMax.read(view) as number,
  };
}

/** Page B1. */
const CHARACTERISTICS = struct("block device characteristics", 60, {
  rotationRate: [0, beU16],
  reserved2: [2, reserved(58)],
});

/** Page B2. */
const PROVISIONING = struct("logical block provisioning", 4, {
  thresholdExponent: [0, u8],
  flags: [1, u8], // bit 7: UNMAP gives blocks back
  kind: [2, u8], // 2: thin
  reserved3: [3, reserved(1)],
});

/** Page CF: a vendor's own. */
const VENDOR_CF = struct("page CF", 20, { head: [0, bytes(4)], id: [4, guid] });
const VENDOR_CF_ID = "89a98f15-c928-4d8b-94cd-ef51faa99d33";

/** What each page of a disk holds, behind its head; null where this disk does not have it. */
const PAGES: ReadonlyMap<number, (unit: ScsiUnit) => Uint8Array | null> = new Map([
  [0x00, (unit) => Uint8Array.from([...PAGES.keys()].filter((page) => hasPage(unit, page)))],
  [0x80, ({ settings: { serial } }) => serial.length === 0 ? null : serial],
  [0x83, identification],
  [0xb0, (unit) => unit.image.discard === undefined ? null : blockLimits(unit)],
  [
    0xb1,
    ({ image, settings: { rotationRate } }) =>
      image.discard === undefined ? null : CHARACTERISTICS.encode({ rotationRate }),
  ],
  [0xb2, (unit) => unit.image.discard === undefined ? null : provisioning(unit)],
  [0xce, () => Uint8Array.of(1, 1, 0, 0)],
  [0xcf, () => VENDOR_CF.encode({ head: Uint8Array.of(1, 0, 0, 0), id: VENDOR_CF_ID })],
]);

/** Whether the disk has the page: the list of all is one of them. */
function hasPage(unit: ScsiUnit, page: number): boolean {
  return page === 0 || PAGES.get(page)?.(unit) !== null;
}

function identification({ settings: { diskId, names } }: ScsiUnit): Uint8Array {
  const naa = Uint8Array.from([...NAA_OUI, ...diskId.subarray(0, 6), ...diskId.subarray(10)]);
  const { vendor } = names;
  return IDENTIFICATION.encode({
    vendorHead: VENDOR_HEAD,
    vendor,
    diskId,
    naaHead: NAA_HEAD,
    naa,
  });
}

function blockLimits({ settings, transferBytesMax }: ScsiUnit): Uint8Array {
  const { blockBytes, physicalBlockBytes } = settings;
  const writeSameBytes = Math.min(WRITE_SAME_BYTES_MAX, transferBytesMax);
  return BLOCK_LIMITS.encode({
    unmapBlocksMax: 0xffff_ffff,
    unmapDescriptorsMax: UNMAP_DESCRIPTORS_MAX,
    unmapGranularity: physicalBlockBytes / blockBytes,
    unmapAlignment: 0x8000_0000,
    writeSameBlocksMax: Math.floor(writeSameBytes / blockBytes),
  });
}

/** The threshold is the smallest unit in which the disk's blocks can be counted with 32 bits. */
function provisioning({ blocks }: ScsiUnit): Uint8Array {
  let thresholdExponent = 1;
  while (blocks / 2 ** thresholdExponent >= 2 ** 32) thresholdExponent++;
  return PROVISIONING.encode({ thresholdExponent, flags: 0x80, kind: 2 });
}

/** INQUIRY of a disk. */
export function inquiry(unit: ScsiUnit, cdb: InquiryCdb, data: GuestData): ScsiResult {
  const { isVital, isCommandSupport, page, allocationBytes } = cdb;
  const bytesMin = isVital ? PAGE_BYTES_MIN : STANDARD_BYTES_MIN;
  const isAsked = !isCommandSupport && (isVital || page === 0);
  if (!isAsked || allocationBytes > data.byteCount || allocationBytes < bytesMin) {
    return failed("invalidFieldInCdb");
  }
  const answer = isVital ? vitalPage(unit, page) : standard(unit.settings);
  if (answer === null) return failed("invalidFieldInCdb");
  return stored(data, answer.subarray(0, allocationBytes));
}

function standard({ names: { identity } }: CheckedSettings): Uint8Array {
  return INQUIRY.encode({ ...STANDARD, identity });
}

function vitalPage(unit: ScsiUnit, page: number): Uint8Array | null {
  const content = PAGES.get(page)?.(unit) ?? null;
  if (content === null) return null;
  const head = PAGE_HEAD.encode({ deviceType: 0, page, pageBytes: content.length });
  return Uint8Array.from([...head, ...content]);
}

/** INQUIRY of an address where there is no disk: all but LUN 0 have no names either. */
export function absentInquiry(lun: number, cdb: InquiryCdb, data: GuestData): ScsiResult {
  const { isVital, page, allocationBytes } = cdb;
  const isAsked = !isVital && page === 0 && data.isWritable;
  if (!isAsked || allocationBytes > data.byteCount || allocationBytes < STANDARD_BYTES_MIN) {
    return failed("invalidFieldInCdb");
  }
  const identity = lun === 0 ? checkSettings({}).names.identity : new Uint8Array(28);
  const answer = INQUIRY.encode({ ...STANDARD, deviceType: NO_DISK, identity });
  return stored(data, answer.subarray(0, allocationBytes));
}
