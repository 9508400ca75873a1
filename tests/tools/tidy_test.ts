import { assertEquals } from "@std/assert";
import { formatFinding } from "../../tools/source.ts";
import { checkTidy } from "../../tools/tidy.ts";
import { withTree } from "../support/temp_tree.ts";

const HEADER = "/** What it is. @module */\n";

/** Asserts what the check says of one file; "" where it says nothing. */
async function check(path: string, text: string, expected: string): Promise<void> {
  await withTree({ [path]: text }, async (root) => {
    assertEquals((await checkTidy(root)).map(formatFinding).join("\n"), expected);
  });
}

/** A function of so many lines. */
function functionOf(lines: number): string {
  return `export function f() {\n${"  f();\n".repeat(lines - 2)}}\n`;
}

Deno.test("checkTidy: allows functions of 70 lines and no more", async () => {
  await check("core/a.ts", HEADER + functionOf(70), "");
  await check(
    "core/a.ts",
    HEADER + functionOf(71),
    "core/a.ts:2:8: the function has 71 lines, more than 70",
  );
});

Deno.test("checkTidy: counts methods, arrows and the bodies of tests as functions", async () => {
  const body = "  f();\n".repeat(70);
  const fault = (column: number) => `:1:${column}: the function has 72 lines, more than 70`;
  await check("tests/a.ts", `class A { f() {\n${body}} }\n`, `tests/a.ts${fault(11)}`);
  await check("tests/a.ts", `class A { #f() {\n${body}} }\n`, `tests/a.ts${fault(11)}`);
  await check("tests/a.ts", `const a = { f() {\n${body}} };\n`, `tests/a.ts${fault(13)}`);
  await check(
    "tests/a_test.ts",
    `Deno.test("f: works", () => {\n${body}});\n`,
    `tests/a_test.ts${fault(23)}`,
  );
});

Deno.test("checkTidy: allows files of 400 lines and charts of 120, and no more", async () => {
  const lines = (count: number) => HEADER + "f();\n".repeat(count - 1);
  await check("core/a.ts", lines(400), "");
  await check(
    "core/a.ts",
    lines(401),
    "core/a.ts:1:1: the file has 401 lines, more than 400: is it one thing?",
  );
  const chart = (count: number) => HEADER + functionOf(count - 1);
  await check("actors/channel/machine.ts", chart(120), "");
  await check("actors/bus/host/gpadl_machine.ts", chart(120), "");
  await check(
    "actors/channel/machine.ts",
    chart(121),
    "actors/channel/machine.ts:1:1: the file has 121 lines, more than 120: is it one thing?",
  );
  await check(
    "actors/bus/host/gpadl_machine.ts",
    chart(121),
    "actors/bus/host/gpadl_machine.ts:1:1: the file has 121 lines, more than 120: is it one thing?",
  );
});

Deno.test("checkTidy: refuses clocks and chance of the machine in core, actors, kmcl and devices", async () => {
  const cases: [text: string, fault: string][] = [
    ["new Date();", "2:5: Date is not for here: use the fabric's clock"],
    ["Date.now();", "2:1: Date is not for here: use the fabric's clock"],
    ["Math.random();", "2:6: Math.random is not for here: use the fabric's seeded chance"],
    ["setTimeout(f, 1);", "2:1: setTimeout is not for here: use a deadline of the fabric"],
    ["setInterval(f, 1);", "2:1: setInterval is not for here: use a deadline of the fabric"],
    ["globalThis.performance;", "2:12: performance is not for here: use the fabric's clock"],
    ["f({ performance });", "2:5: performance is not for here: use the fabric's clock"],
    ["console.log(1);", "2:1: console is not for here: use a returned value or the trace"],
  ];
  for (const [text, fault] of cases) {
    for (const layer of ["core", "actors", "kmcl", "devices"]) {
      await check(`${layer}/a.ts`, HEADER + text, `${layer}/a.ts:${fault}`);
    }
  }
});

Deno.test("checkTidy: lets other layers, the runtime and mere names be", async () => {
  await check("simulator/a.ts", HEADER + "Date.now();", "");
  await check("actors/runtime/event_loop.ts", HEADER + "setTimeout(f, performance.now());", "");
  await check("core/a.ts", HEADER + "clock.performance.now(); Math.max(1);", "");
  await check("core/a.ts", HEADER + "interface A { performance: number; setTimeout(): void }", "");
  await check("core/a.ts", HEADER + "const a = { console: 1 }; // no Date here", "");
});

