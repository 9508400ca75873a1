import { recordRun } from "../../simulator/pages/record_run.ts";
import type { Recording } from "../../simulator/pages/recording.ts";
import { uneven } from "../../simulator/scenarios/protocols/uneven.ts";

/** A world of *uneven* that has its planted mistake, and the seed in which that shows. */
export const FAILING = { scenario: uneven(true), seed: 7 } as const;

/** A recording of it: two guests that send packets, and a finding. */
export async function recordFailing(): Promise<Recording> {
  return await recordRun(FAILING.scenario, { seed: FAILING.seed });
}
