/**
 * Captures worlds.
 *
 * @module
 */

import type { Checker } from "../checkers/checker.ts";
import type { RunArtefact } from "../artefacts/artefact.ts";
import type { Replayed } from "../artefacts/replay.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import type { RunCapture } from "./capture.ts";

/** `scenario`, with `capture` looking on; it must be told of choices as well: {@linkcode RunCapture.chose}. */
export function captured<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  capture: RunCapture,
): ScenarioDefinition<Drivers> {
  const watcher: Checker = {
    name: "capture",
    attach: ({ fabric }) => {
      capture.watch(fabric);
      return { detach: capture.end };
    },
  };
  return { ...scenario, checkers: [...scenario.checkers ?? [], watcher] };
}

/** What a kept run is called in its capture: its trace tells it from others of its seed, which have other choices. */
export function nameOfArtefact(
  { scenario: { name }, settings: { seed }, digest }: Pick<
    RunArtefact,
    "scenario" | "settings" | "digest"
  >,
): string {
  return `${name}, seed ${seed}${digest === null ? "" : `, trace ${digest}`}`;
}

/** What a replay found, a sentence each. */
export function findingsOf({ divergence, finding, others }: Replayed): readonly string[] {
  return [
    ...(finding === null ? others : [finding, ...others]).map(({ rule, place, message, step }) =>
      `${rule}, ${place}, at step ${step}: ${message}`
    ),
    ...divergence === null
      ? []
      : [`another run from step ${divergence.step} on: ${divergence.reason}`],
  ];
}
