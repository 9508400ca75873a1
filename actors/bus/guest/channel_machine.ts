/**
 * The chart of a channel on the guest's end of a bus: how far a client has taken it, and whether the host
 * still offers it (wire.md 4.5, 5.6). The client's own states are those of its endpoint's chart.
 *
 *   offered    free ─take→ opening ─opened→ open ─close→ closing ─ringsFree→ free
 *   rescinded  the same without opening; once it is free it is released
 *   beside that, the host may owe an answer to a change of processors: idle ⇄ asked
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { nameEffects } from "../../chart/effects.ts";
import type { ActorKind } from "../../runtime/actors.ts";
import { GUEST_CHANNEL_EFFECTS, type GuestChannelEvent, type GuestChannelTag } from "./types.ts";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createGuestChannelChart() {
  return setup({
    types: { events: {} as GuestChannelEvent, tags: {} as GuestChannelTag },
    actions: nameEffects(GUEST_CHANNEL_EFFECTS),
  }).createMachine({ id: "guestChannel", type: "parallel", states: {
    use: { initial: "offered", states: {
      offered: { initial: "free", states: {
        free: { tags: "free", entry: "scheduleMatch", on: { take: "opening", rescinded: "#unheld" } },
        opening: { tags: "opening", on: {
          opened: "open", refused: "closing", rescinded: { target: "#leaving", actions: "tellRescinded" },
        } },
        open: { tags: "open", on: {
          close: { target: "closing", actions: "sendClose" },
          rescinded: { target: "#rescindedOpen", actions: "tellRescinded" },
        } },
        closing: { on: {
          ringsFree: { target: "free", actions: "freeRings" },
          rescinded: { target: "#leaving", actions: "tellRescinded" },
        } },
      } },
      rescinded: { tags: "rescinded", initial: "free", states: {
        open: { id: "rescindedOpen", tags: "open", on: { close: { target: "closing", actions: "sendClose" } } },
        closing: { id: "leaving", on: { ringsFree: { target: "free", actions: "freeRings" } } },
        free: { id: "unheld", tags: "free", entry: "releaseIfDone", on: { release: { target: "#released", actions: "sendRelease" } } },
      } },
      released: { id: "released" },
    } },
    modify: { initial: "idle", states: {
      idle: { on: { modify: { target: "asked", actions: "sendModify" }, modifyUnanswered: { actions: ["sendModify", "changeProcessor"] } } },
      asked: { tags: "modifying", on: {
        modified: { target: "idle", actions: ["changeProcessor", "releaseIfDone"] },
        modifyRefused: { target: "idle", actions: "releaseIfDone" },
      } },
    } },
  } });
}

/** The actor of a channel on the guest's end. */
export const GUEST_CHANNEL_ACTOR: ActorKind = {
  name: "guestChannel",
  createChart: createGuestChannelChart,
};
