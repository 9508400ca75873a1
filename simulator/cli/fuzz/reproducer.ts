/**
 * Reproducers: a file for each failure, from which it is run again.
 *
 * @module
 */

import { join } from "node:path";
import type { FuzzFailure, FuzzFailureKind } from "../../fuzzing/finding.ts";
import { PACKAGE_VERSION } from "../../artefacts/package_version.ts";
import { cannot, UsageError } from "../command.ts";
import { writeArtefact } from "../written_files.ts";
import type { ToldFailure } from "./messages.ts";

/** The format that is written, and the only one that is read. */
const FORMAT = 1;
const FILE_BYTES_MAX = 8 * 2 ** 20;
const KINDS: readonly FuzzFailureKind[] = ["crash", "hang", "bounds", "growth"];

/** A failure as it stands in a file. */
export interface Reproducer {
  /** The target. */
  readonly target: string;
  /** How it failed. */
  readonly failure: FuzzFailure;
  /** The input, in hexadecimal; null: no single one does it. */
  readonly input: string | null;
  /** The seed of the run, in decimal. */
  readonly seed: string;
  /** The input's place in it. */
  readonly at: number;
}

/** Writes reproducers into `folder`, each under a name of its own. */
export class ReproducerFiles {
  readonly #folder: string;
  readonly #seed: string;

  /** Files of the run with `seed`. */
  constructor(folder: string, seed: string) {
    this.#folder = folder;
    this.#seed = seed;
  }

  /**
   * Writes one, and gives its path.
   *
   * @throws {UsageError} The machine refuses it.
   */
  write(target: string, { failure, input, at }: ToldFailure): string {
    const path = join(this.#folder, `${target}-${failure.kind}-${at}.json`);
    const reproducer: Reproducer = { target, failure, input, seed: this.#seed, at };
    const text = JSON.stringify(
      { format: FORMAT, version: PACKAGE_VERSION, ...reproducer },
      null,
      2,
    );
    writeArtefact(path, `${text}\n`);
    return path;
  }
}

function isFailure(value: unknown): value is FuzzFailure {
  const { kind, place, message } = Object(value);
  return KINDS.includes(kind) && typeof place === "string" && typeof message === "string";
}

/**
 * Reads the reproducer at `path`.
 *
 * @throws {UsageError} There is none, or it is something else.
 */
export function readReproducer(path: string): Reproducer {
  const action = `read the reproducer ${path}`;
  const hint = "name a file that the command has written";
  let value: unknown;
  try {
    if (Deno.statSync(path).size > FILE_BYTES_MAX) {
      throw new UsageError(`Cannot ${action}: it is too long`);
    }
    value = JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    throw cannot(action, error instanceof SyntaxError ? "it is no JSON" : error, hint);
  }
  const { format, target, failure, input, seed, at } = Object(value);
  const isInput = input === null || typeof input === "string" && /^(?:[\da-f]{2})*$/.test(input);
  if (
    format !== FORMAT || typeof target !== "string" || !isFailure(failure) || !isInput ||
    typeof seed !== "string" || !Number.isSafeInteger(at)
  ) {
    throw cannot(action, `it is no reproducer of format ${FORMAT}`, hint);
  }
  return { target, failure, input, seed, at };
}
