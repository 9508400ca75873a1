/**
 * Reads files of vectors, and holds this package against them: what its own readers and writers make of each case's bytes.
 *
 * @module
 */

import { type JsonNode, parseJson, TextError } from "../json_text.ts";
import { runRingVectors, type VectorResult } from "../run.ts";
import { KIND_NAMES, KINDS } from "./kinds.ts";
import { type ManifestFile, manifestShape } from "./manifest_shape.ts";

/** The value that `node` is. */
function valueOf(node: JsonNode): unknown {
  switch (node.kind) {
    case "object":
      return Object.fromEntries([...node.members].map(([name, inner]) => [name, valueOf(inner)]));
    case "array":
      return node.items.map(valueOf);
    case "null":
      return null;
    default:
      return node.value;
  }
}

/** The value at `path` of `node`, or the last that there is on the way to it. */
function nodeAt(node: JsonNode, path: readonly PropertyKey[]): JsonNode {
  const [step, ...rest] = path;
  if (step === undefined) return node;
  const inner = node.kind === "object"
    ? node.members.get(String(step))
    : node.kind === "array"
    ? node.items[Number(step)]
    : undefined;
  return inner === undefined ? node : nodeAt(inner, rest);
}

/** What is at fault with a value that is not of its shape. */
interface ShapeIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function wrongShape(text: string, node: JsonNode, { path, message }: ShapeIssue): TextError {
  const place = path.length === 0 ? "the file" : path.join(".");
  return new TextError(`${place}: ${message}`, text, nodeAt(node, path).at);
}

/**
 * Checks all cases of a file: one that {@linkcode vectorFiles} made, or a list of ring cases of
 * [wire.md 10](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md).
 *
 * @throws {TextError} It is not JSON, or none of these files.
 */
export function checkVectors(text: string): readonly VectorResult[] {
  const node = parseJson(text);
  if (node.kind === "array") return runRingVectors(text);
  const value = valueOf(node);
  const { kind } = Object(value) as { readonly kind?: unknown };
  const name = KIND_NAMES.find((each) => each === kind);
  if (name === undefined) {
    const known = KIND_NAMES.map((each) => JSON.stringify(each)).join(", ");
    const message = `no file of vectors: "kind" has to be one of ${known}`;
    throw wrongShape(text, node, { path: ["kind"], message });
  }
  const { file, failureOf } = KINDS[name];
  const read = file.safeParse(value);
  if (!read.success) throw wrongShape(text, node, read.error.issues[0]!);
  // Each kind's cases are those that its own check takes.
  const check = failureOf as (vector: unknown) => string | null;
  return read.data.cases.map((vector) => ({ name: vector.name, failure: check(vector) }));
}

/**
 * What a manifest lists.
 *
 * @throws {TextError} It is no manifest.
 */
export function readManifest(text: string): ManifestFile {
  const node = parseJson(text);
  const read = manifestShape.safeParse(valueOf(node));
  if (!read.success) throw wrongShape(text, node, read.error.issues[0]!);
  return read.data;
}
