/**
 * The chart of the host's connection to one guest: how far the host has told it of its offers
 * (wire.md 4.5, 5.1). Both ends speak version 5.3 from the start, so there is no negotiation in it.
 *
 * @module
 */

import { setup } from "xstate";
import type { ActorKind } from "../../runtime/actors.ts";
import type { ConnectionEvent, ConnectionTag } from "./types.ts";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createConnectionChart() {
  return setup({
    types: { events: {} as ConnectionEvent, tags: {} as ConnectionTag },
  }).createMachine({
    id: "connection",
    initial: "quiet",
    states: {
      quiet: { on: { requestOffers: "offering", guestGone: "gone" } },
      offering: { tags: "offering", on: { guestGone: "gone" } },
      gone: { tags: "gone" },
    },
  });
}

/** The actor of a connection. */
export const CONNECTION_ACTOR: ActorKind = {
  name: "connection",
  createChart: createConnectionChart,
};
