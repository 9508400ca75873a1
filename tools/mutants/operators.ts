/**
 * Single tokens of product code that can be changed for others of the same type: what is left still
 * compiles, and is wrong.
 *
 * What would change nothing that a program can see is left out where a program can tell: types, texts,
 * imports, what an `assert` checks, and what is thrown.
 *
 * @module
 */

import type { Node } from "@babel/types";
import type { SourceFile } from "../source.ts";

/** What is done to a token. */
export const OPERATORS = [
  "boundary",
  "equality",
  "logic",
  "boolean",
  "negation",
  "number",
  "arithmetic",
  "status",
  "call",
] as const;

/** What is done to a token. */
export type Operator = typeof OPERATORS[number];

/** One change of one token. */
export interface Mutant {
  /** The file, relative to the repository. */
  readonly path: string;
  /** What is done. */
  readonly operator: Operator;
  /** The token's first character in the file's text. */
  readonly start: number;
  /** Behind its last character. */
  readonly end: number;
  /** What stands there instead. */
  readonly replacement: string;
  /** The line of the token, counted from 1. */
  readonly line: number;
  /** Its column, counted from 1. */
  readonly column: number;
}

/** Each operator's token, and what stands in its place. */
const SWAPS: Readonly<Record<string, readonly [Operator, string]>> = {
  "<": ["boundary", "<="],
  "<=": ["boundary", "<"],
  ">": ["boundary", ">="],
  ">=": ["boundary", ">"],
  "===": ["equality", "!=="],
  "!==": ["equality", "==="],
  "&&": ["logic", "||"],
  "||": ["logic", "&&"],
  "+": ["arithmetic", "-"],
  "-": ["arithmetic", "+"],
  "+=": ["arithmetic", "-="],
  "-=": ["arithmetic", "+="],
};

/** Nodes with types in their names that hold code all the same. */
const TYPED_CODE = new Set(["TSAsExpression", "TSNonNullExpression", "TSSatisfiesExpression"]);

/** Calls whose outcome only our own bugs can tell. */
const UNSEEN_CALLS = new Set(["assert", "assertNever"]);

const STATUS = /^STATUS_[A-Z0-9_]+$/;

/** The name of what `node` calls; null where it calls nothing, or something without a name. */
function calledName(node: Node): string | null {
  if (node.type !== "CallExpression") return null;
  return node.callee.type === "Identifier" ? node.callee.name : null;
}

/** Whether nothing below `node` can be changed so that a program sees it. */
function isUnseen(node: Node): boolean {
  return (node.type.startsWith("TS") && !TYPED_CODE.has(node.type)) ||
    node.type === "ImportDeclaration" || node.type === "ExportAllDeclaration" ||
    node.type === "ThrowStatement" || UNSEEN_CALLS.has(calledName(node) ?? "");
}

function isText(node: Node): boolean {
  return node.type === "StringLiteral" || node.type === "TemplateLiteral" ||
    (node.type === "BinaryExpression" && node.operator === "+" &&
      (isText(node.left) || isText(node.right)));
}

/** Whether `node` is a statement that only calls something. */
function isBareCall(node: Node): boolean {
  if (node.type !== "ExpressionStatement") return false;
  const { expression } = node;
  const call = expression.type === "AwaitExpression" ? expression.argument : expression;
  return call.type === "CallExpression" && call.callee.type !== "Super" &&
    !UNSEEN_CALLS.has(calledName(call) ?? "");
}

/** Collects the mutants of one file. */
class Collector {
  readonly mutants: Mutant[] = [];
  readonly #source: SourceFile;
  /** The statuses that the file knows, in order. */
  readonly #statuses: readonly string[];

  constructor(source: SourceFile) {
    this.#source = source;
    this.#statuses = [...new Set(source.text.match(/\bSTATUS_[A-Z0-9_]+\b(?=,\n| \}|[,;)])/g))];
    this.#visit(source.ast.program, undefined);
  }

  #visit(node: Node, parent: Node | undefined): void {
    if (isUnseen(node)) return;
    this.#look(node, parent);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (typeof child === "object" && child !== null && "type" in child && "start" in child) {
          this.#visit(child, node);
        }
      }
    }
  }

  #look(node: Node, parent: Node | undefined): void {
    switch (node.type) {
      case "BinaryExpression":
        if (!isText(node)) this.#swap(node.left, node.operator, node.right);
        return;
      case "AssignmentExpression":
      case "LogicalExpression":
        return this.#swap(node.left, node.operator, node.right);
      case "BooleanLiteral":
        return this.#add("boolean", node, String(!node.value));
      case "NumericLiteral":
        if (Number.isInteger(node.value) && !isKey(node, parent) && !isNegated(parent)) {
          this.#add("number", node, String(node.value + 1));
        }
        return;
      case "UnaryExpression": {
        const start = node.start ?? 0;
        if (node.operator === "!") this.#addAt("negation", start, start + 1, "", node);
        return;
      }
      case "Identifier":
        return this.#swapStatus(node, parent);
      case "ExpressionStatement":
        if (isBareCall(node)) this.#add("call", node, ";");
        return;
    }
  }

  /** Swaps an operator that stands between two nodes. */
  #swap(left: Node, token: string, right: Node): void {
    const swap = SWAPS[token];
    if (swap === undefined) return;
    const between = this.#source.text.slice(left.end ?? 0, right.start ?? 0);
    const start = (left.end ?? 0) + between.indexOf(token);
    this.#addAt(swap[0], start, start + token.length, swap[1], left);
  }

  #swapStatus(node: Node & { readonly name: string }, parent: Node | undefined): void {
    const isOnlyNamed = parent?.type === "VariableDeclarator" && parent.id === node;
    if (!STATUS.test(node.name) || isOnlyNamed || isKey(node, parent)) return;
    if (parent?.type.endsWith("Specifier")) return;
    const { length } = this.#statuses;
    const other = this.#statuses[(this.#statuses.indexOf(node.name) + 1) % length];
    if (other !== undefined && other !== node.name) this.#add("status", node, other);
  }

  #add(operator: Operator, node: Node, replacement: string): void {
    this.#addAt(operator, node.start ?? 0, node.end ?? 0, replacement, node);
  }

  #addAt(operator: Operator, start: number, end: number, replacement: string, near: Node): void {
    // From the nearest node, whose place is known, as no node begins at an operator.
    const from = start === near.start ? near.loc?.start : near.loc?.end;
    if (!from) return;
    const between = this.#source.text.slice(start === near.start ? start : near.end ?? 0, start);
    const last = between.lastIndexOf("\n");
    const line = from.line + between.split("\n").length - 1;
    const column = last < 0 ? from.column + between.length + 1 : between.length - last;
    const { path } = this.#source;
    this.mutants.push({ path, operator, start, end, replacement, line, column });
  }
}

/** Whether a number below `parent` is negative: that stands for "none", and any other would do. */
function isNegated(parent: Node | undefined): boolean {
  return parent?.type === "UnaryExpression" && parent.operator === "-";
}

/** Whether `node` only names a member or a key. */
function isKey(node: Node, parent: Node | undefined): boolean {
  if (parent?.type === "ObjectProperty") return parent.key === node && !parent.computed;
  if (parent?.type === "MemberExpression") return parent.property === node && !parent.computed;
  return false;
}

/** Every mutant of `source`, in the order of its tokens. */
export function mutantsIn(source: SourceFile): Mutant[] {
  return new Collector(source).mutants;
}

/** The text of a file with `mutant` in it. */
export function plant(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}
