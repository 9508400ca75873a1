/**
 * Waits that their own callback keeps from their end: it has to return first, and waits (kmcl.md section 9).
 *
 * @module
 */

import type { Callbacks, PendingCallback } from "./driver_calls.ts";
import type { Verifier } from "./verifier.ts";
import type { Wait, Waits } from "./waits.ts";

/** What the search needs of the fabric around it. */
export interface SelfWaitsPort {
  /** Calls into drivers. */
  readonly callbacks: Callbacks;
  /** Blocked callers. */
  readonly waits: Waits;
  /** Where misuse is reported. */
  readonly verifier: Verifier;
}

/**
 * Whether `wait` can end only after the callback that is blocked in it has returned. It may be held up by
 * another callback that can return only after that one. A wait that is only taken for the callback's does
 * not count: it may be the program's.
 */
export function isSelfWait(wait: Wait<unknown>, waits: Waits): boolean {
  const { blocked, origin } = wait;
  return blocked !== null && origin !== "guessed" && needs(wait, blocked, waits, new Set());
}

function needs(
  wait: Wait<unknown>,
  callback: PendingCallback,
  waits: Waits,
  seen: Set<PendingCallback>,
): boolean {
  if (wait.options.isTimed) return false;
  const holder = wait.options.heldUpBy()?.callback ?? null;
  if (holder === null || holder === callback) return holder === callback;
  if (seen.has(holder)) return false;
  seen.add(holder);
  const itsWaits = awaitedBy(holder, waits);
  return itsWaits.length > 0 && itsWaits.every((its) => needs(its, callback, waits, seen));
}

/** What `callback` awaits: a call that it made and left alone does not keep it from returning. */
function awaitedBy(callback: PendingCallback, waits: Waits): readonly Wait<unknown>[] {
  return waits.of(callback).filter(({ isAwaited }) => isAwaited);
}

/**
 * Reports each callback that can never return for what it awaits, once. In mode `throw` its waits are
 * rejected: true where one was.
 */
export function reportSelfWaits({ callbacks, waits, verifier }: SelfWaitsPort): boolean {
  let hasRejected = false;
  for (const callback of callbacks.pending) {
    if (waits.isHeld(callback.frame.partition)) continue; // it stands still, and awaits nothing now
    const awaited = awaitedBy(callback, waits);
    // One that is not the callback's own to end may be what it races the others with.
    if (!awaited.every((wait) => isSelfWait(wait, waits))) continue;
    for (const wait of awaited) {
      if (wait.isReported) continue;
      wait.isReported = true;
      const about = { channel: callback.frame.channel ?? null };
      const error = verifier.blame("selfWait", wait.options.call, describe(wait, callback), about);
      if (error === null) continue;
      wait.reject(error);
      hasRejected = true;
    }
  }
  return hasRejected;
}

function describe({ options }: Wait<unknown>, callback: PendingCallback): string {
  const { name, ownerName } = callback.frame;
  const heldUp = options.heldUpBy();
  const chain = heldUp?.callback === callback ? "" : `: ${heldUp?.text}`;
  return `${name} of ${ownerName} waits for ${options.what}, but has to return first${chain}`;
}
