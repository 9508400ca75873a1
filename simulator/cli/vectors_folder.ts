/**
 * Folders of vectors on the machine: how they are written, and read again.
 *
 * @module
 */

import { join } from "node:path";
import { grouped } from "../layout.ts";
import { TextError } from "../vectors/json_text.ts";
import type { VectorResult } from "../vectors/run.ts";
import { readManifest } from "../vectors/sets/check.ts";
import { digestOf, MANIFEST, type VectorFile } from "../vectors/sets/files.ts";
import { cannot, UsageError } from "./command.ts";
import { writeAsked } from "./written_files.ts";

/** Far more than any file of vectors has. */
const FILE_BYTES_MAX = 2 ** 24;

/**
 * The text of a file of vectors.
 *
 * @throws {UsageError} It cannot be read.
 */
export function readVectorFile(file: string): string {
  const refusal = (reason: unknown) =>
    cannot(`read ${file}`, reason, "name a file of vectors, or a folder of them");
  try {
    const { isCharDevice, size } = Deno.statSync(file);
    if (isCharDevice) throw refusal("it is a device, and need have no end");
    if (size > FILE_BYTES_MAX) throw refusal(`it has more than ${grouped(FILE_BYTES_MAX)} bytes`);
    return Deno.readTextFileSync(file);
  } catch (error) {
    throw refusal(error);
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // whoever reads it says why it cannot be read
  }
}

/** What the manifest of a folder says. */
function manifestOf(folder: string) {
  const path = join(folder, MANIFEST);
  try {
    return readManifest(readVectorFile(path));
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new UsageError(`${path}:${error.line}:${error.column}: ${error.message}`);
  }
}

/** The files with cases of a folder that was generated; null where `path` is no folder. */
export function filesIn(path: string): readonly string[] | null {
  if (!isFolder(path)) return null;
  return manifestOf(path).files
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"))
    .map((name) => join(path, name));
}

/** Whether each file of a folder is the one that its manifest lists. */
export function checkFolder(folder: string): readonly VectorResult[] {
  return manifestOf(folder).files.map(({ name, sha256 }) => {
    const found = digestOf(readVectorFile(join(folder, name)));
    const failure = found === sha256 ? null : `sha256: expected ${sha256}, got ${found}`;
    return { name, failure };
  });
}

/** What would be right where files cannot be written. */
const HINT = "name another folder with --generate";

/**
 * Makes sure that files can be written into a folder, which is made where there is none.
 *
 * @param isForced Whether files that are there already may be replaced.
 * @throws {UsageError} It is not empty, or cannot be made.
 */
export function prepareFolder(folder: string, isForced: boolean): void {
  const refusal = (reason: unknown, hint: string) => cannot(`write into ${folder}`, reason, hint);
  try {
    Deno.mkdirSync(folder, { recursive: true });
    const [first] = isForced ? [] : Deno.readDirSync(folder);
    if (first === undefined) return;
    throw refusal(`${first.name} is in it already`, `${HINT}, or add --force`);
  } catch (error) {
    const isFile = error instanceof Deno.errors.AlreadyExists;
    throw refusal(isFile ? "it is a file, not a folder" : error, HINT);
  }
}

/**
 * Writes files into a folder.
 *
 * @throws {UsageError} It cannot be written.
 */
export function writeFolder(folder: string, files: readonly VectorFile[]): void {
  for (const { name, text } of files) writeAsked(join(folder, name), text, HINT);
}
