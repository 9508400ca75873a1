/**
 * The actors of channel endpoints: one kind a side.
 *
 * @module
 */

import type { ActorKind } from "../runtime/actors.ts";
import { createChannelChart } from "./machine.ts";
import type { Side } from "./types.ts";

/** The actor of a channel endpoint, by its side. */
export const CHANNEL_ACTORS: Readonly<Record<Side, ActorKind>> = {
  server: { name: "server", createChart: () => createChannelChart("server") },
  client: { name: "client", createChart: () => createChannelChart("client") },
};
