/**
 * All files of vectors, as texts: cases as JSON and line by line, a schema of each, what they are for, and a list of them
 * with their digests.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import { headOf } from "./forms.ts";
import { KIND_NAMES, type KindName, KINDS } from "./kinds.ts";
import { type ManifestFile, manifestShape } from "./manifest_shape.ts";
import { type Plain, plainLines } from "./plain_lines.ts";
import { readmeOf } from "./readme.ts";

/** A file, by its name in the folder and what it says. */
export interface VectorFile {
  /** Its name. */
  readonly name: string;
  /** All of it. */
  readonly text: string;
}

/** The name of the file that lists the others. */
export const MANIFEST = "manifest.json";

type Case = Readonly<Record<string, Plain>>;

/** JSON with a case on a line: small, and a change of one case is a change of one line. */
function jsonText(head: object, cases: readonly Case[]): string {
  const members = Object.entries(head).map(([name, value]) =>
    `${JSON.stringify(name)}: ${JSON.stringify(value)}`
  );
  const lines = cases.map((vector) => JSON.stringify(vector));
  return `{\n${members.join(",\n")},\n"cases": [\n${lines.join(",\n")}\n]\n}\n`;
}

async function filesOf(name: KindName): Promise<readonly VectorFile[]> {
  const { file, extra, make } = KINDS[name];
  const head = { ...headOf(name), ...extra };
  const cases = await make() as readonly Case[];
  return [
    { name: `${name}.json`, text: jsonText(head, cases) },
    { name: `${name}.schema.json`, text: `${JSON.stringify(z.toJSONSchema(file), null, 1)}\n` },
    { name: `${name}.txt`, text: plainLines(head, cases) },
  ];
}

/** The SHA-256 of a text. */
export function digestOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

function manifestOf(files: readonly VectorFile[]): VectorFile {
  const listed = files
    .map(({ name, text }) => ({
      name,
      byteCount: utf8ToBytes(text).length,
      sha256: digestOf(text),
    }))
    .sort((one, other) => one.name < other.name ? -1 : 1);
  const manifest: ManifestFile = {
    ...headOf("manifest"),
    files: listed,
    sha256: digestOf(listed.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("")),
  };
  return { name: MANIFEST, text: `${JSON.stringify(manifest, null, 1)}\n` };
}

/**
 * All files, as this release of the package writes them: the same bytes each time. A fabric is run for the exchanges, which
 * takes about a second.
 *
 * @example
 * ```ts
 * import { vectorFiles } from "@vmbus/kmcl/vectors";
 *
 * for (const { name, text } of await vectorFiles()) console.log(name, text.length);
 * ```
 */
export async function vectorFiles(): Promise<readonly VectorFile[]> {
  const files: VectorFile[] = [];
  for (const name of KIND_NAMES) files.push(...await filesOf(name));
  const schema = z.toJSONSchema(manifestShape);
  files.push({ name: "manifest.schema.json", text: `${JSON.stringify(schema, null, 1)}\n` });
  files.push({ name: "README.md", text: readmeOf() });
  return [...files, manifestOf(files)];
}
