/**
 * Files that a failed test leaves behind, and takes back, where the runtime has files and permits it.
 *
 * @module
 */

import { messageOf } from "../../core/describe.ts";

/** What is needed of `node:fs`, which Deno, Node.js and Bun have. */
interface FileSystem {
  mkdirSync(path: string, options: { readonly recursive: true }): unknown;
  writeFileSync(path: string, text: string): void;
  statSync(path: string | URL): { readonly size: number; isFile(): boolean };
  readFileSync(path: string | URL, encoding: "utf8"): string;
}

interface Builtins {
  readonly process?: { getBuiltinModule?(name: string): unknown };
}

/** The folder for what is kept, where nobody names another one. */
export const FOLDER = "test-failures";

const NO_FILES = "this runtime has no files";

function files(): FileSystem | undefined {
  const { process } = globalThis as Builtins;
  return process?.getBuiltinModule?.("node:fs") as FileSystem | undefined;
}

/** What became of a file: where it lies, or why it does not. */
export type KeptFile = { readonly path: string } | { readonly reason: string };

/** Writes `text` to the file `name` in `folder`, which is made where there is none. */
export function keepFile(folder: string, name: string, text: string): KeptFile {
  const fs = files();
  if (fs === undefined) return { reason: NO_FILES };
  const path = `${folder}/${name}`;
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path, text);
    return { path };
  } catch (error) { // the test has failed for another reason, which is told all the same
    return { reason: messageOf(error) };
  }
}

/** `artefact: a.json`, or why there is none. */
export function keptText(what: string, kept: KeptFile): string {
  return "path" in kept ? `${what}: ${kept.path}` : `no ${what} is kept: ${kept.reason}`;
}

/**
 * The text of a file of at most `bytesMax` bytes.
 *
 * @throws {Error} It cannot be read.
 */
export function readKept(path: string | URL, bytesMax: number): string {
  const fs = files();
  if (fs === undefined) throw new Error(NO_FILES);
  const info = fs.statSync(path);
  if (!info.isFile()) throw new Error("it is no file");
  if (info.size > bytesMax) throw new Error(`it has ${info.size} bytes, more than ${bytesMax}`);
  return fs.readFileSync(path, "utf8");
}
