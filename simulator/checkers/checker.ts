/**
 * What a checker is: it looks at everything that happens in a fabric, and says where a rule is broken.
 *
 * @module
 */

import type { Fabric } from "../../mod.ts";

/** What a checker is given. */
export interface CheckContext {
  /** The fabric that it looks at. */
  readonly fabric: Fabric;
  /**
   * A rule is broken.
   *
   * @param rule Its number, and a few words: `S7: Suspend comes first`.
   * @param place Where, in words that are the same whenever it is the same: `VmbPacketSend of server`.
   * @param message What was wrong, with the present value.
   */
  fail(rule: string, place: string, message: string): void;
}

/** A checker at work in one fabric. */
export interface CheckerAtWork {
  /** The fabric is quiet, all faults have stopped, and all that was to end should have ended. */
  end?(): void;
  /** It looks no more. */
  detach?(): void;
}

/** A checker, by name. */
export interface Checker {
  /** By it a report says who found what. */
  readonly name: string;
  /** Begins to look at a fabric in which nothing has happened yet. */
  attach(context: CheckContext): CheckerAtWork;
}
