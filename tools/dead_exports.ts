/**
 * Exported names that no file imports.
 *
 * @module
 */

import type { Node } from "@babel/types";
import { importOf, resolve } from "./imports.ts";
import { type Finding, findingAt, type SourceFile, visit } from "./source.ts";

/** An exported name of a file. */
interface Export {
  readonly name: string;
  readonly node: Node;
  readonly isType: boolean;
}

/** What `declaration` declares. */
function namesIn(declaration: Node): { name: string; isType: boolean }[] {
  switch (declaration.type) {
    case "VariableDeclaration":
      return declaration.declarations.flatMap(({ id }) =>
        id.type === "Identifier" ? [{ name: id.name, isType: false }] : []
      );
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return declaration.id ? [{ name: declaration.id.name, isType: false }] : [];
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return [{ name: declaration.id.name, isType: true }];
    default:
      return [];
  }
}

/** What a file declares and exports; what it hands on of others is not its own. */
function exportsOf({ ast }: SourceFile): Export[] {
  return ast.program.body.flatMap((node) => {
    if (node.type !== "ExportNamedDeclaration" || !node.declaration) return [];
    const { declaration } = node;
    return namesIn(declaration).map((named) => ({ ...named, node: declaration }));
  });
}

/** Whether `node`, which names a namespace, takes one thing out of it by name, or several. */
function isTakenApart(node: Node, parent: Node | undefined): boolean {
  switch (parent?.type) {
    case "MemberExpression":
      return parent.object === node && !parent.computed;
    case "VariableDeclarator":
      return parent.init === node && parent.id.type === "ObjectPattern";
    case "TSQualifiedName":
    case "ImportNamespaceSpecifier":
      return true;
    default:
      return false;
  }
}

/** The names that `file` may take out of a namespace that it calls `local`; `"*"`: any. */
function namesOfNamespace(file: SourceFile, local: string): string[] {
  let isWhole = false;
  visit(file.ast.program, (node, parent) => {
    if (node.type === "Identifier" && node.name === local) isWhole ||= !isTakenApart(node, parent);
  });
  return isWhole ? ["*"] : [...countNames(file).keys()];
}

/** The names that `node`, in `file`, imports of another; `"*"`: any of them. */
function importedNames(file: SourceFile, node: Node): string[] {
  if (node.type === "ImportDeclaration") {
    return node.specifiers.flatMap((specifier) => {
      if (specifier.type === "ImportNamespaceSpecifier") {
        return namesOfNamespace(file, specifier.local.name);
      }
      const { imported } = specifier.type === "ImportSpecifier" ? specifier : { imported: null };
      return imported?.type === "Identifier" ? [imported.name] : ["*"];
    });
  }
  if (node.type === "ExportNamedDeclaration") {
    return node.specifiers.map((specifier) =>
      specifier.type === "ExportSpecifier" && specifier.local.type === "Identifier"
        ? specifier.local.name
        : "*"
    );
  }
  return ["*"];
}

/** `file#name` for each name that some file imports, `file#*` where all of a file's may be meant. */
function importsOf(sources: readonly SourceFile[]): Set<string> {
  const imported = new Set<string>();
  for (const file of sources) {
    visit(file.ast.program, (node) => {
      const specifier = importOf(node)?.specifier;
      if (!specifier?.startsWith(".")) return;
      const source = resolve(file.path, specifier);
      for (const name of importedNames(file, node)) imported.add(`${source}#${name}`);
    });
  }
  return imported;
}

/** How often a file names each identifier. */
function countNames({ ast }: SourceFile): Map<string, number> {
  const counts = new Map<string, number>();
  visit(ast.program, (node) => {
    if (node.type === "Identifier") counts.set(node.name, (counts.get(node.name) ?? 0) + 1);
  });
  return counts;
}

/**
 * The exports of those files of `sources` that `isChecked` that nobody imports. A type that its own file
 * names again is part of a signature there, and has to be exported with it.
 */
export function deadExports(
  sources: readonly SourceFile[],
  isChecked: (path: string) => boolean,
): Finding[] {
  const imported = importsOf(sources);
  return sources.filter(({ path }) => isChecked(path)).flatMap((file) => {
    const { path } = file;
    if (imported.has(`${path}#*`)) return [];
    const dead = exportsOf(file).filter(({ name }) => !imported.has(`${path}#${name}`));
    if (dead.length === 0) return [];
    const counts = countNames(file);
    return dead
      .filter(({ name, isType }) => !isType || counts.get(name) === 1)
      .map(({ name, node }) => findingAt(path, node, `nobody imports ${name}: it is no export`));
  });
}
