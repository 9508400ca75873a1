/**
 * Deno in a process of its own, for tests of whole programs.
 *
 * @module
 */

/** How a process ended, and what it wrote. */
export interface ProcessEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `deno` with `args`, without colours and without asking anybody. */
export async function runDeno(args: readonly string[]): Promise<ProcessEnd> {
  const [command = "", ...rest] = args;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command, "--quiet", ...rest],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/**
 * Makes a symbolic link. It takes the right to write everywhere, which tests do not have: a program of
 * its own does.
 */
export async function makeLink(target: string, path: string): Promise<void> {
  const program = `Deno.symlinkSync(${JSON.stringify(target)}, ${JSON.stringify(path)})`;
  const { code, stderr } = await runDeno(["eval", program]);
  if (code !== 0) throw new Error(`Cannot link ${path}: ${stderr}`);
}
