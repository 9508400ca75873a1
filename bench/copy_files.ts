/**
 * The files that the disk's figure works on: one that is copied, an image, and one for what came back.
 *
 * @module
 */

import { FileImage } from "../simulator/cli/file_image.ts";
import { MACHINE } from "../simulator/cli/file_system.ts";

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
