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

  /** The buffer that is made of `pieces`, one at least. */
  constructor(memory: vmbus.GuestMemory, pieces: readonly vmbus.GuestBuffer[]) {
    this.#memory = memory;
    const mdls = pieces.map((piece) => vmbus.IoAllocateMdl(memory, piece.gpa, piece.byteCount));
    const chain = mdls.reduceRight((next, mdl) => {
      mdl.next = next;
      return mdl;
    });
    this.pieces = pieces;
    this.mdl = chain;
    this.pfns = pieces.flatMap((piece) => piece.pfns);
  }

  /**
   * Allocates a buffer of `byteCount` bytes.
   *
   * @throws {RangeError} The guest has no such memory left.
   */
  static allocate(memory: vmbus.GuestMemory, byteCount: number): TransferBuffer {
    return new TransferBuffer(memory, allocatePieces(memory, byteCount));
  }

  /** Its first `byteCount` bytes, the shared ones themselves, piece by piece. */
  *parts(byteCount: number): Generator<Uint8Array, void> {
    let left = byteCount;
    for (const segment of vmbus.mdlSegments(this.mdl)) {
      if (left === 0) return;
      const part = left < segment.length ? segment.subarray(0, left) : segment;
      left -= part.length;
      yield part;
    }
  }

  /** Stores `bytes` at its beginning. */
  store(bytes: Uint8Array): void {
    let at = 0;
    for (const part of this.parts(bytes.length)) {
      part.set(bytes.subarray(at, at + part.length));
      at += part.length;
    }
  }

  /** Fills `into` from its beginning. */
  load(into: Uint8Array): void {
    let at = 0;
    for (const part of this.parts(into.length)) {
      into.set(part, at);
      at += part.length;
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
