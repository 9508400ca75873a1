/**
 * A program of a guest that works on a disk: several requests at once, none of which overlap. It knows what it may find.
 *
 * @module
 */

import { messageOf } from "../../../core/describe.ts";
import type { BlockingImage } from "../../../devices/image.ts";
import { type BlockDevice, BlockError, type StorageProgram } from "../../../devices/storage/mod.ts";
import { fillBlock, type History } from "./history.ts";

/** Bytes of a block. */
export const BLOCK_BYTES = 512;

/** What it asks for. */
export type WorkKind = "write" | "read" | "flush" | "discard";

/** A request that has not ended. */
interface UnderWay {
  readonly kind: WorkKind;
  readonly lba: number;
  readonly count: number;
}

/** The program. */
export class BlockWorker implements StorageProgram {
  /** What was written. */
  readonly history: History;
  /** Requests that were acknowledged, and that failed. */
  readonly ended: { acknowledged: number; failed: number; flushes: number } = {
    acknowledged: 0,
    failed: 0,
    flushes: 0,
  };
  /** What is wrong, in words. */
  readonly faults: string[] = [];
  #disk: (BlockDevice & { readonly isGone: boolean }) | null = null;
  readonly #underWay = new Set<UnderWay>();

  readonly #image: BlockingImage;

  /** A program whose disk has that history, and that image behind its write cache. */
  constructor(history: History, image: BlockingImage) {
    this.history = history;
    this.#image = image;
  }

  /** See {@linkcode StorageProgram.onDisk}: it works on the first LUN. */
  onDisk(
    disk: BlockDevice & { readonly isGone: boolean; readonly facts: { readonly lun: number } },
  ) {
    if (disk.facts.lun === 0) this.#disk = disk;
  }

  /** Whether it has a disk. */
  get hasDisk(): boolean {
    return this.#disk?.isGone === false;
  }

  /** Blocks of the disk, as it was told last; 0 where it has none. */
  get blocks(): number {
    return this.hasDisk ? this.#disk!.blocks : 0;
  }

  /** Requests that have not ended. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Whether none of these blocks is read or written at present. */
  isFree(lba: number, count: number): boolean {
    return [...this.#underWay].every((other) =>
      other.kind === "flush" || other.lba >= lba + count || other.lba + other.count <= lba
    );
  }

  /** Begins a request. */
  begin(kind: WorkKind, lba: number, count: number): void {
    const disk = this.#disk;
    if (disk === null) throw new Error("Cannot work without a disk");
    const request: UnderWay = { kind, lba, count };
    this.#underWay.add(request);
    this.#carryOut(disk, request).then(
      () => this.ended.acknowledged++,
      (error) => {
        // Whatever fails, a write may have been carried out or not: the history has it both ways.
        this.ended.failed++;
        if (!(error instanceof BlockError)) this.faults.push(messageOf(error));
      },
    ).then(() => this.#underWay.delete(request));
  }

  async #carryOut(disk: BlockDevice, { kind, lba, count }: UnderWay): Promise<void> {
    const { history } = this;
    if (kind === "flush") {
      const ended = history.beginFlush();
      await disk.flush();
      ended();
      this.ended.flushes++;
      this.#checkSafe();
      return;
    }
    if (kind === "read") {
      const bytes = new Uint8Array(count * BLOCK_BYTES);
      await disk.read(lba, bytes);
      return this.#check(lba, bytes);
    }
    const { number, ended } = history.begin(lba, count, kind === "discard");
    if (kind === "discard") await disk.discard(lba, count);
    else await disk.write(lba, stored(number, lba, count));
    ended();
  }

  /** What was flushed is on the image the moment that it is acknowledged, whatever comes after. */
  #checkSafe(): void {
    const { history } = this;
    const block = new Uint8Array(BLOCK_BYTES);
    for (let lba = 0; lba < history.blockCount; lba++) {
      this.#image.read(lba * BLOCK_BYTES, block);
      const fault = history.findLossFault(lba, block);
      if (fault !== null) this.faults.push(`after a flush: ${fault}`);
    }
  }

  #check(lba: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
      const block = bytes.subarray(at, at + BLOCK_BYTES);
      const fault = this.history.findReadFault(lba + at / BLOCK_BYTES, block);
      if (fault !== null) this.faults.push(fault);
    }
  }
}

/** What a write stores. */
function stored(number: number, lba: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count * BLOCK_BYTES);
  for (let block = 0; block < count; block++) {
    const at = block * BLOCK_BYTES;
    fillBlock(bytes.subarray(at, at + BLOCK_BYTES), number, lba + block);
  }
  return bytes;
}
