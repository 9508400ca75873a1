import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { runDeno } from "../support/deno_process.ts";
import { isLong } from "../support/long.ts";
import { codeBlocks, documentedPrograms } from "./markdown_code.ts";
import { withTree } from "../support/temp_tree.ts";

const GUIDE = "docs/guide.md";
const SAVE_RESTORE = "docs/save-restore.md";

/** The programs of the documents, each document's in a folder of its own. */
const PROGRAMS = {
  guide: documentedPrograms(await Deno.readTextFile(GUIDE)),
  saveRestore: documentedPrograms(await Deno.readTextFile(SAVE_RESTORE)),
  simulator: documentedPrograms(await Deno.readTextFile("docs/simulator.md")),
  readme: documentedPrograms(await Deno.readTextFile("README.md")),
};
const CONFIG = `--config=${Deno.cwd()}/deno.json`;
const RUN_FLAGS = [CONFIG, "--no-check", "--no-prompt"];

// Most of a check is the package itself: all programs share one, and only a thorough run makes it.
if (isLong) {
  Deno.test("documents: their programs are well typed", async () => {
    const files = Object.fromEntries(
      Object.entries(PROGRAMS).flatMap(([folder, { files }]) =>
        Object.entries(files).map(([file, text]) => [`${folder}/${file}`, text])
      ),
    );
    await withTree(files, async (root) => {
      const paths = Object.keys(files).map((file) => `${root}/${file}`);
      assertEquals(await runDeno(["check", CONFIG, ...paths]), { code: 0, stdout: "", stderr: "" });
    });
  });
}

Deno.test("guide.md: its programs run, and print what it says", async () => {
  const { files, output } = PROGRAMS.guide;
  await withTree(files, async (root) => {
    const program = await runDeno(["run", ...RUN_FLAGS, `${root}/main.ts`]);
    assertEquals(program, { code: 0, stdout: output, stderr: "" });
    const tests = await runDeno(["test", ...RUN_FLAGS, `${root}/upper_test.ts`]);
    const count = files["upper_test.ts"]?.match(/^Deno\.test\(/gm)?.length;
    assertEquals(tests.code, 0, tests.stdout + tests.stderr);
    assertMatch(tests.stdout, new RegExp(`${count} passed \\| 0 failed`));
  });
});

Deno.test("save-restore.md: its program runs, and prints what it says", async () => {
  const { files, output } = PROGRAMS.saveRestore;
  await withTree(files, async (root) => {
    const { code, stdout, stderr } = await runDeno(["run", ...RUN_FLAGS, `${root}/main.ts`]);
    // The pictures of the document are no output.
    assertEquals([code, stderr, output.startsWith(stdout), stdout.length > 0], [0, "", true, true]);
  });
});

Deno.test("simulator.md: its program finds what it says, and its test passes", async () => {
  const { files, output } = PROGRAMS.simulator;
  await withTree(files, async (root) => {
    const { code, stdout, stderr } = await runDeno(["run", ...RUN_FLAGS, `${root}/main.ts`]);
    assertEquals([code, stderr, output.startsWith(stdout), stdout.length > 0], [0, "", true, true]);
    if (!isLong) return;
    const tests = await runDeno(["test", ...RUN_FLAGS, `${root}/tally_test.ts`]);
    assertEquals(tests.code, 0, tests.stdout + tests.stderr);
  });
});

Deno.test("guide.md: every block of code belongs to a program", async () => {
  for (const document of [GUIDE, SAVE_RESTORE]) {
    const blocks = codeBlocks(await Deno.readTextFile(document));
    assertEquals(blocks.filter(({ language, file }) => language !== "text" && file === null), []);
  }
});

Deno.test("guide.md: names every example", async () => {
  const guide = await Deno.readTextFile(GUIDE);
  for await (const { name, isFile } of Deno.readDir("examples")) {
    if (!isFile || name === "set_up.ts") continue;
    // Tests have imports of their own, and are not published: a link would lead nowhere.
    const words = name.endsWith("_test.ts") ? `examples/${name}` : `](../examples/${name})`;
    assertEquals(guide.includes(words), true, `the guide does not name ${name}`);
  }
});

Deno.test("api.md: its program is examples/echo.ts", async () => {
  const blocks = codeBlocks(await Deno.readTextFile("docs/api.md"));
  const program = blocks.find(({ text }) => text.startsWith("import "));
  assertEquals(program?.text, await Deno.readTextFile("examples/echo.ts"));
});

/** The names that a door lists; those of another door that it has as a whole are that one's. */
async function exportsOf(path: string): Promise<readonly string[]> {
  const door = (await Deno.readTextFile(path)).replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
  const lists = [...door.matchAll(/^export (?:type )?\{([^}]*)\}/gm)];
  const declared = [...door.matchAll(/^export (?:async )?(?:const|function|type) (\w+)/gm)];
  assertEquals(lists.length + declared.length, door.match(/^export (?!(?:type )?\*)/gm)?.length);
  const listed = lists.flatMap(([, list = ""]) => list.match(/\w+/g) ?? []);
  const names = declared.map(([, name = ""]) => name);
  return [...listed.filter((name) => name !== "type"), ...names];
}

