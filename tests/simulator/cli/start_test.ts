import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { dirname } from "node:path";
import { UsageError } from "../../../simulator/cli/command.ts";
import { siblingOf, startOf, startOfPackage } from "../../../simulator/cli/start.ts";
import type { ProcessEnd } from "../../support/deno_process.ts";
import { publishedFiles } from "../../support/published.ts";
import { withTree } from "../../support/temp_tree.ts";

const FLAGS = "--allow-read --allow-write";
const FILE = "file:///a%20b/main.ts";
const REPOSITORY = Deno.cwd();

/** Runs Deno where a user stands; `args` are what a shell makes of a command after its first word. */
async function denoIn(folder: string, args: readonly string[]): Promise<ProcessEnd> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    // The variable stays what it is where it is set, as in the task that runs these tests.
    env: { INIT_CWD: folder, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** The words of a command as a shell takes them, without `deno`. */
function wordsOf(command: string): string[] {
  const words = command.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", "")) ?? [];
  assertEquals(words[0], "deno");
  return words.slice(1);
}

Deno.test("startOf: a task hands over where the user stands, and nothing that the user gives can", () => {
  const went: string[] = [];
  // In earnest it would be for all tests that run at once.
  const goTo = (folder: string) => {
    if (folder === "gone") throw new Deno.errors.NotFound();
    went.push(folder);
  };
  const start = (...args: string[]) => startOf("walk", FILE, FLAGS, args, goTo);
  assertEquals(start("--from-task", "/a b", "xterm", "--from-task", "x"), {
    command: `deno task --config ${REPOSITORY}/deno.json walk`,
    args: ["--from-task", "x"],
    isDumb: false,
  });
  assertEquals(went, ["/a b"]);
  // Who starts the task by other means may have no such variable.
  assertEquals(start("--from-task", "", "dumb", "a"), {
    command: "deno task walk",
    args: ["a"],
    isDumb: true,
  });
  assertEquals(went, ["/a b"]);
  // From a folder of the repository the task is found.
  for (const folder of [REPOSITORY, `${REPOSITORY}/docs`, `${REPOSITORY}/..docs`]) {
    assertEquals(start("--from-task", folder, "").command, "deno task walk");
  }
  const beside = `deno task --config ${REPOSITORY}/deno.json walk`;
  assertEquals(start("--from-task", dirname(REPOSITORY), "").command, beside);
  const gone = () => start("--from-task", "gone", "");
  assertThrows(gone, UsageError, "Cannot go to gone, where you are: there is no such");
});

Deno.test("startOf, startOfPackage: a command that is no task names the program", () => {
  const args = ["a", "--from-task", "b"];
  assertEquals(startOf("walk", FILE, FLAGS, args), {
    command: `deno run ${FLAGS} '/a b/main.ts'`,
    args,
    isDumb: false,
  });
  const commandOf = (module: string) => startOfPackage("walk", module, FLAGS, args).command;
  assertEquals(commandOf(FILE), `deno run ${FLAGS} jsr:@vmbus/kmcl/walk`);
  assertEquals(
    commandOf("https://jsr.io/@vmbus/kmcl/0.1.0/simulator/cli/walk.ts"),
    `deno run ${FLAGS} jsr:@vmbus/kmcl@0.1.0/walk`,
  );
});

// Decisions D230.
Deno.test("simulate: its task takes paths from where the user stands, and so does what it prints", async () => {
  await withTree({ "some folder/a file": "hello" }, async (root) => {
    const folder = `${root}/some folder`;
    const task = `deno task --config ${REPOSITORY}/deno.json simulate`;
    const run = (command: string) =>
      denoIn(folder, ["task", "--quiet", ...wordsOf(command).slice(1)]);
    const first = await run(
      `${task} --file 'a file' --out copy --save-at 50% --save-to ./run --json`,
    );
    assertEquals([first.code, first.stderr], [0, ""]);
    const { replay, resume, options } = JSON.parse(first.stdout);
    assertEquals([options.file, options.out], ["a file", "copy"]);
    assertEquals(replay.startsWith(`${task} `), true);
    assertMatch(replay, / --file 'a file' --out copy /);
    assertEquals(resume, `${task} --resume ./run --out copy`);
    const second = await run(resume);
    assertEquals(second.code, 0, second.stderr);
    assertEquals(second.stdout.endsWith(`\nok\nreplay: ${resume}\n`), true);
    assertEquals(Deno.readTextFileSync(`${folder}/copy`), "hello");
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["some folder"]);
  });
});

