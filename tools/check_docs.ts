/**
 * Every exported symbol of every source file has a doc comment, and a reader of the package page can follow
 * what those of the published doors say.
 *
 * `deno doc --lint` says so for the public door. Inside the package it also wants every type of a
 * library spelled out, which XState's cannot be; of what it says there, the missing comments count.
 *
 * @module
 */

import { commentsIn, faultsOf, type Package } from "./doc_links.ts";
import { listFiles } from "./source.ts";

/** Source layers whose files are not public by themselves. */
const INSIDE = /^(?:core|actors|kmcl|devices|simulator|examples)\/.*\.ts$/;

/** What `deno doc --lint` says of missing comments in its output, one line each. */
export function missingComments(output: string): string[] {
  // deno-lint-ignore no-control-regex -- the colours of the terminal
  const lines = output.replace(/\u001b\[[0-9;]*m/g, "").split("\n");
  return lines.flatMap((line, at) =>
    line.startsWith("error[missing-jsdoc]")
      ? [
        `${(lines[at + 1] ?? "").replace(/^\s*-->\s*/, "")}: an exported symbol has no doc comment`,
      ]
      : []
  );
}

interface Configuration {
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
}

/** How the package is installed: the page and README.md begin with it. */
const INSTALL = "deno add jsr:@vmbus/kmcl";

/** What a reader of the package page cannot follow, or does not find. */
async function pageFaults(documents: readonly string[]): Promise<string[]> {
  const { version, exports }: Configuration = JSON.parse(await Deno.readTextFile("deno.json"));
  const published: Package = { version, documents: new Set(documents) };
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...Object.values(exports).filter((path) => !path.includes("/cli/"))],
    stderr: "null",
  }).output();
  const comments = commentsIn(JSON.parse(new TextDecoder().decode(stdout)));
  const lacking = [];
  for (const path of ["mod.ts", "README.md"]) {
    const begin = (await Deno.readTextFile(path)).split("\n").slice(0, 20).join("\n");
    if (!begin.includes(INSTALL)) lacking.push(`${path} does not begin with ${INSTALL}`);
  }
  return [...comments.flatMap((comment) => faultsOf(comment, published)), ...lacking];
}

if (import.meta.main) {
  const files = (await listFiles(".", [".ts"])).filter((path) => INSIDE.test(path));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...files],
  }).output();
  const text = new TextDecoder();
  const documents = (await listFiles("docs", [".md"])).map((path) => path.replace(/^.*\//, ""));
  const missing = [
    ...missingComments(text.decode(stdout) + text.decode(stderr)),
    ...await pageFaults(documents),
  ];
  for (const line of missing) console.error(line);
  if (missing.length > 0) Deno.exit(1);
  console.log(
    `ok: every exported symbol of ${files.length} files has a doc comment, with links that work`,
  );
}
