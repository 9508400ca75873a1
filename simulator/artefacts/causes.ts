/**
 * What was found in many worlds, grouped by what broke: one rule at one place has one cause.
 *
 * @module
 */

import type { Finding } from "../finding.ts";
import type { RunRecord } from "./artefact.ts";

/** Runs that are kept whole, one for each cause: those of the lowest seeds. */
const RECORDS_MAX = 100;

/** What broke one rule at one place. */
export interface Cause {
  /** What was found in the world of the lowest seed. */
  readonly finding: Finding;
  /** That seed, in decimal. */
  readonly seed: string;
  /** Worlds in which it was found. */
  readonly worlds: number;
  /** That run, if it is kept. */
  readonly record: RunRecord | null;
}

/** What tells causes apart. */
export function causeOf({ rule, place }: Pick<Finding, "rule" | "place">): string {
  return JSON.stringify([rule, place]);
}

function isLower(seed: string, than: string): boolean {
  return BigInt(seed) < BigInt(than);
}

/** Causes, whatever the order in which they are met. */
export class Causes {
  readonly #all = new Map<string, Cause>();

  /** Adds what was met elsewhere, or in one more world. */
  add(cause: Cause): void {
    const key = causeOf(cause.finding);
    const known = this.#all.get(key);
    if (known === undefined) this.#all.set(key, cause);
    else {
      const first = isLower(cause.seed, known.seed) ? cause : known;
      this.#all.set(key, { ...first, worlds: known.worlds + cause.worlds });
    }
    // Now and then, as that sorts them.
    if (this.#all.size % RECORDS_MAX === 0) this.#trim();
  }

  /** Whether the run of `seed` is the one to keep of what it found. */
  wants(finding: Finding, seed: string): boolean {
    const known = this.#all.get(causeOf(finding));
    return known === undefined || isLower(seed, known.seed);
  }

  /** All of them, that of the lowest seed first. */
  get list(): readonly Cause[] {
    this.#trim();
    return this.#sorted();
  }

  #sorted(): readonly Cause[] {
    return [...this.#all].sort(([aKey, a], [bKey, b]) => {
      if (a.seed !== b.seed) return isLower(a.seed, b.seed) ? -1 : 1;
      return aKey < bKey ? -1 : 1;
    }).map(([, cause]) => cause);
  }

  /** Lets go all runs but those of the lowest seeds: a run may be large, and causes many. */
  #trim(): void {
    if (this.#all.size <= RECORDS_MAX) return;
    for (const cause of this.#sorted().slice(RECORDS_MAX)) {
      if (cause.record !== null) this.#all.set(causeOf(cause.finding), { ...cause, record: null });
    }
  }
}
