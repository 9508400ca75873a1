/**
 * What a run, or many runs together, have come by, of all that drivers can see: plain data, which two
 * processes can put together.
 *
 * @module
 */

/** How often each of something was seen, by name. */
export type Counts = Readonly<Record<string, number>>;

/** How far runs have come with a behaviour that ought to be reached. */
export interface ReachCoverage {
  /** How often it was reached. */
  readonly times: number;
  /** Runs that reached it. */
  readonly worlds: number;
  /** Orders that drivers saw in those runs, by their digests, each once; at most {@linkcode WAYS_MAX}. */
  readonly ways: readonly string[];
  /** How near a run has come: so many of so many conditions; null: none has said, or it was reached. */
  readonly nearest: Nearness | null;
}

/** How near a run has come to a behaviour. */
export interface Nearness {
  /** Conditions that were fulfilled. */
  readonly done: number;
  /** Conditions in all. */
  readonly of: number;
}

/** What runs have come by. */
export interface Coverage {
  /** How many runs. */
  readonly worlds: number;
  /** Transitions of charts: `server: flow.running.steady pause`. */
  readonly transitions: Counts;
  /** Statuses by function, and those that transactions ended with: `VmbChannelEnable STATUS_SUCCESS`. */
  readonly statuses: Counts;
  /** Callbacks of one endpoint that came one after the other, by twos and threes. */
  readonly orders: Counts;
  /** Faults, each with the state of the channel that it met. */
  readonly faults: Counts;
  /** Behaviours that ought to be reached, by name. */
  readonly reached: Readonly<Record<string, ReachCoverage>>;
}

/** Ways to a behaviour that are told apart; of more it is known that there are as many. */
export const WAYS_MAX = 1000;

/** Counts go no higher: beyond it more is the same. */
export const COUNT_MAX = 2 ** 32 - 1;

type Sums = Record<string, number>;

function addTo(sums: Sums, counts: Counts): void {
  for (const name in counts) {
    const sum = (sums[name] ?? 0) + counts[name]!;
    sums[name] = sum > COUNT_MAX ? COUNT_MAX : sum;
  }
}

/** A record whose keys are any texts. */
function record<T>(): Record<string, T> {
  return Object.create(null);
}

/** The coverage of many runs: each is added as it comes. */
export class CoverageSum {
  #worlds = 0;
  readonly #transitions: Sums = record();
  readonly #statuses: Sums = record();
  readonly #orders: Sums = record();
  readonly #faults: Sums = record();
  readonly #reached = new Map<string, ReachSum>();

  /** Adds what another run, or a sum of them, has come by. */
  add({ worlds, transitions, statuses, orders, faults, reached }: Coverage): void {
    this.#worlds += worlds;
    addTo(this.#transitions, transitions);
    addTo(this.#statuses, statuses);
    addTo(this.#orders, orders);
    addTo(this.#faults, faults);
    for (const [name, reach] of Object.entries(reached)) {
      const sum = this.#reached.get(name) ?? new ReachSum();
      this.#reached.set(name, sum);
      sum.add(reach);
    }
  }

  /** All of it, as plain data. */
  get value(): Coverage {
    return {
      worlds: this.#worlds,
      transitions: { ...this.#transitions },
      statuses: { ...this.#statuses },
      orders: { ...this.#orders },
      faults: { ...this.#faults },
      reached: Object.fromEntries([...this.#reached].map(([name, sum]) => [name, sum.value])),
    };
  }
}

/** What many runs have come to of one behaviour. */
class ReachSum {
  #times = 0;
  #worlds = 0;
  readonly #ways = new Set<string>();
  #nearest: Nearness | null = null;

  add({ times, worlds, ways, nearest }: ReachCoverage): void {
    this.#times = Math.min(COUNT_MAX, this.#times + times);
    this.#worlds += worlds;
    for (const way of ways) if (this.#ways.size < WAYS_MAX) this.#ways.add(way);
    if (nearest !== null) this.#nearest = nearer(this.#nearest, nearest);
  }

  get value(): ReachCoverage {
    return {
      times: this.#times,
      worlds: this.#worlds,
      ways: [...this.#ways],
      nearest: this.#worlds > 0 ? null : this.#nearest,
    };
  }
}

/** Whether `value`, which a scenario gives, says how near a run has come. */
export function isNearness(value: unknown): value is Nearness {
  const { done, of }: Readonly<Record<string, unknown>> = Object(value);
  return Number.isFinite(done) && Number.isFinite(of) && of as number > 0;
}

/** The one of two that is nearer. */
export function nearer(one: Nearness | null, other: Nearness): Nearness {
  return one !== null && one.done / one.of >= other.done / other.of ? one : other;
}

/** What several runs have come by together. */
export function mergeCoverage(...coverages: readonly Coverage[]): Coverage {
  const sum = new CoverageSum();
  for (const coverage of coverages) sum.add(coverage);
  return sum.value;
}