/** The folders under `folder` whose `mod.ts` is a door of the package. */
async function doorsIn(folder: string): Promise<readonly string[]> {
  const { exports } = JSON.parse(await Deno.readTextFile("deno.json"));
  const files: readonly string[] = Object.values(exports);
  return files.flatMap((file) =>
    new RegExp(`^\\./${folder}(\\w+)/mod\\.ts$`).exec(file)?.[1] ?? []
  );
}

Deno.test("api.md: names everything that mod.ts exports", async () => {
  const api = await Deno.readTextFile("docs/api.md");
  // Statuses stand there as a group.
  const own = (await exportsOf("mod.ts")).filter((name) => !name.startsWith("STATUS_"));
  assertNotEquals(own, []);
  assertEquals(own.filter((name) => !new RegExp(`\\b${name}\\b`).test(api)), []);
});

Deno.test("api.md: names everything that the doors of devices export", async () => {
  const api = await Deno.readTextFile("docs/api.md");
  const devices = api.slice(api.indexOf("@vmbus/kmcl/devices"));
  const doors = await doorsIn("devices/");
  assertEquals(doors.includes("storage"), true);
  for (const device of doors) {
    const names = await exportsOf(`devices/${device}/mod.ts`);
    assertNotEquals(names, []);
    assertEquals(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(devices)), []);
  }
});

Deno.test("api.md: names everything that the doors of the simulator export", async () => {
  const api = await Deno.readTextFile("docs/api.md");
  const doors = ["mod.ts", ...(await doorsIn("simulator/")).map((room) => `${room}/mod.ts`)];
  assertEquals(doors.includes("fat/mod.ts"), true);
  for (const door of doors.map((file) => `simulator/${file}`)) {
    const names = await exportsOf(door);
    assertNotEquals(names, []);
    assertEquals(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(api)), []);
  }
});

Deno.test("api.md: names everything that the door of layouts exports", async () => {
  const api = await Deno.readTextFile("docs/api.md");
  const layouts = api.slice(api.indexOf("@vmbus/kmcl/layout"));
  const names = await exportsOf("core/layout/mod.ts");
  assertNotEquals(names, []);
  assertEquals(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(layouts)), []);
});

Deno.test("README.md: leads to every document", async () => {
  const readme = await Deno.readTextFile("README.md");
  for await (const { name } of Deno.readDir("docs")) {
    if (name.endsWith(".webp")) continue; // a picture is no document
    assertEquals(readme.includes(`](docs/${name})`), true, `README.md does not name ${name}`);
  }
});

/** The files of the package under `folder` whose comments hold a program. */
async function filesWithExamples(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await filesWithExamples(path));
    else if (name.endsWith(".ts") && /^ *\* ```ts$/m.test(await Deno.readTextFile(path))) {
      found.push(path);
    }
  }
  return found;
}

// Each is a module of its own, and makes everything anew.
if (isLong) {
  Deno.test("comments: the programs in them run", async () => {
    const folders = await Promise.all(
      ["core", "actors", "kmcl", "devices", "simulator"].map(filesWithExamples),
    );
    const files = ["mod.ts", ...folders.flat()];
    assertNotEquals(files.length, 1);
    // As in the tasks: the library that reads YAML asks for two names of the environment, and that of FAT reads itself.
    const permissions = ["--ignore-env=LOG_TOKENS,LOG_STREAM", "--allow-read"];
    const args = ["test", "--doc", "--no-check", ...permissions, ...files];
    const { code, stdout, stderr } = await runDeno(args);
    assertEquals(code, 0, stdout + stderr);
    assertMatch(stdout, /\b[1-9]\d* passed \| 0 failed/);
  });
}
