/**
 * What the checks of this repository share: its TypeScript files, parsed, and how findings are
 * printed.
 *
 * @module
 */

import { parse, type ParseResult } from "@babel/parser";
import type { File, Node } from "@babel/types";
import {
  cannot,
  createCommand,
  endWith,
  EXIT_FAILED,
  EXIT_OK,
  print,
} from "../simulator/cli/command.ts";

/** A TypeScript file of the repository. */
export interface SourceFile {
  /** Relative to the repository, with forward slashes: `core/ring/layout.ts`. */
  readonly path: string;
  /** The whole text. */
  readonly text: string;
  /** The syntax tree, comments included. */
  readonly ast: ParseResult<File>;
}

/** Where something is wrong, and what. */
export interface Finding {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** What is wrong and, where it is not plain, what to do instead. */
  readonly message: string;
}

const CHECK_HELP = `
A line for each place where it does not hold: file:line:column: what is wrong.

Exit code: 0 it holds, 1 it does not, 2 an argument cannot be used.`;

/** Folders of the repository that hold nothing of its own. */
const FOREIGN_FOLDERS = new Set(["coverage", "node_modules"]);

/**
 * Paths of all files below `root` that end in one of `extensions`, in order; hidden folders are left
 * out.
 */
export async function listFiles(root: string, extensions: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (folder: string) => {
    for await (const entry of Deno.readDir(`${root}/${folder}`)) {
      if (entry.name.startsWith(".") || FOREIGN_FOLDERS.has(folder + entry.name)) continue;
      if (entry.isDirectory) await walk(`${folder}${entry.name}/`);
      else if (extensions.some((end) => entry.name.endsWith(end))) paths.push(folder + entry.name);
    }
  };
  await walk("");
  return paths.sort();
}

/** Reads and parses every TypeScript file below `root`. */
export async function readSources(root: string): Promise<SourceFile[]> {
  const paths = await listFiles(root, [".ts"]);
  return await Promise.all(paths.map(async (path) => {
    const text = await Deno.readTextFile(`${root}/${path}`);
    return { path, text, ast: parseSource(path, text) };
  }));
}

function parseSource(path: string, text: string): ParseResult<File> {
  try {
    return parse(text, {
      sourceType: "module",
      // The type check reports errors better than this parser; here the tree is enough.
      errorRecovery: true,
      plugins: ["typescript", "decorators", "decoratorAutoAccessors"],
    });
  } catch (cause) {
    throw new SyntaxError(`Cannot parse ${path}: ${cause}`, { cause });
  }
}

/** Calls `enter` for `node` and everything in it, each with its parent, parents first. */
export function visit(
  node: Node,
  enter: (node: Node, parent: Node | undefined) => void,
  parent?: Node,
): void {
  enter(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, enter, node);
    }
  }
}

/** Whether `value` is a part of the tree; comments and positions are not. */
function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "loc" in value &&
    value.type !== "CommentBlock" && value.type !== "CommentLine";
}

/** A finding at the beginning of `node`. */
export function findingAt(path: string, node: Pick<Node, "loc">, message: string): Finding {
  const start = node.loc?.start ?? { line: 1, column: 0 };
  return { path, line: start.line, column: start.column + 1, message };
}

/**
 * A finding at each place of `text` that `pattern`, a global one, matches, unless `messageOf` has
 * nothing to say of the match.
 */
export function findingsIn(
  path: string,
  text: string,
  pattern: RegExp,
  messageOf: (match: string) => string | null,
): Finding[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const message = messageOf(match[0]);
    if (message === null) return [];
    const before = text.slice(0, match.index).split("\n");
    return { path, line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message };
  });
}

/** `file:line:column: message`, as editors understand it. */
export function formatFinding({ path, line, column, message }: Finding): string {
  return `${path}:${line}:${column}: ${message}`;
}

/**
 * The command `deno task check:<name>`: prints what `check` finds below the folder that the command line
 * names, and sets the exit code.
 *
 * @param promise What holds where it finds nothing.
 */
export async function runCheck(
  name: string,
  check: (root: string) => Promise<Finding[]>,
  promise: string,
): Promise<void> {
  const command = createCommand(`deno task check:${name}`)
    .description(`Checks that ${promise}.`)
    .argument("[folder]", "the repository", ".")
    .addHelpText("after", CHECK_HELP);
  try {
    const [root = "."] = command.parse(Deno.args, { from: "user" }).args;
    const findings = await findBelow(root, check);
    const sum = findings.length === 0 ? `ok: ${promise}` : `${findings.length} not ok: ${promise}`;
    print(`${[...findings.map(formatFinding), sum].join("\n")}\n`);
    Deno.exitCode = findings.length === 0 ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    Deno.exitCode = endWith(error);
  }
}

/** What `check` finds; a folder that cannot be checked is the user's to hear. */
async function findBelow(
  root: string,
  check: (root: string) => Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await check(root);
  } catch (error) {
    const isGone = error instanceof Deno.errors.NotFound;
    if (!isGone && !(error instanceof Deno.errors.NotCapable)) throw error;
    throw cannot(
      `check ${root}`,
      isGone ? "it is no repository" : error,
      "name a clone of this one",
    );
  }
}
