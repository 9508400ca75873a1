/**
 * The chart of a partition (api.md section 3): whether its processors run, and whether it is there.
 *
 * @module
 */

import { setup } from "xstate";
import type { ActorKind } from "../runtime/actors.ts";
import type { PartitionEvent, PartitionTag } from "./types.ts";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createPartitionChart() {
  return setup({
    types: { events: {} as PartitionEvent, tags: {} as PartitionTag },
  }).createMachine({
    id: "partition",
    initial: "running",
    states: {
      running: {
        tags: ["runs", "alive", "present"],
        on: { pause: "paused", crash: "crashed", destroy: "destroyed" },
      },
      paused: {
        tags: ["alive", "present"],
        on: { resume: "running", crash: "crashed", destroy: "destroyed" },
      },
      crashed: { tags: "present", on: { destroy: "destroyed" } },
      destroyed: {},
    },
  });
}

/** The actor of a partition. */
export const PARTITION_ACTOR: ActorKind = { name: "partition", createChart: createPartitionChart };
