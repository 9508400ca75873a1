/**
 * The command `deno task simulate`, for tests: in a process of its own, and in this one.
 *
 * @module
 */

import { main } from "../../simulator/cli/main.ts";
import type { ProcessEnd } from "./deno_process.ts";

/** The program behind the command. */
const SIMULATE = new URL("../../simulator/cli/main.ts", import.meta.url);
const CONFIG = new URL("../../deno.json", import.meta.url);
/** Flags of `deno run` for a program that uses the command, without permissions. */
const RUN_FLAGS: readonly string[] = [
  "--no-prompt",
  "--no-check",
  "--config",
  CONFIG.pathname,
];

/** What the task hands over before the user's arguments: where the user stands, and the terminal's name. */
export const TASK_ARGS: readonly string[] = ["--from-task", "", ""];

/** Runs the command as its task does: it may read and write files, and nothing else. */
export function simulate(...args: string[]): Promise<ProcessEnd> {
  return simulateIn(null, ...args);
}

/** The same with temporary folders of its own in `temporary`. */
export async function simulateIn(
  temporary: string | null,
  ...args: string[]
): Promise<ProcessEnd> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", ...RUN_FLAGS, "--allow-read", "--allow-write", SIMULATE.href],
      ...[...TASK_ARGS, ...args],
    ],
    env: temporary === null ? {} : { TMPDIR: temporary },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Takes what is written to a stream of this process, or refuses it, until it is disposed of. */
export class Capture implements Disposable {
  readonly #stream: typeof Deno.stdout;
  readonly #real: Pick<typeof Deno.stdout, "writeSync" | "isTerminal">;
  text = "";

  /** What is written to `stream` is refused with `refusal`, where there is one. */
  constructor(stream: typeof Deno.stdout, refusal: Error | null = null) {
    const { writeSync, isTerminal } = stream;
    this.#stream = stream;
    this.#real = { writeSync, isTerminal };
    const decoder = new TextDecoder();
    stream.isTerminal = () => false;
    stream.writeSync = (bytes) => {
      if (refusal !== null) throw refusal;
      this.text += decoder.decode(bytes, { stream: true });
      return bytes.length;
    };
  }

  [Symbol.dispose](): void {
    Object.assign(this.#stream, this.#real);
  }
}

/** Runs the command in this process, which costs much less. One at a time. */
export async function simulateHere(...args: string[]): Promise<ProcessEnd> {
  using stdout = new Capture(Deno.stdout);
  using stderr = new Capture(Deno.stderr);
  const code = await main(args);
  // What listened for signals ends in a turn of the runtime's own, which a command that is refused does not wait for.
  await new Promise((resolve) => setTimeout(resolve));
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** Runs the command until it listens for `signal`, sends it, and says how it ended. */
export async function interrupt(
  root: string,
  signal: Deno.Signal,
  args: readonly string[],
): Promise<ProcessEnd> {
  const program = `
    const listen = Deno.addSignalListener;
    Deno.addSignalListener = (signal, handler) => {
      listen(signal, handler);
      if (signal === ${JSON.stringify(signal)}) console.log("listening");
    };
    const { main } = await import(${JSON.stringify(SIMULATE.href)});
    Deno.exitCode = await main(${JSON.stringify(args)});`;
  await Deno.writeTextFile(`${root}/main.ts`, program);
  await Deno.mkdir(`${root}/temporary`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...RUN_FLAGS, "--allow-read", "--allow-write", `${root}/main.ts`],
    env: { TMPDIR: `${root}/temporary` },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  // The signal must not come before somebody listens.
  const reader = child.stdout.getReader();
  const text = new TextDecoder();
  let stdout = text.decode((await reader.read()).value);
  child.kill(signal);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    stdout += text.decode(value);
  }
  const { code } = await child.status;
  return { code, stdout, stderr: await stderr };
}
