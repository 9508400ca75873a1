/**
 * A FAT volume on a block device: a real file system, FatFs, which flushes when it is asked to.
 *
 * It is for a guest's program: the device is one that the guest's storage driver gives, and each call waits for it.
 *
 * @module
 */

import type { BlockDevice } from "../../devices/storage/block_device.ts";
import { DiskSeat } from "./disk.ts";
import { FatFile, STAGING_BYTES } from "./file.ts";
import { type FatCalls, loadFat } from "./library.ts";
import { FatError, resultOf } from "./result.ts";
import { type FatCall, type VolumeCalls, withText } from "./volume_calls.ts";

/** Sizes of FatFs's structures, and what a file is opened for. */
const VOLUME_BYTES = 4152;
const FILE_BYTES = 4136;
const DIRECTORY_BYTES = 48;
const ENTRY_BYTES = 812;
const MODES = { read: 0x01, replace: 0x02 | 0x01 | 0x08 } as const;
/** Where FatFs's structure of a volume has the sectors of a cluster, 16 bits. */
const CLUSTER_SECTORS_AT = 10;
/** An entry is not to be written. */
const IS_READ_ONLY = 0x01;
/** An entry is a directory. */
const IS_DIRECTORY = 0x10;

/** What a directory says of a file or another directory. */
export interface FatEntry {
  /** Its long name. */
  readonly name: string;
  /** Bytes of the file; 0 for a directory. */
  readonly byteCount: number;
  /** Whether it is a directory. */
  readonly isDirectory: boolean;
}

/** How a volume is mounted. */
export interface MountOptions {
  /** The time that it writes into directories, in milliseconds since 1970; default: 2026-01-01. */
  readonly nowMs?: () => number;
}

/**
 * A volume that is mounted. Its calls, and those of its files, are carried out one after the other.
 *
 * In a fabric a call is begun by a driver's `onDisk`, or in `fabric.setTimer(0, …)`: the library takes some turns of the
 * runtime before it asks its device, which a `fabric.settle()` beside the call does not wait for.
 */
export class FatVolume {
  readonly #calls: VolumeCalls;
  /** Bytes of a cluster, as what is mounted has them. */
  readonly #clusterBytes: () => number;

  private constructor(shared: VolumeCalls, clusterBytes: () => number) {
    this.#calls = shared;
    this.#clusterBytes = clusterBytes;
  }

  /**
   * Mounts the volume on `device`: a FAT12, FAT16 or FAT32 file system, in the first partition where there are some.
   *
   * @throws {FatError} There is none, or the device fails.
   * @throws {Error} This runtime cannot suspend WebAssembly.
   */
  static async mount(device: BlockDevice, options: MountOptions = {}): Promise<FatVolume> {
    const mount = await FatVolume.prepare(options);
    return await mount(device);
  }

  /**
   * Does what a mount needs of the machine, and gives what mounts one volume: that awaits its device and nothing else,
   * as what runs in a fabric has to.
   *
   * @throws {Error} This runtime cannot suspend WebAssembly.
   */
  static async prepare(
    options: MountOptions = {},
  ): Promise<(device: BlockDevice) => Promise<FatVolume>> {
    const { nowMs = () => Date.UTC(2026, 0, 1) } = options;
    const disk = new DiskSeat();
    const calls = await loadFat(disk, nowMs);
    return async (device) => {
      disk.take(device);
      const at = calls.allocate(VOLUME_BYTES);
      const clusterSectors = () => calls.numberAt(at + CLUSTER_SECTORS_AT - 2) >>> 16;
      const shared = callsInTurn(calls, disk);
      const volume = new FatVolume(shared, () => clusterSectors() * device.blockBytes);
      await volume.#call("mount the volume", "", (drive) => ["f_mount", at, drive, 1]);
      return volume;
    };
  }

  /** Opens the file at `path` for reading. */
  async open(path: string): Promise<FatFile> {
    return await this.#open(path, MODES.read);
  }

  /**
   * Makes an empty file at `path`, in place of one that is there, for reading and writing. Nothing locks it: it must
   * not be opened a second time, or removed, before it is closed.
   */
  async create(path: string): Promise<FatFile> {
    return await this.#open(path, MODES.replace);
  }

