/**
 * Fuzzes a target in this process, as in a test.
 *
 * @module
 */

import { type FailedInput, Fuzzer } from "./fuzzer.ts";
import { shrinkInput } from "./shrink.ts";
import type { FuzzTarget } from "./target.ts";

const TRIES_MAX = 2000;

/** How many inputs are tried, and which. */
export interface FuzzOptions {
  /** Makes the inputs. Default: 1. */
  readonly seed?: number | bigint;
  /** How many inputs; whole batches are run. Default: 10 000. */
  readonly cases?: number;
}

/** What came of it. */
export interface FuzzReport {
  /** Inputs that were run. */
  readonly cases: number;
  /** How often each outcome came, in the words of the target. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** The smallest input found that fails, and how; null: none does. */
  readonly failed: FailedInput | null;
}

/**
 * Runs `target` with many inputs, until one fails, and makes that one smaller. A target that does not come
 * back is not noticed here: the command, which has a process for each target, does.
 *
 * @example A decoder of one's own, in a test
 * ```ts
 * import { defineFuzzTarget, fuzz } from "@vmbus/kmcl/fuzzing";
 *
 * // The driver's own: a length, and so many bytes.
 * function decode(bytes: Uint8Array): Uint8Array | null {
 *   const length = bytes[0] ?? 0;
 *   return 1 + length <= bytes.length ? bytes.subarray(1, 1 + length) : null;
 * }
 *
 * const { failed, outcomes } = await fuzz(defineFuzzTarget({
 *   name: "my-decoder",
 *   title: "requests of my device",
 *   seeds: () => [Uint8Array.of(2, 7, 7)],
 *   run(input, note) {
 *     const payload = decode(input);
 *     if (payload === null) return "refused";
 *     for (const byte of payload) note(byte);
 *     return "sound";
 *   },
 * }));
 * if (failed !== null) throw new Error(`${failed.failure.message}: ${failed.input}`);
 * console.log(outcomes.size); // 2
 * ```
 *
 * @throws {TypeError} Its seeds are not bytes.
 */
export async function fuzz(
  target: FuzzTarget,
  { seed = 1, cases = 10_000 }: FuzzOptions = {},
): Promise<FuzzReport> {
  const fuzzer = await Fuzzer.start(target, { seed });
  let ran = 0;
  for (let number = 0; ran < cases; number++) {
    const end = await fuzzer.runBatch(number);
    ran += end.cases;
    const [failed] = end.failed;
    if (failed === undefined) continue;
    const { failure, input, at } = failed;
    const smaller = await shrinkInput(input, fuzzer.stillFails(failure), TRIES_MAX);
    const last = await fuzzer.tryInput(smaller);
    return {
      cases: ran,
      outcomes: fuzzer.outcomes,
      failed: { failure: last ?? failure, input: smaller, at },
    };
  }
  return { cases: ran, outcomes: fuzzer.outcomes, failed: null };
}
