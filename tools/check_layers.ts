/**
 * Promise: data flows one way. A file imports from its own layer or an earlier one, what `mod.ts`
 * loads runs in any JavaScript runtime, and examples use the package as its users do.
 *
 * @module
 */

import type { Node } from "@babel/types";
import {
  type Finding,
  findingAt,
  readSources,
  runCheck,
  type SourceFile,
  visit,
} from "./source.ts";

/**
 * The command line: the outermost program, and the one part of the simulator that knows its runtime. It
 * runs drivers of the examples as well as scenarios.
 */
const COMMAND_LINE = "simulator/cli";

/** How a command speaks and ends: every program of the repository does it the same way. */
const COMMAND = `${COMMAND_LINE}/command.ts`;

/** What a library is made of, in order: each layer may import from itself and from those before it. */
const LIBRARY = ["core", "actors", "kmcl", "mod.ts", "simulator"];

/** All layers. */
const LAYERS = [...LIBRARY, "examples", COMMAND_LINE];

/** Folders beside the layers: what they may import of the repository's folders and files. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  bench: [...LIBRARY, "examples", COMMAND, "bench"],
  links: ["links"],
  tests: [...LAYERS, "bench", "tests", "tools"],
  tools: [...LIBRARY, COMMAND, "tools"],
};

/** What is loaded by `mod.ts`: it must not lean on a runtime, nor on a library that does. */
const NEUTRAL = ["core", "actors", "kmcl", "mod.ts"];

/** The packages that neutral code may use, each with the folders that may. */
const NEUTRAL_LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  "@noble/hashes": NEUTRAL,
  "crc-32": NEUTRAL,
  "msgpackr/pack": NEUTRAL,
  "pure-rand": NEUTRAL,
  "xstate": ["actors"],
};

/** Folders inside a layer that know nothing of each other. */
const STRANGERS: readonly (readonly [string, string])[] = [["core/ring/", "core/packet/"]];

/** One place where a file names another, or a library. */
interface Import {
  readonly node: Node;
  /** What stands in the quotes; null where it is not written out. */
  readonly specifier: string | null;
}

/** The layer, folder or root file that `path` belongs to. */
function topOf(path: string): string {
  if (path.startsWith(`${COMMAND_LINE}/`)) return COMMAND_LINE;
  return path.split("/", 1)[0] ?? path;
}

/** Whether `path` must run in any runtime. */
function isNeutral(path: string): boolean {
  const top = topOf(path);
  return NEUTRAL.includes(top) || top === "simulator";
}

/** The text of a string literal; null for any other node. */
function textOf(node: Node | null | undefined): string | null {
  return node?.type === "StringLiteral" ? node.value : null;
}

/** What `node` imports, if it is an import of any kind, a type's or a Worker's included. */
function importOf(node: Node): Import | null {
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
function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Why `from` may not import the repository's file `to`; null where it may. */
function fileFault(from: string, to: string): string | null {
  const [fromTop, toTop] = [topOf(from), topOf(to)];
  if (toTop === "..") return `${to} lies outside the repository`;
  if (fromTop === "examples") {
    const own = from.slice(0, from.lastIndexOf("/") + 1);
    const allowed = to === "mod.ts" || to === "simulator/mod.ts" || to.startsWith(own);
    return allowed ? null : "an example imports mod.ts, simulator/mod.ts and its own folder only";
  }
  const outside = OUTSIDE[fromTop];
  if (outside !== undefined) {
    return outside.includes(toTop) || outside.includes(to)
      ? null
      : `${fromTop}/ must not import from ${toTop}`;
  }
  if (!LAYERS.includes(toTop)) return `${fromTop} must not import from ${toTop}`;
  if (LAYERS.indexOf(toTop) > LAYERS.indexOf(fromTop)) {
    return `${fromTop} must not import from ${toTop}, a later layer`;
  }
  for (const [a, b] of STRANGERS) {
    if (from.startsWith(a) && to.startsWith(b) || from.startsWith(b) && to.startsWith(a)) {
      return `${a} and ${b} must not import each other`;
    }
  }
  return null;
}

/** Why `from` may not import the library or runtime module `specifier`; null where it may. */
function libraryFault(from: string, specifier: string): string | null {
  const top = topOf(from);
  if (/^https?:/.test(specifier)) return "modules come from packages, not from addresses";
  if (OUTSIDE[top] !== undefined) return null;
  if (specifier.startsWith("node:") && (isNeutral(from) || top === "examples")) {
    return `${top} must run in any runtime: no ${specifier} here`;
  }
  // `npm:xstate@^5/graph` and `xstate/graph` are the same library.
  const name = specifier.replace(/^npm:/, "").replace(/(?<=.)@[^/]*/, "");
  const library = Object.keys(NEUTRAL_LIBRARIES)
    .find((known) => name === known || name.startsWith(`${known}/`));
  if (library === "xstate" || name.startsWith("@xstate/")) {
    return top === "actors" ? null : "xstate is for actors/ only";
  }
  if (!NEUTRAL.includes(top)) return null;
  if (library === undefined) {
    return `${top} must not use ${specifier}: its libraries are ${
      Object.keys(NEUTRAL_LIBRARIES).join(", ")
    }`;
  }
  return NEUTRAL_LIBRARIES[library]?.includes(top) ? null : `${top} must not use ${library}`;
}

function importFault(from: string, specifier: string | null): string | null {
  if (specifier === null) {
    return OUTSIDE[topOf(from)] !== undefined ? null : "the imported module must be written out";
  }
  return specifier.startsWith(".")
    ? fileFault(from, resolve(from, specifier))
    : libraryFault(from, specifier);
}

function checkFile({ path, ast }: SourceFile): Finding[] {
  const top = topOf(path);
  if (!LAYERS.includes(top) && OUTSIDE[top] === undefined) {
    return [findingAt(path, ast, `this file is in no layer: ${LAYERS.join(", ")}`)];
  }
  const findings: Finding[] = [];
  visit(ast.program, (node) => {
    const found = importOf(node);
    const fault = found && importFault(path, found.specifier);
    if (fault) findings.push(findingAt(path, found.node, fault));
    if (node.type === "Identifier" && node.name === "Deno" && isNeutral(path)) {
      findings.push(findingAt(path, node, `${top} must run in any runtime: no Deno here`));
    }
  });
  return findings;
}

/** Finds every import that goes against the order of layers in the repository at `root`. */
export async function checkLayers(root: string): Promise<Finding[]> {
  return (await readSources(root)).flatMap(checkFile);
}

if (import.meta.main) {
  await runCheck("layers", checkLayers, "imports go from later layers to earlier ones");
}
