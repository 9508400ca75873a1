import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkLayers, DOORS } from "../../tools/check_layers.ts";
import { formatFinding } from "../../tools/source.ts";
import { runDeno } from "../support/deno_process.ts";
import { withTree } from "../support/temp_tree.ts";

/** Asserts what the check says of one file with this one line; "" where it says nothing. */
async function check(path: string, line: string, expected: string): Promise<void> {
  await withTree({ [path]: line }, async (root) => {
    assertEquals((await checkLayers(root)).map(formatFinding).join("\n"), expected);
  });
}

Deno.test("checkLayers: allows the own layer and earlier ones", async () => {
  await check("core/ring/a.ts", 'import { b } from "../units.ts";', "");
  await check("kmcl/a.ts", 'import { b } from "../core/units.ts";', "");
  await check("mod.ts", 'export * from "./kmcl/interface.ts";', "");
  await check("simulator/a.ts", 'import { b } from "../mod.ts";', "");
  await check("examples/echo.ts", 'import * as vmbus from "../mod.ts";', "");
  await check("examples/disk/main.ts", 'import { b } from "../../simulator/mod.ts";', "");
  await check("examples/disk/main.ts", 'import { b } from "./blocks.ts";', "");
  await check("examples/disk/main.ts", 'import { b } from "../../devices/disk/mod.ts";', "");
  await check("tests/core/a_test.ts", 'import { b } from "../../tools/tidy.ts";', "");
});

Deno.test("checkLayers: refuses a later layer, in every form of import", async () => {
  const fault = "core must not import from actors, a later layer";
  const path = "core/ring/a.ts";
  await check(path, 'import "../../actors/b.ts";', `${path}:1:8: ${fault}`);
  await check(path, 'import type { B } from "../../actors/b.ts";', `${path}:1:24: ${fault}`);
  await check(path, 'export * from "../../actors/b.ts";', `${path}:1:15: ${fault}`);
  await check(path, 'export { b } from "../../actors/b.ts";', `${path}:1:19: ${fault}`);
  await check(path, 'const b = await import("../../actors/b.ts");', `${path}:1:17: ${fault}`);
  await check(path, 'type B = import("../../actors/b.ts").B;', `${path}:1:10: ${fault}`);
  await check(path, 'import b = require("../../actors/b.ts");', `${path}:1:12: ${fault}`);
  await check(
    path,
    'new Worker(new URL("../../actors/b.ts", import.meta.url));',
    `${path}:1:12: ${fault}`,
  );
});

Deno.test("checkLayers: reports the line and column of each import", async () => {
  await check(
    "actors/a.ts",
    'import { a } from "../core/a.ts";\n\n  import { b } from "../kmcl/b.ts";',
    "actors/a.ts:3:21: actors must not import from kmcl, a later layer",
  );
});

Deno.test("checkLayers: keeps mod.ts between kmcl and simulator", async () => {
  await check(
    "mod.ts",
    'export * from "./simulator/mod.ts";',
    "mod.ts:1:15: mod.ts must not import from simulator, a later layer",
  );
  await check(
    "kmcl/a.ts",
    'import { b } from "../mod.ts";',
    "kmcl/a.ts:1:19: kmcl must not import from mod.ts, a later layer",
  );
});

Deno.test("checkLayers: keeps the rooms of the actors in order", async () => {
  await check("actors/bus/a.ts", 'import "../channel/b.ts";', "");
  await check(
    "actors/channel/a.ts",
    'import type { B } from "../bus/host/b.ts";',
    "actors/channel/a.ts:1:24: actors/channel must not import from actors/bus, a later room",
  );
  const fault = "a file of actors/ is in a room: actors/chart, actors/runtime, actors/packet, " +
    "actors/channel, actors/bus, actors/partition, actors/fabric, actors/saving";
  await check("actors/bus/a.ts", 'import "../b.ts";', `actors/bus/a.ts:1:8: ${fault}`);
  await check("actors/a.ts", 'import "./bus/b.ts";', `actors/a.ts:1:8: ${fault}`);
});

Deno.test("checkLayers: keeps ring and packet apart", async () => {
  const fault = "core/ring/ and core/packet/ must not import each other";
  await check("core/ring/a.ts", 'import "../packet/b.ts";', `core/ring/a.ts:1:8: ${fault}`);
  await check("core/packet/a.ts", 'import "../ring/b.ts";', `core/packet/a.ts:1:8: ${fault}`);
});

