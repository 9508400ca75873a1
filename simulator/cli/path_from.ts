/**
 * Paths as files have them.
 *
 * @module
 */

import { relative, resolve } from "node:path";

/** A path from `folder` on as files have it: with /, on every machine. */
export function pathFrom(folder: string, path: string): string {
  const parts = relative(folder, resolve(path)).split("\\").join("/");
  return parts.startsWith("..") ? parts : `./${parts}`;
}
