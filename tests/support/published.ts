/**
 * What is published of the repository, as `deno.json` says it.
 *
 * @module
 */

import { listFiles } from "../../tools/source.ts";

const EXTENSIONS = [".ts", ".md", ".json", ".webp", ".svg", ".c", ".rs", ".go", ".lua", "LICENSE"];

/** The files, relative to the repository. */
export async function publishedFiles(): Promise<readonly string[]> {
  const { publish } = JSON.parse(await Deno.readTextFile("deno.json"));
  const isBelow = (path: string, names: readonly string[]) =>
    names.some((name) => path === name || path.startsWith(`${name}/`));
  const all = await listFiles(".", EXTENSIONS);
  return all.filter((path) => isBelow(path, publish.include) && !isBelow(path, publish.exclude));
}
