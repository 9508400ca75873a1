/**
 * What one run of a scenario is made of, and what comes of it.
 *
 * @module
 */

import type { Choice, ChoiceKind } from "../../actors/runtime/chooser.ts";
import type { FabricOptions, Schedule, TraceEntry } from "../../mod.ts";
import type { Coverage } from "../coverage/coverage.ts";
import type { FiredFault } from "../faults/rule.ts";
import type { Finding } from "../finding.ts";

export type { Choice, ChoiceKind };

/** Work items and timers that a phase of a run may take where nobody says otherwise. */
export const ITEMS_MAX = 200_000;

/** So many may be allowed. */
export const ITEMS_MAX_MOST = 2 ** 32 - 1;

/** How a scenario is run. The same settings give the same world. */
export interface WorldSettings {
  /** What chance is drawn from: a safe integer, or a bigint of 64 bits. Default 0. */
  readonly seed?: number | bigint;
  /** Order of runnable work. Default `"portfolio"`. */
  readonly schedule?: Schedule;
  /** Encoding of packets in the rings. Default: drawn from the seed. */
  readonly codec?: NonNullable<FabricOptions["codec"]>;
  /** Whether things go wrong, as the scenario's rules have it. Default true. */
  readonly isFaulty?: boolean;
  /** The choices of an earlier run, which are made again, whatever the seed would choose. */
  readonly choices?: readonly Choice[];
  /** How much of the run is recorded. Default `"digest"`. */
  readonly trace?: NonNullable<FabricOptions["trace"]>;
  /** Work items and timers that a phase of the run may take, up to 2^32 - 1. Default 200 000. */
  readonly itemsMax?: number;
  /** Whether a finding of something done twice names the line that did it first: some µs a call. Default false. */
  readonly sourceLines?: boolean;
  /** Is told of each choice before it is made: how many were made before it. Must not throw. */
  readonly beforeChoice?: (step: number) => void;
  /** Is told of each choice once it is made. Must not throw. */
  readonly onChoice?: (choice: Choice) => void;
}

/** What came of a world. */
export interface WorldResult {
  /** The scenario's name. */
  readonly scenario: string;
  /** What chance was drawn from. */
  readonly seed: bigint;
  /** Order of runnable work. */
  readonly schedule: Schedule;
  /** How packets were encoded. */
  readonly codec: NonNullable<FabricOptions["codec"]>;
  /** What is not as it should be; without those that are expected. */
  readonly findings: readonly Finding[];
  /** Findings that the scenario expects, or that its faults bring about. */
  readonly expected: readonly Finding[];
  /** The choices that made it this run: with them it can be had again. */
  readonly choices: readonly Choice[];
  /** How many choices it made, those at the end included that are what fifo would do. */
  readonly steps: number;
  /** What went wrong. */
  readonly faults: readonly FiredFault[];
  /** Behaviours that were reached, with how often. */
  readonly reached: Readonly<Record<string, number>>;
  /** What the run came by, of all that drivers can see. */
  readonly coverage: Coverage;
  /**
   * The order that drivers saw, as 16 hexadecimal digits: the sequence of endpoint, callback or returning wait,
   * transaction and status, without times.
   */
  readonly orderDigest: string;
  /** Virtual time that passed. */
  readonly virtualMilliseconds: number;
  /** SHA-256 of the trace. */
  readonly traceDigest: string;
  /** All that happened, with `trace: "full"`; else empty. */
  readonly trace: readonly TraceEntry[];
}