Deno.test("checkLayers: lets nothing import tests, tools or what lies outside", async () => {
  await check(
    "core/a.ts",
    'import "../tests/support/b.ts";',
    "core/a.ts:1:8: core must not import from tests",
  );
  await check(
    "tools/a.ts",
    'import "../tests/support/b.ts";',
    "tools/a.ts:1:8: tools/ must not import from tests",
  );
  await check(
    "core/a.ts",
    'import "../../b.ts";',
    "core/a.ts:1:8: ../b.ts lies outside the repository",
  );
});

Deno.test("checkLayers: lets examples use the package as users do", async () => {
  const fault = "an example imports the doors of the package and its own folder only";
  await check("examples/disk/main.ts", 'import "npm:zod";', "");
  await check("examples/a.ts", 'import "../core/units.ts";', `examples/a.ts:1:8: ${fault}`);
  await check("examples/a.ts", 'import "../simulator/b.ts";', `examples/a.ts:1:8: ${fault}`);
  await check("examples/a/b.ts", 'import "../c/d.ts";', `examples/a/b.ts:1:8: ${fault}`);
  await check(
    "examples/a.ts",
    'import "xstate";',
    "examples/a.ts:1:8: xstate is for actors/ and devices/ only",
  );
});

Deno.test("checkLayers: keeps xstate in actors, devices, tests and tools", async () => {
  await check("devices/chart.ts", 'import { transition } from "xstate";', "");
  await check("actors/channel/machine.ts", 'import { setup } from "xstate";', "");
  await check("tests/actors/a_test.ts", 'import { setup } from "xstate/graph";', "");
  await check("tools/chart.ts", 'import { setup } from "npm:xstate@^5";', "");
  const fault = "xstate is for actors/ and devices/ only";
  await check("kmcl/a.ts", 'import type { Actor } from "xstate";', `kmcl/a.ts:1:28: ${fault}`);
  await check("simulator/a.ts", 'import "xstate/graph";', `simulator/a.ts:1:8: ${fault}`);
  await check("core/a.ts", 'import "npm:xstate@^5/graph";', `core/a.ts:1:8: ${fault}`);
});

Deno.test("checkLayers: keeps what mod.ts loads runtime-neutral", async () => {
  await check("core/a.ts", 'import { pack } from "msgpackr/pack";', "");
  await check("core/a.ts", 'import { sha256 } from "@noble/hashes/sha2.js";', "");
  const libraries = "@noble/hashes, crc-32, msgpackr/pack, pure-rand, xstate";
  await check(
    "core/a.ts",
    'import { pack } from "msgpackr";',
    `core/a.ts:1:22: core must not use msgpackr: its libraries are ${libraries}`,
  );
  await check(
    "kmcl/a.ts",
    'import { inspect } from "node:util";',
    "kmcl/a.ts:1:25: kmcl must run in any runtime: no node:util here",
  );
  await check(
    "actors/a.ts",
    "const now = () => globalThis.Deno.pid;",
    "actors/a.ts:1:30: actors must run in any runtime: no Deno here",
  );
  await check(
    "core/a.ts",
    'import "https://example.org/b.ts";',
    "core/a.ts:1:8: modules come from packages, not from addresses",
  );
  await check(
    "core/a.ts",
    "await import(name);",
    "core/a.ts:1:7: the imported module must be written out",
  );
});

Deno.test("checkLayers: a device rests on mod.ts and on layouts alone, and knows no runtime and no other device", async () => {
  for (const path of ["../../mod.ts", "../../core/layout/mod.ts", "./protocol.ts", "../image.ts"]) {
    await check("devices/disk/a.ts", `import "${path}";`, "");
  }
  await check("devices/mod.ts", 'export * as disk from "./disk/mod.ts";', "");
  const own =
    "a device imports mod.ts, core/layout/mod.ts, its own folder and what all devices share only";
  for (const path of ["../../core/units.ts", "../echo/mod.ts", "../mod.ts"]) {
    await check("devices/disk/a.ts", `import "${path}";`, `devices/disk/a.ts:1:8: ${own}`);
  }
  await check("devices/image.ts", 'import "./disk/mod.ts";', `devices/image.ts:1:8: ${own}`);
  const anywhere = "devices/disk/a.ts:1:1: devices must run in any runtime: no Deno here";
  await check("devices/disk/a.ts", 'Deno.open("a");', anywhere);
  await check(
    "devices/disk/a.ts",
    'import "node:fs";',
    "devices/disk/a.ts:1:8: devices must run in any runtime: no node:fs here",
  );
  await check(
    "devices/disk/a.ts",
    'import "pure-rand";',
    "devices/disk/a.ts:1:8: devices must not use pure-rand: a device needs no library",
  );
});

