/**
 * Whether a target keeps memory for inputs that are over.
 *
 * @module
 */

import { turn } from "../../../actors/runtime/event_loop.ts";
import { grouped } from "../../layout.ts";
import type { FuzzFailure } from "../../fuzzing/finding.ts";

/** A process may grow by so many bytes over {@linkcode WINDOW_CASES} inputs. */
const GROWTH_BYTES_MAX = 64 * 2 ** 20;
/** Inputs after which is looked. */
const WINDOW_CASES = 10_000;
/** To see whether one input alone is kept, it is run so often. */
const REPEATS = 400;
const MIB = 2 ** 20;

/**
 * Collects garbage; there is nothing to call where the process was started otherwise. What weak references were made of,
 * or asked for, is kept to the end of a turn of the event loop.
 */
async function collect(): Promise<void> {
  await turn();
  (globalThis as { gc?: () => void }).gc?.();
}

/** Bytes of the heap, and of buffers beside it. */
function usedBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Watches the memory of this process. */
export class Growth {
  #cases = 0;
  #sinceCases = 0;
  #baseBytes: number | null = null;

  /** Says what is wrong after so many further inputs; null: nothing. */
  async after(cases: number): Promise<FuzzFailure | null> {
    this.#cases += cases;
    this.#sinceCases += cases;
    if (this.#cases < WINDOW_CASES && this.#baseBytes !== null) return null;
    this.#cases = 0;
    if (this.#baseBytes === null) {
      this.#sinceCases = 0;
      await collect();
      this.#baseBytes = usedBytes();
      return null;
    }
    if (usedBytes() - this.#baseBytes <= GROWTH_BYTES_MAX) return null;
    await collect();
    const grownBytes = usedBytes() - this.#baseBytes;
    if (grownBytes <= GROWTH_BYTES_MAX) return null;
    const since = this.#sinceCases;
    this.#baseBytes = null;
    return growthOf(grownBytes, since);
  }
}

function growthOf(bytes: number, cases: number): FuzzFailure {
  const message = `it keeps ${Math.round(bytes / MIB)} MiB of ${grouped(cases)} inputs`;
  return { kind: "growth", place: "memory", message };
}

/** What is wrong where one input is run again and again by `run`; null: nothing. */
export async function growthOfOne(run: () => Promise<unknown>): Promise<FuzzFailure | null> {
  await run();
  await collect();
  const before = usedBytes();
  for (let left = REPEATS; left > 0; left--) await run();
  await collect();
  const grownBytes = (usedBytes() - before) * WINDOW_CASES / REPEATS;
  return grownBytes > GROWTH_BYTES_MAX ? growthOf(grownBytes, WINDOW_CASES) : null;
}
