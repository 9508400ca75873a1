/**
 * What the model of a channel's lifecycle is made of (kmcl.md section 3).
 *
 * @module
 */

import type { NtStatus } from "../../core/ntstatus.ts";
import type { Side, ViolationRule } from "../../mod.ts";
import type { StateChangeCallback } from "./callback_order.ts";

/** Both sides of a channel. */
export const SIDES: readonly Side[] = Object.freeze(["server", "client"] as const);

/** The states of the lifecycle, Disabled of both kinds: before the first Enable, and after a Disable. */
export type ModelLifecycle = "initializing" | "enabled" | "opened" | "closed" | "tornDown";

/** A packet that wants a completion, and has none. */
export interface ModelPacket {
  /** What its sender calls it. */
  readonly id: number;
  /** On the sender's queue, in the ring, or answered by the receiver. */
  place: "queued" | "sent" | "answered";
}

/** One endpoint. */
export interface ModelEndpoint {
  /** Where it is in its lifecycle. */
  lifecycle: ModelLifecycle;
  /** Whether packets move once it is Opened. */
  flow: "paused" | "active";
  /** Whether EvtChannelSuspend was called, and neither Started nor Closed since. */
  isQuiet: boolean;
  /** Its packets that wait for their completion, in the order of sending. */
  pending: ModelPacket[];
}

/** The end of a transaction. */
export interface ModelCompletion {
  /** What its sender calls the packet. */
  readonly id: number;
  /** What the completion routine is told. */
  readonly status: NtStatus;
}

/** What calls lead to. */
export interface ModelOutcome {
  /** State change callbacks, in order. */
  readonly callbacks: Readonly<Record<Side, StateChangeCallback[]>>;
  /** Completion routines, in order. */
  readonly completions: Readonly<Record<Side, ModelCompletion[]>>;
  /** Rules of violations, in any order. */
  readonly violations: ViolationRule[];
}

/** A GPADL of the client. */
export interface ModelGpadl {
  /** Whether the server has it mapped. */
  isMapped: boolean;
  /** Whether the client has deleted it, and waits for the unmap. */
  isDeleting: boolean;
}
