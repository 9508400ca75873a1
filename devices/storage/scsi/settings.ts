/**
 * What a SCSI disk says of itself, beside what its image does.
 *
 * @module
 */

/** How a disk is made. Everything has a default. */
export interface DiskSettings {
  /** Bytes of a block: a power of two from 512 to 65 536. Default 512. */
  readonly blockBytes?: number;
  /** Bytes that the medium writes at once: `blockBytes` times a power of two. Default 4096, or `blockBytes` if more. */
  readonly physicalBlockBytes?: number;
  /** Whether writes are refused, whatever the image says. Default false. */
  readonly isReadOnly?: boolean;
  /** Whether writes may be in a cache until the disk is flushed; else each is flushed at once. Default true. */
  readonly hasWriteCache?: boolean;
  /** 16 bytes that tell this disk from all others. Default 0. */
  readonly diskId?: Uint8Array;
  /** Serial number: up to 64 printable characters. Default none. */
  readonly serial?: string;
  /** Vendor: up to 8 printable characters. Default `Msft`. */
  readonly vendor?: string;
  /** Product: up to 16 printable characters. Default `Virtual Disk`. */
  readonly product?: string;
  /** Revision: up to 4 printable characters. Default `1.0`. */
  readonly revision?: string;
  /** Rotation rate; 1 stands for a medium that does not rotate. Default 1. */
  readonly rotationRate?: number;
}

/** Settings, all there and checked. */
export interface CheckedSettings {
  /** See {@linkcode DiskSettings}. */
  readonly blockBytes: number;
  /** See {@linkcode DiskSettings}. */
  readonly physicalBlockBytes: number;
  /** See {@linkcode DiskSettings}. */
  readonly isReadOnly: boolean;
  /** See {@linkcode DiskSettings}. */
  readonly hasWriteCache: boolean;
  /** See {@linkcode DiskSettings}. */
  readonly diskId: Uint8Array;
  /** Its bytes; none where there is no serial number. */
  readonly serial: Uint8Array;
  /** Vendor, product and revision as an INQUIRY has them, filled up with spaces. */
  readonly names: { readonly vendor: Uint8Array; readonly identity: Uint8Array };
  /** See {@linkcode DiskSettings}. */
  readonly rotationRate: number;
}

const BLOCK_BYTES_MIN = 512;
const BLOCK_BYTES_MAX = 65_536;
const PHYSICAL_BYTES = 4096;
/** A medium of another physical size has at most 2^15 blocks in one of its own, as a nibble says. */
const PHYSICAL_RATIO_MAX = 2 ** 15;
const DISK_ID_BYTES = 16;

function isPower(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

function refuse(what: string, value: unknown): never {
  throw new RangeError(`Cannot create a SCSI disk: ${what}, not ${value}`);
}

/** The bytes of `text`, filled up with spaces to `byteCount`. */
function printable(name: string, text: string, byteCount: number): Uint8Array {
  if (!/^[ -~]*$/.test(text) || text.length > byteCount) {
    refuse(`${name} must be at most ${byteCount} printable characters`, JSON.stringify(text));
  }
  return new TextEncoder().encode(text.padEnd(byteCount));
}

/**
 * `settings` with their defaults.
 *
 * @throws {RangeError} One of them is out of bounds.
 */
export function checkSettings(settings: DiskSettings): CheckedSettings {
  const { blockBytes = BLOCK_BYTES_MIN, isReadOnly = false, hasWriteCache = true } = settings;
  if (!isPower(blockBytes) || blockBytes < BLOCK_BYTES_MIN || blockBytes > BLOCK_BYTES_MAX) {
    refuse(
      `blockBytes must be a power of two from ${BLOCK_BYTES_MIN} to ${BLOCK_BYTES_MAX}`,
      blockBytes,
    );
  }
  const { physicalBlockBytes = Math.max(PHYSICAL_BYTES, blockBytes), rotationRate = 1 } = settings;
  const ratio = physicalBlockBytes / blockBytes;
  if (!isPower(ratio) || ratio < 1 || ratio > PHYSICAL_RATIO_MAX) {
    refuse("physicalBlockBytes must be blockBytes times a power of two", physicalBlockBytes);
  }
  const { diskId = new Uint8Array(DISK_ID_BYTES), serial = "" } = settings;
  if (diskId.length !== DISK_ID_BYTES) {
    refuse(`diskId must be ${DISK_ID_BYTES} bytes`, diskId.length);
  }
  if (!Number.isInteger(rotationRate) || rotationRate < 0 || rotationRate > 0xffff) {
    refuse("rotationRate must be a u16", rotationRate);
  }
  const { vendor = "Msft", product = "Virtual Disk", revision = "1.0" } = settings;
  const vendorBytes = printable("vendor", vendor, 8);
  const rest = [printable("product", product, 16), printable("revision", revision, 4)];
  return {
    blockBytes,
    physicalBlockBytes,
    isReadOnly,
    hasWriteCache,
    diskId: diskId.slice(),
    serial: printable("serial", serial, 64).subarray(0, serial.length),
    names: {
      vendor: vendorBytes,
      identity: Uint8Array.from([vendorBytes, ...rest].flatMap((bytes) => [...bytes])),
    },
    rotationRate,
  };
}
