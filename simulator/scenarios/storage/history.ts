/**
 * What was written to the blocks of a disk, so that it can be said what may stand there: for whoever reads them, and
 * for whoever looks after the power has failed.
 *
 * @module
 */

/** A value that is no write's: what was discarded is anything. */
const ANYTHING = -1;

/** One block's writes, in the order in which they were begun: none begins before the last one has ended. */
interface BlockHistory {
  /** Numbers of the writes; the first, 0, stands for what was there in the beginning. */
  readonly writes: number[];
  /** The last one that was acknowledged, by its place. */
  acknowledged: number;
  /** The last one that was acknowledged before a flush which was acknowledged as well. */
  safe: number;
}

/** The history of all blocks. */
export class History {
  /** Writes are numbered from 1 on. */
  #writes = 0;
  readonly #blocks: readonly BlockHistory[];

  /** `blockCount` blocks of zeros. */
  constructor(blockCount: number) {
    const make = (): BlockHistory => ({ writes: [0], acknowledged: 0, safe: 0 });
    this.#blocks = Array.from({ length: blockCount }, make);
  }

  /**
   * A write of blocks begins, or a discard. No other one of these blocks may be under way.
   *
   * @returns Its number, and what is to be called when it was acknowledged.
   */
  begin(lba: number, count: number, isDiscard: boolean): { number: number; ended: () => void } {
    const number = ++this.#writes;
    const blocks = this.#blocks.slice(lba, lba + count);
    for (const { writes } of blocks) writes.push(isDiscard ? ANYTHING : number);
    const places = blocks.map(({ writes }) => writes.length - 1);
    const ended = () => {
      for (const [at, block] of blocks.entries()) block.acknowledged = places[at]!;
    };
    return { number, ended };
  }

  /** Blocks that it is about. */
  get blockCount(): number {
    return this.#blocks.length;
  }

  /** A flush begins; the function is to be called when it was acknowledged. */
  beginFlush(): () => void {
    const places = this.#blocks.map(({ acknowledged }) => acknowledged);
    return () => {
      for (const [at, block] of this.#blocks.entries()) {
        block.safe = Math.max(block.safe, places[at]!);
      }
    };
  }

  /** Whether a write may be lost that no flush has made safe. */
  get isUnsafe(): boolean {
    return this.#blocks.some(({ writes, safe }) => safe < writes.length - 1);
  }

  /** What a block that holds `bytes` must not hold, in words, where somebody reads it; null: nothing. */
  findReadFault(lba: number, bytes: Uint8Array): string | null {
    const { writes, acknowledged } = this.#blocks[lba]!;
    return findFault(lba, bytes, writes.slice(acknowledged));
  }

  /** The same after the power has failed: each word of it may be of another write, as writes tear. */
  findLossFault(lba: number, bytes: Uint8Array): string | null {
    const { writes, safe } = this.#blocks[lba]!;
    return findFault(lba, bytes, writes.slice(safe));
  }
}

/** What the words of a block are that a write has stored. */
function wordOf(write: number, lba: number): number {
  return write === 0 ? 0 : write * 0x100 + lba;
}

/** Fills a block with what a write stores there. */
export function fillBlock(bytes: Uint8Array, write: number, lba: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += 4) view.setUint32(at, wordOf(write, lba), true);
}

function findFault(lba: number, bytes: Uint8Array, allowed: readonly number[]): string | null {
  if (allowed.includes(ANYTHING)) return null;
  const words = new Set(allowed.map((write) => wordOf(write, lba)));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += 4) {
    const word = view.getUint32(at, true);
    if (words.has(word)) continue;
    const may = allowed.length === 1 ? `write ${allowed[0]}` : `writes ${allowed.join(", ")}`;
    return `block ${lba} has at ${at} what is of block ${word % 0x100}, write ${
      word >>> 8
    }; it may be of ${may}`;
  }
  return null;
}
