/**
 * Looks at an image before anything is done with it: whether there is a FAT volume that can be mounted, and what there
 * is instead. The file system itself says only that there is none, and nothing of a volume that is cut off.
 *
 * The layout is that of Microsoft's *FAT32 File System Specification* 1.03.
 *
 * @module
 */

const SECTOR_BYTES = 512;
/** What FAT has for larger ones. */
const LARGE_SECTORS: readonly number[] = [1024, 2048, 4096];
/** What stands at the end of a boot sector, and of a partition table. */
const SIGNATURE = 0xaa55;
const PARTITIONS_AT = 446;
const PARTITION_BYTES = 16;
const PARTITIONS = 4;
/** The type of the one partition that stands for a GPT. */
const GPT_TYPE = 0xee;
/** A jump, as processors of the time have it: the first byte of a boot sector. */
const JUMPS: readonly number[] = [0xeb, 0xe9, 0xe8];
/** Other file systems by what they write at byte 3. */
const OTHERS: Readonly<Record<string, string>> = {
  "EXFAT   ": "an exFAT volume",
  "NTFS    ": "an NTFS volume",
};

/** Fills `into` with the bytes of an image from `offset` on. */
export type ImageRead = (offset: number, into: Uint8Array) => void;

/**
 * Why no FAT volume on an image of `byteCount` bytes can be mounted, in words; null where one can: in its first
 * sector, or in the first partition that has one.
 */
export function findVolumeFault(byteCount: number, read: ImageRead): string | null {
  if (byteCount < SECTOR_BYTES) return `it has ${byteCount} bytes, not even a sector`;
  const first = sectorAt(0, read);
  const other = OTHERS[systemOf(first)];
  if (other !== undefined) return `it has ${other}, and no FAT volume`;
  const bytes = volumeBytesOf(first);
  if (bytes !== null) return cutOff(0, bytes, byteCount);
  const sectorBytes = first.getUint16(11, true);
  if (LARGE_SECTORS.includes(sectorBytes) && isBootSector(first, sectorBytes)) {
    return `its FAT volume has sectors of ${sectorBytes} bytes, and the disk of ${SECTOR_BYTES}`;
  }
  if (first.getUint16(510, true) !== SIGNATURE) return "there is no FAT volume on it";
  const found: string[] = [];
  for (let at = 0; at < PARTITIONS; at++) {
    const entry = PARTITIONS_AT + at * PARTITION_BYTES;
    const [type, lba] = [first.getUint8(entry + 4), first.getUint32(entry + 8, true)];
    if (type === 0) continue;
    if (type === GPT_TYPE) {
      return "its partitions are in a GPT, in which no FAT volume is looked for";
    }
    const start = lba * SECTOR_BYTES;
    if (start + SECTOR_BYTES > byteCount) return `its partition ${at + 1} begins behind its end`;
    const boot = sectorAt(start, read);
    const partBytes = volumeBytesOf(boot);
    if (partBytes !== null) return cutOff(start, partBytes, byteCount);
    found.push(OTHERS[systemOf(boot)] ?? "something else");
  }
  return found.length === 0
    ? "there is no FAT volume on it"
    : `its partitions have ${found.join(", ")}, and no FAT volume`;
}

function sectorAt(offset: number, read: ImageRead): DataView {
  const bytes = new Uint8Array(SECTOR_BYTES);
  read(offset, bytes);
  return new DataView(bytes.buffer);
}

function systemOf(boot: DataView): string {
  return String.fromCharCode(...new Uint8Array(boot.buffer, 3, 8));
}

/** Whether that is the boot sector of a FAT volume whose sectors have so many bytes. */
function isBootSector(boot: DataView, sectorBytes: number): boolean {
  const [clusterSectors, tables] = [boot.getUint8(13), boot.getUint8(16)];
  return boot.getUint16(510, true) === SIGNATURE && JUMPS.includes(boot.getUint8(0)) &&
    boot.getUint16(11, true) === sectorBytes && OTHERS[systemOf(boot)] === undefined &&
    clusterSectors > 0 && (clusterSectors & (clusterSectors - 1)) === 0 &&
    boot.getUint16(14, true) > 0 && (tables === 1 || tables === 2);
}

/** Bytes of the FAT volume whose boot sector that is; null where it is no boot sector. */
function volumeBytesOf(boot: DataView): number | null {
  if (!isBootSector(boot, SECTOR_BYTES)) return null;
  const sectors = boot.getUint16(19, true) || boot.getUint32(32, true);
  return sectors === 0 ? null : sectors * SECTOR_BYTES;
}

function cutOff(start: number, bytes: number, byteCount: number): string | null {
  if (start + bytes <= byteCount) return null;
  return `its FAT volume ends at byte ${start + bytes}, and the image at ${byteCount}`;
}
