/**
 * The write cache of a disk: what was written stands in it until the disk is flushed. A crash loses it, all of it
 * or some, and may tear what it does not lose: so that a test can show what a guest relies on (storage.md D12).
 *
 * @module
 */

import type { BlockingImage } from "../../image.ts";
import type { Extent, StorageImage } from "./image.ts";

/** How much of a sector that was not flushed a crash leaves: bytes from its first on, 0 to all of them. */
export type Survival = (offset: number, byteCount: number) => number;

/** Bytes that a device writes in one piece, unless the cache is told otherwise. */
const SECTOR_BYTES = 512;

/**
 * An image whose writes are in memory until they are flushed to the image behind it. Reads see them at once. It
 * copies what is written once more; the disk's driver does not.
 */
export class WriteCache implements BlockingImage, StorageImage {
  /** Bytes that are lost or kept, and torn, by themselves. */
  readonly sectorBytes: number;
  readonly #image: BlockingImage & StorageImage;
  /** What is not flushed, by the number of its sector, in the order in which it was first written. */
  readonly #sectors = new Map<number, Uint8Array>();

  /** Gives bytes back, at once: what is not flushed of them is forgotten. Only where the image behind can. */
  readonly discard?: (offset: number, byteCount: number) => void;

  /** A cache before `image`. */
  constructor(image: BlockingImage & StorageImage, sectorBytes: number = SECTOR_BYTES) {
    this.#image = image;
    this.sectorBytes = sectorBytes;
    if (image.discard !== undefined) {
      this.discard = (offset, byteCount) => this.#discard(offset, byteCount);
    }
  }

  /** See {@linkcode StorageImage.byteCount}. */
  get byteCount(): number {
    return this.#image.byteCount;
  }

  /** See {@linkcode StorageImage.isReadOnly}. */
  get isReadOnly(): boolean {
    return this.#image.isReadOnly ?? false;
  }

  /** Sectors that a crash could lose. */
  get dirtySectors(): number {
    return this.#sectors.size;
  }

  /** Fills `into` with the bytes from `offset` on, flushed or not. */
  read(offset: number, into: Uint8Array): void {
    this.#image.read(offset, into);
    if (this.#sectors.size === 0) return;
    this.#eachSector(offset, into.length, (sector, start, at, length) => {
      const cached = this.#sectors.get(sector);
      if (cached !== undefined) into.set(cached.subarray(start, start + length), at);
    });
  }

  /** Keeps `bytes` for `offset`. */
  write(offset: number, bytes: Uint8Array): void {
    if (offset + bytes.length > this.byteCount) {
      throw new RangeError(
        `Cannot reach byte ${offset + bytes.length}: the image has ${this.byteCount}`,
      );
    }
    this.#eachSector(offset, bytes.length, (sector, start, at, length) => {
      this.#sector(sector).set(bytes.subarray(at, at + length), start);
    });
  }

  /** Brings all that is kept to the image, and flushes that. */
  flush(): void {
    for (const [offset, bytes] of this.#kept()) this.#image.write(offset, bytes);
    this.#sectors.clear();
    this.#image.flush();
  }

  /** What is kept of a sector that is given back in part is 0 there, and flushed as any other. */
  #discard(offset: number, byteCount: number): void {
    const end = offset + byteCount;
    for (const [sector, bytes] of this.#sectors) {
      const start = sector * this.sectorBytes;
      if (start >= offset && start + bytes.length <= end) this.#sectors.delete(sector);
      else if (start < end && start + bytes.length > offset) {
        bytes.fill(0, Math.max(offset - start, 0), end - start);
      }
    }
    this.#image.discard?.(offset, byteCount);
  }

  /** See {@linkcode StorageImage.extentAt}: what is not flushed is mapped. */
  extentAt(offset: number): Extent {
    const sector = Math.floor(offset / this.sectorBytes);
    const rest = Math.min((sector + 1) * this.sectorBytes, this.byteCount) - offset;
    if (this.#sectors.has(sector)) return { byteCount: rest, isMapped: true };
    const behind = this.#image.extentAt?.(offset) ?? { byteCount: rest, isMapped: true };
    return this.#sectors.size === 0 ? behind : { byteCount: rest, isMapped: behind.isMapped };
  }

  /**
   * The power fails: of each sector that was not flushed, the image gets as much as `survival` says, in the order in
   * which they were first written, and the cache is empty. Without `survival` all of it is lost.
   */
  crash(survival: Survival = () => 0): void {
    for (const [offset, bytes] of this.#kept()) {
      const kept = bytes.subarray(0, survival(offset, bytes.length));
      if (kept.length > 0) this.#image.write(offset, kept);
    }
    this.#sectors.clear();
  }

  /** What is kept, by its offset, as far as the image reaches: it may be shorter than when that was written. */
  *#kept(): Generator<readonly [offset: number, bytes: Uint8Array], void> {
    for (const [sector, bytes] of this.#sectors) {
      const offset = sector * this.sectorBytes;
      const thereBytes = this.byteCount - offset;
      if (thereBytes > 0) yield [offset, bytes.subarray(0, thereBytes)];
    }
  }

  /** The sector as it is kept, with what the image has where it was not yet. */
  #sector(sector: number): Uint8Array {
    const kept = this.#sectors.get(sector);
    const offset = sector * this.sectorBytes;
    const byteCount = Math.min(this.sectorBytes, this.byteCount - offset);
    // The last one is longer where the image has grown since.
    if (kept !== undefined && kept.length >= byteCount) return kept;
    const bytes = new Uint8Array(byteCount);
    this.#image.read(offset, bytes);
    if (kept !== undefined) bytes.set(kept);
    this.#sectors.set(sector, bytes);
    return bytes;
  }

  /** Calls `part` for the part of each sector that `byteCount` bytes from `offset` on touch. */
  #eachSector(
    offset: number,
    byteCount: number,
    part: (sector: number, start: number, at: number, length: number) => void,
  ): void {
    for (let at = 0; at < byteCount;) {
      const start = (offset + at) % this.sectorBytes;
      const length = Math.min(this.sectorBytes - start, byteCount - at);
      part(Math.floor((offset + at) / this.sectorBytes), start, at, length);
      at += length;
    }
  }
}
