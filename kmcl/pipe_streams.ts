/**
 * A byte pipe as Web Streams, which runtimes share.
 *
 * @module
 */

import { STATUS_END_OF_FILE, STATUS_INVALID_PARAMETER, STATUS_SUCCESS } from "../core/ntstatus.ts";
import { isUint } from "../core/units.ts";
import type { BytePipe } from "./byte_pipe.ts";
import { KmclError } from "./expect_success.ts";

/** Bytes that a stream asks for at once, unless it is told otherwise. */
const CHUNK_BYTES = 16_384;

/** How a pipe is made streams of. */
export interface PipeStreamOptions {
  /** Most bytes of one chunk that is read: a whole number from 1 to 4 294 967 295, 16 384 by default. */
  readonly chunkBytes?: number;
}

/** Both directions of a pipe. */
export interface PipeStreams {
  /** What the opposite side writes. Nothing is read that nobody asked for; cancelling it leaves the pipe as it is. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What goes to the opposite side. A chunk is written when it is in the ring; closing it ends this direction. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * Makes Web Streams of a byte pipe. They fail with a {@linkcode KmclError} that has the status of what failed. The channel stays
 * its driver's to disable, or the pipe's to close.
 *
 * @throws {KmclError} chunkBytes is no such number.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md section 7}
 */
export function pipeStreams(pipe: BytePipe, options: PipeStreamOptions = {}): PipeStreams {
  const { chunkBytes = CHUNK_BYTES } = options;
  if (!isUint(chunkBytes, 0xffff_ffff) || chunkBytes === 0) {
    throw new KmclError(STATUS_INVALID_PARAMETER, "pipeStreams");
  }
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { status, bytes } = await pipe.read(chunkBytes);
      if (status === STATUS_SUCCESS) controller.enqueue(bytes);
      else if (status === STATUS_END_OF_FILE) controller.close();
      else throw new KmclError(status, "BytePipe.read");
    },
  }, { highWaterMark: 0 });
  const writable = new WritableStream<Uint8Array>({
    write: async (chunk) => mustSucceed(await pipe.write(chunk), "BytePipe.write"),
    close: async () => mustSucceed(await pipe.closeWrite(), "BytePipe.closeWrite"),
  });
  return { readable, writable };
}

function mustSucceed(status: number, name: string): void {
  if (status !== STATUS_SUCCESS) throw new KmclError(status, name);
}
