/**
 * What the loop needs of the fabric around it.
 *
 * @module
 */

import type { VirtualClock } from "../../core/clock.ts";
import type { Callbacks } from "./driver_calls.ts";
import type { WorkItem } from "./processor.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Timer } from "./timer.ts";
import type { Verifier, VerifierError } from "./verifier.ts";
import type { Waits } from "./waits.ts";

/** The fabric, as its loop sees it. */
export interface LoopPort {
  /** Virtual time and its deadlines. */
  readonly clock: VirtualClock<Timer>;
  /** What is runnable. */
  readonly scheduler: Scheduler;
  /** Calls into drivers. */
  readonly callbacks: Callbacks;
  /** Blocked callers. */
  readonly waits: Waits;
  /** Where misuse is reported. */
  readonly verifier: Verifier;
  /** Whether deadlines wait for real time. */
  readonly isRealTime: boolean;
  /** Whether peers outside of the fabric are attached, who may say something at any time. */
  readonly hasPeers: boolean;
  /** Items and timers that may run while no time passes. */
  readonly itemsPerInstantMax: number;
  /** Puts the item on the trace and does its work. */
  runItem(item: WorkItem): void;
  /** Puts the timer on the trace and fires it. */
  fireTimer(timer: Timer): void;
  /** The error for callers whose waits nothing can end. */
  deadlock(): VerifierError;
  /** The name of the worker that is `traceId` on the trace. */
  nameOf(traceId: number): string;
}
