/**
 * Which file of the repository imports which, and under which names.
 *
 * @module
 */

import type { Node } from "@babel/types";
import { type SourceFile, visit } from "./source.ts";

/** One place where a file names another, or a library. */
export interface Import {
  /** Where it stands. */
  readonly node: Node;
  /** What stands in the quotes; null where it is not written out. */
  readonly specifier: string | null;
}

/** The text of a string literal; null for any other node. */
function textOf(node: Node | null | undefined): string | null {
  return node?.type === "StringLiteral" ? node.value : null;
}

/** What `node` imports, if it is an import of any kind, a type's or a Worker's included. */
export function importOf(node: Node): Import | null {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
      return { node: node.source, specifier: node.source.value };
    case "ExportNamedDeclaration":
      return node.source ? { node: node.source, specifier: node.source.value } : null;
    case "ImportExpression":
      return { node, specifier: textOf(node.source) };
    case "TSImportType":
      return { node, specifier: textOf(node.source) };
    case "TSExternalModuleReference":
      return { node, specifier: textOf(node.expression) };
    case "NewExpression": {
      // new Worker(new URL("./worker.ts", import.meta.url)) loads a module too.
      const url = node.callee.type === "Identifier" && node.callee.name === "URL";
      const specifier = textOf(node.arguments[0]);
      return url && specifier?.endsWith(".ts") ? { node, specifier } : null;
    }
    default:
      return null;
  }
}

/** The path of the file that a relative `specifier` in `from` names. */
export function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** One import of a file of the repository. */
export interface Arrow {
  /** The importing file. */
  readonly from: string;
  /** The imported file. */
  readonly to: string;
  /** Where it stands. */
  readonly node: Node;
}

/** Every import among `sources`, in the order of files and lines. */
export function arrowsOf(sources: readonly SourceFile[]): Arrow[] {
  const paths = new Set(sources.map(({ path }) => path));
  return sources.flatMap(({ path, ast }) => {
    const arrows: Arrow[] = [];
    visit(ast.program, (node) => {
      const found = importOf(node);
      if (found?.specifier?.startsWith(".") !== true) return;
      const to = resolve(path, found.specifier);
      if (paths.has(to)) arrows.push({ from: path, to, node: found.node });
    });
    return arrows;
  });
}

/** The arrows of `arrows` that leave each file. */
function leaving(arrows: readonly Arrow[]): Map<string, Arrow[]> {
  return Map.groupBy(arrows, ({ from }) => from);
}

/** The shortest way along `arrows` from a file to another, both included; null: there is no way. */
function shortestWay(
  byFile: ReadonlyMap<string, readonly Arrow[]>,
  from: string,
  to: string,
): string[] | null {
  const before = new Map<string, string | null>([[from, null]]);
  for (const file of before.keys()) { // a map shows what is added while it is walked
    if (file === to) {
      const way: string[] = [];
      for (let at: string | null = to; at !== null; at = before.get(at) ?? null) way.unshift(at);
      return way;
    }
    for (const arrow of byFile.get(file) ?? []) {
      if (!before.has(arrow.to)) before.set(arrow.to, file);
    }
  }
  return null;
}

/** One import as two neighbours of one folder see it: files, or folders with all that is in them. */
export interface RoomArrow extends Arrow {
  /** The importing file; `from` is the neighbour that it is, or is in. */
  readonly file: string;
}

/** The imports of `arrows` between neighbours: the first parts in which the two paths differ. */
export function roomArrowsOf(arrows: readonly Arrow[]): RoomArrow[] {
  return arrows.map(({ from: file, to, node }) => {
    const [fromParts, toParts] = [file.split("/"), to.split("/")];
    const differs = fromParts.findIndex((part, at) => part !== toParts[at]);
    const room = (parts: readonly string[]) => parts.slice(0, differs + 1).join("/");
    return { from: room(fromParts), to: room(toParts), node, file };
  });
}

/** An import that lies on a circle of imports. */
export interface Circle<Of extends Arrow = Arrow> {
  /** The import. */
  readonly arrow: Of;
  /** The files, or neighbours, of the shortest circle through it, from the imported to the importing one. */
  readonly files: readonly string[];
}

/** The imports of `arrows` that lie on a circle, types' imports included. */
export function circlesOf<Of extends Arrow>(arrows: readonly Of[]): Circle<Of>[] {
  const byFile = leaving(arrows);
  return arrows.flatMap((arrow) => {
    const files = shortestWay(byFile, arrow.to, arrow.from);
    return files === null ? [] : [{ arrow, files }];
  });
}
