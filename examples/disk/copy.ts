/**
 * A program of the guest: copies a file onto a disk and back, through the disk's VSC.
 *
 * It keeps as many requests under way as it is told to, each with a buffer of its own, and takes them
 * in order. So a file of any length streams through a memory of `queueDepth` times `chunkBytes`.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Fabric, GuestMemory } from "../../mod.ts";
import { TransferBuffer } from "./transfer_buffer.ts";
import type { DiskClient } from "./vsc.ts";
import type { DiskOutcome } from "./vsc_requests.ts";

/** A program gives up on a request after about half a minute of virtual time. */
const PATIENCE_MS = 30_000;

/** What a file is read from; a `Deno.FsFile` is one. */
export interface Source {
  /** Fills the beginning of `into`; resolves with the number of bytes, null at the end of the file. */
  read(into: Uint8Array): Promise<number | null>;
}

/** What a file is written to; a `Deno.FsFile` is one. */
export interface Sink {
  /** Takes the beginning of `bytes`; resolves with the number of bytes that it took. */
  write(bytes: Uint8Array): Promise<number>;
}

/** How a file is copied. */
export interface CopyOptions {
  /** The disk's block that the file begins at. Default 0. */
  readonly firstBlock?: number;
  /** Bytes of one request: whole blocks. Default: as many as the disk moves at once. */
  readonly chunkBytes?: number;
  /** Requests under way at once. Default: as many as the disk takes at once. */
  readonly queueDepth?: number;
}

/** What was copied. */
export interface CopyResult {
  /** Bytes of the file. */
  readonly byteCount: number;
  /** SHA-256 of these bytes, in hexadecimal. */
  readonly sha256: string;
}

/** Thrown where the disk did not do what a copy needs. */
export class DiskError extends Error {
  /** Always `"DiskError"`. */
  override readonly name = "DiskError";
  /** How the request ended. */
  readonly outcome: DiskOutcome | "timedOut";

  /** An error that names the outcome. */
  constructor(outcome: DiskOutcome | "timedOut") {
    super(`Cannot go on copying as a request ended with ${outcome}`);
    this.outcome = outcome;
  }
}

/** A buffer, and the request that uses it. */
class Slot {
  readonly buffer: TransferBuffer;
  /** How its last request ended; null while that is under way. */
  outcome: DiskOutcome | "timedOut" | null = "ok";

  constructor(buffer: TransferBuffer) {
    this.buffer = buffer;
  }

  /** Notes a request that uses the buffer. */
  async begin(request: Promise<DiskOutcome>): Promise<void> {
    this.outcome = null;
    this.outcome = await request;
  }

  /**
   * Waits for the end of its request, in virtual time: a program outside the drivers has no callback
   * that could wake it, so it sleeps and looks, and each time sleeps twice as long.
   */
  async end(fabric: Fabric): Promise<DiskOutcome | "timedOut"> {
    for (let sleepMs = 1; this.outcome === null && sleepMs < PATIENCE_MS; sleepMs *= 2) {
      await fabric.delay(sleepMs);
    }
    return this.outcome ??= "timedOut";
  }

  /** The same for a request that must have been carried out. */
  async expect(fabric: Fabric): Promise<void> {
    const outcome = await this.end(fabric);
    if (outcome !== "ok") throw new DiskError(outcome);
  }
}

/** The slots of one copy, used in turn. */
class Slots {
  readonly chunkBytes: number;
  readonly firstBlock: number;
  /** How many requests may be under way. */
  readonly count: number;
  readonly #fabric: Fabric;
  readonly #memory: GuestMemory;
  readonly #slots: Slot[] = [];

  constructor(fabric: Fabric, disk: DiskClient, options: CopyOptions) {
    const { blockBytes, queueDepth } = disk.registers;
    const { firstBlock = 0, chunkBytes = disk.transferBytesMax, queueDepth: depth = queueDepth } =
      options;
    if (chunkBytes < blockBytes || chunkBytes % blockBytes !== 0) {
      throw new RangeError(
        `Cannot copy ${chunkBytes} bytes at a time: the disk's blocks have ${blockBytes}`,
      );
    }
    if (!Number.isInteger(depth) || depth < 1) {
      throw new RangeError(`Cannot copy with ${depth} requests at once: at least 1 is needed`);
    }
    this.#fabric = fabric;
    this.#memory = disk.memory;
    this.chunkBytes = chunkBytes;
    this.firstBlock = firstBlock;
    this.count = depth;
  }

