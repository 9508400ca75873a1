/**
 * The guards of the channel chart: each looks at the side or at the chart's own state, never at a
 * count or at context, so that the chart can be compiled.
 *
 * @module
 */

import { and, not, or, stateIn } from "xstate";
import type { Side } from "./types.ts";

const isOpened = stateIn({ lifecycle: "opened" });
const isSound = stateIn({ health: "sound" });
const canFlow = and([isOpened, isSound]);
const isOpening = stateIn({ lifecycle: "opening" });
const isClosing = stateIn({ lifecycle: "closing" });
const isAtRest = or([stateIn({ flow: "paused" }), stateIn({ flow: "ready" })]);

/** The guards by name, for one side. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function channelGuards(side: Side) {
  const isServer = () => side === "server";
  return {
    isServer,
    isClient: () => side === "client",
    /** Opened, and the opposite side kept to the protocol: packets may flow. */
    canFlow,
    /** Not Disabled, but packets may not flow (yet). */
    mustWait: and([not(canFlow), not(stateIn({ lifecycle: "disabled" }))]),
    /** EvtChannelOpened returns to a channel that is still wanted by both sides. */
    isWanted: and([stateIn({ lifecycle: { opening: "wanted" } }), isSound]),
    /** No callback of the flow is due or running, no packet is out with the driver. */
    isAtRest,
    isServerAtRest: and([isServer, isAtRest]),
    isOpening,
    isClosing,
    isClosingAtRest: and([isClosing, isAtRest]),
    isLettingGo: stateIn({ lifecycle: { tearingDown: "lettingGo" } }),
    /** The rings exist. */
    hasRings: or([isOpening, isOpened, isClosing]),
  };
}
