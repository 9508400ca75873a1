/**
 * The chart of a channel on the host's end of a bus: what the guest knows of it (wire.md 4.5, 5.2). The
 * server's own states are those of its endpoint's chart.
 *
 *   released ─offered→ closed ─open→ opening → open → closing ⇄ closingReopen
 *                        ↑                              └──────ringsFree──→ closed, or opening again
 *   from each of them: revoke → revoked, once the server has released the rings; a guest that is gone
 *   has released the channel
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { nameEffects } from "../../chart/effects.ts";
import type { ActorKind } from "../../runtime/actors.ts";
import type { OfferedChannelEvent, OfferedChannelTag } from "./types.ts";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createOfferedChannelChart() {
  return setup({
    types: { events: {} as OfferedChannelEvent, tags: {} as OfferedChannelTag },
    actions: nameEffects([
      "sendOffer", "sendOpenResult", "sendRescind", "tellPeerClosed", "freeRings", "openAgain", "forget", "remove",
    ]),
  }).createMachine({ id: "offeredChannel", initial: "released", states: {
    released: { tags: "released", on: {
      offered: { target: "closed", actions: "sendOffer" },
      resumeClosed: "closed", resumeRevoked: "revoked.unused",
      revoke: "removed",
    } },
    closed: { id: "closed", on: {
      open: "#opening", resumeOpen: "#open", revoke: { target: "revoked.unused", actions: "sendRescind" },
      relIdReleased: { target: "released", actions: "forget" }, guestGone: "abandoned.unused",
    } },
    inUse: {
      tags: "rings", initial: "opening",
      on: {
        ringsFree: { target: "closed", actions: "freeRings" },
        revoke: { target: "revoked.inUse", actions: "sendRescind" },
        guestGone: { target: "abandoned.inUse", actions: "tellPeerClosed" },
      },
      states: {
        opening: { id: "opening", on: {
          opened: { target: "open", actions: "sendOpenResult" }, refused: { actions: "sendOpenResult" },
        } },
        open: { id: "open", tags: "open", on: { close: { target: "closing", actions: "tellPeerClosed" } } },
        closing: { tags: "closing", on: { reopen: "closingReopen" } },
        closingReopen: { tags: "closing", on: {
          ringsFree: { target: "#closed", actions: ["freeRings", "openAgain"] },
        } },
      },
    },
    revoked: { tags: "revoked", initial: "inUse", states: {
      inUse: { tags: "rings", on: {
        ringsFree: { target: "unused", actions: "freeRings" },
        relIdReleased: "#releasedInUse", guestGone: "#releasedInUse",
      } },
      unused: { on: {
        relIdReleased: { target: "#removed", actions: "forget" }, guestGone: { target: "#removed", actions: "forget" },
      } },
    } },
    releasedInUse: { id: "releasedInUse", tags: ["released", "rings"], on: {
      ringsFree: { target: "removed", actions: ["freeRings", "forget"] },
    } },
    abandoned: { tags: "released", initial: "inUse", states: {
      inUse: { tags: "rings", on: {
        ringsFree: { target: "unused", actions: "freeRings" }, revoke: "#releasedInUse",
      } },
      unused: { on: { revoke: { target: "#removed", actions: "forget" } } },
    } },
    removed: { id: "removed", tags: "released", entry: "remove" },
  } });
}

/** The actor of an offered channel. */
export const OFFERED_CHANNEL_ACTOR: ActorKind = {
  name: "offeredChannel",
  createChart: createOfferedChannelChart,
};
