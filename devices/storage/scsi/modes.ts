/**
 * MODE SENSE and MODE SELECT: the one page that a disk has, its cache (docs/storage.md D18, D19).
 *
 * @module
 */

import { bigEndian, bytes, Damage, reserved, struct, u16, u8 } from "../../../core/layout/mod.ts";
import { stored } from "./capacity.ts";
import type { Cdb } from "./commands.ts";
import type { GuestData } from "./guest_data.ts";
import { failed, good, type ScsiResult } from "./result.ts";
import type { ScsiUnit } from "./unit.ts";

const CACHING_PAGE = 0x08;
const ALL_PAGES = 0x3f;
/** The bits of `page` that are it, and the two above, which say which values are wanted. */
const PAGE_MASK = 0x3f;
const CHANGEABLE = 1;
const SAVED = 3;
/** Bits of `deviceSpecific`. */
const WRITE_PROTECTED = 0x80;
const HAS_FORCED_ACCESS = 0x10;
/** Bit of the caching page: writes may be in a cache. */
const WRITE_CACHE_ENABLED = 0x04;
/** Bytes of the caching page behind its head, as MODE SENSE has it, and the fewest that MODE SELECT takes. */
const PAGE_BYTES = 10;
const SELECT_PAGE_BYTES_MIN = 12;

const HEAD_6 = struct("mode head (6)", 4, {
  modeBytes: [0, u8, "bytes"],
  mediumType: [1, u8],
  deviceSpecific: [2, u8],
  descriptorBytes: [3, u8, "bytes"],
});
const HEAD_10 = struct("mode head (10)", 8, {
  modeBytes: [0, bigEndian(u16), "bytes"],
  mediumType: [2, u8],
  deviceSpecific: [3, u8],
  reserved4: [4, reserved(2)],
  descriptorBytes: [6, bigEndian(u16), "bytes"],
});
const CACHING = struct("caching page", 12, {
  page: [0, u8],
  pageBytes: [1, u8, "bytes"],
  cacheFlags: [2, u8],
  rest: [3, bytes(9)],
});

/** MODE SENSE, with a head of 4 bytes or of 8. */
export function modeSense(
  unit: ScsiUnit,
  cdb: Extract<Cdb, { readonly operation: "modeSense6" | "modeSense10" }>,
  data: GuestData,
): ScsiResult {
  const { operation, page, allocationBytes } = cdb;
  const head = operation === "modeSense6" ? HEAD_6 : HEAD_10;
  if (data.byteCount === 0 || allocationBytes === 0) return good();
  const control = page >> 6;
  const isPage = [CACHING_PAGE, ALL_PAGES].includes(page & PAGE_MASK) && control !== SAVED;
  if (allocationBytes > data.byteCount || allocationBytes < head.byteCount || !isPage) {
    return failed("invalidFieldInCdb");
  }
  const all = new Uint8Array(head.byteCount + CACHING.byteCount);
  const deviceSpecific = (unit.isReadOnly ? WRITE_PROTECTED : 0) | HAS_FORCED_ACCESS;
  // What follows the number that says how much that is.
  const modeBytes = all.length - (head === HEAD_6 ? 1 : 2);
  all.set(head.encode({ modeBytes, mediumType: 0, deviceSpecific, descriptorBytes: 0 }));
  const isCached = control !== CHANGEABLE && unit.settings.hasWriteCache;
  const cacheFlags = isCached ? WRITE_CACHE_ENABLED : 0;
  const caching = {
    page: CACHING_PAGE,
    pageBytes: PAGE_BYTES,
    cacheFlags,
    rest: new Uint8Array(9),
  };
  all.set(CACHING.encode(caching), head.byteCount);
  return stored(data, all.subarray(0, allocationBytes));
}

/** MODE SELECT: taken where it changes nothing, as nothing can be changed. */
export function modeSelect(
  { settings: { hasWriteCache } }: ScsiUnit,
  cdb: Extract<Cdb, { readonly operation: "modeSelect6" | "modeSelect10" }>,
  data: GuestData,
): ScsiResult {
  const { operation, isSaved, parameterBytes } = cdb;
  if (isSaved) return failed("invalidFieldInCdb");
  if (parameterBytes === 0) return good();
  const headBytes = (operation === "modeSelect6" ? HEAD_6 : HEAD_10).byteCount;
  const bytesMin = headBytes + CACHING.byteCount;
  if (parameterBytes !== data.byteCount || parameterBytes < bytesMin) {
    return failed("invalidParameterListLength");
  }
  const caching = CACHING.decode(data.load(bytesMin).subarray(headBytes));
  const isRight = !(caching instanceof Damage) && (caching.page & PAGE_MASK) === CACHING_PAGE &&
    caching.pageBytes >= SELECT_PAGE_BYTES_MIN &&
    ((caching.cacheFlags & WRITE_CACHE_ENABLED) !== 0) === hasWriteCache;
  return isRight ? good() : failed("invalidFieldInParameters");
}
