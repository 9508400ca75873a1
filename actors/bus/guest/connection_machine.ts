/**
 * The chart of a guest's connection to its host (wire.md 5.6). A guest that leaves gives its channels back first, so
 * that what it says of them is still heard.
 *
 *   new, disconnected ─connect→ contacting ─accepted→ requestingOffers ─allOffers→ connected
 *   connected ─disconnect→ leaving ─released→ unloading ─unloaded→ disconnected
 *   connect while connected: leaving, and contact without a word of leaving (wire.md 4.5, reconnect)
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { nameEffects } from "../../chart/effects.ts";
import type { ActorKind } from "../../runtime/actors.ts";
import type { GuestConnectionEvent, GuestConnectionTag } from "./types.ts";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createGuestConnectionChart() {
  return setup({
    types: { events: {} as GuestConnectionEvent, tags: {} as GuestConnectionTag },
    actions: nameEffects(["contact", "tryLower", "requestOffers", "leave", "sendUnload"]),
  }).createMachine({ id: "guestConnection", initial: "new", states: {
    new: { tags: ["new", "disconnected"], on: { connect: { target: "contacting", actions: "contact" } } },
    disconnected: { id: "disconnected", tags: "disconnected", on: { connect: { target: "contacting", actions: "contact" } } },
    contacting: { id: "contacting", tags: "contacting", initial: "wanted", on: { exhausted: "disconnected", failed: "disconnected" }, states: {
      wanted: { on: {
        accepted: { target: "#requestingOffers", actions: "requestOffers" }, refused: { actions: "tryLower" }, disconnect: "unwanted",
      } },
      unwanted: { on: {
        accepted: { target: "#thenUnload", actions: "leave" }, refused: "#disconnected", connect: "wanted",
      } },
    } },
    connected: { tags: "connected", initial: "requestingOffers", on: {
      disconnect: { target: "#thenUnload", actions: "leave" }, connect: { target: "#thenContact", actions: "leave" },
    }, states: {
      requestingOffers: { id: "requestingOffers", on: { allOffers: "offered" } },
      offered: { tags: "offered" },
    } },
    leaving: { tags: ["connected", "leaving"], initial: "thenUnload", states: {
      thenUnload: { id: "thenUnload", on: {
        released: { target: "#unloading", actions: "sendUnload" }, connect: "thenContact",
      } },
      thenContact: { id: "thenContact", on: {
        released: { target: "#contacting", actions: "contact" }, disconnect: "thenUnload",
      } },
    } },
    unloading: { id: "unloading", tags: "unloading", initial: "wanted", states: {
      wanted: { on: { unloaded: "#disconnected", connect: "unwanted" } },
      unwanted: { on: { unloaded: { target: "#contacting", actions: "contact" }, disconnect: "wanted" } },
    } },
  } });
}

/** The actor of a guest's connection. */
export const GUEST_CONNECTION_ACTOR: ActorKind = {
  name: "guestConnection",
  createChart: createGuestConnectionChart,
};
