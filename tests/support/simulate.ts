/**
 * The command `deno task simulate`, for tests: in a process of its own, and in this one.
 *
 * @module
 */

import { main } from "../../simulator/cli/main.ts";
import type { ProcessEnd } from "./deno_process.ts";

/** The program behind the command. */
export const SIMULATE = new URL("../../simulator/cli/main.ts", import.meta.url);
const CONFIG = new URL("../../deno.json", import.meta.url);
/** Flags of `deno run` for a program that uses the command, without permissions. */
export const RUN_FLAGS: readonly string[] = [
  "--no-prompt",
  "--no-check",
  "--config",
  CONFIG.pathname,
];

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
    args: ["run", ...RUN_FLAGS, "--allow-read", "--allow-write", SIMULATE.href, ...args],
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
  return { code, stdout: stdout.text, stderr: stderr.text };
}
