/**
 * What came of many worlds, counted. Tallies of parts of a sweep are added in any order, and come to the same.
 *
 * @module
 */

import { type Coverage, CoverageSum } from "../coverage/coverage.ts";
import type { Finding } from "../finding.ts";
import type { WorldResult } from "../worlds/settings.ts";
import type { RunRecord } from "../artefacts/artefact.ts";
import { type Cause, causeOf, Causes } from "../artefacts/causes.ts";

/** Orders that are told apart; of more it is known that there are as many. A set holds no more than 2^24. */
const ORDERS_MAX = 2 ** 22;

/** A tally as data, which goes from process to process. */
export interface TallyData {
  /** Worlds that ran. */
  readonly worlds: number;
  /** Worlds in which something was found that nobody expects. */
  readonly failed: number;
  /** Choices that they made. */
  readonly steps: number;
  /** What was found. */
  readonly causes: readonly Cause[];
  /** What was found that the scenario expects. */
  readonly expected: readonly Cause[];
  /** What they came by, of all that drivers can see. */
  readonly coverage: Coverage;
  /** Orders that drivers saw, by their digests, each once; at most {@linkcode ORDERS_MAX}. */
  readonly orders: readonly string[];
  /** How often each fault happened. */
  readonly faults: Readonly<Record<string, number>>;
}

/** Findings of one world, one of each cause. */
function byCause(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.toReversed().map((finding) => [causeOf(finding), finding])).values()];
}

/** A tally that is being made. */
export class Tally {
  #worlds = 0;
  #failed = 0;
  #steps = 0;
  readonly #causes = new Causes();
  readonly #expected = new Causes();
  readonly #coverage = new CoverageSum();
  readonly #orders = new Set<string>();
  readonly #faults = new Map<string, number>();

  /** Worlds that it is of. */
  get worlds(): number {
    return this.#worlds;
  }

  /** Worlds in which something was found. */
  get failed(): number {
    return this.#failed;
  }

  /**
   * Adds a world.
   *
   * @param records The runs to keep, each by what it found.
   */
  addWorld(result: WorldResult, records: readonly RunRecord[]): void {
    const { findings, expected, steps, coverage, orderDigest, faults } = result;
    const seed = String(result.seed);
    this.#worlds++;
    this.#steps += steps;
    if (findings.length > 0) this.#failed++;
    for (const finding of byCause(findings)) {
      const record = records.find((each) => causeOf(each.finding) === causeOf(finding)) ?? null;
      this.#causes.add({ finding: record?.finding ?? finding, seed, worlds: 1, record });
    }
    for (const finding of byCause(expected)) {
      this.#expected.add({ finding, seed, worlds: 1, record: null });
    }
    this.#coverage.add(coverage);
    this.#addOrder(orderDigest);
    for (const { fault } of faults) this.#addFault(fault, 1);
  }

  /** Adds a world that never came to its end, and whose process could say nothing more. */
  addLost(record: RunRecord, isExpected: boolean): void {
    const { finding, settings: { seed } } = record;
    this.#worlds++;
    if (!isExpected) this.#failed++;
    const causes = isExpected ? this.#expected : this.#causes;
    causes.add({ finding, seed, worlds: 1, record: isExpected ? null : record });
  }

  /** Adds what was found of a world that was added already, in which nothing was found otherwise if `isNew`. */
  addFound(finding: Finding, seed: string, isNew: boolean): void {
    if (isNew) this.#failed++;
    this.#causes.add({ finding, seed, worlds: 1, record: null });
  }

  /** Adds what came of other worlds. */
  add(data: TallyData): void {
    this.#worlds += data.worlds;
    this.#failed += data.failed;
    this.#steps += data.steps;
    for (const cause of data.causes) this.#causes.add(cause);
    for (const cause of data.expected) this.#expected.add(cause);
    this.#coverage.add(data.coverage);
    for (const order of data.orders) this.#addOrder(order);
    for (const [fault, times] of Object.entries(data.faults)) this.#addFault(fault, times);
  }

  #addOrder(order: string): void {
    if (this.#orders.size < ORDERS_MAX) this.#orders.add(order);
  }

  #addFault(fault: string, times: number): void {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + times);
  }

  /** All of it, the same whatever the order in which it was added, but for the order of names. */
  get data(): TallyData {
    return {
      worlds: this.#worlds,
      failed: this.#failed,
      steps: this.#steps,
      causes: this.#causes.list,
      expected: this.#expected.list,
      coverage: this.#coverage.value,
      orders: [...this.#orders],
      faults: Object.fromEntries(this.#faults),
    };
  }
}