Deno.test("checkTidy: wants every source file to say what it is", async () => {
  const fault = "the file must begin with a /** … @module */ comment";
  await check("core/a.ts", "f();", `core/a.ts:1:1: ${fault}`);
  await check("mod.ts", "/** No tag. */\nf();", `mod.ts:1:1: ${fault}`);
  await check("mod.ts", "/* Not a doc comment. @module */\nf();", `mod.ts:1:1: ${fault}`);
  await check("simulator/a.ts", `f();\n${HEADER}`, `simulator/a.ts:1:1: ${fault}`);
  await check("simulator/cli/main.ts", `#!/usr/bin/env -S deno run\n${HEADER}f();`, "");
  await check("tests/core/a_test.ts", "f();", "");
});

Deno.test("checkTidy: wants tests to be named symbol: fact", async () => {
  const path = "tests/a_test.ts";
  const fault = (name: string) => `${path}:1:1: a test is named "symbol: fact", not "${name}"`;
  await check(path, 'Deno.test("OutgoingRing: refuses", f);', "");
  await check(path, 'Deno.test("kmcl.md S7: comes first", f);', "");
  await check(path, "Deno.test(`f: takes ${a}`, f);", "");
  await check(path, "Deno.test(`${a}: is exported`, f);", "");
  await check(path, 'Deno.test({ name: "f: works", fn: f });', "");
  await check(path, 'Deno.test("it works", f);', fault("it works"));
  await check(path, 'Deno.test("the ring has a name: yes", f);', fault("the ring has a name: yes"));
  await check(path, 'Deno.test("f:", f);', fault("f:"));
  await check(path, "Deno.test(`works with ${a}`, f);", fault("works with …"));
  await check(path, 'Deno.test({ name: "works", fn: f });', fault("works"));
  await check(path, "Deno.test(function works() {});", fault("works"));
});

// Here and below, what is planted is put together, so that the check does not find it in this file.
Deno.test("checkTidy: wants tests for each folder of source, in the folder of the same name", async () => {
  const tree = {
    "core/ring/a.ts": HEADER,
    "core/ring/b.ts": HEADER,
    "core/saved/c.ts": HEADER,
    "tests/core/ring/a_test.ts": "",
    "tests/support/d.ts": "",
    "bench/e.ts": HEADER,
  };
  await withTree(tree, async (root) => {
    assertEquals((await checkTidy(root)).map(formatFinding), [
      "core/saved/c.ts:1:1: no test lies in tests/core/saved, as those of core/saved would",
    ]);
  });
});

Deno.test("checkTidy: refuses tests that are switched off or alone", async () => {
  for (const text of [".only" + "(", `only: ${true}`, `ignore: ${true}`, "Deno.test" + ".ignore"]) {
    await check("tests/a.ts", `f; // ${text}`, `tests/a.ts:1:7: a test is switched off: ${text}`);
  }
});

Deno.test("checkTidy: refuses what is left unfinished, in code and in documents", async () => {
  for (const mark of ["TO" + "DO", "FIX" + "ME", "XX" + "X"]) {
    await check("core/a.ts", `${HEADER}// ${mark}: later`, `core/a.ts:2:4: unfinished: ${mark}`);
    await check("docs/a.md", `a ${mark}`, `docs/a.md:1:3: unfinished: ${mark}`);
  }
  await check("docs/a.md", `${"TO" + "DO"}S, ${"XX" + "X"}X`, "");
});

Deno.test("checkTidy: refuses paths that one machine alone has", async () => {
  for (const folder of ["home", "tmp", "Users"]) {
    const path = `/${folder}/a`;
    const fault = (column: number) => `docs/a.md:1:${column}: a path of one machine: ${path}`;
    await check("docs/a.md", `${path}/b`, fault(1));
    await check("docs/a.md", `see ${path}/b`, fault(5));
    await check("docs/a.md", `("${path}")`, fault(3));
  }
  await check("docs/a.md", "docs/home/a, core/root/b and https://example.org/tmp/c", "");
});

Deno.test("checkTidy: looks into every folder but hidden and foreign ones", async () => {
  const fault = "the file must begin with a /** … @module */ comment";
  await check("core/deep/er/a.ts", "f();", `core/deep/er/a.ts:1:1: ${fault}`);
  for (const folder of ["core/.git", "node_modules", "coverage"]) {
    await check(`${folder}/a.ts`, "f();", "");
  }
});
