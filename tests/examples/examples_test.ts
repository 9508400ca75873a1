import { assertEquals, assertExists } from "@std/assert";
import { runDeno } from "../support/deno_process.ts";

const FOLDER = "examples";
/** Files that are no program: what the examples have in common, and tests, which the suite runs. */
const NO_PROGRAM = /^set_up\.ts$|_test\.ts$/;
/** The one example that is published without a header: its comments say what it prints. */
const ECHO_OUTPUT = "opened\nSTATUS_SUCCESS hello\n";

/** What the header of an example says that it prints. */
function promisedOutput(source: string): string | null {
  const header = /^\/\*\*\n.*?^ \*\/$/ms.exec(source)?.[0] ?? "";
  const block = /^ \* ```text\n(.*?)^ \* ```$/ms.exec(header)?.[1] ?? null;
  return block === null ? null : block.replaceAll(/^ \* /gm, "");
}

const programs: string[] = [];
for await (const { name, isFile } of Deno.readDir(FOLDER)) {
  if (isFile && name.endsWith(".ts") && !NO_PROGRAM.test(name)) programs.push(name);
}

Deno.test("examples: are all there", () => {
  assertEquals(programs.toSorted(), [
    "defer_and_pending.ts",
    "disk.ts",
    "echo.ts",
    "hostile_guest.ts",
    "pipe.ts",
    "quota.ts",
    "refused_open.ts",
    "scenario.ts",
    "share_gpadl.ts",
    "socket.ts",
    "sub_channels.ts",
  ]);
});

for (const name of programs.toSorted()) {
  Deno.test(`${name}: runs without permissions, and prints what it says`, async () => {
    const path = `${FOLDER}/${name}`;
    const source = await Deno.readTextFile(path);
    const promised = name === "echo.ts" ? ECHO_OUTPUT : promisedOutput(source);
    assertExists(promised, "the header must say what the example prints");
    const { code, stdout, stderr } = await runDeno(["run", "--no-check", "--no-prompt", path]);
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: promised, stderr: "" });
  });

  // A world looks by itself at what it leaves behind.
  if (name === "echo.ts" || name === "scenario.ts") continue;
  Deno.test(`${name}: fails if it leaves anything behind`, async () => {
    const source = await Deno.readTextFile(`${FOLDER}/${name}`);
    assertEquals(source.match(/await using fabric = vmbus\.createFabric\(/g)?.length, 1);
  });
}
