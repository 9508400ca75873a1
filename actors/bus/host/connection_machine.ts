/**
 * The chart of the host's connection to one guest: what both have agreed on, and what follows once all that the guest
 * had is let go of (wire.md 5.1).
 *
 *   disconnected ─contact→ connecting ─ready→ connected ─unload, contact→ leaving ─released→ dropping ─dropped→ …
 *   connected   running ⇄ paused, in each: unasked ─requestOffers→ asked
 *   leaving     then: unloaded, or a new contact, or the refusal of one. A new request takes the place of that
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { nameEffects } from "../../chart/effects.ts";
import type { ActorKind } from "../../runtime/actors.ts";
import type { ConnectionEvent, ConnectionTag } from "./types.ts";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createConnectionChart() {
  const left = (next: string) => ({ target: `#${next}`, actions: ["flush", "leave"] }) as const;
  return setup({
    types: { events: {} as ConnectionEvent, tags: {} as ConnectionTag },
    actions: nameEffects([
      "prepare", "accept", "fail", "refuse", "flush", "leave", "drop", "sendUnloadComplete", "modify", "sendPauseResponse",
    ]),
  }).createMachine({ id: "connection", initial: "disconnected", on: { guestGone: ".gone" }, states: {
    disconnected: { id: "disconnected", on: {
      contact: { target: "connecting", actions: "prepare" }, badContact: { actions: "refuse" },
    } },
    connecting: { id: "connecting", initial: "asked", states: {
      asked: { on: {
        ready: { target: "#connected", actions: "accept" }, failed: { target: "#disconnected", actions: "fail" },
        contact: "againAsked", badContact: "againRefused",
      } },
      againAsked: { on: {
        ready: { target: "#thenContact", actions: ["accept", "leave"] }, failed: { target: "asked", actions: ["fail", "prepare"] },
        contact: "againAsked", badContact: "againRefused",
      } },
      againRefused: { on: {
        ready: { target: "#thenRefusal", actions: ["accept", "leave"] }, failed: { target: "#disconnected", actions: ["fail", "refuse"] },
        contact: "againAsked", badContact: "againRefused",
      } },
    } },
    connected: { tags: "connected", initial: "running", on: {
      unload: left("thenUnloaded"), contact: left("thenContact"), badContact: left("thenRefusal"),
    }, states: {
      running: { initial: "unasked", on: { modify: { actions: "modify" } }, states: {
        unasked: { id: "connected", on: { requestOffers: "asked", pause: { target: "#unaskedPaused", actions: "sendPauseResponse" } } },
        asked: { id: "asked", tags: "offering", on: { pause: { target: "#askedPaused", actions: "sendPauseResponse" } } },
      } },
      paused: { tags: "paused", initial: "unasked", states: {
        unasked: { id: "unaskedPaused", on: { resume: { target: "#connected", actions: "flush" } } },
        asked: { id: "askedPaused", tags: "offering", on: { resume: { target: "#asked", actions: "flush" } } },
      } },
    } },
    leaving: { tags: "leaving", initial: "thenUnloaded", on: { contact: "#thenContact", badContact: "#thenRefusal" }, states: {
      thenUnloaded: { id: "thenUnloaded", on: { released: { target: "#unloaded", actions: "drop" } } },
      thenContact: { id: "thenContact", on: { released: { target: "#contacted", actions: "drop" } } },
      thenRefusal: { id: "thenRefusal", on: { released: { target: "#refused", actions: "drop" } } },
    } },
    dropping: { initial: "unloaded", on: { contact: "#contacted", badContact: "#refused" }, states: {
      unloaded: { id: "unloaded", on: { dropped: { target: "#disconnected", actions: "sendUnloadComplete" } } },
      contacted: { id: "contacted", on: { dropped: { target: "#connecting", actions: "prepare" } } },
      refused: { id: "refused", on: { dropped: { target: "#disconnected", actions: "refuse" } } },
    } },
    gone: { tags: "gone" },
  } });
}

/** The actor of a connection. */
export const CONNECTION_ACTOR: ActorKind = {
  name: "connection",
  createChart: createConnectionChart,
};