  /** What is in the directory at `path`; default: in the root. */
  async list(path: string = "/"): Promise<readonly FatEntry[]> {
    const { calls, inTurn, check } = this.#calls;
    return await inTurn(async () => {
      const entries: FatEntry[] = [];
      const [directory, entry] = [calls.allocate(DIRECTORY_BYTES), calls.allocate(ENTRY_BYTES)];
      const run = async (name: string, ...args: readonly number[]) =>
        check(`list ${path}`, await calls.call(name, ...args));
      try {
        await withText(calls, path, (name) => run("f_opendir", directory, name));
        while (true) {
          await run("f_readdir", directory, entry);
          const found = readEntry(calls, entry);
          if (found.name === "") break;
          entries.push(found);
        }
        await run("f_closedir", directory);
      } finally {
        for (const at of [directory, entry]) calls.free(at);
      }
      return entries;
    });
  }

  /**
   * Bytes that a file at `path` can have, in place of one that is there: as many as the clusters that are free have,
   * and its own. The volume is not written to.
   *
   * @throws {FatError} There can be none: there is a directory of that name, or a file that is not to be written
   * (`"denied"`), or no directory for it; or it is no name.
   */
  async room(path: string): Promise<number> {
    const { calls, inTurn, check } = this.#calls;
    return await inTurn(async () => {
      const [entry, free] = [calls.allocate(ENTRY_BYTES), calls.allocate(8)];
      const action = `find room for ${path}`;
      const ask = (text: string, argsOf: (text: number) => FatCall) =>
        withText(calls, text, async (at) => await calls.call(...argsOf(at)));
      try {
        check(action, await ask("", (drive) => ["f_getfree", drive, free, free + 4]));
        const clusterBytes = this.#clusterBytes();
        const freeBytes = calls.numberAt(free) * clusterBytes;
        const found = await ask(path, (name) => ["f_stat", name, entry]);
        if (resultOf(found) === "noFile") return freeBytes;
        check(action, found);
        const { isDirectory, byteCount } = readEntry(calls, entry);
        const isReadOnly = (calls.ask("FILINFO_fattrib", entry) & IS_READ_ONLY) !== 0;
        if (isDirectory || isReadOnly) throw new FatError(action, "denied");
        return freeBytes + Math.ceil(byteCount / clusterBytes) * clusterBytes;
      } finally {
        for (const at of [entry, free]) calls.free(at);
      }
    });
  }

  /** Removes the file, or the empty directory, at `path`. */
  async remove(path: string): Promise<void> {
    await this.#call(`remove ${path}`, path, (name) => ["f_unlink", name]);
  }

  /** Makes a directory at `path`. */
  async makeDirectory(path: string): Promise<void> {
    await this.#call(`make the directory ${path}`, path, (name) => ["f_mkdir", name]);
  }

  /** Unmounts it: its files have to be closed before. Nothing can be done with it afterwards. */
  async unmount(): Promise<void> {
    await this.#call("unmount the volume", "", (drive) => ["f_mount", 0, drive, 0]);
  }

  async #open(path: string, mode: number): Promise<FatFile> {
    const { calls, inTurn, check } = this.#calls;
    return await inTurn(async () => {
      const memory = {
        file: calls.allocate(FILE_BYTES),
        staging: calls.allocate(STAGING_BYTES),
        count: calls.allocate(4),
      };
      try {
        await withText(
          calls,
          path,
          async (name) =>
            check(`open ${path}`, await calls.call("f_open", memory.file, name, mode)),
        );
        return new FatFile(this.#calls, path, memory, mode === MODES.replace);
      } catch (error) {
        for (const at of Object.values(memory)) calls.free(at);
        throw error;
      }
    });
  }

  async #call(action: string, text: string, argsOf: (text: number) => FatCall): Promise<void> {
    const { calls, inTurn, check } = this.#calls;
    await inTurn(() =>
      withText(calls, text, async (at) => check(action, await calls.call(...argsOf(at))))
    );
  }
}

/** Has calls wait for each other, and says of what fails what the disk said. */
function callsInTurn(calls: FatCalls, disk: DiskSeat): VolumeCalls {
  let last: Promise<unknown> = Promise.resolve();
  return {
    calls,
    inTurn: (work) => {
      const next = last.then(() => {
        disk.failure = null;
        return work();
      });
      last = next.catch(() => {}); // whoever made the call hears of it, and the next one is another
      return next;
    },
    check: (action, number) => {
      const result = resultOf(number);
      if (result !== "ok") throw new FatError(action, result, disk.failure);
    },
  };
}

function readEntry(calls: FatCalls, at: number): FatEntry {
  const attributes = calls.ask("FILINFO_fattrib", at);
  return {
    name: calls.textAt(calls.ask("FILINFO_fname", at)),
    byteCount: calls.ask("FILINFO_fsize", at),
    isDirectory: (attributes & IS_DIRECTORY) !== 0,
  };
}
