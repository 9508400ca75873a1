/**
 * Runs of the disk scenario that are saved and go on, for tests: through the command, in this process.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { sampleBytes } from "../../../support/disk_stage.ts";
import { simulateHere } from "../../../support/simulate.ts";

/** What is copied. */
export const FILE: Uint8Array = sampleBytes(300_001);

/** Options that keep a run in the middle for long, with all its files in `root`. */
function argsIn(root: string, percent: string, ...more: string[]): string[] {
  const files = ["--file", `${root}/file`, "--disk", `${root}/disk`, "--out", `${root}/out`];
  const save = ["--save-at", percent, "--save-to", `${root}/run`];
  return [...files, ...save, "--queue-depth", "3", "--quota", "2", ...more];
}

/** Makes the files of a run, and saves it. */
export async function save(root: string, percent: string, ...more: string[]): Promise<string> {
  await Deno.writeFile(`${root}/file`, FILE);
  for (const name of ["disk", "disk.1", "disk.2"]) {
    await Deno.writeFile(`${root}/${name}`, new Uint8Array(300_032));
  }
  const { code, stdout, stderr } = await simulateHere(...argsIn(root, percent, ...more));
  assertEquals([code, stderr], [0, ""], stdout);
  return stdout;
}

/** What a run that {@linkcode save} made is given again. */
export function pathsIn(root: string): string[] {
  return ["--disk", `${root}/disk`, "--out", `${root}/out`];
}

/** Continues with a run, which must end well; it says first what it reads and writes. */
export async function resume(
  root: string,
  paths: readonly string[] = pathsIn(root),
): Promise<ReturnType<typeof JSON.parse>> {
  const { code, stdout, stderr } = await simulateHere(
    "--json",
    "--resume",
    `${root}/run`,
    ...paths,
  );
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^resume \S+run: reads .*; writes .*\n$/);
  return JSON.parse(stdout);
}

/** The names in `root`, in order. */
export function namesIn(root: string): string[] {
  return [...Deno.readDirSync(root)].map(({ name }) => name).sort();
}

/** What lies beside a saved run. */
export function besideIn(root: string, ending: RegExp): string {
  return `${root}/${namesIn(root).find((name) => ending.test(name))}`;
}

/** The names in `root`, with the numbers of saved runs left out. */
export function plainNamesIn(root: string): string[] {
  return namesIn(root).map((name) => name.replace(/\.[0-9a-f]{16}\./, ".*."));
}
