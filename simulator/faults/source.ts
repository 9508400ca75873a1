/**
 * The faults of one world: what its rules bring about, as the world's chooser has it.
 *
 * @module
 */

import type { Chooser } from "../../actors/runtime/chooser.ts";
import type { FaultPort } from "../../actors/runtime/fault_port.ts";
import type { FaultRule, FiredFault } from "./rule.ts";

/** The faults of one world. */
export class FaultSource {
  /** What the fabric asks where something may go wrong; null: nothing of that kind can. */
  readonly port: FaultPort | null = null;
  readonly #fired: FiredFault[] = [];

  /** What `rules` bring about, chosen by `chooser`. */
  constructor(_rules: readonly FaultRule[], _chooser: Chooser) {
  }

  /** What went wrong so far. */
  get fired(): readonly FiredFault[] {
    return this.#fired;
  }

  /** Whether something is to be done to the world before its next work item. */
  isActDue(): boolean {
    return false;
  }

  /** Does it. */
  act(): Promise<void> {
    return Promise.resolve();
  }

  /** Nothing is left to run: lets go what it holds back; false where that is nothing. */
  letGo(): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** From now on nothing goes wrong; what was held back goes its way. */
  stop(): void {
  }
}
