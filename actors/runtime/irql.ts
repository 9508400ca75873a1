/**
 * The interrupt request level that the running code has, and the callback it belongs to.
 *
 * @module
 */

import type { ChannelPlace } from "./violation_details.ts";

/** May block. */
export const PASSIVE_LEVEL = 0;
/** Must not block. */
export const DISPATCH_LEVEL = 2;
/** An interrupt request level. */
export type Irql = typeof PASSIVE_LEVEL | typeof DISPATCH_LEVEL;

/** Which callback of a driver runs, for whom, and how. */
export interface Frame {
  /** The documented name, such as `"EvtChannelOpened"`. */
  readonly name: string;
  /** Stands for the name on the trace. */
  readonly code: number;
  /** The endpoint or the loaded driver that it was called for. */
  readonly owner: object;
  /** Stands for that one on the trace. */
  readonly traceId: number;
  /** The partition whose driver runs: once it crashed, its callbacks are nobody's. */
  readonly partition: { readonly isAlive: boolean };
  /** For reports: `channel 3 (server)`. */
  readonly ownerName: string;
  /** Level of its synchronous part. */
  readonly irql: Irql;
  /** The channel that it was called for, as violations name it; none for a loaded driver. */
  readonly channel?: ChannelPlace;
}

/** One process runs one synchronous piece of a callback at a time, whatever fabric it belongs to. */
let current: Frame | null = null;

/** The callback whose synchronous part is running, if any. */
export function currentFrame(): Frame | null {
  return current;
}

/**
 * Says that `call` is made outside callbacks.
 *
 * @throws {Error} The synchronous part of one runs.
 */
export function requireOutside(call: string): void {
  if (current === null) return;
  const { name, ownerName } = current;
  throw new Error(`Cannot ${call} inside a callback: ${name} of ${ownerName} runs`);
}

/** Makes `frame` the running one, and returns the one before, for {@linkcode leaveFrame}. */
export function enterFrame(frame: Frame): Frame | null {
  const outer = current;
  current = frame;
  return outer;
}

/** Ends the running synchronous part. */
export function leaveFrame(outer: Frame | null): void {
  current = outer;
}

/**
 * The level of the running code: 2 (DISPATCH_LEVEL) or 0 (PASSIVE_LEVEL). After its first `await` a
 * callback is passive; so is all code outside callbacks.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/wdm/nf-wdm-kegetcurrentirql | KeGetCurrentIrql}
 */
export function KeGetCurrentIrql(): 0 | 2 {
  return current === null ? PASSIVE_LEVEL : current.irql;
}
