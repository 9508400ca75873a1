/**
 * A file of a FAT volume.
 *
 * @module
 */

import { FatError } from "./result.ts";
import type { FatCall, VolumeCalls } from "./volume_calls.ts";

/** Bytes that go into the library's memory at a time: a whole number of clusters of any common size. */
export const STAGING_BYTES: number = 2 ** 16;

/** Most bytes of a file: directories have 32 bits for them. */
export const FILE_BYTES_MAX: number = 2 ** 32 - 1;

/** Where FatFs's structure of a file has the offset at which it continues. */
const POSITION_AT = 20;

/** What a file has in the library's memory. */
export interface FileMemory {
  /** FatFs's structure. */
  readonly file: number;
  /** Bytes on their way in or out. */
  readonly staging: number;
  /** How many of them FatFs has moved. */
  readonly count: number;
}

/** A file that is open. Reads and writes continue where the last one ended. */
export class FatFile {
  readonly #calls: VolumeCalls;
  readonly #path: string;
  readonly #isWritable: boolean;
  #memory: FileMemory | null;

  /** The file at `path`. Volumes make these. */
  constructor(shared: VolumeCalls, path: string, memory: FileMemory, isWritable: boolean) {
    this.#calls = shared;
    this.#path = path;
    this.#memory = memory;
    this.#isWritable = isWritable;
  }

  /** Fills `into` with what follows; answers how many bytes there were. */
  async read(into: Uint8Array): Promise<number> {
    const { calls } = this.#calls;
    return await this.#inParts("read", into, async (part, memory) => {
      const count = await this.#move("f_read", memory, part.length);
      part.set(calls.memory().subarray(memory.staging, memory.staging + count));
      return count;
    });
  }

  /**
   * Writes all of `bytes`.
   *
   * @throws {FatError} Among others where the volume is full; a part may have been written.
   */
  async write(bytes: Uint8Array): Promise<void> {
    const { calls } = this.#calls;
    const done = await this.#inParts("write", bytes, async (part, memory) => {
      calls.memory().set(part, memory.staging);
      return await this.#move("f_write", memory, part.length);
    });
    if (done < bytes.length) throw new FatError(`write ${this.#path}`, "full");
  }

  /**
   * Continues at `offset`, or at the end of a file that was opened for reading and is shorter. One that can be written
   * gets longer; what is between holds anything.
   *
   * @throws {FatError} No file has so many bytes; or the volume has no room for them.
   */
  async seek(offset: number): Promise<void> {
    const action = `seek in ${this.#path}`;
    await this.#inTurn("seek in", async ({ file }) => {
      const { calls, check } = this.#calls;
      // The library would take the lower 32 bits of it.
      if (!Number.isInteger(offset) || offset < 0 || offset > FILE_BYTES_MAX) {
        throw new FatError(action, "invalidParameter");
      }
      check(action, await calls.call("f_lseek", file, offset));
      const isThere = calls.numberAt(file + POSITION_AT) === offset;
      if (!isThere && this.#isWritable) throw new FatError(action, "full");
    });
  }

  /** Makes safe what was written: it outlasts the guest once this resolves. */
  async sync(): Promise<void> {
    await this.#call("sync", (at) => ["f_sync", at]);
  }

  /** Closes it, which makes safe what was written. */
  async close(): Promise<void> {
    await this.#call("close", (at) => ["f_close", at]);
    for (const at of Object.values(this.#memory ?? {})) this.#calls.calls.free(at);
    this.#memory = null;
  }

  /** Has `move` done with each part of `bytes` that fits into the library's memory, until one is not whole. */
  async #inParts(
    action: string,
    bytes: Uint8Array,
    move: (part: Uint8Array, memory: FileMemory) => Promise<number>,
  ): Promise<number> {
    return await this.#inTurn(action, async (memory) => {
      let done = 0;
      while (done < bytes.length) {
        const part = bytes.subarray(done, done + STAGING_BYTES);
        const count = await move(part, memory);
        done += count;
        if (count < part.length) break;
      }
      return done;
    });
  }

  /** Moves bytes between the file and the library's memory; answers how many. */
  async #move(
    name: "f_read" | "f_write",
    { file, staging, count }: FileMemory,
    byteCount: number,
  ): Promise<number> {
    const { calls, check } = this.#calls;
    const result = await calls.call(name, file, staging, byteCount, count);
    check(`${name.slice(2)} ${this.#path}`, result);
    return calls.numberAt(count);
  }

  async #call(action: string, argsOf: (file: number) => FatCall): Promise<void> {
    const { calls, check } = this.#calls;
    await this.#inTurn(
      action,
      async ({ file }) => check(`${action} ${this.#path}`, await calls.call(...argsOf(file))),
    );
  }

  async #inTurn<T>(action: string, work: (memory: FileMemory) => Promise<T>): Promise<T> {
    return await this.#calls.inTurn(async () => {
      if (this.#memory === null) throw new FatError(`${action} ${this.#path}`, "invalidObject");
      return await work(this.#memory);
    });
  }
}
