/**
 * The package runs where there is no Deno: its main door and that of the devices are bundled for a browser,
 * and an example runs under plain `node`, which prints what Deno prints.
 *
 * @module
 */

/** What no bundle may need: modules of Node, and the name of Deno. */
const FOREIGN = /["']node:[a-z/]+["']|\bDeno\s*[.[]/;

/** What must run in any runtime. */
const DOORS = ["mod.ts", "devices/mod.ts"];

/** An example that needs nothing of its runtime. */
const EXAMPLE = "examples/echo.ts";

/** What the bundle `text` needs of one certain runtime; null: nothing. */
export function foreignIn(text: string): string | null {
  return FOREIGN.exec(text)?.[0] ?? null;
}

/** What `command` prints. @throws {Error} Where it fails. */
async function outputOf(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = new TextDecoder();
  if (code === 0) return text.decode(stdout);
  throw new Error(`Cannot run ${command} ${args.join(" ")}: it ended with ${code}
${text.decode(stderr)}`);
}

/** Why the package does not run elsewhere; null where it does. `folder` takes the bundles. */
async function findFault(folder: string): Promise<string | null> {
  const deno = Deno.execPath();
  const bundle = async (path: string, output: string) =>
    void await outputOf(
      deno,
      "bundle",
      "--quiet",
      "--platform",
      "browser",
      "--output",
      output,
      path,
    );
  for (const door of DOORS) {
    const output = `${folder}/door.mjs`;
    await bundle(door, output);
    const foreign = foreignIn(await Deno.readTextFile(output));
    if (foreign !== null) return `${door} needs ${foreign}, which not every runtime has`;
  }
  const example = `${folder}/example.mjs`;
  await bundle(EXAMPLE, example);
  const [inNode, inDeno] = [await outputOf("node", example), await outputOf(deno, "run", EXAMPLE)];
  if (inNode === inDeno && inNode !== "") return null;
  return `${EXAMPLE} prints ${JSON.stringify(inNode)} in Node and ${
    JSON.stringify(inDeno)
  } in Deno`;
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  let fault: string | null;
  try {
    fault = await findFault(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  if (fault !== null) {
    console.error(fault);
    Deno.exit(1);
  }
  const version = (await outputOf("node", "--version")).trim();
  console.log(
    `ok: ${DOORS.join(" and ")} need no certain runtime; ${EXAMPLE} runs under Node ${version}`,
  );
}
