/**
 * Promise: a page of a failure says a rule as `docs/kmcl.md` has it. The package carries the rules as a module, as
 * its documents cannot be read wherever it runs.
 *
 * The command `deno task rule-texts` writes it; with `--check` it says whether the file is current.
 *
 * @module
 */

import { runGenerator } from "./generated_file.ts";

const PATH = "simulator/pages/rule_texts.ts";
const DOCUMENTS = ["kmcl.md", "wire.md"];

/** The rules of `docs/kmcl.md` by number: a rule ends where its list does, or the next rule begins. */
function rulesIn(reference: string): Map<string, string> {
  const rules = new Map<string, string>();
  let name: string | null = null;
  for (const line of reference.split("\n")) {
    const [, number, text = ""] = /^- ([A-Z]\d+)\. (.*)$/.exec(line) ?? [];
    if (number !== undefined) rules.set(name = number, text.trim());
    else if (name !== null && /^ +\S/.test(line)) {
      rules.set(name, `${rules.get(name)} ${line.trim()}`);
    } else if (line.trim() !== "") name = null;
  }
  return rules;
}

/** Titles of sections by document and number. */
function titlesIn(document: string, text: string): [string, string][] {
  return [...text.matchAll(/^##+ (\d+(?:\.\d+)?)\.? +(.+)$/gm)]
    .map(([, number, title]) => [`${document} ${number}`, title!.trim()]);
}

function tableOf(name: string, comment: string, entries: Iterable<readonly [string, string]>) {
  const lines = [...entries].map(([key, text]) =>
    `  ${JSON.stringify(key)}: ${JSON.stringify(text)},`
  );
  return `/** ${comment} */
export const ${name}: Readonly<Record<string, string>> = {
${lines.join("\n")}
};`;
}

/** The module. */
export function ruleTexts(read: (document: string) => string): string {
  return `/**
 * The rules of kmcl.md, and titles of sections: made by \`deno task rule-texts\`.
 *
 * @module
 */

// deno-fmt-ignore-file

${tableOf("RULE_TEXTS", "Rules by number.", rulesIn(read("kmcl.md")))}

${
    tableOf(
      "SECTION_TITLES",
      "Titles of sections by document and number.",
      DOCUMENTS.flatMap((document) => titlesIn(document, read(document))),
    )
  }
`;
}

if (import.meta.main) {
  const file = {
    command: "deno task rule-texts",
    description: `Writes the rules of docs/kmcl.md as a module, ${PATH}.`,
    path: PATH,
    done: "written",
    textOf: () => ruleTexts((document) => Deno.readTextFileSync(`docs/${document}`)),
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
