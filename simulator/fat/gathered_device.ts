/**
 * A block device that asks another one for more at a time: what a page cache does for the file systems of a guest.
 *
 * A file system writes a file cluster by cluster, and waits for each. Here writes that continue each other are gathered
 * and sent together, several such runs at once, and where reads continue each other the next blocks are read with them.
 * What was written is safe when a flush that came after has ended, as with the device below. Where a write fails, the
 * calls that come after it fail, up to the next flush: whoever is told that all is safe can rely on it.
 *
 * @module
 */

import type { BlockDevice } from "../../devices/storage/block_device.ts";

/** Runs of blocks that are on their way at once. */
const RUNS_AT_ONCE = 4;

/** Blocks that follow each other, and what they hold. */
interface Run {
  readonly lba: number;
  /** Room for as many blocks as a run may have. */
  readonly bytes: Uint8Array;
  /** How many of its bytes are in use. */
  usedBytes: number;
}

/** The device. Its calls are to be made one after the other, as a file system makes them. */
export class GatheredDevice implements BlockDevice {
  /** See {@linkcode BlockDevice.blockBytes}. */
  readonly blockBytes: number;
  readonly #device: BlockDevice;
  readonly #runBytes: number;
  /** What was written last, and is still to be sent. */
  #written: Run | null = null;
  /** What was read last, with what follows it. */
  #ahead: Run | null = null;
  /** The block behind the last one that was read. */
  #readEnd = -1;
  /** In the order in which they were sent. */
  readonly #underWay = new Map<Run, Promise<void>>();
  /** Memory of runs that are over. */
  readonly #spare: Uint8Array[] = [];
  #failure: { readonly error: unknown } | null = null;

  /** Asks `device` for `runBytes` at a time, whole blocks, where that can be done. */
  constructor(device: BlockDevice, runBytes: number) {
    this.#device = device;
    this.blockBytes = device.blockBytes;
    this.#runBytes = runBytes - runBytes % device.blockBytes;
  }

  /** See {@linkcode BlockDevice.blocks}. */
  get blocks(): number {
    return this.#device.blocks;
  }

  /** See {@linkcode BlockDevice.isReadOnly}. */
  get isReadOnly(): boolean {
    return this.#device.isReadOnly;
  }

  /** See {@linkcode BlockDevice.read}. What was written before is what is read. */
  async read(lba: number, into: Uint8Array): Promise<void> {
    const blocks = into.length / this.blockBytes;
    const isNext = lba === this.#readEnd;
    this.#readEnd = lba + blocks;
    if (this.#takeAhead(lba, into)) return;
    await this.#drain();
    const most = Math.min(this.#runBytes / this.blockBytes, this.blocks - lba);
    if (!isNext || blocks >= most) return await this.#device.read(lba, into);
    if (this.#ahead !== null) this.#spare.push(this.#ahead.bytes);
    this.#ahead = null;
    const ahead = { lba, bytes: this.#memory(), usedBytes: most * this.blockBytes };
    try {
      await this.#device.read(lba, ahead.bytes.subarray(0, ahead.usedBytes));
    } catch {
      // It may be what nobody has asked for that cannot be read: what was asked for is read alone, and says so if not.
      this.#spare.push(ahead.bytes);
      return await this.#device.read(lba, into);
    }
    this.#ahead = ahead;
    this.#takeAhead(lba, into);
  }

  /** See {@linkcode BlockDevice.write}. It may have ended before the device is asked. */
  async write(lba: number, from: Uint8Array): Promise<void> {
    this.#dropAhead(lba, from.length);
    const run = this.#written;
    const isNext = run !== null && lba === run.lba + run.usedBytes / this.blockBytes &&
      run.usedBytes + from.length <= this.#runBytes;
    if (isNext) {
      run.bytes.set(from, run.usedBytes);
      run.usedBytes += from.length;
      return;
    }
    await this.#send();
    if (from.length > this.#runBytes) {
      await this.#drain();
      return await this.#device.write(lba, from);
    }
    this.#written = { lba, bytes: this.#memory(), usedBytes: from.length };
    this.#written.bytes.set(from);
  }

  /** See {@linkcode BlockDevice.flush}. */
  async flush(): Promise<void> {
    try {
      await this.#drain();
    } finally {
      this.#failure = null; // told, now or before
    }
    await this.#device.flush();
  }

  /** See {@linkcode BlockDevice.discard}. */
  async discard(lba: number, blocks: number): Promise<void> {
    this.#dropAhead(lba, blocks * this.blockBytes);
    await this.#drain();
    await this.#device.discard(lba, blocks);
  }

  /** Fills `into` with what was read ahead; false where that is not all there. */
  #takeAhead(lba: number, into: Uint8Array): boolean {
    const run = this.#ahead;
    if (run === null) return false;
    const at = (lba - run.lba) * this.blockBytes;
    if (at < 0 || at + into.length > run.usedBytes) return false;
    into.set(run.bytes.subarray(at, at + into.length));
    return true;
  }

  /** What was read ahead is no longer what is there, where it has any of these bytes. */
  #dropAhead(lba: number, byteCount: number): void {
    const run = this.#ahead;
    if (run === null) return;
    const at = (lba - run.lba) * this.blockBytes;
    if (at >= run.usedBytes || at + byteCount <= 0) return;
    this.#spare.push(run.bytes);
    this.#ahead = null;
  }

  #memory(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(this.#runBytes);
  }

  /** Sends what was gathered, once few enough runs are under way. */
  async #send(): Promise<void> {
    const run = this.#written;
    this.#written = null;
    if (run !== null) {
      for (const [other, ended] of [...this.#underWay]) {
        // Of two that overlap either may come first, and a file system writes some blocks again and again.
        const isFull = this.#underWay.size >= RUNS_AT_ONCE;
        if (isFull || overlap(run, other, this.blockBytes)) await ended;
      }
      this.#begin(run);
    }
    this.#throwFailure();
  }

  #begin(run: Run): void {
    const ended = this.#device.write(run.lba, run.bytes.subarray(0, run.usedBytes))
      .catch((error) => void (this.#failure ??= { error }))
      .then(() => {
        this.#underWay.delete(run);
        this.#spare.push(run.bytes);
      });
    this.#underWay.set(run, ended);
  }

  /** Resolves when all that was written has been stored. */
  async #drain(): Promise<void> {
    await this.#send();
    for (const ended of [...this.#underWay.values()]) await ended;
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}

function overlap(a: Run, b: Run, blockBytes: number): boolean {
  const endOf = ({ lba, usedBytes }: Run) => lba + usedBytes / blockBytes;
  return a.lba < endOf(b) && b.lba < endOf(a);
}
