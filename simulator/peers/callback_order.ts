/**
 * The order in which the state change callbacks of an endpoint come (kmcl.md S3, S4, S7, S10).
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { requireArray } from "./checks.ts";

/** A state change callback. */
export type StateChangeCallback =
  | "EvtChannelOpened"
  | "EvtChannelStarted"
  | "EvtChannelPostStarted"
  | "EvtChannelSuspend"
  | "EvtChannelClosed"
  | "EvtChannelPnpFailure";

/** What may come first, or after a channel has closed. */
const FROM_CLOSED: readonly StateChangeCallback[] = ["EvtChannelOpened", "EvtChannelPnpFailure"];

/** What may come next. */
const NEXT: Readonly<Record<StateChangeCallback, readonly StateChangeCallback[]>> = {
  EvtChannelOpened: ["EvtChannelStarted", "EvtChannelClosed"],
  EvtChannelStarted: ["EvtChannelPostStarted", "EvtChannelSuspend"],
  EvtChannelPostStarted: ["EvtChannelSuspend"],
  EvtChannelSuspend: ["EvtChannelStarted", "EvtChannelClosed"],
  EvtChannelClosed: FROM_CLOSED,
  EvtChannelPnpFailure: FROM_CLOSED,
};

/**
 * What is wrong with the order of an endpoint's callbacks, from its Enable on; null: nothing, so far. An
 * EvtChannelOpened that returned a failure is left out of the list, as the channel has not opened. A crash
 * of the guest ends its client's list anywhere.
 *
 * @throws {TypeError} `callbacks` is no array, or one of them no state change callback.
 */
export function callbackOrderFault(callbacks: readonly StateChangeCallback[]): string | null {
  requireArray("check the order of callbacks", "callbacks", callbacks);
  let before: StateChangeCallback | null = null;
  for (const [at, callback] of callbacks.entries()) {
    if (!Object.hasOwn(NEXT, callback)) {
      throw new TypeError(
        `Cannot check the order of callbacks: number ${at} is no state change callback: ${
          describe(callback)
        }`,
      );
    }
    const allowed: readonly StateChangeCallback[] = before === null ? FROM_CLOSED : NEXT[before];
    if (!allowed.includes(callback)) {
      const place = before === null ? "as the first one" : `after ${before}`;
      return `callback ${at} is ${callback} ${place}: there may be ${allowed.join(" or ")}`;
    }
    before = callback;
  }
  return null;
}
