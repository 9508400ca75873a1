/**
 * Files that the user has asked for, which are written whole.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { cannot } from "./command.ts";

function isThere(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Why `path` cannot be replaced by a file; null: it can. The device would be gone, and nobody would get what is written. */
function refusalOf(path: string): string | null {
  const info = isThere(path);
  if (info === null || info.isFile) return null;
  return info.isDirectory ? "it is a folder" : "it is a device or pipe, not a file";
}

/** The file that a path leads to, by whatever name. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return resolve(path); // it is to be made
  }
}

/**
 * Makes sure, before anything runs, that files can be written where they are to go, and that nothing that the run
 * reads or writes is lost by that.
 *
 * @param files Paths, each behind the option that names it.
 * @param others Other files of the command line, by what they are for.
 * @throws {UsageError} They cannot.
 */
export function checkWritten(
  files: readonly (readonly [string, string])[],
  others: readonly (readonly [string, string])[],
): void {
  const taken = new Map(others.map(([what, path]) => [realPath(path), what]));
  for (const [option, path] of files) {
    const hint = `name another file with ${option}`;
    try {
      const refusal = refusalOf(path);
      if (refusal !== null) throw cannot(`write ${path}`, refusal, hint);
      if (isThere(dirname(path)) === null) {
        throw cannot(`write ${path}`, "there is no such folder", hint);
      }
    } catch (error) {
      throw cannot(`write ${path}`, error, hint);
    }
    const owner = taken.get(realPath(path));
    if (owner !== undefined) throw cannot(`write ${path}`, `${owner} has that file`, hint);
    taken.set(realPath(path), option);
  }
}

/**
 * Makes sure that a file can take the place of what is at `path`.
 *
 * @throws {Error} What is there is no file.
 */
export function requireReplaceable(path: string): void {
  const refusal = refusalOf(path);
  if (refusal !== null) throw new Error(refusal);
}

/**
 * Has `path` be a file of `text`: whole at once, as another process may write or read the same one, and in place of a
 * link, not through it.
 *
 * @throws {Error} It cannot be, or what is there is no file.
 */
export function replaceFile(path: string, text: string): void {
  requireReplaceable(path);
  const part = `${path}.${crypto.randomUUID()}.part`;
  try {
    Deno.writeTextFileSync(part, text, { createNew: true });
    Deno.renameSync(part, path);
  } catch (error) {
    removeIfThere(part);
    throw error;
  }
}

/**
 * Writes a file that the user has asked for; `hint` is what would be right where that cannot be.
 *
 * @throws {UsageError} It cannot be written.
 */
export function writeAsked(path: string, text: string, hint: string): void {
  try {
    replaceFile(path, text);
  } catch (error) {
    throw cannot(`write ${path}`, error, hint);
  }
}

/**
 * Writes a file that is kept of what failed. The folder, which `--artefacts` names, is made first.
 *
 * @throws {UsageError} It cannot be written.
 */
export function writeArtefact(path: string, text: string): void {
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    replaceFile(path, text);
  } catch (error) {
    throw cannot(`write ${path}`, error, "name another folder with --artefacts");
  }
}

/** Removes the file at `path`, where there is one. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw error;
    }
  }
}
