/**
 * The chart of a channel endpoint (kmcl.md section 3): what a state allows is read off here.
 *
 *   lifecycle  disabled ─enable→ enabled ─open→ opening ─openedOk→ opened → closing → closed (server)
 *                  ↑───────────── tearingDown ←─────────────────────────────┘        or tearingDown
 *   flow       paused ⇄ ready → starting → running → stopping → suspending → paused or ready
 *   health     sound → faulted
 *   saving     idle ⇄ saving, which whatever changes a server ends
 *
 * In a flow state, `toPaused` and `toReady` tell where the flow goes once it is at rest.
 * @module
 */
// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { nameEffects } from "../chart/effects.ts";
import { BREAKS_SAVE, channelGuards, EMPTYING, STOPS_FLOW, STOPS_RUNNING } from "./guards.ts";
import { CHANNEL_EFFECTS, type ChannelEvent, type ChannelTag, type Side } from "./types.ts";

/** The chart for one side. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createChannelChart(side: Side) {
  const rest = side === "server" ? "paused" : "ready";
  return setup({
    types: { events: {} as ChannelEvent, tags: {} as ChannelTag }, guards: channelGuards(side),
    actions: nameEffects(CHANNEL_EFFECTS),
  }).createMachine({ id: side, type: "parallel", states: {
    lifecycle: { initial: "disabled", on: { crashed: { guard: "isClient", target: "#tornDown" } }, states: {
        disabled: { tags: "disabled", entry: "answerDisable", initial: "initializing", on: { enable: "enabled" }, states: {
          initializing: { tags: "configurable", on: { restored: { guard: "isServer", target: "tornDown" } } },
          tornDown: { id: "tornDown" },
        } },
        enabled: { id: "enabled", initial: "idle", on: { disable: "#releasing" }, states: {
          idle: { on: {
            connecting: { guard: "isClient", target: "connecting" },
            open: { guard: "isServer", target: "#opening" },
            resumeOpen: { guard: "isServer", target: "#resuming" }, resumeClosed: { guard: "isServer", target: "#closed" },
          } },
          connecting: { tags: "connecting", on: {
            open: "#opening", openRefused: "#releasing", peerClosed: "#releasing", disable: "#abandoning",
          } },
        } },
        opening: {
          id: "opening", tags: ["rings", "callOpened"], entry: "runNextCallback", initial: "wanted",
          on: { openedFailed: [{ guard: "isServer", target: "#enabled" }, { target: "#releasing" }] },
          states: {
            wanted: { on: { openedOk: "#opened", peerClosed: "left", disable: "unwanted" } },
            resuming: { id: "resuming", tags: "resuming", on: { openedOk: "#opened", peerClosed: "left", disable: "unwanted" } },
            left: { tags: "leaving", entry: "releaseRequests", on: { openedOk: "#byPeer", disable: "unwanted" } },
            unwanted: { tags: ["leaving", "byUs"], entry: "releaseRequests", on: { openedOk: "#byUs", openedFailed: "#releasing" } },
          },
        },
        opened: { id: "opened", tags: ["rings", "opened"], on: { peerClosed: "#byPeer", peerClosedUnread: "#byPeer", disable: "#byUs" } },
        closing: { tags: ["rings", "opened", "leaving", "callClosed"], entry: ["releaseRequests", "runNextCallback"], initial: "byPeer", states: {
          byPeer: { id: "byPeer", on: {
            closedReturned: [{ guard: "isServerAtRest", target: "#closed" }, { guard: "isAtRest", target: "#releasing" }], disable: "byUs" } },
          byUs: { id: "byUs", tags: "byUs", on: { closedReturned: { guard: "isAtRest", target: "#releasing" } } },
        } },
        closed: { id: "closed", tags: "closed", on: { open: "#opening", disable: "#releasing" } },
        tearingDown: { tags: ["tearingDown", "leaving"], entry: "releaseRequests", initial: "releasing", states: {
          abandoning: { id: "abandoning", on: { open: "releasing", openRefused: "releasing", peerClosed: "releasing" } },
          releasing: { id: "releasing", tags: "releasing", entry: "leaveBus", on: { released: "#tornDown" } },
        } },
      } },
    flow: {
      initial: rest,
      on: { released: { guard: "isReleasing", target: `.${rest}` }, crashed: { guard: "isClient", target: `.${rest}` } },
      states: {
        paused: { tags: "atRest", entry: ["answerPause", "runNextCallback"], initial: "fresh", states: {
          fresh: { id: "paused", on: { start: [{ guard: "canFlow", target: "#starting" }, { guard: "mustWait", target: "#ready" }] } },
          suspended: { id: "halted", tags: "quiet", on: {
            start: [{ guard: "canFlow", target: "#starting" }, { target: "#waiting" }], closedReturned: { guard: "isClosing", target: "fresh" } } },
        } },
        ready: { tags: ["atRest", "active"], entry: ["answerPause", "runNextCallback"], initial: "fresh", states: {
          fresh: { id: "ready", on: { pause: "#paused", openedOk: { guard: "isWanted", target: "#starting" } } },
          suspended: { id: "waiting", tags: "quiet", on: { pause: "#halted", closedReturned: { guard: "isClosing", target: "fresh" } } },
        } },
        starting: { id: "starting", tags: "callStarted", entry: "runNextCallback", initial: "wanted", states: {
          wanted: { tags: "active", on: { startedReturned: "#running", pause: "toPaused", ...STOPS_FLOW } },
          toPaused: { on: { startedReturned: "#stopToPaused", start: "toReady" } },
          toReady: { tags: "active", on: { startedReturned: "#stopToReady", pause: "toPaused" } },
        } },
        running: { id: "running", tags: "flows", entry: "lookAtRings", exit: "sendCompletions", initial: "announcing", states: {
          announcing: { tags: "callPostStarted", entry: "runNextCallback", initial: "wanted", states: {
            wanted: { tags: "active", on: { postStartedReturned: "#steady", peerClosedUnread: "emptying", pause: "toPaused", ...STOPS_FLOW } },
            emptying: { ...EMPTYING, on: { postStartedReturned: "#emptying", allTaken: "toReady", pause: "toPaused", ...STOPS_FLOW } },
            toPaused: { on: { postStartedReturned: "#stopToPaused", start: "toReady" } },
            toReady: { tags: "active", on: { postStartedReturned: "#stopToReady", pause: "toPaused" } },
          } },
          steady: { id: "steady", tags: "active", on: { pause: "#stopToPaused", peerClosedUnread: "#emptying", ...STOPS_RUNNING } },
          emptying: { id: "emptying", ...EMPTYING, on: { pause: "#stopToPaused", allTaken: "#stopToReady", ...STOPS_RUNNING } },
        } },
        stopping: { tags: "callSuspend", entry: "runNextCallback", initial: "toReady", states: {
          toPaused: { id: "stopToPaused", on: { suspendCalled: "#callToPaused", start: "toReady" } },
          toReady: { id: "stopToReady", tags: "active", on: { suspendCalled: "#callToReady", pause: "toPaused" } },
        } },
        suspending: { tags: "quiet", initial: "calling", states: {
          calling: { initial: "toReady", states: {
            toPaused: { id: "callToPaused", on: { suspendReturned: "#drainToPaused", start: "toReady" } },
            toReady: { id: "callToReady", tags: "active", on: { suspendReturned: "#drainToReady", pause: "toPaused" } },
          } },
          draining: { tags: "draining", entry: "endDraining", initial: "toReady", states: {
            toPaused: { id: "drainToPaused", on: { retired: "#halted", start: "toReady" } },
            toReady: { id: "drainToReady", tags: "active", on: {
              retired: [{ guard: "canFlow", target: "#starting", actions: "answerPause" }, { target: "#waiting" }], pause: "toPaused" } },
          } },
        } },
      },
    },
    health: { initial: "sound", states: {
      sound: { tags: "sound", on: { fault: { guard: "hasRings", target: "faulted", actions: "releaseRequests" } } },
      faulted: { on: {
        openedFailed: { guard: "isOpening", target: "sound" }, crashed: { guard: "isClient", target: "sound" },
        closedReturned: { guard: "isClosingAtRest", target: "sound" },
      } },
    } },
    saving: { initial: "idle", states: {
      idle: { on: { saveBegin: { guard: "maySave", target: "saving" } } }, saving: { tags: "saving", on: BREAKS_SAVE },
    } },
  } });
}
