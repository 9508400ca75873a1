/**
 * What is fuzzed: something that takes bytes from a side that is not trusted.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";

/** Takes note of what was read: where two runs of one input read something else, they looked elsewhere. */
export type FuzzNote = (value: number) => void;

/**
 * Takes one input. What it returns names what became of it: a refusal, or a way of being in order. It throws
 * where something does not hold, and for no other reason: that is a crash.
 *
 * `input` is a view into a longer buffer, whose other bytes are nobody's business; it is valid for this call,
 * or until the promise is settled, and must not be written to.
 */
export type FuzzRun = (input: Uint8Array, note: FuzzNote) => string | Promise<string>;

/** Something that is fuzzed. Its outcome depends on nothing but the input. */
export interface FuzzTarget {
  /** What it is called: letters, digits and dashes. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** Takes one input. */
  readonly run: FuzzRun;
  /** Inputs to begin with, most of them in order: what is tried is made of these. */
  readonly seeds: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** Draws `count` further inputs that have the right structure, from `seed`; the same ones each time. */
  readonly draw?: (seed: number, count: number) => readonly Uint8Array[];
  /** Words that stand in inputs and mean something: mutations write them anywhere. */
  readonly words?: readonly Uint8Array[];
  /** Most bytes of an input. Default: 512. */
  readonly inputBytesMax?: number;
  /** Inputs that are made and run together; fewer where one takes long. Default: 4096. */
  readonly batchCases?: number;
}

/** A target with everything that has a default. */
export type WholeTarget = Required<Omit<FuzzTarget, "draw">> & Pick<FuzzTarget, "draw">;

const INPUT_BYTES_MAX = 512;
const BATCH_CASES = 4096;
const NAME = /^[a-z0-9-]+$/;

/**
 * A target, checked.
 *
 * @throws {TypeError} A member is missing, or of another type.
 * @throws {RangeError} A number is out of its bounds, or the name has other characters.
 */
export function defineFuzzTarget(target: FuzzTarget): FuzzTarget {
  const { name, title, run, seeds } = Object(target) as Partial<FuzzTarget>;
  if (typeof name !== "string" || typeof title !== "string") {
    throw new TypeError(`Cannot define a target: it needs a name and a title`);
  }
  if (!NAME.test(name)) {
    throw new RangeError(
      `Cannot define a target: a name has letters, digits and dashes, and not ${describe(name)}`,
    );
  }
  if (typeof run !== "function" || typeof seeds !== "function") {
    throw new TypeError(`Cannot define the target ${name}: run and seeds must be functions`);
  }
  requireCount(target, "inputBytesMax", 2 ** 20);
  requireCount(target, "batchCases", 2 ** 16);
  return target;
}

function requireCount(
  target: FuzzTarget,
  member: "inputBytesMax" | "batchCases",
  most: number,
): void {
  const value = target[member] ?? 1;
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new RangeError(
    `Cannot define the target ${target.name}: ${member} must be a whole number from 1 to ${most}, ` +
      `not ${describe(value)}`,
  );
}

/** `target` with its defaults. */
export function wholeTarget(target: FuzzTarget): WholeTarget {
  return {
    words: [],
    inputBytesMax: INPUT_BYTES_MAX,
    batchCases: BATCH_CASES,
    ...target,
  };
}
