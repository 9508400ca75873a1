/**
 * Files that a failed test leaves behind, where the runtime has files and permits it.
 *
 * @module
 */

import { messageOf } from "../../core/describe.ts";

/** What writing needs of `node:fs`, which Deno, Node.js and Bun have. */
interface FileSystem {
  mkdirSync(path: string, options: { readonly recursive: true }): unknown;
  writeFileSync(path: string, text: string): void;
}

interface Builtins {
  readonly process?: { getBuiltinModule?(name: string): unknown };
}

/** What became of a file: where it lies, or why it does not. */
export type KeptFile = { readonly path: string } | { readonly reason: string };

/** Writes `text` to the file `name` in `folder`, which is made where there is none. */
export function keepFile(folder: string, name: string, text: string): KeptFile {
  const { process } = globalThis as Builtins;
  const files = process?.getBuiltinModule?.("node:fs") as FileSystem | undefined;
  if (files === undefined) return { reason: "this runtime has no files" };
  const path = `${folder}/${name}`;
  try {
    files.mkdirSync(folder, { recursive: true });
    files.writeFileSync(path, text);
    return { path };
  } catch (error) { // the test has failed for another reason, which is told all the same
    return { reason: messageOf(error) };
  }
}

/** `artefact: a.json`, or why there is none. */
export function keptText(what: string, kept: KeptFile): string {
  return "path" in kept ? `${what}: ${kept.path}` : `no ${what} is kept: ${kept.reason}`;
}
