/**
 * A scenario that is a value as one that `deno task simulate` runs: one world, whose findings are the run's.
 *
 * @module
 */

import type { Checker } from "../checkers/checker.ts";
import {
  type Scenario,
  type ScenarioResult,
  type ScenarioSettings,
  traceLevelOf,
} from "../scenario.ts";
import type { Finding } from "../finding.ts";
import { runWorld } from "../worlds/run_world.ts";
import type { WorldResult } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";

/** The run of one world of `definition`. A world is over in an instant: it is not stopped on the way. */
export function singleRun<Drivers extends DriverTable>(
  definition: ScenarioDefinition<Drivers>,
): Scenario {
  const { name, title, payloads = [] } = definition;
  return { name, title, options: [], payloads, run: (settings) => runOnce(definition, settings) };
}

async function runOnce<Drivers extends DriverTable>(
  definition: ScenarioDefinition<Drivers>,
  settings: ScenarioSettings,
): Promise<ScenarioResult> {
  const { seed = 0n, schedule = "fifo", codec = "msgpack", onFabric, onChoice } = settings;
  let transactions = 0;
  const counter: Checker = {
    name: "transactions",
    attach: ({ fabric }) => {
      onFabric?.(fabric);
      return {
        detach: fabric.inspectActors(({ event }) => {
          if (event?.type === "complete") transactions++; // a packet object's: its transaction has ended
        }),
      };
    },
  };
  const checkers = [...definition.checkers ?? [], counter];
  const trace = traceLevelOf(settings);
  const result = await runWorld({ ...definition, checkers }, {
    seed,
    schedule,
    codec,
    trace,
    ...onChoice && { onChoice },
  });
  return resultOf(result, transactions);
}

function resultOf(result: WorldResult, transactions: number): ScenarioResult {
  const { findings, expected, faults, steps, reached } = result;
  const row = (key: string, label: string, value: number) => ({ key, label, values: [value] });
  const foundBy = (who: string) => findings.filter(({ by }) => by === who).length;
  return {
    ok: findings.length === 0,
    isStopped: false,
    findings: findings.map(sentenceOf),
    expected: expected.map(sentenceOf),
    faults: faultSentences(faults),
    counts: {
      columns: [{ key: "world", label: "world" }],
      rows: [
        row("choices", "choices", steps),
        row("faults", "faults", faults.length),
        row("expected", "findings that are expected", expected.length),
        ...Object.entries(reached).map(([name, times]) => row(name, name, times)),
      ],
    },
    digests: [],
    transactions,
    virtualMilliseconds: result.virtualMilliseconds,
    violationCount: foundBy("verifier"),
    leakCount: foundBy("leaks"),
    traceDigest: result.traceDigest,
    progress: { done: 1, total: 1, unit: "worlds" },
  };
}

/** A sentence for each fault and place, in the order in which they happened first. */
function faultSentences(faults: WorldResult["faults"]): readonly string[] {
  const alike = Map.groupBy(faults, ({ fault, place }) => `${fault}, ${place}`);
  return [...alike].map(([what, fired]) => {
    const steps = fired.map(({ step }) => step).join(", ");
    return `${what}, at step ${steps}`;
  });
}

function sentenceOf({ kind, rule, place, message }: Finding): string {
  return `${kind}: ${rule}, ${place}: ${message}`;
}
