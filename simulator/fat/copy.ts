/**
 * A guest's program that copies a file onto a FAT volume and back, and one that looks, after a crash, at what is left
 * of such a copy.
 *
 * Both await their device alone. They and the file system are the process's, as the files are: a guest that is migrated
 * takes the requests that are under way with it, and its program hears of their end from the driver that it has then.
 *
 * @module
 */

import { messageOf } from "../../core/describe.ts";
import type { BlockDevice } from "../../devices/storage/block_device.ts";
import type { CopyFiles } from "../../devices/streams.ts";
import type { FatFile } from "./file.ts";
import { GatheredDevice } from "./gathered_device.ts";
import { FatError } from "./result.ts";
import { FatVolume } from "./volume.ts";

/** Bytes of one read or write of the program. */
const PIECE_BYTES = 2 ** 16;
/** Bytes that the guest's page cache asks its disk for at a time. */
const RUN_BYTES = 2 ** 18;

/** How far a program is. Where it has failed, `failure` says why. */
export type FatPhase = "mounting" | "copyingIn" | "copyingOut" | "done" | "failed";

/** What a program knows. */
export interface FatCopyState {
  /** How far it is. */
  readonly phase: FatPhase;
  /** Why it has failed. */
  readonly failure: string | null;
  /** Bytes that the file system has taken. */
  readonly writtenBytes: number;
  /** How many of these it has made safe. */
  readonly syncedBytes: number;
  /** Bytes that were read. */
  readonly readBytes: number;
}

/** What a copy is made of. */
export interface FatCopyOptions {
  /** The file's path on the volume. */
  readonly path: string;
  /** After so many bytes what was written is made safe. */
  readonly syncBytes: number;
}

/** A program and its file system, which is ready to be mounted. */
export class FatCopy {
  /** What it knows. */
  readonly state: { -readonly [K in keyof FatCopyState]: FatCopyState[K] } = {
    phase: "mounting",
    failure: null,
    writtenBytes: 0,
    syncedBytes: 0,
    readBytes: 0,
  };
  readonly #mount: (device: BlockDevice) => Promise<FatVolume>;
  readonly #files: CopyFiles;
  readonly #options: FatCopyOptions;

  private constructor(
    mount: (device: BlockDevice) => Promise<FatVolume>,
    files: CopyFiles,
    options: FatCopyOptions,
  ) {
    this.#mount = mount;
    this.#files = files;
    this.#options = options;
  }

  /**
   * Makes programs, each of which works once.
   *
   * @param nowMs The time that they write into directories.
   */
  static async prepare(
    nowMs: () => number,
  ): Promise<(files: CopyFiles, options: FatCopyOptions) => FatCopy> {
    const mount = await FatVolume.prepare({ nowMs });
    return (files, options) => new FatCopy(mount, files, options);
  }

  /** Mounts the volume on `device`, copies the file onto it, makes that safe, reads it back, and unmounts. */
  copy(device: BlockDevice): Promise<void> {
    return this.#onVolume(device, async (volume) => {
      const file = await volume.create(this.#options.path);
      this.state.phase = "copyingIn";
      try {
        await this.#copyIn(file);
      } catch (error) {
        // A device that fails takes nothing back.
        if (error instanceof FatError && error.result !== "full") throw error;
        await this.#takeBack(volume, file, messageOf(error));
      }
      await file.close();
      await this.#copyOut(volume);
    });
  }

  /**
   * Mounts the volume on `device`, reads what the file has there, nothing where it is not there, and unmounts. As much
   * of the source is read beside it.
   */
  survey(device: BlockDevice): Promise<void> {
    return this.#onVolume(device, async (volume) => {
      try {
        await this.#copyOut(volume, (offset, byteCount) => {
          const { source } = this.#files;
          const fitting = Math.min(byteCount, source.byteCount - offset);
          if (fitting > 0) source.read(offset, new Uint8Array(fitting));
        });
      } catch (error) {
        // The volume is asked, not its list: there the name may be spelled in another way.
        if (!(error instanceof FatError && error.result === "noFile")) throw error;
      }
    });
  }

  async #onVolume(device: BlockDevice, work: (volume: FatVolume) => Promise<void>): Promise<void> {
    const { state } = this;
    try {
      const volume = await this.#mount(new GatheredDevice(device, RUN_BYTES));
      await work(volume);
      await volume.unmount();
      state.phase = "done";
    } catch (error) {
      // Whatever goes wrong with device, volume or files ends the copy, and the state says what it was.
      state.phase = "failed";
      state.failure = messageOf(error);
    }
  }

  async #copyIn(file: FatFile): Promise<void> {
    const { state } = this;
    const { source } = this.#files;
    const piece = new Uint8Array(PIECE_BYTES);
    while (state.writtenBytes < source.byteCount) {
      const rest = Math.min(
        source.byteCount - state.writtenBytes,
        this.#options.syncBytes - (state.writtenBytes - state.syncedBytes),
      );
      const part = piece.subarray(0, Math.min(PIECE_BYTES, rest));
      source.read(state.writtenBytes, part);
      await file.write(part);
      state.writtenBytes += part.length;
      if (state.writtenBytes - state.syncedBytes === this.#options.syncBytes) {
        await this.#sync(file);
      }
    }
    await this.#sync(file);
  }

  /** Leaves no part of a file where there was no room for it: clusters that no directory names would be lost. */
  async #takeBack(volume: FatVolume, file: FatFile, why: string): Promise<never> {
    try {
      await file.close();
      await volume.remove(this.#options.path);
    } catch (error) {
      throw new Error(`${why}; what was written of it is left: ${messageOf(error)}`);
    }
    throw new Error(why);
  }

  async #sync(file: FatFile): Promise<void> {
    await file.sync();
    this.state.syncedBytes = this.state.writtenBytes;
  }

  /** Reads the file to its end; `beside` is called for each part before the sink is. */
  async #copyOut(
    volume: FatVolume,
    beside: (offset: number, byteCount: number) => void = () => {},
  ): Promise<void> {
    const { state } = this;
    state.phase = "copyingOut";
    const file = await volume.open(this.#options.path);
    const piece = new Uint8Array(PIECE_BYTES);
    while (true) {
      const count = await file.read(piece);
      if (count === 0) break;
      beside(state.readBytes, count);
      this.#files.sink.write(state.readBytes, piece.subarray(0, count));
      state.readBytes += count;
    }
    await file.close();
  }
}
