/**
 * Lines of drivers as somebody reads them: from a folder on, so that they mean the same on another machine.
 *
 * @module
 */

/** What says where in a driver something was done: lines with file and column. */
interface WithLines {
  readonly source?: string;
  readonly firstSource?: string;
  readonly stack?: readonly string[];
}

const LINE = /^(file:\/\/[^?#]*?)((?::\d+)*)$/;

/** The parts of a file's address; null: its characters cannot be read. */
function partsOf(url: string): readonly string[] | null {
  try {
    return decodeURIComponent(url).split("/");
  } catch {
    return null; // `%` that begins no character: the address stays as it is
  }
}

/**
 * A line of a driver, with file and column, from a folder on. What is no file of this machine stays, and so does what
 * lies on another drive.
 *
 * @param folder The folder's address, which begins with `file://`; null: nobody knows it, and every line stays.
 */
export function lineFrom(folder: string | null, source: string): string {
  const [, url = "", place = ""] = LINE.exec(source) ?? [];
  if (folder === null || url === "") return source;
  const [from, to] = [partsOf(folder.replace(/\/$/, "")), partsOf(url)];
  if (from === null || to === null) return source;
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++;
  const isOtherDrive = /^[a-z]:$/i.test(from[3] ?? "") && same < 4;
  if (isOtherDrive) return source;
  const up = from.length - same;
  return `${up === 0 ? "./" : "../".repeat(up)}${to.slice(same).join("/")}${place}`;
}

/** What `found` says, with its lines from a folder on: see {@linkcode lineFrom}. */
export function withLinesFrom<T extends WithLines>(folder: string | null, found: T): T {
  const { source, firstSource, stack } = found;
  return {
    ...found,
    ...source !== undefined && { source: lineFrom(folder, source) },
    ...firstSource !== undefined && { firstSource: lineFrom(folder, firstSource) },
    ...stack !== undefined && { stack: stack.map((line) => lineFrom(folder, line)) },
  };
}

/** What runs drivers: whoever called from there is none. */
const RUNNERS = ["worlds/", "testing/"].map((folder) => new URL(folder, import.meta.url).href);

/** The lines of `stack`, the innermost first, that are a driver's or its scenario's: up to what ran that. */
export function ownLines(stack: readonly string[]): readonly string[] {
  const end = stack.findIndex((line) => RUNNERS.some((folder) => line.startsWith(folder)));
  return end === -1 ? stack : stack.slice(0, end);
}

interface Builtins {
  readonly process?: { cwd?(): string; getBuiltinModule?(name: string): unknown };
}

/** What is needed of `node:url`, which Deno, Node.js and Bun have. */
interface UrlModule {
  pathToFileURL(path: string): URL;
}

/** The address of a path of this machine; null: this runtime has no files. */
export function addressOf(path: string): string | null {
  const { process } = globalThis as Builtins;
  const module = process?.getBuiltinModule?.("node:url") as UrlModule | undefined;
  return module?.pathToFileURL(path).href ?? null;
}

/** The address of the folder that the user stands in; null: this runtime has none. */
export function addressOfCurrent(): string | null {
  const { process } = globalThis as Builtins;
  try {
    const path = process?.cwd?.();
    return path === undefined ? null : addressOf(path);
  } catch {
    return null; // the folder is gone, or must not be known: lines stay as they are
  }
}
