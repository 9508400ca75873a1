/**
 * What a sweep has come to: the same for the same seeds, however many processes ran them.
 *
 * @module
 */

import type { Finding } from "../finding.ts";
import type { ShrunkRun } from "../shrinking/shrink_run.ts";
import type { Cause } from "../artefacts/causes.ts";
import type { Coverage, Nearness } from "../coverage/coverage.ts";
import type { TallyData } from "./tally.ts";

/** Failures of one cause. */
export interface FailureGroup extends Pick<Finding, "kind" | "rule" | "place" | "message" | "by"> {
  /** Worlds in which it was found. */
  readonly worlds: number;
  /** The lowest seed of them, in decimal. */
  readonly seed: string;
  /** Choices that the world of that seed had made before. */
  readonly step: number;
  /** The driver's line, where one is to blame. */
  readonly source: string | null;
  /** The file with which that world can be had again; null where none was written. */
  readonly artefact: string | null;
  /** The command that runs that world again; null where there is none. */
  readonly replay: string | null;
  /** The same failure in a smaller run; null where there is none, or nobody looked for it. */
  readonly shrunk: ShrunkFailure | null;
  /** Why there is no smaller run, in words; null where there is one, or nobody was asked for it. */
  readonly notShrunk: string | null;
  /** The page of that world, beside its file; null where none was written. */
  readonly page: string | null;
  /** The capture of that world, beside its file; null where none was written. */
  readonly capture: string | null;
}

/** A failure in a run that was made smaller. */
export interface ShrunkFailure extends Pick<ShrunkRun, "reruns" | "before" | "after"> {
  /** The file with which that run can be had again. */
  readonly artefact: string;
  /** The command that runs it again. */
  readonly replay: string;
}

/** A finding that the scenario expects. */
export interface ExpectedGroup extends Pick<Finding, "rule" | "place"> {
  /** Worlds in which it was found. */
  readonly worlds: number;
  /** Why it is expected. */
  readonly reason: string;
}

/** A behaviour that ought to be reached. */
export interface ReachedBehaviour {
  /** Its name. */
  readonly name: string;
  /** How often it was reached, in all worlds. */
  readonly times: number;
  /** In how many worlds. */
  readonly worlds: number;
  /** In how many orders that drivers can tell apart: so many at least, where it is 1000. */
  readonly ways: number;
  /** How near a world came to it; null where it was reached, or none has said. */
  readonly nearest: Nearness | null;
}

/** What a sweep has come to. */
export interface SweepSummary {
  /** The scenario's name. */
  readonly scenario: string;
  /** Worlds that ran. */
  readonly worlds: number;
  /** Worlds in which something was found that nobody expects. */
  readonly failed: number;
  /** Choices that they made. */
  readonly steps: number;
  /** What was found, by cause: what was found most often first. */
  readonly failures: readonly FailureGroup[];
  /** What was found that the scenario expects. */
  readonly expected: readonly ExpectedGroup[];
  /** Orders that drivers can tell apart: so many at least, where it is 2^22. */
  readonly orders: number;
  /** Behaviours, by name, those included that no world reached. */
  readonly reached: readonly ReachedBehaviour[];
  /** What the worlds came by; `coverageGaps({ ...coverage, reached: {} })` says what they did not. */
  readonly coverage: Omit<Coverage, "reached">;
  /** How often each fault happened. */
  readonly faults: Readonly<Record<string, number>>;
}

/** What a summary has to know of the scenario. */
export interface ScenarioFacts {
  /** Its name. */
  readonly name: string;
  /** Findings that are known. */
  readonly expected: readonly {
    readonly rule: string;
    readonly place: string;
    readonly reason: string;
  }[];
}

/** How a failure can be had again. */
export type Replays = (
  cause: Cause,
) => Pick<FailureGroup, "artefact" | "replay" | "shrunk" | "notShrunk">;

/** A record in the order of its names: the same however it came about. */
function sorted<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  const names = Object.keys(record).sort();
  return Object.fromEntries(names.map((name) => [name, record[name]!]));
}

function behavioursOf({ reached }: Coverage): readonly ReachedBehaviour[] {
  return Object.entries(sorted(reached)).map(([name, { times, worlds, ways, nearest }]) => ({
    name,
    times,
    worlds,
    ways: ways.length,
    nearest,
  }));
}

function groupOf(cause: Cause, replays: Replays): FailureGroup {
  const { finding: { kind, rule, place, message, by, step, source = null }, worlds, seed } = cause;
  const again = replays(cause);
  return {
    kind,
    rule,
    place,
    message,
    by,
    worlds,
    seed,
    step,
    source,
    ...again,
    page: null,
    capture: null,
  };
}

/** The summary of what was counted. */
export function summaryOf(
  data: TallyData,
  { name, expected }: ScenarioFacts,
  replays: Replays = () => ({
    artefact: null,
    replay: null,
    shrunk: null,
    notShrunk: null,
  }),
): SweepSummary {
  const { worlds, failed, steps, causes, faults } = data;
  const { transitions, statuses, orders, faults: met } = data.coverage;
  return {
    scenario: name,
    worlds,
    failed,
    steps,
    // The sort is stable: of those that are as frequent, the lowest seed comes first.
    failures: causes.toSorted((a, b) => b.worlds - a.worlds).map((each) => groupOf(each, replays)),
    expected: data.expected.map(({ finding: { rule, place }, worlds }) => ({
      rule,
      place,
      worlds,
      reason: expected.find((known) => known.rule === rule && known.place === place)?.reason ??
        "a fault brings it about",
    })),
    faults: sorted(faults),
    orders: data.orders.length,
    reached: behavioursOf(data.coverage),
    coverage: {
      worlds: data.coverage.worlds,
      transitions: sorted(transitions),
      statuses: sorted(statuses),
      orders: sorted(orders),
      faults: sorted(met),
    },
  };
}
