/**
 * Guest memory as programs see it.
 *
 * @module
 */

/** A stretch of guest memory that {@linkcode GuestMemory.allocate} handed out. */
export interface GuestBuffer {
  /** Guest physical address of the first byte: the start of a page. */
  readonly gpa: number;
  /** Bytes asked for. The rest of the last page belongs to the buffer as well. */
  readonly byteCount: number;
  /** Page frame numbers of its pages, in order. */
  readonly pfns: readonly number[];
}

/** The memory of one partition, as its drivers see it. Host and guest use the same object. */
export interface GuestMemory {
  /** Pages of RAM, of 4096 bytes each. RAM begins at guest address 0, unless a foreign peer's begins elsewhere. */
  readonly pageCount: number;

  /**
   * Hands out whole zeroed pages in a row for `byteCount` bytes, the lowest that are free.
   *
   * @throws {RangeError} `byteCount` is not a whole number from 1 on, or that many are not free in a row.
   */
  allocate(byteCount: number): GuestBuffer;

  /**
   * Gives back a buffer. Its bytes stay as they are until the pages are allocated again.
   * To free a buffer with pinned pages is a violation: `guest memory freed while pinned`.
   *
   * @throws {RangeError} `buffer` is not one that this memory handed out and still counts as allocated.
   */
  free(buffer: GuestBuffer): void;

  /**
   * A copy of `byteCount` bytes at guest address `gpa`, in RAM or in one MMIO range of a channel. In a callback of a
   * host's driver, pages of an isolated guest that it has not shared are a violation, here, in `write` and in
   * `mdlSegments`: `host access to a private page`; where that is only recorded, they read as 0, and keep what they hold.
   *
   * @throws {RangeError} The bytes are not all inside one of these.
   */
  read(gpa: number, byteCount: number): Uint8Array;

  /**
   * Stores the bytes of `view` at guest address `gpa`, in RAM or in one MMIO range of a channel.
   *
   * @throws {TypeError} `view` is not an ArrayBufferView, or its buffer is detached.
   * @throws {RangeError} The bytes would not all be inside one of these.
   */
  write(gpa: number, view: ArrayBufferView): void;

  /**
   * Pages out the RAM that `byteCount` bytes at guest address `gpa` touch, so that a host which asks
   * for it as external data has to wait. Bytes and pins stay as they are, and `read` and `write`
   * work on.
   *
   * @throws {RangeError} The bytes are not all inside RAM.
   */
  pageOut(gpa: number, byteCount: number): void;
}

/** What is done with a guest memory, by its name on the trace. */
export type MemoryUse = "memoryAllocated" | "memoryFreed" | "memoryWritten" | "memoryPagedOut";

/** Called with each use; `bytes` are those that were written. */
export type OnMemoryUse = (
  use: MemoryUse,
  gpa: number,
  byteCount: number,
  bytes: Uint8Array | null,
) => void;

/** What becomes of MMIO: the guest reserves and releases addresses, the host maps and unmaps memory there. */
export type MmioChange = "reserved" | "released" | "mapped" | "unmapped";

/** Called with each change; `byteCount` is null where what was there goes. */
export type OnMmioChange = (change: MmioChange, gpa: number, byteCount: number | null) => void;

/** Misuse of guest memory that has no status ([kmcl.md section 9](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)). */
export type MemoryMisuse =
  | "guest memory freed while pinned"
  | "use of an MDL after PacketComplete or Unmap"
  | "host access to a private page";
