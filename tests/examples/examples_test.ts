import { assertEquals, assertExists, assertStringIncludes } from "@std/assert";
import { runDeno } from "../support/deno_process.ts";

const FOLDER = "examples";
/** Files that are no program: what the examples have in common, and tests, which the suite runs. */
const NO_PROGRAM = /^set_up\.ts$|_test\.ts$/;
/** The one example that is published without a header: its comments say what it prints. */
const ECHO_OUTPUT = "opened\nSTATUS_SUCCESS hello\n";

/** What an example asks for, if it asks for anything, as its header says. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  "storage.ts": ["--allow-read"],
  "two_processes.ts": ["--allow-ffi", "--allow-run", "--allow-read", "--allow-write"],
};
/** What it prints where a file cannot be mapped. */
const NOT_HERE = "This example maps a file as Linux does.\n";

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
    "later_versions.ts",
    "pipe.ts",
    "quota.ts",
    "refused_open.ts",
    "scenario.ts",
    "share_gpadl.ts",
    "socket.ts",
    "storage.ts",
    "sub_channels.ts",
    "two_processes.ts",
  ]);
});

for (const name of programs.toSorted()) {
  const permissions = PERMISSIONS[name] ?? [];
  const asked = permissions.length === 0 ? "without" : "with its";
  Deno.test(`${name}: runs ${asked} permissions, and prints what it says`, async () => {
    const path = `${FOLDER}/${name}`;
    const source = await Deno.readTextFile(path);
    const promised = name === "echo.ts" ? ECHO_OUTPUT : promisedOutput(source);
    assertExists(promised, "the header must say what the example prints");
    if (permissions.length > 0) assertStringIncludes(source, permissions.join(" "));
    const isHere = name !== "two_processes.ts" || Deno.build.os === "linux";
    const args = ["run", "--no-check", "--no-prompt", ...permissions, path];
    const { code, stdout, stderr } = await runDeno(args);
    const expected = isHere ? promised : NOT_HERE;
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: expected, stderr: "" });
  });

  // A world looks by itself at what it leaves behind.
  if (name === "echo.ts" || name === "scenario.ts") continue;
  Deno.test(`${name}: fails if it leaves anything behind`, async () => {
    const source = await Deno.readTextFile(`${FOLDER}/${name}`);
    const disposed = source.match(/await using fabric = vmbus\.createFabric\(/g)?.length;
    assertEquals(disposed, name === "two_processes.ts" ? 2 : 1);
  });
}
