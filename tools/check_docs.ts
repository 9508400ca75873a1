/**
 * Every exported symbol of every source file has a doc comment.
 *
 * `deno doc --lint` says so for the public door. Inside the package it also wants every type of a
 * library spelled out, which XState's cannot be; of what it says there, the missing comments count.
 *
 * @module
 */

import { listFiles } from "./source.ts";

/** Source layers whose files are not public by themselves. */
const INSIDE = /^(?:core|actors|kmcl|simulator|examples)\/.*\.ts$/;

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

if (import.meta.main) {
  const files = (await listFiles(".", [".ts"])).filter((path) => INSIDE.test(path));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...files],
  }).output();
  const text = new TextDecoder();
  const missing = missingComments(text.decode(stdout) + text.decode(stderr));
  for (const line of missing) console.error(line);
  if (missing.length > 0) Deno.exit(1);
  console.log(`ok: every exported symbol of ${files.length} files has a doc comment`);
}
