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
const hasRings = or([isOpening, isOpened, isClosing]);
const isPaused = stateIn({ flow: "paused" });
const isClosed = stateIn({ lifecycle: "closed" });
const isIdle = stateIn({ lifecycle: { enabled: "idle" } });
const isAtRest = or([stateIn({ flow: "paused" }), stateIn({ flow: "ready" })]);

/** What ends a flow: where it is in one already, it continues to its end. */
export const STOPS_FLOW = { peerClosed: "toReady", disable: "toReady", fault: "toReady" } as const;

/** The same for one that runs. */
export const STOPS_RUNNING = {
  peerClosed: "#stopToReady",
  disable: "#stopToReady",
  fault: "#stopToReady",
} as const;

/** A flow that continues until what came before the opposite side closed a pipe was taken (kmcl.md section 7). */
export const EMPTYING = {
  tags: ["active", "emptying"],
  entry: "lookAtRings",
  exit: "releaseRequests",
} as const;

/** What ends a save: its end, and whatever else changes a server that is being saved. */
export const BREAKS_SAVE = {
  saveEnd: "idle",
  start: "idle",
  disable: "idle",
  open: { guard: "mayOpen", target: "idle" },
  resumeOpen: { guard: "isIdle", target: "idle" },
  resumeClosed: { guard: "isIdle", target: "idle" },
  peerClosed: { guard: "isOpened", target: "idle" },
  peerClosedUnread: { guard: "isOpened", target: "idle" },
  fault: { guard: "mayFault", target: "idle" },
} as const;

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
    isWanted: and([
      or([
        stateIn({ lifecycle: { opening: "wanted" } }),
        stateIn({ lifecycle: { opening: "resuming" } }),
      ]),
      isSound,
    ]),
    /** No callback of the flow is due or running, no packet is out with the driver. */
    isAtRest,
    isServerAtRest: and([isServer, isAtRest]),
    isOpening,
    isClosing,
    isClosingAtRest: and([isClosing, isAtRest]),
    isReleasing: stateIn({ lifecycle: { tearingDown: "releasing" } }),
    /** A server whose driver has no packet of the guest and gets none (kmcl.md V6). */
    maySave: and([isServer, isPaused, or([isIdle, isOpened, isClosed])]),
    isOpened,
    isIdle,
    /** The guest may open it. */
    mayOpen: or([isIdle, isClosed]),
    /** The rings exist. */
    hasRings,
    /** The opposite side has kept to the protocol so far, and can break it. */
    mayFault: and([hasRings, isSound]),
  };
}
