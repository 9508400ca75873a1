/**
 * The bytes of a stretch of guest addresses, taken from the machine when they are first touched and given
 * back when their fabric is disposed of, without waiting for the runtime's collector.
 *
 * They are one array, so that pages in a row always share a view. What a fabric gives back is kept for
 * the next one of the same size: zeroing the few pages that were touched is faster than having the
 * machine zero all of them. Views of it are detached by then, and no byte of it is left.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { PAGE_BYTES } from "../units.ts";
import { type PageRun, pageRuns } from "./memory_image.ts";

/** Touched bytes of an array up to which it is worth keeping. */
const KEPT_TOUCHED_BYTES_MAX = 0x20_0000;
/** Bytes of all arrays that are kept; as many as two fabrics of the default size give back. */
const KEPT_BYTES_MAX = 0x400_0000;

/** Arrays that fabrics gave back, all zero. */
const kept: ArrayBuffer[] = [];
let keptBytes = 0;

function take(byteCount: number): Uint8Array<ArrayBuffer> {
  const at = kept.findLastIndex(({ byteLength }) => byteLength === byteCount);
  if (at < 0) return new Uint8Array(byteCount);
  const [buffer] = kept.splice(at, 1);
  assert(buffer !== undefined, "an array that was found is there");
  keptBytes -= byteCount;
  return new Uint8Array(buffer);
}

/** Detaches every view of `buffer`, and returns its bytes in a new buffer. */
function detach(buffer: ArrayBuffer): ArrayBuffer {
  // Node 20 has no `transfer`; both move the bytes without copying.
  return typeof buffer.transfer === "function"
    ? buffer.transfer()
    : structuredClone(buffer, { transfer: [buffer] });
}

/** Detaches `buffer`, and gives its bytes back to the machine. */
function free(buffer: ArrayBuffer): void {
  if (typeof buffer.transfer === "function") buffer.transfer(0);
  else detach(buffer); // they go with what it returns
}

/** Detaches every view of `bytes`, of which `touchedBytes` may not be zero. */
function giveBack({ buffer }: Uint8Array<ArrayBuffer>, touchedBytes: number): void {
  if (touchedBytes > KEPT_TOUCHED_BYTES_MAX || buffer.byteLength > KEPT_BYTES_MAX) {
    return free(buffer);
  }
  const own = detach(buffer);
  new Uint8Array(own, 0, touchedBytes).fill(0);
  kept.push(own);
  keptBytes += own.byteLength;
  while (keptBytes > KEPT_BYTES_MAX) { // the oldest goes: its size is no longer used
    const oldest = kept.shift();
    assert(oldest !== undefined, "arrays of more than no bytes are kept");
    keptBytes -= oldest.byteLength;
    free(oldest);
  }
}

/** The pages of one RAM, or of one MMIO range. Addresses count from its first byte. */
export class PageStore {
  /** Bytes that there are, touched or not. */
  readonly byteCount: number;
  /** Null before the first touch, and for ever once it was given back. */
  #bytes: Uint8Array | null = null;
  /** The same where it is the machine's own: null where somebody else gave the bytes, and keeps them. */
  #own: Uint8Array<ArrayBuffer> | null = null;
  /** Nothing from this address on was ever written or handed out as a view. */
  #touchedBytes = 0;
  #isGivenBack = false;

  /** `pageCount` pages that are zero. They take no real memory. */
  constructor(pageCount: number) {
    this.byteCount = pageCount * PAGE_BYTES;
  }

  /** The whole pages that `bytes` are, which stay somebody else's: any of them may hold something. */
  static over(bytes: Uint8Array): PageStore {
    assert(bytes.length % PAGE_BYTES === 0, "what is given is whole pages");
    const store = new PageStore(bytes.length / PAGE_BYTES);
    store.#bytes = bytes;
    store.#touchedBytes = bytes.length;
    return store;
  }

  /** Bytes of real memory that it has taken from the machine. */
  get takenBytes(): number {
    return this.#own?.length ?? 0;
  }

  /**
   * Checks that it can be used.
   *
   * @throws {Error} {@linkcode PageStore.giveBack} was called.
   */
  requireLive(): void {
    if (this.#isGivenBack) {
      throw new Error("Cannot use guest memory that was given back: its partition is gone");
    }
  }

  /**
   * The `byteCount` bytes at `address` themselves, which the caller has checked. They count as touched.
   *
   * @throws {RangeError} This machine does not have that much memory.
   * @throws {Error} It was given back.
   */
  view(address: number, byteCount: number): Uint8Array {
    assert(address + byteCount <= this.byteCount, "a view lies inside its store");
    const bytes = this.#bytes ?? this.#take();
    const end = address + byteCount;
    if (end > this.#touchedBytes) this.#touchedBytes = end;
    return bytes.subarray(address, end);
  }

  #take(): Uint8Array {
    this.requireLive();
    this.#own = take(this.byteCount);
    this.#bytes = this.#own;
    return this.#own;
  }

  /** A copy of bytes. Reading touches nothing. */
  read(address: number, byteCount: number): Uint8Array {
    this.requireLive();
    return this.#bytes?.slice(address, address + byteCount) ?? new Uint8Array(byteCount);
  }

  /** Makes bytes zero that may have been touched. */
  clear(address: number, byteCount: number): void {
    this.requireLive();
    const end = Math.min(address + byteCount, this.#touchedBytes);
    if (address < end) this.#bytes?.fill(0, address, end);
  }

  /** The pages that are not all zero. The bytes are its own. */
  get runs(): PageRun[] {
    const pages = Math.ceil(this.#touchedBytes / PAGE_BYTES);
    return this.#bytes === null ? [] : pageRuns(this.#bytes.subarray(0, pages * PAGE_BYTES));
  }

  /** Puts `runs` where they belong. */
  place(runs: readonly PageRun[]): void {
    for (const { first, bytes } of runs) {
      this.view(first * PAGE_BYTES, bytes.length).set(bytes);
    }
  }

  /** Gives its real memory back at once: every view of it is detached. What somebody else gave stays as it is. */
  giveBack(): void {
    this.#isGivenBack = true;
    if (this.#own !== null) giveBack(this.#own, this.#touchedBytes);
    this.#own = null;
    this.#bytes = null;
  }
}