Deno.test("checkLayers: its doors are what deno.json exports, and all of them are checked as documents", async () => {
  const { exports, tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const exported = Object.values<string>(exports).filter((path) => !path.includes("/cli/"));
  assertEquals(exported.map((path) => path.slice(2)).toSorted(), DOORS.toSorted());
  for (const door of DOORS) assertStringIncludes(tasks["check:docs"], ` ${door} `);
});

Deno.test("checkLayers: lets only the command line of the simulator know Deno", async () => {
  await check("simulator/cli/main.ts", "Deno.exit(0);", "");
  await check("simulator/cli/main.ts", 'import "../mod.ts";', "");
  await check("simulator/cli/main.ts", 'import "./report.ts";', "");
  await check(
    "simulator/run.ts",
    "Deno.exit(0);",
    "simulator/run.ts:1:1: simulator must run in any runtime: no Deno here",
  );
  await check(
    "simulator/mod.ts",
    'import "./cli/main.ts";',
    "simulator/mod.ts:1:8: simulator must not import from simulator/cli, a later layer",
  );
});

Deno.test("checkLayers: lets tools and benches speak as the command line does", async () => {
  for (const folder of ["tools", "bench"]) {
    await check(`${folder}/a.ts`, 'import "../simulator/cli/command.ts";', "");
  }
  await check("bench/a.ts", 'import "../simulator/cli/file_image.ts";', "");
  const fault =
    "examples/a.ts:1:8: an example imports the doors of the package and its own folder only";
  await check("examples/a.ts", 'import "../simulator/cli/command.ts";', fault);
});

Deno.test("checkLayers: keeps the command line outermost", async () => {
  await check("simulator/cli/disk/a.ts", 'import "../../../examples/disk/mod.ts";', "");
  await check("tests/simulator/a_test.ts", 'import "../../simulator/cli/main.ts";', "");
  const fault = "must not import from simulator/cli";
  await check("tools/a.ts", 'import "../simulator/cli/b.ts";', `tools/a.ts:1:8: tools/ ${fault}`);
  await check("bench/a.ts", 'import "../simulator/cli/b.ts";', `bench/a.ts:1:8: bench/ ${fault}`);
  await check(
    "simulator/a.ts",
    'import "../examples/disk/mod.ts";',
    "simulator/a.ts:1:8: simulator must not import from examples, a later layer",
  );
});

Deno.test("checkLayers: refuses a file that is in no layer", async () => {
  await withTree({ "misc/a.ts": "" }, async (root) => {
    const [finding] = await checkLayers(root);
    assertStringIncludes(finding?.message ?? "", "in no layer");
  });
});

Deno.test("checkLayers: exits with 1 and prints the place, as a command", async () => {
  await withTree({ "core/a.ts": 'import "../kmcl/b.ts";' }, async (root) => {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", `--allow-read=${root}`, "tools/check_layers.ts", root],
    }).output();
    assertEquals(code, 1);
    assertStringIncludes(new TextDecoder().decode(stdout), "core/a.ts:1:8: core must not");
  });
});

Deno.test("runCheck: an argument that cannot be used costs one line and exit code 2", async () => {
  const cases = [
    ["gone", "Cannot check gone: it is no repository; name a clone of this one\n"],
    ["--gone", "unknown option '--gone': see deno task check:layers --help\n"],
  ] as const;
  for (const [arg, line] of cases) {
    const end = await runDeno(["run", "--allow-read=.", "tools/check_layers.ts", arg]);
    assertEquals(end, { code: 2, stdout: "", stderr: line });
  }
});