  /** The slot of chunk `index`: chunks take their turns. Its memory is allocated at its first use. */
  of(index: number): Slot {
    const slot = this.#slots[index % this.count] ??
      new Slot(new TransferBuffer(this.#memory, this.chunkBytes));
    return this.#slots[index % this.count] = slot;
  }

  /** Waits until every request was carried out. */
  async expectAll(): Promise<void> {
    for (const slot of this.#slots) await slot.expect(this.#fabric);
  }

  /**
   * Gives the memory back, once no request uses it. That of a request which never ended stays
   * allocated: the host may still write there.
   */
  async free(): Promise<void> {
    for (const slot of this.#slots) {
      if (await slot.end(this.#fabric) !== "timedOut") slot.buffer.free();
    }
  }
}

/** Fills `into` as far as the file reaches; resolves with the number of bytes. */
async function readFully(source: Source, into: Uint8Array): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const count = await source.read(into.subarray(done));
    if (count === null) break;
    done += count;
  }
  return done;
}

async function writeFully(sink: Sink, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await sink.write(bytes.subarray(done));
}

/** Copies a file onto the disk. What its last block has room for beyond the file becomes zeros. */
export async function copyIn(
  fabric: Fabric,
  disk: DiskClient,
  source: Source,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const slots = new Slots(fabric, disk, options);
  const { blockBytes } = disk.registers;
  const chunk = new Uint8Array(slots.chunkBytes);
  const digest = sha256.create();
  let byteCount = 0;
  try {
    for (let index = 0;; index++) {
      const slot = slots.of(index);
      await slot.expect(fabric);
      const filled = await fabric.outside(() => readFully(source, chunk));
      if (filled === 0) break;
      chunk.fill(0, filled);
      digest.update(chunk.subarray(0, filled));
      byteCount += filled;
      slot.buffer.store(chunk);
      const firstBlock = slots.firstBlock + index * (chunk.length / blockBytes);
      if (filled === chunk.length) slot.begin(disk.write(firstBlock, slot.buffer.mdl));
      else {
        const usedBytes = Math.ceil(filled / blockBytes) * blockBytes;
        slot.begin(disk.writePart(firstBlock, slot.buffer.mdl, 0, usedBytes));
        break;
      }
    }
    await slots.expectAll();
    const last = slots.of(0);
    last.begin(disk.flush());
    await last.expect(fabric);
  } finally {
    await slots.free();
  }
  return { byteCount, sha256: bytesToHex(digest.digest()) };
}

/** Copies the first `byteCount` bytes from the disk into a file. */
export async function copyOut(
  fabric: Fabric,
  disk: DiskClient,
  sink: Sink,
  byteCount: number,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const slots = new Slots(fabric, disk, options);
  const { blockBytes } = disk.registers;
  const chunk = new Uint8Array(slots.chunkBytes);
  const digest = sha256.create();
  const chunkCount = Math.ceil(byteCount / chunk.length);
  const bytesOf = (index: number) => Math.min(chunk.length, byteCount - index * chunk.length);
  let asked = 0;
  try {
    for (let index = 0; index < chunkCount; index++) {
      for (; asked < Math.min(chunkCount, index + slots.count); asked++) {
        const slot = slots.of(asked);
        const firstBlock = slots.firstBlock + asked * (chunk.length / blockBytes);
        const blockCount = Math.ceil(bytesOf(asked) / blockBytes);
        slot.begin(disk.read(firstBlock, blockCount, slot.buffer.pfns));
      }
      const slot = slots.of(index);
      await slot.expect(fabric);
      const bytes = chunk.subarray(0, bytesOf(index));
      slot.buffer.load(bytes);
      digest.update(bytes);
      await fabric.outside(() => writeFully(sink, bytes));
    }
  } finally {
    await slots.free();
  }
  return { byteCount, sha256: bytesToHex(digest.digest()) };
}
