/**
 * A drive until something of the program's own is true.
 *
 * @module
 */

import type { Loop } from "./loop.ts";
import { isPromise } from "./promises.ts";

/**
 * Drives `loop` until `predicate` answers true. False where nothing is left to run before that.
 *
 * @throws {TypeError} It rejects with one where `predicate` answers with a promise.
 * @throws {Error} Inside a callback.
 */
export function runUntil(loop: Loop, predicate: () => boolean): Promise<boolean> {
  let isTrue = false;
  let failure: { readonly thrown: unknown } | null = null;
  const isReached = () => {
    try {
      isTrue = ask(predicate);
    } catch (thrown) { // the caller's own, who gets it back
      failure = { thrown };
    }
    return isTrue || failure !== null;
  };
  const driven = loop.drive("runUntil", {
    limit100ns: Infinity,
    reachesLimit: false,
    goal: { isReached, stepsMax: Infinity },
    isBounded: true,
  });
  return driven.then(() => {
    if (failure !== null) throw failure.thrown;
    return isTrue;
  });
}

function ask(predicate: () => boolean): boolean {
  const answer: unknown = predicate();
  if (!isPromise(answer)) return Boolean(answer);
  throw new TypeError("Cannot runUntil: predicate must answer at once, not with a promise");
}
