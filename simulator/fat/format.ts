/**
 * Makes a FAT32 file system on an image, as mkfs.fat does: boot sector and its copy, two file allocation tables, a root
 * directory. Only the few sectors that are not zero are written, so an image in a file stays sparse.
 *
 * The layout is that of Microsoft's *FAT32 File System Specification* 1.03.
 *
 * @module
 */

import {
  constant,
  hex,
  type Layout,
  reserved,
  struct,
  text,
  u16,
  u32,
  u8,
} from "../../core/layout/mod.ts";

/** Bytes of a sector. */
const SECTOR_BYTES = 512;
/** Sectors of a cluster: 4 KiB, which the usual tools choose up to 8 GiB. */
const CLUSTER_SECTORS = 8;
/** Bytes of a cluster. */
const CLUSTER_BYTES = SECTOR_BYTES * CLUSTER_SECTORS;
/** Sectors before the first table; a copy of the first two is at sector 6. */
const RESERVED_SECTORS = 32;
const COPY_SECTOR = 6;
const TABLES = 2;
/** A volume of fewer clusters is not FAT32; some systems count a few more. */
const CLUSTERS_MIN = 65_525 + 16;
/** The numbers of clusters from here on mean something else. */
const CLUSTERS_MAX = 0x0fff_fff5;
/** Clusters are numbered from here on; the first is the root directory's. */
const FIRST_CLUSTER = 2;

/** What differs from volume to volume. */
interface Volume {
  readonly system: string;
  readonly label: string;
  readonly type: string;
  readonly volumeId: number;
  readonly sectors: number;
  readonly tableSectors: number;
}

/** The boot sector, with the parameters of the volume. */
const BOOT_SECTOR: Layout<Volume> = struct("boot sector", SECTOR_BYTES, {
  jump: [0, constant(hex(u16), 0x58eb)],
  nop: [2, constant(hex(u8), 0x90)],
  system: [3, text(8)],
  sectorBytes: [11, constant(u16, SECTOR_BYTES)],
  clusterSectors: [13, constant(u8, CLUSTER_SECTORS)],
  reservedSectors: [14, constant(u16, RESERVED_SECTORS)],
  tables: [16, constant(u8, TABLES)],
  rootEntries: [17, constant(u16, 0)],
  sectors16: [19, constant(u16, 0)],
  media: [21, constant(hex(u8), 0xf8)],
  tableSectors16: [22, constant(u16, 0)],
  trackSectors: [24, constant(u16, 63)],
  heads: [26, constant(u16, 255)],
  hiddenSectors: [28, constant(u32, 0)],
  sectors: [32, u32],
  tableSectors: [36, u32],
  flags: [40, constant(u16, 0)],
  version: [42, constant(u16, 0)],
  rootCluster: [44, constant(u32, FIRST_CLUSTER)],
  infoSector: [48, constant(u16, 1)],
  copySector: [50, constant(u16, COPY_SECTOR)],
  reserved: [52, reserved(12)],
  drive: [64, constant(hex(u8), 0x80)],
  state: [65, reserved(1)],
  extendedSignature: [66, constant(hex(u8), 0x29)],
  volumeId: [67, hex(u32)],
  label: [71, text(11)],
  type: [82, text(8)],
  code: [90, reserved(420)],
  signature: [510, constant(hex(u16), 0xaa55)],
});

/** The sector with what is free, which is a hint for who allocates. */
const INFO_SECTOR: Layout<{ readonly freeClusters: number; readonly nextFree: number }> = struct(
  "information sector",
  SECTOR_BYTES,
  {
    leadSignature: [0, constant(hex(u32), 0x4161_5252)],
    reserved: [4, reserved(480)],
    signature: [484, constant(hex(u32), 0x6141_7272)],
    freeClusters: [488, u32],
    nextFree: [492, u32],
    reserved2: [496, reserved(12)],
    trailSignature: [508, constant(hex(u32), 0xaa55_0000)],
  },
);

/** The first entries of a table: the medium, a clean volume, and the end of the root directory. */
const TABLE_BEGIN: Layout<Record<never, never>> = struct("table", SECTOR_BYTES, {
  medium: [0, constant(hex(u32), 0x0fff_fff8)],
  state: [4, constant(hex(u32), 0x0fff_ffff)],
  root: [8, constant(hex(u32), 0x0fff_fff8)],
  free: [12, reserved(SECTOR_BYTES - 12)],
});

/** Sectors of each table of a volume with so many clusters. */
function tableSectorsOf(clusters: number): number {
  return Math.ceil(4 * (clusters + FIRST_CLUSTER) / SECTOR_BYTES);
}

/**
 * Bytes of an image whose file system has room for `fileBytes` bytes of files, and for what directories need for some.
 *
 * @throws {RangeError} No FAT32 file system is so large.
 */
export function fatImageBytes(fileBytes: number): number {
  const clusters = Math.max(CLUSTERS_MIN, Math.ceil(fileBytes / CLUSTER_BYTES) + 64);
  if (clusters > CLUSTERS_MAX) {
    throw new RangeError(
      `Cannot make a FAT32 file system for ${fileBytes} bytes: none has more than ${CLUSTERS_MAX} clusters of ${CLUSTER_BYTES}`,
    );
  }
  const sectors = RESERVED_SECTORS + TABLES * tableSectorsOf(clusters) + clusters * CLUSTER_SECTORS;
  // Whole clusters, so that an image fits disks with larger blocks as well.
  return Math.ceil(sectors / CLUSTER_SECTORS) * CLUSTER_BYTES;
}

/**
 * Makes an empty FAT32 file system on an image that holds zeros.
 *
 * @param byteCount Size of the image, as {@linkcode fatImageBytes} gives it, or larger.
 * @param write Stores bytes at an offset.
 * @param volumeId The number by which systems know the volume: 32 bits.
 * @throws {RangeError} The image is too small, or too large.
 */
export function formatFat(
  byteCount: number,
  write: (offset: number, bytes: Uint8Array) => void,
  volumeId: number,
): void {
  const sectors = Math.floor(byteCount / SECTOR_BYTES);
  // A table for more clusters than there are: it takes some of their room itself.
  const tableSectors = tableSectorsOf((sectors - RESERVED_SECTORS) / CLUSTER_SECTORS);
  const dataSectors = sectors - RESERVED_SECTORS - TABLES * tableSectors;
  const clusters = Math.floor(dataSectors / CLUSTER_SECTORS);
  if (clusters < CLUSTERS_MIN || clusters > CLUSTERS_MAX || sectors >= 2 ** 32) {
    throw new RangeError(
      `Cannot make a FAT32 file system of ${byteCount} bytes: an empty one takes ${
        fatImageBytes(0)
      }, and none has more than ${CLUSTERS_MAX} clusters of ${CLUSTER_BYTES}`,
    );
  }
  const boot = BOOT_SECTOR.encode({
    system: "MSWIN4.1",
    label: "NO NAME    ",
    type: "FAT32   ",
    volumeId: volumeId >>> 0,
    sectors,
    tableSectors,
  });
  const info = INFO_SECTOR.encode({ freeClusters: clusters - 1, nextFree: FIRST_CLUSTER });
  const put = (sector: number, bytes: Uint8Array) => write(sector * SECTOR_BYTES, bytes);
  for (const first of [0, COPY_SECTOR]) {
    put(first, boot);
    put(first + 1, info);
  }
  for (let table = 0; table < TABLES; table++) {
    put(RESERVED_SECTORS + table * tableSectors, TABLE_BEGIN.encode({}));
  }
}
