/**
 * A driver of the guest that works on a disk: it copies a file onto it and back, through the disk's VSC.
 *
 * It keeps as many requests under way as it is told to, each with a buffer of its own, and a file of any
 * length streams through them. Nothing waits: the end of a request begins the next one. So all that the
 * copier knows is plain data at any time, and it can be saved at any moment: which phase, which chunk, and
 * for each buffer whether its request is under way.
 *
 * The file itself is the program's (`devices/streams.ts`).
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import type { CopyFiles } from "../streams.ts";
import { type CopyOptions, type CopyState, createState, restoreState } from "./copier_state.ts";
import { TransferBuffer } from "./transfer_buffer.ts";
import { DiskClient } from "./vsc.ts";
import type { DiskOutcome, DiskWork } from "./vsc_requests.ts";

const STAGES = ["idle", "underWay", "arrived"] as const;

/** A buffer, and how far its request is: one that was read and waits for those before it has arrived. */
interface Slot {
  readonly buffer: TransferBuffer;
  stage: typeof STAGES[number];
}

/** A copy, there and back. */
export class FileCopier implements vmbus.GuestDriverInstance {
  /** What it knows. */
  readonly state: CopyState;
  /** The disk that it works on. */
  readonly disk: DiskClient;
  /** What the source, the sink or the disk threw where the copy failed by that; else null. */
  error: unknown = null;
  readonly #files: CopyFiles;
  /** The buffers that were needed so far. Chunks take their turns with them. */
  #slots: Slot[] = [];

  private constructor(
    files: CopyFiles,
    state: CopyState,
    openDisk: (copier: FileCopier) => DiskClient,
  ) {
    this.#files = files;
    this.state = state;
    this.disk = openDisk(this);
  }

  /** Copies as soon as the guest has a disk. */
  static start(context: vmbus.GuestContext, files: CopyFiles, options: CopyOptions): FileCopier {
    const state = createState(files.source.byteCount, options);
    return new FileCopier(
      files,
      state,
      (copier) => DiskClient.start(context, options.disk ?? {}, copier),
    );
  }

