/**
 * Guest memory that blocks are moved through.
 *
 * Memory for a transfer rarely lies in one stretch, so this buffer does not either: it is made of
 * pieces. A write describes them with a chain of MDLs, a read with the PFNs of their pages.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { PAGE_BYTES } from "./protocol.ts";

/** Most bytes of one piece: whole pages, so that the pieces' PFNs can stand in one list. */
const PIECE_BYTES = 4 * PAGE_BYTES;

/** A buffer in the memory of a guest. */
export class TransferBuffer {
  /** The stretches of memory that it is made of. */
  readonly pieces: readonly vmbus.GuestBuffer[];
  /** The first MDL of the chain that describes its bytes. */
  readonly mdl: vmbus.Mdl;
  /** The pages of all pieces. */
  readonly pfns: readonly number[];
  readonly #memory: vmbus.GuestMemory;

  /**
   * A buffer of `byteCount` bytes.
   *
   * @throws {RangeError} The guest has no such memory left.
   */
  constructor(memory: vmbus.GuestMemory, byteCount: number) {
    this.#memory = memory;
    const pieces = allocatePieces(memory, byteCount);
    const mdls = pieces.map((piece) => vmbus.IoAllocateMdl(memory, piece.gpa, piece.byteCount));
    const chain = mdls.reduceRight((next, mdl) => {
      mdl.next = next;
      return mdl;
    });
    this.pieces = pieces;
    this.mdl = chain;
    this.pfns = pieces.flatMap((piece) => piece.pfns);
  }

  /** Stores `bytes` at its beginning. */
  store(bytes: Uint8Array): void {
    for (const [at, piece] of this.pieces.entries()) {
      const start = at * PIECE_BYTES;
      this.#memory.write(piece.gpa, bytes.subarray(start, start + piece.byteCount));
    }
  }

  /** Fills `into` from its beginning. */
  load(into: Uint8Array): void {
    for (const [at, piece] of this.pieces.entries()) {
      const start = at * PIECE_BYTES;
      if (start >= into.length) return;
      const byteCount = Math.min(into.length - start, piece.byteCount);
      into.set(this.#memory.read(piece.gpa, byteCount), start);
    }
  }

  /** Gives the memory back: no request may use it any more. */
  free(): void {
    for (const piece of this.pieces) this.#memory.free(piece);
  }
}

/** Memory for all pieces, or none of it where there is too little. */
function allocatePieces(memory: vmbus.GuestMemory, byteCount: number): vmbus.GuestBuffer[] {
  const pieces: vmbus.GuestBuffer[] = [];
  try {
    for (let at = 0; at < byteCount; at += PIECE_BYTES) {
      pieces.push(memory.allocate(Math.min(byteCount - at, PIECE_BYTES)));
    }
  } catch (error) {
    for (const piece of pieces) memory.free(piece);
    throw error;
  }
  return pieces;
}
