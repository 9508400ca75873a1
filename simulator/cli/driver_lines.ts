/**
 * Lines of drivers as files have them: from a folder on, so that they mean the same on another machine.
 *
 * @module
 */

import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A path from `folder` on as files have it: with /, on every machine. */
export function pathFrom(folder: string, path: string): string {
  const parts = relative(folder, resolve(path)).split("\\").join("/");
  return parts.startsWith("..") ? parts : `./${parts}`;
}

/** A line of a driver, with file and column, from `folder` on; what is no file of this machine stays. */
function lineFrom(folder: string, source: string): string {
  const [, url = "", place = ""] = /^(file:.*?)((?::\d+)*)$/.exec(source) ?? [];
  return url === "" ? source : pathFrom(folder, fileURLToPath(url)) + place;
}

/** What `found` says, with its lines from `folder` on. */
export function withLinesFrom<
  T extends { readonly source?: string; readonly firstSource?: string },
>(
  folder: string,
  found: T,
): T {
  const { source, firstSource } = found;
  return {
    ...found,
    ...source !== undefined && { source: lineFrom(folder, source) },
    ...firstSource !== undefined && { firstSource: lineFrom(folder, firstSource) },
  };
}
