import { assertEquals, assertNotEquals } from "@std/assert";
import { dirname, join, normalize } from "node:path";
import * as vmbus from "../../mod.ts";
import { runDeno } from "../support/deno_process.ts";
import { isLong } from "../support/long.ts";
import { codeBlocks, documentedPrograms } from "./markdown_code.ts";
import { publishedFiles } from "../support/published.ts";
import { TASK_ARGS } from "../support/simulate.ts";
import { withTree } from "../support/temp_tree.ts";

const README = await Deno.readTextFile("README.md");

Deno.test("README.md: its programs run, and print what it says", async () => {
  const { files } = documentedPrograms(README);
  const names = Object.keys(files);
  assertEquals(names, ["echo.ts", "wire.ts"]);
  // What a program prints stands in the block after it; a picture stands in one too.
  const blocks = codeBlocks(README);
  const outputOf = (file: string) =>
    blocks.filter(({ language }, at) => language === "text" && blocks[at - 1]?.file === file)
      .map(({ text }) => text).join("");
  await withTree(files, (root) =>
    Promise.all(names.map(async (file) => {
      const config = `--config=${Deno.cwd()}/deno.json`;
      const ran = await runDeno(["run", config, "--no-check", "--no-prompt", `${root}/${file}`]);
      assertEquals(ran, { code: 0, stdout: outputOf(file), stderr: "" });
    })).then(() => {}));
});

/** Numbers that depend on the machine, or change with every change of what is traced or signalled. */
function withoutPassingNumbers(text: string): string {
  const rows = "transactions per second|virtual time|wall time|ring-full waits";
  const row = new RegExp(`^(│ (?:${rows}|interrupts) ).*$`, "gm");
  // Tables are as wide as their numbers.
  return text.replace(row, "$1").replace(/^(trace digest ).*$/m, "$1").replace(/([─ ])+/g, "$1");
}

Deno.test("README.md: the run of the simulator prints what it says", async () => {
  const block = codeBlocks(README).find(({ text }) => / task simulate\n/.test(text));
  const [, ...lines] = block?.text.split("\n") ?? [];
  const flags = ["--no-check", "--no-prompt", "--allow-read", "--allow-write"];
  const ran = await runDeno(["run", ...flags, "simulator/cli/main.ts", ...TASK_ARGS]);
  assertEquals([ran.code, ran.stderr], [0, ""]);
  assertEquals(withoutPassingNumbers(ran.stdout), withoutPassingNumbers(lines.join("\n")));
});

/** Whether `lines` of a document stand in `text`, one block behind the other, where `…` leaves some out. */
function assertTells(text: string, lines: readonly string[]): void {
  let rest = `\n${text}`;
  for (const block of `\n${lines.join("\n")}`.split("\n…\n")) {
    const at = rest.indexOf(block);
    assertEquals(at >= 0, true, `${block}\n  is not in\n${rest}`);
    rest = rest.slice(at + block.length);
  }
}

// A sweep of a thousand worlds takes a while, and shorter ones count others.
if (isLong) {
  Deno.test("README.md: the way from a failure to its cause is what the commands say", async () => {
    const { files } = documentedPrograms(await Deno.readTextFile("docs/simulator.md"));
    const [sweep, shrink] = ["sweep tally_scenario", "simulate shrink"].map((words) =>
      codeBlocks(README).find(({ text }) => text.includes(` task ${words}`))?.text.trimEnd()
        .split("\n") ?? []
    );
    await withTree(files, async (root) => {
      const run = async (program: string, [command = "", ...lines]: readonly string[]) => {
        const words = command.slice(command.indexOf(" task ")).split(" ").slice(3);
        const flags = [`--config=${Deno.cwd()}/deno.json`, "--no-check", "--no-prompt", "-A"];
        const { stdout } = await runDeno(
          ["run", ...flags, program, "--from-task", root, "", ...words],
        );
        const seconds = / in [\d.]+ s, \d+ a second;/;
        assertTells(
          stdout.replaceAll(/ --config \S+/g, "").replace(seconds, ""),
          lines.map((line) => line.replace(seconds, "")),
        );
      };
      await run("simulator/cli/sweep/main.ts", sweep!);
      await run("simulator/cli/main.ts", shrink!);
    });
  });
}

Deno.test("README.md: lists the documented functions, all of which are here", () => {
  const rows = [...README.matchAll(/^\| `(\w+)` \| ([^|]+) \| (\w+) \|$/gm)];
  const { device } = vmbus.createFabric().root;
  const namesIn = (type: string, size: number) => {
    const { kmcl } = vmbus.WdfFdoQueryForInterface(device, type, size, 1);
    return Object.keys(kmcl ?? {}).filter((name) => name.startsWith("Vmb"));
  };
  const client = namesIn(vmbus.KMCL_CLIENT_INTERFACE_TYPE, vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE);
  const server = namesIn(vmbus.KMCL_SERVER_INTERFACE_TYPE, vmbus.KMCL_SERVER_INTERFACE_V1_SIZE);
  const listed = (table: string, status: string) =>
    rows.filter((row) => row[2] === table && row[3] === status).map(([, name]) => name);
  assertEquals(listed("client and server", "implemented").sort(), [...client].sort());
  assertEquals(
    listed("server", "implemented").sort(),
    server.filter((name) => !client.includes(name)).sort(),
  );
  assertEquals(rows.length, 55);
  assertEquals(new Set(rows.map(([, name]) => name)).size, 55);
});

/** Files of the repository that a document links to, relative to the repository. */
async function linksIn(path: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(path);
  const targets = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) =>
    target
  );
  return targets.map((target) => normalize(join(dirname(path), target)));
}

Deno.test("documents: what is published links to nothing that is not", async () => {
  const published = await publishedFiles();
  const documents = published.filter((path) => path.endsWith(".md"));
  assertEquals(documents.includes("docs/guide.md"), true);
  const links = (await Promise.all(documents.map(linksIn))).flat();
  assertNotEquals(links, []);
  assertEquals(links.filter((link) => !published.includes(link)), []);
});

// The number of tests changes with each of them, and nobody keeps up with it.
Deno.test("README.md: names no number of tests", () => {
  assertEquals(README.match(/\b\d+ (?:passed|tests)\b/), null);
});

Deno.test("documents: their links lead to files", async () => {
  const paths = ["README.md", "CONTRIBUTING.md"];
  for await (const { name } of Deno.readDir("docs")) {
    if (!name.endsWith(".webp")) paths.push(`docs/${name}`);
  }
  const links = (await Promise.all(paths.map(linksIn))).flat();
  assertNotEquals(links, []);
  const found = await Promise.all(
    links.map((link) => Deno.stat(link).then(() => true, () => false)),
  );
  assertEquals(links.filter((_, at) => !found[at]), []);
});
