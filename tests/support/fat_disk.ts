/**
 * An empty FAT32 volume on a disk in memory that is as large as it has to be, and holds what was written alone.
 *
 * @module
 */

import type { BlockDevice } from "../../devices/storage/block_device.ts";
import { fatImageBytes, formatFat } from "../../simulator/fat/format.ts";

const BLOCK_BYTES = 512;

/** A disk in memory, and what was asked of it. */
export class FatDisk implements BlockDevice {
  readonly blockBytes = BLOCK_BYTES;
  readonly blocks: number;
  isReadOnly = false;
  /** What was asked, in order: `write 32+8`. */
  readonly asked: string[] = [];
  /** Called before each request: what it throws is how that fails, and what it awaits is how long it takes. */
  before: (request: string) => void | Promise<void> = () => {};
  readonly #blocks = new Map<number, Uint8Array>();

  private constructor(byteCount: number) {
    this.blocks = byteCount / BLOCK_BYTES;
  }

  /** One with an empty volume, of the smallest size. */
  static format(): FatDisk {
    const byteCount = fatImageBytes(0);
    const disk = new FatDisk(byteCount);
    formatFat(byteCount, (offset, bytes) => disk.#put(offset / BLOCK_BYTES, bytes), 0x2026_1127);
    return disk;
  }

  /** All blocks that were ever written, by their number. */
  get content(): ReadonlyMap<number, Uint8Array> {
    return new Map([...this.#blocks].sort(([a], [b]) => a - b));
  }

  /** What stands in a block. */
  block(lba: number): Uint8Array {
    return this.#blocks.get(lba) ?? new Uint8Array(BLOCK_BYTES);
  }

  async read(lba: number, into: Uint8Array): Promise<void> {
    await this.#ask(`read ${lba}+${into.length / BLOCK_BYTES}`);
    for (let at = 0; at < into.length; at += BLOCK_BYTES) {
      into.set(this.block(lba + at / BLOCK_BYTES), at);
    }
  }

  async write(lba: number, from: Uint8Array): Promise<void> {
    await this.#ask(`write ${lba}+${from.length / BLOCK_BYTES}`);
    this.#put(lba, from);
  }

  async flush(): Promise<void> {
    await this.#ask("flush");
  }

  async discard(lba: number, blocks: number): Promise<void> {
    await this.#ask(`discard ${lba}+${blocks}`);
  }

  async #ask(request: string): Promise<void> {
    this.asked.push(request);
    await this.before(request);
  }

  #put(lba: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      this.#blocks.set(lba + at / BLOCK_BYTES, bytes.slice(at, at + BLOCK_BYTES));
    }
  }
}