  /** Builds a copy again as it was when {@linkcode FileCopier.save} told `data`. */
  static restore(
    context: vmbus.GuestRestoreContext,
    files: CopyFiles,
    data: vmbus.PlainData,
  ): FileCopier {
    return vmbus.readRecord(data, "file copier", (saved) => {
      const { byteCount } = files.source;
      const copier = new FileCopier(
        files,
        saved.record("state", (fields) => restoreState(byteCount, fields)),
        (copier) => DiskClient.restore(context, saved.data("disk"), copier),
      );
      copier.#slots = saved.records("slots", (slot) => {
        const pieces = slot.uints("pieces").map((gpa) => context.buffer(gpa));
        return {
          buffer: new TransferBuffer(copier.disk.memory, pieces),
          stage: slot.word("stage", STAGES),
        };
      }).slice();
      copier.#checkRestored();
      return copier;
    });
  }

  /** See {@linkcode vmbus.GuestDriverInstance.save}. */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      state: this.state,
      disk: this.disk.save(tokens),
      slots: this.#slots.map(({ buffer: { pieces }, stage }) => ({
        pieces: pieces.map(({ gpa }) => gpa),
        stage,
      })),
    };
  }

  /** Closes the disk, and so ends the copy if it is under way. */
  close(): Promise<void> {
    return this.disk.close();
  }

  // -- What the disk's driver says

  /** The disk is open: the first requests go out. */
  opened(): void {
    if (this.state.phase !== "opening") return; // it was closed and is open again: the copy has failed
    this.#attempt(() => {
      this.#plan();
      this.#enter("copyingIn");
    });
  }

  /** A request ended: here the next ones begin. */
  ended(tag: number, outcome: DiskOutcome): void {
    const { state } = this;
    const slot = this.#slots[tag];
    if (slot !== undefined) slot.stage = state.phase === "copyingOut" ? "arrived" : "idle";
    this.#attempt(() => {
      if (outcome !== "ok") throw new Error(`a request ended with ${outcome}`);
      if (state.phase === "copyingIn") state.finished++;
      if (state.phase === "flushing") this.#enter("copyingOut");
      else this.#advance();
    });
  }

  /** Runs `work`. Whatever goes wrong in it ends the copy, and the program hears of it. */
  #attempt(work: () => void): void {
    const { state } = this;
    try {
      if (state.phase !== "failed") work();
    } catch (error) {
      this.error = error;
      state.phase = "failed";
      state.failure = error instanceof Error ? error.message : String(error);
    }
    const isOver = state.phase === "failed" || state.phase === "done";
    // The host may use a buffer until its request has ended.
    if (isOver && this.#slots.every(({ stage }) => stage !== "underWay")) this.#free();
  }

  #free(): void {
    for (const { buffer } of this.#slots.splice(0)) buffer.free();
  }

  // -- The copy

  /** Fills in what the options left open with what the disk can do. */
  #plan(): void {
    const { state, disk } = this;
    const { blockBytes, queueDepth } = disk.registers;
    state.chunkBytes ??= disk.transferBytesMax;
    state.queueDepth ??= queueDepth;
    const { chunkBytes } = state;
    if (chunkBytes < blockBytes || chunkBytes % blockBytes !== 0) {
      throw new RangeError(
        `Cannot copy ${chunkBytes} bytes at a time: the disk's blocks have ${blockBytes}`,
      );
    }
    if (state.queueDepth < 1) {
      throw new RangeError(
        `Cannot copy with ${state.queueDepth} requests at once: at least 1 is needed`,
      );
    }
  }

  /** What was restored must be consistent, as it was when it was saved. */
  #checkRestored(): void {
    const { phase, begun, finished } = this.state;
    const pieces = this.#slots.flatMap(({ buffer }) => buffer.pieces);
    let isSound = new Set(pieces).size === pieces.length;
    if (phase !== "opening" && phase !== "failed") {
      this.#plan();
      const chunkCount = this.#chunkCount;
      const slotCount = phase === "done" ? 0 : Math.min(this.state.queueDepth ?? 0, chunkCount);
      isSound &&= this.#slots.length === slotCount && finished <= begun && begun <= chunkCount;
    }
    if (!isSound) {
      throw new Error(`Cannot restore file copier: it never was ${phase} with such numbers`);
    }
  }

  get #chunkBytes(): number {
    return this.state.chunkBytes ?? this.disk.transferBytesMax;
  }

  get #chunkCount(): number {
    return Math.ceil(this.state.byteCount / this.#chunkBytes);
  }

  #enter(phase: CopyState["phase"]): void {
    Object.assign(this.state, { phase, begun: 0, finished: 0 });
    this.#advance();
  }

  /** Begins what can be begun. */
  #advance(): void {
    const { state } = this;
    const chunkCount = this.#chunkCount;
    switch (state.phase) {
      case "copyingIn":
        while (state.begun < chunkCount && this.#slotOf(state.begun).stage === "idle") {
          this.#write(state.begun++);
        }
        if (state.finished === chunkCount) this.#enter("flushing");
        return;
      case "flushing":
        return this.#submit({ operation: "flush" }, this.#slots.length);
      case "copyingOut":
        // What came back goes into the sink in order, whichever request ended first.
        while (state.finished < state.begun && this.#slotOf(state.finished).stage === "arrived") {
          this.#take(state.finished++);
        }
        while (state.begun < chunkCount && this.#slotOf(state.begun).stage === "idle") {
          this.#read(state.begun++);
        }
        if (state.finished === chunkCount) state.phase = "done";
    }
  }

  /** The slot of a chunk. Its memory is allocated at its first use. */
  #slotOf(chunk: number): Slot {
    const at = chunk % (this.state.queueDepth ?? 1);
    return this.#slots[at] ??= {
      buffer: TransferBuffer.allocate(this.disk.memory, this.#chunkBytes),
      stage: "idle",
    };
  }

  /** Where a chunk lies in the file and on the disk. */
  #placeOf(chunk: number) {
    const { byteCount, firstBlock } = this.state;
    const { blockBytes } = this.disk.registers;
    const offset = chunk * this.#chunkBytes;
    const chunkBytes = Math.min(this.#chunkBytes, byteCount - offset);
    return {
      offset,
      byteCount: chunkBytes,
      firstBlock: firstBlock + offset / blockBytes,
      blockCount: Math.ceil(chunkBytes / blockBytes),
    };
  }

  /** Fills a buffer from the file, what its last block has room for beyond with zeros, and writes it. */
  #write(chunk: number): void {
    const { buffer } = this.#slotOf(chunk);
    const { offset, byteCount, firstBlock, blockCount } = this.#placeOf(chunk);
    let done = 0;
    for (const part of buffer.parts(blockCount * this.disk.registers.blockBytes)) {
      const filled = Math.min(part.length, byteCount - done);
      this.#files.source.read(offset + done, part.subarray(0, filled));
      part.fill(0, filled);
      done += filled;
    }
    const isWhole = byteCount === this.#chunkBytes;
    const where = { firstBlock, blockCount, mdl: buffer.mdl, offset: isWhole ? null : 0 };
    this.#submit({ operation: "write", ...where }, chunk);
  }

  #read(chunk: number): void {
    const { firstBlock, blockCount } = this.#placeOf(chunk);
    const { pfns } = this.#slotOf(chunk).buffer;
    this.#submit({ operation: "read", firstBlock, blockCount, pfns }, chunk);
  }

  /** Stores what was read. */
  #take(chunk: number): void {
    const slot = this.#slotOf(chunk);
    const { offset, byteCount } = this.#placeOf(chunk);
    let done = 0;
    for (const part of slot.buffer.parts(byteCount)) {
      this.#files.sink.write(offset + done, part);
      done += part.length;
    }
    slot.stage = "idle";
  }

  #submit(work: DiskWork, chunk: number): void {
    const isFlush = work.operation === "flush";
    const tag = isFlush ? this.#slots.length : chunk % (this.state.queueDepth ?? 1);
    const refusal = this.disk.submit(work, tag);
    if (refusal !== null) throw new Error(`a request ended with ${refusal}`);
    if (!isFlush) this.#slotOf(chunk).stage = "underWay";
  }
}

/** The driver that copies a file onto the guest's disk and back: `files` are its two ends. */
export function fileCopier(files: CopyFiles): vmbus.GuestDriver<FileCopier> {
  return {
    name: "file copier",
    start: (context, options) => FileCopier.start(context, files, (options ?? {}) as CopyOptions),
    restore: (context, data) => FileCopier.restore(context, files, data),
  };
}
