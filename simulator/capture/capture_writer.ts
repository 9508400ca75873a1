/**
 * Writes a capture, piece by piece.
 *
 * @module
 */

import { interfaceBlock, recordBlock, sectionBlock } from "./pcapng.ts";
import type { CaptureInterface, CaptureRecord } from "./record.ts";

/**
 * Takes what a capture file consists of, piece by piece, in order. The bytes are its own from then on. It is called in the
 * middle of a step: it must not call into the fabric, and what it throws counts as thrown by an observer of the fabric.
 */
export type CaptureSink = (bytes: Uint8Array<ArrayBuffer>) => void;

/** So many bytes are handed on at a time. */
const PIECE_BYTES = 64 * 1024;

/** Hands blocks to a sink, several at a time: no more than one piece is kept. */
export class CaptureWriter {
  readonly #sink: CaptureSink;
  readonly #run: string | null;
  #piece = new Uint8Array(PIECE_BYTES);
  #pieceBytes = 0;
  #interfaces = 0;

  /** Begins a file in `sink`, of a run that is called `run`. */
  constructor(sink: CaptureSink, run: string | null = null) {
    this.#sink = sink;
    this.#run = run;
    this.#write(sectionBlock());
  }

  /** Says that there is an interface; gives the number by which records name it. */
  addInterface(one: Omit<CaptureInterface, "run">): number {
    this.#write(interfaceBlock({ ...one, ...this.#run !== null && { run: this.#run } }));
    return this.#interfaces++;
  }

  /** Writes a record. */
  add(record: CaptureRecord): void {
    this.#write(recordBlock(record));
  }

  /** Hands on what it keeps. */
  flush(): void {
    if (this.#pieceBytes === 0) return;
    const piece = this.#piece.slice(0, this.#pieceBytes);
    this.#pieceBytes = 0;
    this.#sink(piece);
  }

  #write(block: Uint8Array<ArrayBuffer>): void {
    if (this.#pieceBytes + block.length > PIECE_BYTES) this.flush();
    if (block.length > PIECE_BYTES) return this.#sink(block);
    this.#piece.set(block, this.#pieceBytes);
    this.#pieceBytes += block.length;
  }
}
