/**
 * Promise: the tables in `docs/saved-state.md` are what the schemas of saved state say.
 *
 * The command `deno task schema` writes each table between its marks, `<!-- table: packet -->` and
 * `<!-- end -->`; with `--check` it says whether the file is current.
 *
 * @module
 */

import { LINK_RULES } from "../actors/bus/guest/image.ts";
import { CHANNEL_RULES } from "../actors/channel/image.ts";
import { CHANNEL_CHUNKS, SERVER_RULES } from "../actors/channel/server_image.ts";
import { PARTITION_CHUNKS } from "../actors/saving/partition_image.ts";
import { gpaRange, stretch } from "../core/saved/forms.ts";
import type { Fields, Schema } from "../core/saved/schema.ts";
import { RUN_CHUNKS } from "../simulator/cli/copy/saved_run.ts";
import { runGenerator } from "./generated_file.ts";

const PATH = "docs/saved-state.md";

/** What a table shows. */
type Documented = Pick<Schema<unknown>, "fields" | "refusals">;

const { client, ...partition } = PARTITION_CHUNKS;

/** The tables by their marks. */
const TABLES: Readonly<Record<string, Documented>> = {
  range: gpaRange,
  stretch,
  identity: CHANNEL_CHUNKS.identity.holds,
  state: CHANNEL_CHUNKS.state.holds,
  "driver packet": CHANNEL_CHUNKS.packet.holds,
  packet: CHANNEL_CHUNKS.request.holds,
  channel: { fields: {}, refusals: [...Object.keys(SERVER_RULES), ...Object.keys(CHANNEL_RULES)] },
  ...Object.fromEntries(Object.entries(partition).map(([name, { holds }]) => [name, holds])),
  link: { fields: {}, refusals: Object.keys(LINK_RULES) },
  client: client.holds,
  endpoint: client.holds.fields.endpoint[0],
  run: RUN_CHUNKS.run.holds,
  copy: RUN_CHUNKS.guest.holds,
};

/** A record that has no table of its own is shown where it stands. */
function isShownInside(schema: Schema<unknown>): boolean {
  return Object.keys(schema.fields).length > 0 && schema.form === "a record";
}

/** Something said of a record that is shown inside another, at its place there. */
interface Said {
  readonly path: string;
  readonly schema: Schema<unknown>;
  readonly meaning: string;
}

/** The fields of a record, each followed by those of the records inside it. */
function fieldsOf(fields: Fields, prefix: string): readonly Said[] {
  return Object.entries(fields).flatMap(([key, [schema, meaning]]) => {
    const path = `${prefix}${key}`;
    return [{ path, schema, meaning }, ...insideOf(schema, path)];
  });
}

function insideOf(schema: Schema<unknown>, path: string): readonly Said[] {
  if (isShownInside(schema)) return fieldsOf(schema.fields, `${path}.`);
  return schema.member === null ? [] : insideOf(schema.member, path);
}

/** What is refused of a field, in words that name it. */
function refusalsOf({ path, schema }: Said): readonly string[] {
  const own = schema.refusals.map((refusal) => `\`${path}\`: ${refusal}`);
  const { member } = schema;
  const isNamed = !isShownInside(schema) && Object.keys(schema.fields).length > 0;
  if (isNamed) return [];
  return member === null ? own : [...own, ...refusalsOf({ path, schema: member, meaning: "" })];
}

/** One table, and below it what its fields must not be together. */
export function tableOf({ fields, refusals }: Documented): string {
  const rows = fieldsOf(fields, "");
  const lines = rows.map(({ path, schema, meaning }) =>
    `| ${path} | ${schema.form} | ${meaning} |`
  );
  const table = rows.length === 0 ? [] : ["| field | form | meaning |", "|---|---|---|", ...lines];
  const refused = [...refusals, ...rows.flatMap(refusalsOf)];
  const list = refused.map((refusal) => `- ${refusal}`);
  if (refused.length === 0) return table.join("\n");
  return [...table, ...(table.length === 0 ? [] : [""]), "Refused:", "", ...list].join("\n");
}

const MARKED = /<!-- table: (.+) -->\n[^]*?<!-- end -->/g;

/** `text`, with every table written again. */
export function withTables(text: string): string {
  const left = new Set(Object.keys(TABLES));
  const written = text.replaceAll(MARKED, (_, name: string) => {
    const table = TABLES[name];
    if (table === undefined || !left.delete(name)) {
      throw new Error(`Cannot write a table ${name}: there is none, or it stands twice`);
    }
    return `<!-- table: ${name} -->\n${tableOf(table)}\n<!-- end -->`;
  });
  if (left.size === 0) return written;
  throw new Error(`Cannot leave out ${[...left].join(", ")}: each table has its mark in ${PATH}`);
}

if (import.meta.main) {
  const file = {
    command: "deno task schema",
    description: `Writes the tables of saved state, in ${PATH}.`,
    path: PATH,
    done: "written",
    textOf: withTables,
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
