/**
 * Promise: the pages of the package have the script and the style that stand in `simulator/pages/script`. The package
 * carries them as a module, as files cannot be read wherever it runs.
 *
 * The files of the script are modules, so that tests can load them. In a page they are one text, in which names are
 * enough: imports and the word export are left out, and no two may declare the same name.
 *
 * The command `deno task page-text` writes it; with `--check` it says whether the file is current.
 *
 * @module
 */

import { runGenerator } from "./generated_file.ts";

const PATH = "simulator/pages/page_text.ts";
const FOLDER = "simulator/pages/script";

/** The files of the script, each before those that import it. */
export const SCRIPT_FILES: readonly string[] = [
  "data.js",
  "rows.js",
  "states.js",
  "view.js",
  "colors.js",
  "draw.js",
  "table.js",
  "panels.js",
  "input.js",
  "main.js",
];

const IMPORT = /^import [^;]*;\n/gm;
const DECLARATION = /^(?:export )?(?:async )?(?:function\*?|class|const|let) (\w+)/gm;

/** Files as one script; who declares a name that another one has is told. */
export function joined(files: Readonly<Record<string, string>>): string {
  const owners = new Map<string, string>();
  const texts = Object.entries(files).map(([file, text]) => {
    for (const [, name = ""] of text.matchAll(DECLARATION)) {
      const owner = owners.get(name);
      if (owner !== undefined) throw new Error(`Cannot join: ${owner} and ${file} have ${name}`);
      owners.set(name, file);
    }
    return text.replaceAll(IMPORT, "").replaceAll(/^export /gm, "")
      // What the files say of themselves is for who reads them.
      .replaceAll(/^ *\/\*\*[\s\S]*?\*\/\n/gm, "").replaceAll(/^ *\/\/.*\n/gm, "")
      .replaceAll(/\n{2,}/g, "\n");
  });
  return `"use strict";{\n${texts.join("").trim()}\n}`;
}

/** The module. */
export function pageText(read: (file: string) => string): string {
  const script = joined(Object.fromEntries(SCRIPT_FILES.map((file) => [file, read(file)])));
  if (/<\/script|<!--/i.test(script)) {
    throw new Error("Cannot join: the script would end its element");
  }
  const style = read("page.css").trim();
  return `/**
 * The script and the style of pages: made by \`deno task page-text\`.
 *
 * @module
 */

// deno-fmt-ignore-file

/** The script of the page of a run. */
export const PAGE_SCRIPT: string = ${JSON.stringify(script)};

/** The style of all pages. */
export const PAGE_STYLE: string = ${JSON.stringify(style)};
`;
}

if (import.meta.main) {
  const file = {
    command: "deno task page-text",
    description: `Writes script and style of pages as a module, ${PATH}.`,
    path: PATH,
    done: "written",
    textOf: () => pageText((name) => Deno.readTextFileSync(`${FOLDER}/${name}`)),
  };
  Deno.exitCode = await runGenerator(file, Deno.args);
}
