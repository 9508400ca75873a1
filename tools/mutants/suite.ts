/**
 * The tests of a copy of the repository, run until one fails.
 *
 * @module
 */

import { dirname } from "node:path";

/** How a run of tests came out. */
export type Outcome =
  | { readonly kind: "passed" }
  /** A test has failed: its file, where that is known, and what is said of it. */
  | { readonly kind: "failed"; readonly file: string | null; readonly words: string }
  /** No test came to its end any more. */
  | { readonly kind: "hung" };

/** A failed test, as Deno tells of it: its file, and its name. */
const FAILED = /^(?:\.\/)?(?<file>\S+_test\.ts) => ?(?<name>.*) \.\.\. FAILED/m;

/** Why a run has failed, as far as its output says so by now; null: it has not. */
export function failureIn(output: string): Outcome | null {
  const { file, name } = FAILED.exec(output)?.groups ?? {};
  if (file !== undefined) return { kind: "failed", file, words: `${file}: ${name}` };
  // A file that throws while it is loaded has no test that fails.
  const error = /^(?:\S+ )?\(uncaught error\)|^error: .*/m.exec(output)?.[0];
  return error === undefined ? null : { kind: "failed", file: null, words: error };
}

/** Adds up what a stream of text brings, and shows it as it grows. */
async function read(
  stream: ReadableStream<Uint8Array>,
  onText: (text: string) => void,
): Promise<void> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) onText(text += part);
}

/**
 * The flags of `deno task test` for the copy at `root`, which lies in the folder for temporary files; without
 * leave to start processes, which nobody could end.
 */
function flags(root: string): string[] {
  return [
    "test",
    "--no-check",
    "--no-prompt",
    "--parallel",
    "--fail-fast",
    "--sanitize-ops",
    "--sanitize-resources",
    "--conditions=development",
    "--ignore-env=LOG_TOKENS,LOG_STREAM", // as in the task: the library that reads YAML asks for them
    "--allow-read",
    `--allow-write=${dirname(root)}`,
  ];
}

/** Runs `tests` in the folder `root` until one fails, or none has ended for `stallSeconds`. */
export async function runTests(
  root: string,
  tests: readonly string[],
  stallSeconds: number,
): Promise<Outcome> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [...flags(root), ...tests],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let outcome: Outcome | null = null;
  const end = (as: Outcome) => {
    outcome = as;
    process.kill("SIGKILL"); // a loop without end hears no other
  };
  let timer = setTimeout(end, stallSeconds * 1000, { kind: "hung" });
  const watch = (text: string) => {
    if (outcome !== null) return;
    clearTimeout(timer);
    const failure = failureIn(text);
    if (failure !== null) return end(failure);
    timer = setTimeout(end, stallSeconds * 1000, { kind: "hung" });
  };
  await Promise.all([read(process.stdout, watch), read(process.stderr, watch)]);
  clearTimeout(timer);
  const { success, code } = await process.status;
  if (outcome !== null) return outcome;
  if (success) return { kind: "passed" };
  return { kind: "failed", file: null, words: `exit code ${code}` };
}

/** Whether the package of the copy at `root` is well typed. */
export async function isWellTyped(root: string): Promise<boolean> {
  const args = ["check", "--quiet", "mod.ts", "devices/mod.ts"];
  const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
  return success;
}

/** What a program leaves at the top of the repository. */
const LEFTOVERS = ["node_modules", "coverage"];

/** Copies the files of the repository at `from`, hidden ones and what programs leave there aside, into the folder `to`. */
export async function copyRepository(from: string, to: string): Promise<void> {
  await copyFiles(from, to, LEFTOVERS);
}

async function copyFiles(from: string, to: string, leftOut: readonly string[]): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (name.startsWith(".") || leftOut.includes(name)) continue;
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isFile) await Deno.copyFile(source, target);
    if (!isDirectory) continue;
    await Deno.mkdir(target);
    await copyFiles(source, target, []);
  }
}
