/**
 * What of a file's content is not as the schema has it, each with its place and what would be right.
 *
 * @module
 */

import type { z } from "zod";
import { describe } from "../../core/describe.ts";
import { listed, whatIsRight } from "./nearest.ts";
import type { Path, Positions } from "./positions.ts";
import type { ScenarioFileProblem } from "./problem.ts";
import { alternativesSchema, type JsonSchema } from "./schema.ts";

type Issue = z.core.$ZodIssue;

/** The value at `path` of `content`; undefined where there is none. */
function valueAt(content: unknown, path: Path): unknown {
  let value = content;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) {
      return undefined;
    }
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

/** What may stand at `path` of `content`: of alternatives, those that the value there is one of. */
function schemasAt(content: unknown, path: Path): readonly JsonSchema[] {
  let schemas: readonly JsonSchema[] = [alternativesSchema()];
  for (let depth = 0; depth <= path.length; depth++) {
    const value = valueAt(content, path.slice(0, depth));
    schemas = schemas.flatMap((schema) => schema.oneOf ?? schema.anyOf ?? [schema]);
    const chosen = (value as { readonly do?: unknown } | undefined)?.do;
    const meant = schemas.filter(({ properties }) => properties?.do?.const === chosen);
    if (meant.length > 0) schemas = meant;
    const step = path[depth];
    if (step === undefined) break;
    schemas = schemas.flatMap(({ properties, additionalProperties, items }) => {
      const inside = typeof step === "number" ? items : properties?.[step] ?? additionalProperties;
      return typeof inside === "object" ? [inside] : [];
    });
  }
  return schemas;
}

/** Names of what an object at `path` may have. */
function membersAt(content: unknown, path: Path): readonly string[] {
  return schemasAt(content, path).flatMap(({ properties }) => Object.keys(properties ?? {}));
}

/** The names that may stand at `path`. */
function wordsAt(content: unknown, path: Path): readonly string[] {
  const last = path.at(-1);
  const around = schemasAt(content, path.slice(0, -1));
  const schemas = typeof last === "string"
    ? around.flatMap(({ properties }) => {
      const schema = properties?.[last];
      return schema === undefined ? [] : schema.oneOf ?? schema.anyOf ?? [schema];
    })
    : schemasAt(content, path);
  const values = schemas.flatMap((schema) =>
    schema.const === undefined ? schema.enum ?? [] : [schema.const]
  );
  return values.filter((value) => typeof value === "string");
}

/** Of the alternatives of a union the one that was meant: the value is of its kind. */
function meantOf(alternatives: readonly (readonly Issue[])[], value: unknown): readonly Issue[] {
  const isWord = typeof value === "string";
  const isOfKind = (issues: readonly Issue[]) =>
    issues.every(({ code, path }) =>
      path.length > 0 || code !== "invalid_type" && (isWord || code !== "invalid_value")
    );
  return alternatives.find(isOfKind) ?? [];
}

/** What is wrong with `content`, of which `issues` were found. */
export function shapeProblems(
  content: unknown,
  issues: readonly Issue[],
  positions: Positions,
): readonly ScenarioFileProblem[] {
  const tell = (issue: Issue, before: Path): readonly ScenarioFileProblem[] => {
    const path = [
      ...before,
      ...issue.path.map((step) => typeof step === "number" ? step : String(step)),
    ];
    const name = path.length === 0 ? "the file" : path.join(".");
    const value = valueAt(content, path);
    const at = (message: string) => [{ ...positions.ofValue(path), message }];
    if (issue.code === "unrecognized_keys") {
      const known = membersAt(content, path);
      return issue.keys.map((key) => ({
        ...positions.ofKey([...path, key]),
        message: `${name} has no ${key}: ${whatIsRight(key, known)}`,
      }));
    }
    if (value === undefined && path.length > 0) {
      const inside = path.slice(0, -1).join(".") || "the file";
      const words = wordsAt(content, path);
      const hint = words.length === 0 ? "" : `: ${listed(words)}`;
      return at(`${inside} has no ${path.at(-1)}, which it must have${hint}`);
    }
    const words = wordsAt(content, path);
    if (typeof value === "string" && words.length > 0) {
      return at(`${name} cannot be ${value}: ${whatIsRight(value, words)}`);
    }
    // It is a word, and nothing else may stand there.
    if (words.length > 0 && issue.code === "invalid_union" && issue.errors.length === 0) {
      return at(`${name} cannot be ${shown(value)}: ${listed(words)}`);
    }
    if (issue.code === "invalid_union") {
      const meant = meantOf(issue.errors, value);
      if (meant.length > 0) return meant.flatMap((inner) => tell(inner, path));
      return at(`${name} cannot be ${shown(value)}`);
    }
    return at(`${name} must be ${mustBe(issue)}, not ${shown(value)}`);
  };
  return issues.flatMap((issue) => tell(issue, []));
}

/** A value in a few words. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "a map" : describe(value);
}

const KINDS: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  array: "a list",
  object: "a map",
  record: "a map",
  tuple: "a list",
  boolean: "true or false",
};

function mustBe(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected] ?? issue.expected;
    case "too_small":
      return issue.origin === "string" ? "a text that is not empty" : `at least ${issue.minimum}`;
    case "too_big":
      return `at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}
