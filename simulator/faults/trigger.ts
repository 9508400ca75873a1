/**
 * One rule at work in one world: at which opportunities it fires.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import type { Chooser } from "../../actors/runtime/chooser.ts";
import type { Fault } from "./basics.ts";
import type { Where } from "./place.ts";
import type { FaultRule } from "./rule.ts";

/** A rule fires at one of so many opportunities after it fired last, or in this world no more. */
export const OPPORTUNITIES_MAX: number = 2 ** 16 - 1;

/** In what way a rule can be there in a world: not at all, as it says, four times as rarely, or as often. */
const RATES = [0, 1, 4, 1 / 4] as const;

const EVERYWHERE: Where = {};

/** A rule at work. */
export class Trigger {
  /** The rule. */
  readonly rule: FaultRule;
  /** What it brings about. */
  readonly fault: Fault<never>;
  /** Tells its choices from those of other rules. */
  readonly about: string;
  readonly #chooser: Chooser;
  readonly #oneIn: number;
  #budget: number;
  /** The opportunity at which it fires, counted from the last one; 0: it does not fire any more. */
  #left = 0;

  /** `rule` of `fault`, which `chooser` has fire, by choices that are about `about`. */
  constructor(rule: FaultRule, fault: Fault<never>, about: string, chooser: Chooser) {
    this.rule = rule;
    this.fault = fault;
    this.about = about;
    this.#chooser = chooser;
    this.#budget = rule.budget ?? fault.budget;
    const { rate, oneIn } = this.#chooseRate(rule.oneIn ?? fault.oneIn);
    this.#oneIn = oneIn;
    if (rate > 0) this.#chooseNext();
  }

  /** Where it may fire. */
  get where(): Where {
    return this.rule.where as Where | undefined ?? EVERYWHERE;
  }

  /** Whether it may still fire. */
  get isLoaded(): boolean {
    return this.#left > 0;
  }

  /** Whether it fires at the next opportunity that is one. */
  get isDue(): boolean {
    return this.#left === 1;
  }

  /** So many opportunities go by, as far as it does not fire at one of them. */
  pass(count: number): void {
    if (this.#left > 1) this.#left = Math.max(1, this.#left - count);
  }

  /** It fires. */
  fire(): void {
    this.#budget--;
    this.#chooseNext();
  }

  #chooseRate(oneIn: number): { rate: number; oneIn: number } {
    if (this.rule.nth !== undefined) return { rate: 1, oneIn };
    const ways = RATES.length;
    const { about } = this;
    const at = this.#chooser.choose("fault", ways, { about, draw: (chance) => chance.below(ways) });
    const rate = RATES[at]!;
    // What was not to happen each time does not: then nothing else would.
    return { rate, oneIn: Math.max(Math.min(oneIn, 2), Math.round(oneIn * rate)) };
  }

  #chooseNext(): void {
    this.#left = this.#budget <= 0 ? 0 : this.#chooser.choose("fault", OPPORTUNITIES_MAX + 1, {
      about: this.about,
      draw: (chance) => this.#draw(chance),
    });
  }

  /** On average `oneIn` opportunities: each of the next ones is as likely as any other. */
  #draw(chance: Chance): number {
    return this.rule.nth ?? 1 + chance.below(Math.min(2 * this.#oneIn - 1, OPPORTUNITIES_MAX));
  }
}
