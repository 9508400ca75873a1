/**
 * What a volume and its files do their calls with.
 *
 * @module
 */

import type { FatCalls } from "./library.ts";
import { FatError } from "./result.ts";

/** The calls of one volume. */
export interface VolumeCalls {
  /** The library's instance. */
  readonly calls: FatCalls;
  /** Runs `work` when all that came before is over: a suspended call has the library for itself. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Throws where `result` is not FR_OK. */
  readonly check: (action: string, result: number) => void;
}

/** A function of FatFs, and its arguments. */
export type FatCall = readonly [string, ...number[]];

/** Does `work` with a text that is in the library's memory meanwhile. */
export async function withText<T>(
  calls: FatCalls,
  text: string,
  work: (at: number) => Promise<T>,
): Promise<T> {
  // For the library a zero byte is the end of a text: what comes behind it would not count.
  if (text.includes("\0")) {
    throw new FatError(`use the name ${JSON.stringify(text)}`, "invalidName");
  }
  const at = calls.text(text);
  try {
    return await work(at);
  } finally {
    calls.free(at);
  }
}
