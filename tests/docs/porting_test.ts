// docs/porting.md: the code beside the C is one program, which runs and calls what the C calls.

import { assertEquals, assertNotEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { runDeno } from "../support/deno_process.ts";
import { isLong } from "../support/long.ts";
import { withTree } from "../support/temp_tree.ts";
import { NAMES_BY_VERSION } from "../../kmcl/function_names.ts";
import { codeBlocks } from "./markdown_code.ts";

const BLOCKS = codeBlocks(await Deno.readTextFile("docs/porting.md"));
const DOOR = new URL("../../mod.ts", import.meta.url).href;

/** All blocks of a language, in their order. */
function codeIn(wanted: string): string {
  return BLOCKS.filter(({ language }) => language === wanted).map(({ text }) => text).join("\n");
}

/** The functions of the tables that code calls. */
function callsIn(code: string): readonly string[] {
  return [
    ...new Set(
      [...code.matchAll(/(?:\.|->)(Vmb\w+|InterfaceDereference)\(/g)].map(([, name]) => name!),
    ),
  ];
}

Deno.test("porting.md: its code is one program that runs to its end", async () => {
  const program = codeIn("ts").replace('"@vmbus/kmcl"', JSON.stringify(DOOR));
  assertNotEquals(program, codeIn("ts"));
  await withTree({ "main.ts": program }, async (root) => {
    await import(new URL(`${root}/main.ts`, "file:///").href);
    if (!isLong) return;
    const check = await runDeno(["check", `--config=${Deno.cwd()}/deno.json`, `${root}/main.ts`]);
    assertEquals(check.code, 0, check.stderr);
  });
});

Deno.test("porting.md: both columns call the same functions", () => {
  const inC = callsIn(codeIn("c"));
  assertEquals(inC.toSorted(), callsIn(codeIn("ts")).toSorted());
  assertEquals(inC.length > 20, true);
  assertEquals(BLOCKS.filter(({ language }) => language !== "c" && language !== "ts"), []);
});

Deno.test("porting.md: names every function of every version's tables", async () => {
  const page = await Deno.readTextFile("docs/porting.md");
  const names = new Set(page.match(/\bVmb\w+/g));
  const all = NAMES_BY_VERSION.flatMap(({ client, serverOnly }) => [...client, ...serverOnly]);
  assertEquals(all.filter((name) => !names.has(name)), []);
});

Deno.test("porting.md: names every callback, and every other function of the header's", async () => {
  const page = await Deno.readTextFile("docs/porting.md");
  const names = new Set(page.match(/\w+/g));
  // The types' comments say whose they are.
  const types = await Deno.readTextFile("kmcl/callback_types.ts");
  const documented = [...types.matchAll(/\*\* (Evt\w+)\./g)].map(([, name]) => name!);
  const ours = [...(await Deno.readTextFile("mod.ts")).matchAll(/ (Evt\w+Ex),/g)]
    .map(([, name]) => name!);
  const others = Object.keys(vmbus).filter((name) => /^(?:NT_|Wdf|Zw|Ke|Io|Mm)/.test(name));
  assertEquals([documented.length, ours.length, others.length], [11, 5, 6]);
  assertEquals([...documented, ...ours, ...others].filter((name) => !names.has(name)), []);
});
