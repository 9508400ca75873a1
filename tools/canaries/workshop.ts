/**
 * Where canaries are planted: all of them, and a copy of the repository for one at a time.
 *
 * @module
 */

import { InvalidArgumentError } from "commander";
import { copyRepository } from "../mutants/suite.ts";
import { type Canary, planted } from "./canary.ts";
import { DRIVER_CANARIES } from "./driver_canaries.ts";
import { SOURCE_CANARIES } from "./source_canaries.ts";

/** All canaries. */
export const CANARIES: readonly Canary[] = [...SOURCE_CANARIES, ...DRIVER_CANARIES];

/** Those that are asked for; undefined: all. */
export function canariesCalled(only: string | undefined): readonly Canary[] {
  return CANARIES.filter(({ name }) => only === undefined || name === only);
}

/** Reads a whole number from `least` on, of a command line. */
export function parseFrom(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
  };
}

/** Works in a copy of the repository in a temporary folder, which is removed after. */
export async function inCopy<T>(work: (root: string) => Promise<T>): Promise<T> {
  const root = await Deno.makeTempDir({ prefix: "canaries-" });
  try {
    await copyRepository(".", root);
    return await work(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/**
 * Works while a canary is in the copy at `root`: `work` is given the name of the scenario that has it, which is the
 * driver's own where the mistake is one of a driver, and no file is changed.
 */
export async function withPlanted<T>(
  root: string,
  canary: Canary,
  work: (scenario: string) => Promise<T>,
): Promise<T> {
  if (!("file" in canary)) return await work(canary.name);
  const file = `${root}/${canary.file}`;
  const source = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, planted(canary, source));
  try {
    return await work(canary.scenario);
  } finally {
    await Deno.writeTextFile(file, source);
  }
}
