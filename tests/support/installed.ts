/**
 * Tests that need programs of other people, which a machine may not have: those of `deno task test:tools`. Where one is
 * missing, the test says so and is ignored; `-- --all`, as `.ci/run` says after it has installed them, has it fail.
 *
 * @module
 */

import { delimiter, join } from "node:path";

/** How a program ended, and what it wrote. */
export interface ToolEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Programs that are nowhere required, each with how it is asked whether it works: what is called so may be no more
 * than what would install it. A machine without them tests no less.
 */
const OPTIONAL: ReadonlyMap<string, string> = new Map([["rustc", "--version"], ["go", "version"]]);

/** Where the program `name` is; null: it is not installed. */
export function toolPath(name: string): string | null {
  for (const folder of (Deno.env.get("PATH") ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      if (Deno.statSync(path).isFile) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw error;
      }
    }
  }
  return null;
}

/** Whether the program `name` is here, and works. */
function isInstalled(name: string): boolean {
  const path = toolPath(name);
  const question = OPTIONAL.get(name);
  if (path === null || question === undefined) return path !== null;
  const args = [question];
  return new Deno.Command(path, { args, stdout: "null", stderr: "null" }).outputSync().success;
}

/** Tests something with the programs `tools`. */
export function testWithTools(
  name: string,
  tools: readonly string[],
  body: () => void | Promise<void>,
): void {
  const missing = tools.filter((tool) => !isInstalled(tool));
  const isRequired = Deno.args.includes("--all") &&
    missing.some((tool) => !OPTIONAL.has(tool));
  if (missing.length > 0) console.log(`not installed: ${missing.join(", ")}`);
  Deno.test({
    name,
    ignore: missing.length > 0 && !isRequired,
    fn: async () => {
      if (missing.length > 0) throw new Error(`not installed: ${missing.join(", ")}`);
      await body();
    },
  });
}

/** Runs a program, in the folder `cwd` where one is given. */
export async function runTool(
  name: string,
  args: readonly string[],
  cwd?: string,
): Promise<ToolEnd> {
  const { code, stdout, stderr } = await new Deno.Command(name, {
    args: [...args],
    stdin: "null",
    ...cwd !== undefined && { cwd },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