Deno.test("vectors: its task takes paths from where the user stands", async () => {
  await withTree({ "some folder/a file": "[]" }, async (root) => {
    const task = ["task", "--quiet", "--config", `${REPOSITORY}/deno.json`, "vectors"];
    const { code, stdout } = await denoIn(`${root}/some folder`, [...task, "--json", "a file"]);
    const { ok, files } = JSON.parse(stdout);
    assertEquals([code, ok, files], [0, true, [{ file: "a file", cases: [] }]]);
  });
});

// Decisions D234: from the published files alone, far from the repository.
Deno.test("simulate: the published package is enough to run it, and it names itself", async () => {
  await withTree({ "app/a file": "hello" }, async (root) => {
    for (const path of await publishedFiles()) {
      await Deno.mkdir(dirname(`${root}/package/${path}`), { recursive: true });
      await Deno.copyFile(path, `${root}/package/${path}`);
    }
    const { imports, exports } = JSON.parse(await Deno.readTextFile("deno.json"));
    const specifier = "jsr:@vmbus/kmcl/simulate";
    // An import map stands for the registry, and the lock file for what it says of dependencies.
    const map = { ...imports, [specifier]: `../package/${exports["./simulate"]}` };
    const config = { imports: map, nodeModulesDir: "none" };
    await Deno.writeTextFile(`${root}/app/deno.json`, JSON.stringify(config));
    await Deno.copyFile("deno.lock", `${root}/app/deno.lock`);
    const flags = ["--no-prompt", "--no-check", "--quiet"];
    const run = (words: readonly string[]) =>
      denoIn(`${root}/app`, ["run", ...flags, ...words.slice(1)]);
    // What needs no file needs no permission.
    const echo = await run(["run", specifier, "--scenario", "echo", "--packets", "5", "--json"]);
    assertEquals([echo.code, echo.stderr], [0, ""]);
    const disk = ["run", "--allow-read", "--allow-write", specifier, "--file", "a file", "--json"];
    const first = JSON.parse((await run(disk)).stdout);
    const command = `deno run --allow-read --allow-write ${specifier}`;
    assertEquals(first.replay.startsWith(`${command} --scenario disk --file 'a file' `), true);
    const again = JSON.parse((await run([...wordsOf(first.replay), "--json"])).stdout);
    assertEquals([again.ok, again.traceDigest], [true, first.traceDigest]);
    // Without permissions it says which one is missing.
    const { code, stderr } = await run(["run", specifier, "--file", "a file"]);
    assertEquals(code, 2);
    assertMatch(stderr, /^Cannot read a file: it is not permitted without --allow-read; /);
  });
});

Deno.test("siblingOf: a command names another one as it was started itself", () => {
  const published = startOfPackage("sweep", "https://jsr.io/@vmbus/kmcl/1.2.3/a.ts", FLAGS, []);
  assertEquals(
    siblingOf(published.command, "simulate"),
    "deno run --allow-read --allow-write jsr:@vmbus/kmcl@1.2.3/simulate",
  );
  for (const task of ["deno task", "deno task --config '/a b/deno.json'"]) {
    assertEquals(siblingOf(`${task} simulate`, "sweep"), `${task} sweep`);
  }
  const { command } = startOf("simulate", FILE, FLAGS, []);
  assertMatch(
    siblingOf(command, "sweep"),
    /^deno run --allow-read --allow-write --allow-run=deno \S+\/simulator\/cli\/sweep\/main\.ts$/,
  );
});
