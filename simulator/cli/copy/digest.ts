/**
 * SHA-256 of what goes through a copy, piece by piece.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { DigestedBytes } from "../../scenario.ts";
import type { Watch } from "./watch.ts";

/** Bytes that are read at a time where they are read for their digest alone. */
const PIECE_BYTES = 2 ** 20;

/** The digest of bytes that come one after the other. */
export class StreamDigest {
  #hash = createHash("sha256");
  #byteCount = 0;

  /** How many came so far. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** Takes the next ones. */
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#byteCount += bytes.length;
  }

  /** Another one that has taken the same bytes. */
  copy(): StreamDigest {
    const copy = new StreamDigest();
    copy.#hash = this.#hash.copy();
    copy.#byteCount = this.#byteCount;
    return copy;
  }

  /** The digest of those that came so far, as 64 hexadecimal digits. More may come. */
  hex(): string {
    return this.#hash.copy().digest("hex");
  }

  /** What a result says of them. */
  summary(): Pick<DigestedBytes, "byteCount" | "sha256"> {
    return { byteCount: this.byteCount, sha256: this.hex() };
  }
}

/**
 * The digest of the first `byteCount` bytes of what `read` reads.
 *
 * @param onto What came before them; it takes them as well. Default: nothing.
 */
export function digestOf(
  byteCount: number,
  read: (offset: number, into: Uint8Array) => void,
  onto: StreamDigest = new StreamDigest(),
): StreamDigest {
  for (const _ of pieces(byteCount, read, onto));
  return onto;
}

/** Has `onto` take piece after piece, and yields each. */
function* pieces(
  byteCount: number,
  read: (offset: number, into: Uint8Array) => void,
  onto: StreamDigest,
): Generator<Uint8Array> {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, byteCount - onto.byteCount));
  while (onto.byteCount < byteCount) {
    const part = piece.subarray(0, Math.min(piece.length, byteCount - onto.byteCount));
    read(onto.byteCount, part);
    onto.update(part);
    yield part;
  }
}

/**
 * The same, which is seen, and can be stopped: for what may be large.
 *
 * @throws {StoppedError} The user has stopped it.
 */
export async function watchedDigestOf(
  watch: Watch,
  byteCount: number,
  read: (offset: number, into: Uint8Array) => void,
  onto: StreamDigest = new StreamDigest(),
): Promise<StreamDigest> {
  for (const part of pieces(byteCount, read, onto)) await watch.passed(part.length);
  return onto;
}
