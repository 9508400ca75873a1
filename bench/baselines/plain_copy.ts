/**
 * A program without drivers: it copies a file into an image and back, block by block, and hashes both.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { CopyDigests, CopyFiles } from "../copy_files.ts";

/** Copies there and back through one buffer of `blockBytes`. */
export function plainCopy({ source, image, sink }: CopyFiles, blockBytes: number): CopyDigests {
  const buffer = new Uint8Array(blockBytes);
  const { byteCount } = source;
  const partAt = (at: number) => buffer.subarray(0, Math.min(blockBytes, byteCount - at));
  const read = createHash("sha256");
  for (let at = 0; at < byteCount; at += blockBytes) {
    const part = partAt(at);
    source.read(at, part);
    read.update(part);
    image.write(at, part);
  }
  image.flush();
  const returned = createHash("sha256");
  for (let at = 0; at < byteCount; at += blockBytes) {
    const part = partAt(at);
    image.read(at, part);
    returned.update(part);
    sink.write(at, part);
  }
  return { read: read.digest("hex"), returned: returned.digest("hex") };
}