/** Asserts the first finding of a tree of one-line files, or that there is none: "". */
async function checkTree(
  files: Readonly<Record<string, string>>,
  expected: string,
): Promise<void> {
  await withTree(files, async (root) => {
    assertEquals((await checkLayers(root)).map(formatFinding)[0] ?? "", expected);
  });
}

const CIRCLE = {
  "core/a.ts": 'import type { B } from "./b.ts"; export type A = B;',
  "core/b.ts": 'import type { C } from "./c.ts"; export type B = C;',
  "core/c.ts": 'import type { A } from "./a.ts"; export type C = A;',
};

Deno.test("checkLayers: refuses a circle of imports, also of types, and shows the way", async () => {
  const way = "core/b.ts imports core/c.ts imports core/a.ts";
  await checkTree(CIRCLE, `core/a.ts:1:24: imports run in a circle: ${way}`);
  await checkTree(
    { ...CIRCLE, "core/c.ts": "export type C = 1;" },
    "core/a.ts:1:41: nobody imports A: it is no export",
  );
});

Deno.test("checkLayers: refuses a circle of folders, also where no files are in one", async () => {
  const tree = {
    "simulator/a/low.ts": "export type Low = 1;",
    "simulator/a/high.ts": 'import type { B } from "../b/c/b.ts"; type A = B;',
    "simulator/b/c/b.ts": 'import type { Low } from "../../a/low.ts"; export type B = Low;',
  };
  const way = "simulator/b imports simulator/a";
  await checkTree(tree, `simulator/a/high.ts:1:24: folders run in a circle: ${way}`);
  const file = { ...tree, "simulator/low.ts": "export type Low = 1;" };
  const below = 'import type { Low } from "../../low.ts"; export type B = Low;';
  await checkTree({ ...file, "simulator/a/low.ts": "", "simulator/b/c/b.ts": below }, "");
  // A folder's own files may stand above or below its folders, not both.
  await checkTree({
    "simulator/a/b.ts": 'import type { C } from "./c/c.ts"; export type B = C;',
    "simulator/a/c/c.ts": "export type C = 1;",
    "simulator/a/c/d.ts": 'import type { B } from "../b.ts"; type D = B;',
  }, "simulator/a/b.ts:1:24: folders run in a circle: simulator/a/c imports simulator/a/b.ts");
});

Deno.test("checkLayers: refuses an export that nobody imports", async () => {
  const fault = (name: string) => `core/a.ts:1:8: nobody imports ${name}: it is no export`;
  await checkTree({ "core/a.ts": "export const a = 1;" }, fault("a"));
  await checkTree({ "core/a.ts": "export function a() {}" }, fault("a"));
  await checkTree({ "core/a.ts": "export class A {}" }, fault("A"));
  await checkTree({ "core/a.ts": "export interface A {}" }, fault("A"));
  const a = { "core/a.ts": "export const a = 1;" };
  await checkTree({ ...a, "core/b.ts": 'import { a } from "./a.ts";' }, "");
  await checkTree({ ...a, "mod.ts": 'export { a as b } from "./core/a.ts";' }, "");
  await checkTree({ ...a, "tests/a_test.ts": 'import { a } from "../core/a.ts";' }, "");
});

Deno.test("checkLayers: refuses an export that nobody takes out of its file's namespace", async () => {
  const tree = (use: string) => ({
    "core/a.ts": "export const a = 1;",
    "core/b.ts": `import * as all from "./a.ts"; ${use}`,
  });
  const fault = "core/a.ts:1:8: nobody imports a: it is no export";
  await checkTree(tree("all.b;"), fault);
  await checkTree(tree("const { b } = all;"), fault);
  for (const use of ["all.a;", "const { a } = all;", "all[name];", "take(all);"]) {
    await checkTree(tree(use), "");
  }
});

Deno.test("checkLayers: lets a type be exported with the signature that names it", async () => {
  await checkTree({
    "core/a.ts": "export interface A {} export function a(): A { return {}; }",
    "core/b.ts": 'import { a } from "./a.ts";',
  }, "");
});

Deno.test("checkLayers: leaves alone what is exported for those outside", async () => {
  await checkTree({ "mod.ts": "export const a = 1;" }, "");
  await checkTree({ "examples/disk/a.ts": "export const a = 1;" }, "");
});
