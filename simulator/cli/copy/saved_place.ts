/**
 * Where the files of a saved run are. One file decides, FILE: it has a number, and beside it are the
 * files of that number, `FILE.<number>.file` and `FILE.<number>.disk`. So a run that is saved over
 * another touches nothing of it before FILE itself is replaced, in one step.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import type { FileSystem } from "../file_system.ts";

/** Digits of a number, which is drawn: hexadecimal. */
const NUMBER_DIGITS = 16;

/** Whether `text` may be the number of a saved run; then it names nothing but files beside it. */
export function isRunNumber(text: string): boolean {
  return new RegExp(`^[0-9a-f]{${NUMBER_DIGITS}}$`).test(text);
}

/** A number that no other run has. */
export function drawRunNumber(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(-NUMBER_DIGITS);
}

/** `path` for a single guest, else one for each of them. */
export function pathsOf(path: string, guestCount: number): readonly string[] {
  if (guestCount === 1) return [path];
  return Array.from({ length: guestCount }, (_, at) => `${path}.${at + 1}`);
}

/** The files of one saved run. */
export class SavedPlace {
  /** The file that decides, without links. */
  readonly path: string;
  /** What tells the files beside it from those of other runs. */
  readonly number: string;

  /** The place of the run with this number that is saved at `path`. */
  constructor(path: string, number: string) {
    this.path = path;
    this.number = number;
  }

  /** Where what is copied is kept. */
  get sourcePath(): string {
    return `${this.path}.${this.number}.file`;
  }

  /** Where the images of `guestCount` guests are kept. */
  imagePaths(guestCount: number): readonly string[] {
    return pathsOf(`${this.path}.${this.number}.disk`, guestCount);
  }

  /** Files of other runs that were saved here, or came to a sudden end while they were saved. */
  async others(fs: FileSystem): Promise<readonly string[]> {
    const folder = dirname(this.path);
    const base = `${basename(this.path)}.`;
    const names = await fs.fileNamesIn(folder);
    return names.flatMap((name) => {
      const ending = name.startsWith(base) ? name.slice(base.length) : "";
      const [, number] = /^([0-9a-f]+)\.(?:file|disk(?:\.\d+)?)$/.exec(ending) ?? [];
      const isOther = number !== undefined && isRunNumber(number) && number !== this.number;
      return isOther ? [join(folder, name)] : [];
    });
  }
}
