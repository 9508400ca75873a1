/**
 * Pages of the guest's that data goes through: a program's bytes lie anywhere, external data lies in pages. Each
 * byte of a program's is copied once, between it and its page, and the host reads or writes the page itself.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";

const PAGE_BYTES = 4096;
/** Buffers that are kept for later, at most. */
const IDLE_MAX = 32;

/** The buffers of one driver. */
export class Buffers {
  readonly #memory: vmbus.GuestMemory;
  /** Buffers that nobody uses, the one that was used last at the end. */
  #idle: vmbus.GuestBuffer[] = [];

  /** Buffers in `memory`. */
  constructor(memory: vmbus.GuestMemory) {
    this.#memory = memory;
  }

  /** Those that nobody uses: what a save tells of them. */
  get idle(): readonly vmbus.GuestBuffer[] {
    return this.#idle;
  }

  /** Takes back one that nobody used when it was saved. */
  restore(buffer: vmbus.GuestBuffer): void {
    this.#idle.push(buffer);
  }

  /** A buffer of at least `byteCount` bytes, whatever they are; null where the guest has no such memory left. */
  take(byteCount: number): vmbus.GuestBuffer | null {
    const at = this.#idle.findLastIndex((buffer) => buffer.byteCount >= byteCount);
    if (at >= 0) return this.#idle.splice(at, 1)[0]!;
    const pages = 2 ** Math.ceil(Math.log2(Math.ceil(byteCount / PAGE_BYTES)));
    const made = this.#allocate(pages * PAGE_BYTES);
    if (made !== null || this.#idle.length === 0) return made;
    // What lies idle is too small, and may be in the way.
    this.freeIdle();
    return this.#allocate(pages * PAGE_BYTES) ??
      this.#allocate(Math.ceil(byteCount / PAGE_BYTES) * PAGE_BYTES);
  }

  /** Gives a buffer back: the host has no request any more that names it. */
  giveBack(buffer: vmbus.GuestBuffer): void {
    this.#idle.push(buffer);
    if (this.#idle.length > IDLE_MAX) this.#memory.free(this.#idle.shift()!);
  }

  /** Frees what nobody uses. */
  freeIdle(): void {
    for (const buffer of this.#idle) this.#memory.free(buffer);
    this.#idle = [];
  }

  /** The first `byteCount` bytes of a buffer, the shared ones themselves. */
  bytesOf({ gpa }: vmbus.GuestBuffer, byteCount: number): Uint8Array[] {
    return vmbus.mdlSegments(vmbus.IoAllocateMdl(this.#memory, gpa, byteCount));
  }

  /** Copies `from` to the beginning of a buffer. */
  store(buffer: vmbus.GuestBuffer, from: Uint8Array): void {
    let at = 0;
    for (const part of this.bytesOf(buffer, from.length)) {
      part.set(from.subarray(at, at + part.length));
      at += part.length;
    }
  }

  /** Fills `into` from the beginning of a buffer. */
  load(buffer: vmbus.GuestBuffer, into: Uint8Array): void {
    let at = 0;
    for (const part of this.bytesOf(buffer, into.length)) {
      into.set(part, at);
      at += part.length;
    }
  }

  #allocate(byteCount: number): vmbus.GuestBuffer | null {
    try {
      return this.#memory.allocate(byteCount);
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  }
}
