/**
 * Promise: the house rules hold that a program can check: sizes, names and folders of tests, headers of files,
 * no clock or chance but the fabric's own, nothing left unfinished.
 *
 * @module
 */

import type { Comment, Node } from "@babel/types";
import {
  type Finding,
  findingAt,
  findingsIn,
  listFiles,
  readSources,
  runCheck,
  type SourceFile,
  visit,
} from "./source.ts";

const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 400;
const CHART_LINES_MAX = 120;

/** A chart is one expression that fits on one screen: its file is counted, not its function. */
const CHART = /^actors\/(?:.*[_/])machine\.ts$/;

/** Files whose first words say what they are. */
const HEADED =
  /^(?:mod\.ts$|(?:core|actors|kmcl|devices|simulator|tools|links|bench)\/|examples\/(?!echo\.ts$))/;

/** Layers in which a run depends on nothing but its options and seed. */
const DETERMINED = /^(?:core|actors|kmcl|devices)\//;

/** The one file that knows the runtime's turn and the real clock. */
const RUNTIME = "actors/runtime/event_loop.ts";

/** What must not be used in {@linkcode DETERMINED} code, with what takes its place. */
const BANNED_GLOBALS: ReadonlyMap<string, string> = new Map([
  ["Date", "the fabric's clock"],
  ["performance", "the fabric's clock"],
  ["setTimeout", "a deadline of the fabric"],
  ["setInterval", "a deadline of the fabric"],
  ["setImmediate", "a work item of the fabric"],
  ["crypto", "the fabric's seeded chance"],
  ["console", "a returned value or the trace"],
]);

/** Text files that people write. */
const TEXT_FILES = [".ts", ".md", ".json", ".yaml", ".yml", ".html"];

