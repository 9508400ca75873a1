/**
 * The files that a command line names.
 *
 * @module
 */

import { OpenedFile } from "./opened_file.ts";
import type { RunRequest } from "./request.ts";

/** The paths that a request names, by option. */
export function namedPaths(
  { scenario, paths }: RunRequest,
  kind: "file" | "path",
): [string, string][] {
  const options = scenario.options.filter((option) => option.kind === kind);
  return options.flatMap(({ name }) => {
    const path = paths[name] ?? null;
    return path === null ? [] : [[name, path]];
  });
}

/** Opens the files of a request that it names. They are closed with `stack`. */
export async function openFiles(
  request: RunRequest,
  stack: DisposableStack,
): Promise<Record<string, OpenedFile>> {
  const files: Record<string, OpenedFile> = {};
  for (const [option, path] of namedPaths(request, "file")) {
    files[option] = stack.use(await OpenedFile.open(path, path));
  }
  return files;
}
