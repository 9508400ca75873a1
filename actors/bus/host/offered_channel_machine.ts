/**
 * The chart of a channel on the host's end of a bus: what the guest knows of it (wire.md 4.5, 5.2). The
 * server's own states are those of its endpoint's chart.
 *
 *   released ─offered→ closed ─open→ opening → open → closing ⇄ closingReopen
 *                        ↑                              └──────ringsFree──→ closed, or opening again
 *   reserved    the same without interrupts and without reopen: a guest that disconnects keeps it (wire.md 4.5)
 *   from each of them: revoke → revoked, once the server has released the rings; reoffered, where a server of the
 *   same key waits for the id; a guest that disconnects, or is gone, has released the channel
 *
 * Wire.md calls `released` ClientReleased, and the two of `left` OpeningClientRelease and ClosingClientRelease.
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { nameEffects } from "../../chart/effects.ts";
import type { ActorKind } from "../../runtime/actors.ts";
import { OFFERED_CHANNEL_EFFECTS, type OfferedChannelEvent, type OfferedChannelTag } from "./types.ts";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createOfferedChannelChart() {
  const forgotten = { target: "#released", actions: "forget" } as const;
  const removed = { target: "#removed", actions: "forget" } as const;
  const revoked = { target: "#revokedInUse", actions: "sendRescind" } as const;
  const freed = { target: "#closed", actions: "freeRings" } as const;
  const answered = { actions: "sendOpenResult" } as const;
  const leaveOpen = { target: "#leftClosing", actions: "tellPeerClosed" } as const;
  const leaveOpening = { target: "#leftOpening", actions: "tellPeerClosed" } as const;
  return setup({
    types: { events: {} as OfferedChannelEvent, tags: {} as OfferedChannelTag },
    actions: nameEffects(OFFERED_CHANNEL_EFFECTS),
  }).createMachine({ id: "offeredChannel", initial: "released", states: {
    released: { id: "released", tags: "released", on: {
      offered: { target: "closed", actions: "sendOffer" },
      resumeClosed: "closed", resumeRevoked: "#revokedUnused", revoke: "removed",
    } },
    closed: { id: "closed", on: {
      open: "#opening", openReserved: "#reservedOpening",
      resumeOpen: "#open", resumeModifying: "#modifying", resumeReserved: "#reservedOpen",
      revoke: { target: "#revokedUnused", actions: "sendRescind" },
      relIdReleased: forgotten, disconnect: forgotten, guestGone: forgotten,
    } },
    inUse: { tags: "rings", initial: "opening", on: { ringsFree: freed, revoke: revoked }, states: {
      opening: { id: "opening", on: {
        opened: { target: "open", ...answered }, refused: answered, disconnect: leaveOpening, guestGone: leaveOpening,
      } },
      open: {
        id: "open", tags: "open", initial: "steady",
        on: { close: { target: "closing", actions: "tellPeerClosed" }, disconnect: leaveOpen, guestGone: leaveOpen },
        states: {
          steady: { on: { modify: { target: "modifying", actions: "beginModify" } } },
          modifying: { id: "modifying", tags: "modifying", on: {
            modified: { target: "steady", actions: "sendModified" }, modifyLater: "modifyingTwice",
          } },
          modifyingTwice: { tags: "modifying", on: {
            modified: { target: "modifying", actions: ["sendModified", "beginModify"] }, modifyLater: "modifyingTwice",
          } },
        },
      },
      closing: { tags: "closing", on: {
        reopen: "closingReopen", relIdReleased: "#leftClosing", disconnect: "#leftClosing", guestGone: "#leftClosing",
      } },
      closingReopen: { tags: "closing", on: {
        ringsFree: { target: "#closed", actions: ["freeRings", "openAgain"] },
        disconnect: "#leftClosing", guestGone: "#leftClosing",
      } },
    } },
    reserved: { tags: ["rings", "reserved"], initial: "opening", on: { ringsFree: freed, revoke: revoked }, states: {
      opening: { id: "reservedOpening", on: { opened: { target: "open", ...answered }, refused: answered, guestGone: leaveOpening } },
      open: { id: "reservedOpen", tags: "open", on: {
        closeReserved: { target: "closing", actions: "tellPeerClosed" }, guestGone: leaveOpen,
      } },
      closing: { tags: "closing", on: {
        ringsFree: { target: "#closed", actions: ["freeRings", "sendReservedClosed"] }, guestGone: "#leftClosing",
      } },
    } },
    left: { tags: ["released", "rings"], initial: "closing", on: {
      ringsFree: { target: "released", actions: ["freeRings", "forget"] }, revoke: "#leftRevoked",
    }, states: {
      opening: { id: "leftOpening", on: { opened: "closing" } },
      closing: { id: "leftClosing" },
    } },
    revoked: { tags: "revoked", initial: "inUse", states: {
      inUse: { id: "revokedInUse", tags: "rings", on: {
        ringsFree: { target: "unused", actions: "freeRings" }, reoffer: "#reofferedInUse",
        relIdReleased: "#leftRevoked", disconnect: "#leftRevoked", guestGone: "#leftRevoked",
      } },
      unused: { id: "revokedUnused", on: {
        reoffer: "#reofferedUnused", relIdReleased: removed, disconnect: removed, guestGone: removed,
      } },
    } },
    reoffered: { tags: ["revoked", "reoffered"], initial: "inUse", states: {
      inUse: { id: "reofferedInUse", tags: "rings", on: {
        ringsFree: { target: "unused", actions: "freeRings" }, withdraw: "#revokedInUse",
        relIdReleased: "#leftReoffered", disconnect: "#leftRevoked", guestGone: "#leftRevoked",
      } },
      unused: { id: "reofferedUnused", on: {
        withdraw: "#revokedUnused", relIdReleased: { target: "#removed", actions: "handOver" },
        disconnect: removed, guestGone: removed,
      } },
    } },
    leftReoffered: { id: "leftReoffered", tags: ["released", "reoffered", "rings"], on: {
      ringsFree: { target: "#removed", actions: ["freeRings", "handOver"] },
      withdraw: "#leftRevoked", disconnect: "#leftRevoked", guestGone: "#leftRevoked",
    } },
    leftRevoked: { id: "leftRevoked", tags: ["released", "rings"], on: {
      ringsFree: { target: "#removed", actions: ["freeRings", "forget"] },
    } },
    removed: { id: "removed", tags: "released", entry: "remove" },
  } });
}

/** The actor of an offered channel. */
export const OFFERED_CHANNEL_ACTOR: ActorKind = {
  name: "offeredChannel",
  createChart: createOfferedChannelChart,
};