// The patterns are spelled so that they do not match themselves.
const UNFINISHED = /\b(?:TO[D]O|FIX[M]E|X[X]X)\b/g;
const SWITCHED_OFF = /\.only\(|\bonly:\s*true|\bignore:\s*true|\bDeno\.test\.ignore\b/g;
const MACHINE_PATH = /(?<=^|[\s"'`(=:])\/(?:home|mnt|root|srv|tmp|Users|work)\/[\w.-]*/gm;

/** `symbol: fact`; the symbol may have a second word, as in `kmcl.md S7`. */
const TEST_NAME = /^[^:\s]+(?: [^:\s]+)?: \S/;

const FUNCTION_TYPES = new Set([
  "ArrowFunctionExpression",
  "ClassMethod",
  "ClassPrivateMethod",
  "FunctionDeclaration",
  "FunctionExpression",
  "ObjectMethod",
]);

function checkLines({ path, text, ast }: SourceFile): Finding[] {
  const lines = text.trimEnd().split("\n").length;
  const max = CHART.test(path) ? CHART_LINES_MAX : FILE_LINES_MAX;
  return lines <= max
    ? []
    : [findingAt(path, ast, `the file has ${lines} lines, more than ${max}: is it one thing?`)];
}

function checkHeader({ path, text, ast }: SourceFile): Finding[] {
  if (!HEADED.test(path)) return [];
  const first: Comment | undefined = ast.comments?.[0];
  const head = text.slice(0, first?.start ?? 0).replace(/^#!.*/, "");
  const good = first?.type === "CommentBlock" && head.trim() === "" &&
    first.value.startsWith("*") && /@module\b/.test(first.value);
  return good ? [] : [findingAt(path, ast, "the file must begin with a /** … @module */ comment")];
}

function checkFunction(path: string, node: Node): Finding[] {
  if (!FUNCTION_TYPES.has(node.type) || !node.loc || CHART.test(path)) return [];
  const lines = node.loc.end.line - node.loc.start.line + 1;
  return lines <= FUNCTION_LINES_MAX
    ? []
    : [findingAt(path, node, `the function has ${lines} lines, more than ${FUNCTION_LINES_MAX}`)];
}

/** Whether `node` only names a member or a key, as in `channel.performance`. */
function isOnlyName(node: Node, parent: Node | undefined): boolean {
  switch (parent?.type) {
    case "MemberExpression":
    case "OptionalMemberExpression":
      return parent.property === node && !parent.computed &&
        !(parent.object.type === "Identifier" && parent.object.name === "globalThis");
    case "ClassMethod":
    case "ClassProperty":
    case "ObjectMethod":
    case "ObjectProperty":
    case "TSMethodSignature":
    case "TSPropertySignature":
      return parent.key === node && !parent.computed;
    default:
      return false;
  }
}

function checkGlobal(path: string, node: Node, parent: Node | undefined): Finding[] {
  if (!DETERMINED.test(path) || path === RUNTIME || node.type !== "Identifier") return [];
  if (
    node.name === "random" && parent?.type === "MemberExpression" &&
    parent.object.type === "Identifier" && parent.object.name === "Math"
  ) {
    return [findingAt(path, node, "Math.random is not for here: use the fabric's seeded chance")];
  }
  const instead = BANNED_GLOBALS.get(node.name);
  if (instead === undefined || isOnlyName(node, parent)) return [];
  return [findingAt(path, node, `${node.name} is not for here: use ${instead}`)];
}

/** The name that `node`, the first argument of a test, gives it; null where it is not written out. */
function testName(node: Node | undefined): string | null {
  switch (node?.type) {
    case "StringLiteral":
      return node.value;
    case "TemplateLiteral":
      return node.quasis.map((quasi) => quasi.value.cooked ?? "").join("…");
    case "FunctionExpression":
      return node.id?.name ?? "";
    case "ObjectExpression": {
      const property = node.properties.find((each) =>
        each.type === "ObjectProperty" && each.key.type === "Identifier" && each.key.name === "name"
      );
      return property?.type === "ObjectProperty" ? testName(property.value) : "";
    }
    default:
      return null;
  }
}

function checkTest(path: string, node: Node): Finding[] {
  if (!path.startsWith("tests/") || node.type !== "CallExpression") return [];
  const { callee } = node;
  const isTest = callee.type === "MemberExpression" && callee.object.type === "Identifier" &&
    callee.object.name === "Deno" && callee.property.type === "Identifier" &&
    callee.property.name === "test";
  const name = isTest ? testName(node.arguments[0]) : null;
  return name === null || TEST_NAME.test(name)
    ? []
    : [findingAt(path, node, `a test is named "symbol: fact", not ${JSON.stringify(name)}`)];
}

function checkSource(source: SourceFile): Finding[] {
  const { path, text, ast } = source;
  const findings = [
    ...checkLines(source),
    ...checkHeader(source),
    ...findingsIn(path, text, SWITCHED_OFF, (match) => `a test is switched off: ${match}`),
  ];
  visit(ast.program, (node, parent) => {
    findings.push(
      ...checkFunction(path, node),
      ...checkGlobal(path, node, parent),
      ...checkTest(path, node),
    );
  });
  return findings;
}

function checkText(path: string, text: string): Finding[] {
  return [
    ...findingsIn(path, text, UNFINISHED, (match) => `unfinished: ${match}`),
    ...findingsIn(path, text, MACHINE_PATH, (match) => `a path of one machine: ${match}`),
  ];
}

/** Folders of source that must have a folder of tests. */
const MIRRORED = /^(?:core|actors|kmcl|devices|simulator)\//;

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Tests mirror the source: each of its folders has tests in the folder of the same name. */
function checkMirror(sources: readonly SourceFile[]): Finding[] {
  const tested = new Set(
    sources.filter(({ path }) => path.endsWith("_test.ts")).map(({ path }) => folderOf(path)),
  );
  if (tested.size === 0) return []; // a tree without tests is no repository
  const first = new Map<string, SourceFile>();
  for (const source of sources) {
    const folder = folderOf(source.path);
    if (MIRRORED.test(source.path) && !first.has(folder)) first.set(folder, source);
  }
  return [...first].filter(([folder]) => !tested.has(`tests/${folder}`)).map((
    [folder, { path, ast }],
  ) => findingAt(path, ast, `no test lies in tests/${folder}, as those of ${folder} would`));
}

/** Finds every breach of the house rules in the repository at `root`. */
export async function checkTidy(root: string): Promise<Finding[]> {
  const sources = await readSources(root);
  const texts = await Promise.all(
    (await listFiles(root, TEXT_FILES)).map(async (path) =>
      checkText(path, await Deno.readTextFile(`${root}/${path}`))
    ),
  );
  return [...sources.flatMap(checkSource), ...checkMirror(sources), ...texts.flat()];
}

if (import.meta.main) {
  await runCheck("tidy", checkTidy, "the rules of the house hold that a program can check");
}
