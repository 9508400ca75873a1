/**
 * What a SCSI disk keeps its blocks in: an image, as any device pair has it (devices/image.ts), which may also say
 * more of itself. A plain image will do; a raw one in a file is a few lines around the runtime's file calls.
 *
 * @module
 */

import type { BlockingImage, DiskImage } from "../../image.ts";
import type { ReservationNexus } from "./reservations.ts";

/** Part of an image that is all kept, or all not. */
export interface Extent {
  /** Bytes of it, from where it was asked for. */
  readonly byteCount: number;
  /** Whether anything is kept there: what is not reads as 0. */
  readonly isMapped: boolean;
}

/** The bytes of a SCSI disk. What throws or rejects may be a `ScsiFault`, which says what the guest hears. */
export interface StorageImage extends DiskImage {
  /** Bytes that the image holds. It may change between calls: the guest hears of that with its next command. */
  readonly byteCount: number;
  /** Whether it cannot be written. Default false. */
  readonly isReadOnly?: boolean;
  /** Calls that may be under way at once; in which order they end is the image's. Default 1. */
  readonly callsMax?: number;
  /**
   * Whether its promises settle as the fabric runs, by `fabric.delay` or the like, not by real input and output
   * (`fabric.outside`). Default false.
   */
  readonly isInFabric?: boolean;
  /** Gives `byteCount` bytes from `offset` on back: they read as 0. Without it the disk has no UNMAP. */
  discard?(offset: number, byteCount: number): void | Promise<void>;
  /** What there is at `offset`, which lies inside. Without it the disk has no GET LBA STATUS. */
  extentAt?(offset: number): Extent;
  /** Its place among the machines that share the medium. Without it the disk has no PERSISTENT RESERVE. */
  readonly reservations?: ReservationNexus;
}

/** Bytes that a sparse image keeps or does not keep together. */
const CHUNK_BYTES = 65_536;

/** An image in memory that keeps only what was written. */
export interface SparseImage extends BlockingImage, StorageImage {
  /** Bytes that are kept. */
  readonly keptBytes: number;
  /** Fills `into` with the bytes from `offset` on. */
  read(offset: number, into: Uint8Array): void;
  /** Stores `bytes` at `offset`. */
  write(offset: number, bytes: Uint8Array): void;
  /** Makes all that was written safe. */
  flush(): void;
  /** Gives bytes back: they read as 0. */
  discard(offset: number, byteCount: number): void;
  /** What there is at `offset`. */
  extentAt(offset: number): Extent;
  /** Makes it longer or shorter; what is cut off is gone. */
  resize(byteCount: number): void;
}

/**
 * An image of `byteCount` bytes in memory that keeps only what was written.
 *
 * @throws {RangeError} That is no number of bytes.
 */
export function sparseImage(byteCount: number): SparseImage {
  return new ChunkedImage(byteCount);
}

class ChunkedImage implements SparseImage {
  #byteCount = 0;
  readonly #chunks = new Map<number, Uint8Array>();

  constructor(byteCount: number) {
    this.resize(byteCount);
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  get keptBytes(): number {
    return this.#chunks.size * CHUNK_BYTES;
  }

  read(offset: number, into: Uint8Array): void {
    this.#eachPart(offset, into.length, (index, start, at, length) => {
      const chunk = this.#chunks.get(index);
      if (chunk === undefined) into.fill(0, at, at + length);
      else into.set(chunk.subarray(start, start + length), at);
    });
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#eachPart(offset, bytes.length, (index, start, at, length) => {
      let chunk = this.#chunks.get(index);
      if (chunk === undefined) this.#chunks.set(index, chunk = new Uint8Array(CHUNK_BYTES));
      chunk.set(bytes.subarray(at, at + length), start);
    });
  }

  flush(): void {}

  discard(offset: number, byteCount: number): void {
    this.#check(offset, byteCount);
    const end = offset + byteCount;
    const [first, last] = [Math.ceil(offset / CHUNK_BYTES), Math.floor(end / CHUNK_BYTES)];
    if (first > last) return this.#clear(offset, byteCount);
    this.#clear(offset, first * CHUNK_BYTES - offset);
    this.#clear(last * CHUNK_BYTES, end - last * CHUNK_BYTES);
    // A guest may give back much more than is kept.
    for (const index of this.#chunks.keys()) {
      if (index >= first && index < last) this.#chunks.delete(index);
    }
  }

  extentAt(offset: number): Extent {
    this.#check(offset, 0);
    const index = Math.floor(offset / CHUNK_BYTES);
    const isMapped = this.#chunks.has(index);
    const end = isMapped ? this.#nextFree(index) : this.#nextKept(index);
    return { byteCount: Math.min(end * CHUNK_BYTES, this.#byteCount) - offset, isMapped };
  }

  /** The first chunk behind `index` that is not kept. */
  #nextFree(index: number): number {
    let next = index + 1;
    while (this.#chunks.has(next)) next++;
    return next;
  }

  /** The first chunk behind `index` that is kept; Infinity where none is. */
  #nextKept(index: number): number {
    let next = Infinity;
    for (const kept of this.#chunks.keys()) if (kept > index && kept < next) next = kept;
    return next;
  }

  /** Makes bytes of one chunk 0, where it is kept. */
  #clear(offset: number, byteCount: number): void {
    const start = offset % CHUNK_BYTES;
    this.#chunks.get(Math.floor(offset / CHUNK_BYTES))?.fill(0, start, start + byteCount);
  }

  resize(byteCount: number): void {
    if (!Number.isSafeInteger(byteCount) || byteCount < 0) {
      throw new RangeError(`Cannot make an image of ${byteCount} bytes: it must be a whole number`);
    }
    if (byteCount < this.#byteCount) this.discard(byteCount, this.#byteCount - byteCount);
    this.#byteCount = byteCount;
  }

  #check(offset: number, byteCount: number): void {
    if (offset + byteCount <= this.#byteCount) return;
    throw new RangeError(
      `Cannot reach byte ${offset + byteCount}: the image has ${this.#byteCount}`,
    );
  }

  /** Calls `part` for the part of each chunk that `byteCount` bytes from `offset` on touch. */
  #eachPart(
    offset: number,
    byteCount: number,
    part: (index: number, start: number, at: number, length: number) => void,
  ): void {
    this.#check(offset, byteCount);
    for (let at = 0; at < byteCount;) {
      const start = (offset + at) % CHUNK_BYTES;
      const length = Math.min(CHUNK_BYTES - start, byteCount - at);
      part(Math.floor((offset + at) / CHUNK_BYTES), start, at, length);
      at += length;
    }
  }
}
