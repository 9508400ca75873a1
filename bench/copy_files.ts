/**
 * What the figures of copies work on: a file that is copied, an image, and a file for what came back, and the hashes of
 * both.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { CopyFiles as Ends } from "../devices/streams.ts";
import { FileImage } from "../simulator/cli/file_image.ts";
import { MACHINE } from "../simulator/cli/file_system.ts";
import type { Contender } from "./measure.ts";

/** Bytes that are made at a time. */
const PIECE_BYTES = 2 ** 20;

/** The files of one copy. They are on the same disk, and as large as they have to be. */
export class CopyFiles implements Disposable {
  /** What is copied. */
  readonly source: FileImage;
  /** Where it is copied to. */
  readonly image: FileImage;
  /** Where it comes back to. */
  readonly sink: FileImage;
  /** Where they are; it is removed with all that is in it. */
  readonly folder: string;

  private constructor(folder: string, files: readonly [FileImage, FileImage, FileImage]) {
    this.folder = folder;
    [this.source, this.image, this.sink] = files;
  }

  /** Makes a file of `byteCount` bytes, no two pieces of which are the same, and room for its copies. */
  static async make(byteCount: number): Promise<CopyFiles> {
    const folder = await Deno.makeTempDir({ prefix: "bench-" });
    const imageBytes = Math.ceil(byteCount / 4096) * 4096;
    const source = await FileImage.create(MACHINE, `${folder}/source`, byteCount);
    const piece = new Uint32Array(PIECE_BYTES / 4).map((_, at) => Math.imul(at, 0x9e3779b1));
    for (let at = 0; at < byteCount; at += PIECE_BYTES) {
      piece[0] = at;
      source.write(at, new Uint8Array(piece.buffer, 0, Math.min(PIECE_BYTES, byteCount - at)));
    }
    return new CopyFiles(folder, [
      source,
      await FileImage.create(MACHINE, `${folder}/image`, imageBytes),
      await FileImage.create(MACHINE, `${folder}/sink`, byteCount),
    ]);
  }

  /** Closes and removes them. */
  [Symbol.dispose](): void {
    for (const file of [this.source, this.image, this.sink]) file[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** SHA-256 of a file as it was read, and as it came back. */
export interface CopyDigests {
  /** As it was read. */
  readonly read: string;
  /** As it came back. */
  readonly returned: string;
}

/** The two ends of a copy, which hash what is read and what comes back. */
export class HashedEnds implements Ends {
  /** What is copied. */
  readonly source: Ends["source"];
  /** Where it comes back to. */
  readonly sink: Ends["sink"];
  readonly #read = createHash("sha256");
  readonly #returned = createHash("sha256");

  constructor({ source, sink }: CopyFiles) {
    this.source = {
      byteCount: source.byteCount,
      read: (offset, into) => {
        source.read(offset, into);
        this.#read.update(into);
      },
    };
    this.sink = {
      write: (offset, bytes) => {
        sink.write(offset, bytes);
        this.#returned.update(bytes);
      },
    };
  }

  /** The hashes, once: the copy is over. */
  digests(): CopyDigests {
    return { read: this.#read.digest("hex"), returned: this.#returned.digest("hex") };
  }
}

/** A contender whose piece of work is one copy. */
export function copying(name: string, copy: () => CopyDigests | Promise<CopyDigests>): Contender {
  return {
    name,
    run: async (count) => {
      for (let done = 0; done < count; done++) {
        const { read, returned } = await copy();
        if (read !== returned) throw new Error(`Cannot measure ${name}: its copy is another file`);
      }
    },
  };
}
