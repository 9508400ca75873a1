/**
 * The transactions of a channel, as who sees both of its rings knows them (wire.md 2.5).
 *
 * @module
 */

import type { BrokenSentence } from "../checkers/seen_bus.ts";

/** What a packet says of itself. */
export interface PacketHead {
  /** Whether it is a completion. */
  readonly isCompletion: boolean;
  /** Whether it asks for one. */
  readonly wantsCompletion: boolean;
  /** Its transaction, in digits. */
  readonly transactionId: string;
}

/** Which way a packet goes. */
export type Way = "toHost" | "toGuest";

/** Transactions that are remembered; with more of them nothing is known any more. */
const OPEN_MAX = 2 ** 20;

const RULE = "wire.md 2.5: a completion has its request";

/** The open transactions of a channel. */
export class SeenTransactions {
  /** Those that a packet which goes this way has begun: how often each. */
  readonly #open: Readonly<Record<Way, Map<string, number>>> = {
    toHost: new Map(),
    toGuest: new Map(),
  };
  /** Whether the rings were seen from their beginning on. */
  #isWhole: boolean;

  /** Of rings that are new, or of which nobody knows what was in them. */
  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  /** Takes note of a packet; answers with the sentence that it breaks, null for none. */
  take(way: Way, packet: PacketHead): BrokenSentence | null {
    const { isCompletion, wantsCompletion, transactionId } = packet;
    if (!isCompletion) {
      if (wantsCompletion) this.#begin(this.#open[way], transactionId);
      return null;
    }
    const asked = this.#open[way === "toHost" ? "toGuest" : "toHost"];
    const count = asked.get(transactionId) ?? 0;
    if (count > 1) asked.set(transactionId, count - 1);
    else asked.delete(transactionId);
    if (count > 0 || !this.#isWhole) return null;
    const what = `a completion of transaction ${transactionId}, which no packet waits for`;
    return { rule: RULE, what };
  }

  #begin(open: Map<string, number>, transactionId: string): void {
    open.set(transactionId, (open.get(transactionId) ?? 0) + 1);
    if (open.size <= OPEN_MAX) return;
    open.clear();
    this.#isWhole = false;
  }
}
