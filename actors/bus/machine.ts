/**
 * The chart of one partition's bus: how far the host has told it of its offers (wire.md 4.5).
 * Both ends of the bus speak version 5.3 from the start, so there is no negotiation in it.
 *
 * @module
 */

import { setup } from "xstate";
import type { ActorKind } from "../runtime/actors.ts";
import type { BusEvent, BusTag } from "./types.ts";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createBusChart() {
  return setup({
    types: { events: {} as BusEvent, tags: {} as BusTag },
  }).createMachine({
    id: "bus",
    initial: "quiet",
    states: {
      quiet: { on: { requestOffers: "offering", guestGone: "gone" } },
      offering: { tags: "offering", on: { guestGone: "gone" } },
      gone: { tags: "gone" },
    },
  });
}

/** The actor of a partition's bus. */
export const BUS_ACTOR: ActorKind = { name: "bus", createChart: createBusChart };
