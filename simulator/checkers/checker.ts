/**
 * What a checker is: it looks at everything that happens in a fabric, and says where a rule is broken.
 *
 * @module
 */

import type {
  Observation,
  ObservationKind,
  ObservationOf,
  ObservedEndpoint,
  ObservedFacts,
} from "../../actors/runtime/observation.ts";
import type { Fabric } from "../../mod.ts";
import type { FindingKind } from "../finding.ts";

export type { Observation, ObservationKind, ObservationOf, ObservedEndpoint, ObservedFacts };

/** What a checker does with each kind of observation that it is for. */
export type Sees = {
  readonly [Kind in ObservationKind]?: (observation: ObservationOf<Kind>) => void;
};

/** What a checker is given. */
export interface CheckContext {
  /** The fabric that it looks at. */
  readonly fabric: Fabric;
  /** How far the run is: choices that a world has made, or work items of a fabric of one's own. */
  readonly step: number;
  /**
   * A rule is broken.
   *
   * @param rule Its number, and a few words: `S7: Suspend comes first`.
   * @param place Where, in words that are the same whenever it is the same: `VmbPacketSend of server`.
   * @param message What was wrong, with the present value.
   * @param kind What kind of failure it is. Default `"correctness"`.
   */
  fail(rule: string, place: string, message: string, kind?: FindingKind): void;
  /**
   * Whether what an endpoint sees is not to be measured by what its opposite side did: a simulation, or the
   * program, has changed its rings or messages behind the back of both.
   */
  isExcused(endpoint: ObservedEndpoint): boolean;
}

/** A checker at work in one fabric. */
export interface CheckerAtWork {
  /**
   * An endpoint is seen for the first time: before anything else of it, and with all that it has when the
   * fabric was not looked at before, or when it was restored.
   */
  meets?(endpoint: ObservedEndpoint): void;
  /** What it looks at as it happens. It is in the middle of a step: it must not call into the fabric. */
  readonly sees?: Sees;
  /** Now and then, between two work items: everything is whole, but not all is quiet. */
  look?(): void;
  /** Nothing is left to run, and yet somebody is not at his end: tells why. */
  stall?(): void;
  /**
   * A world's workload has ended, all faults have stopped, and nothing is left to run: what comes next is its end, which
   * closes what is open.
   */
  quiet?(): void;
  /** The fabric is quiet, all faults have stopped, and all that was to end should have ended. */
  end?(): void;
  /** It looks no more. */
  detach?(): void;
}

/** A checker, by name. */
export interface Checker {
  /** By it a report says who found what. */
  readonly name: string;
  /** Begins to look at a fabric, in which things may have happened already. */
  attach(context: CheckContext): CheckerAtWork;
}
