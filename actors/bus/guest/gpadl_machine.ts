/**
 * The chart of a GPADL that a guest's client has created (wire.md 5.6; kmcl.md G1–G6).
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { nameEffects } from "../../chart/effects.ts";
import type { ActorKind } from "../../runtime/actors.ts";
import type { GuestGpadlEvent, GuestGpadlTag } from "./types.ts";

/** The chart. A guest that crashed waits for nobody; its memory is not its drivers' any more. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createGuestGpadlChart() {
  return setup({
    types: { events: {} as GuestGpadlEvent, tags: {} as GuestGpadlTag },
    actions: nameEffects(["pin", "sendTeardown", "unpin", "forsake", "remove", "answerWaits"]),
  }).createMachine({ id: "guestGpadl", initial: "creating", states: {
    creating: { tags: "creating", on: { accepted: { target: "created", actions: "pin" }, refused: "removed", unanswered: { target: "forsaken", actions: "forsake" }, guestGone: "removed" } },
    forsaken: { tags: "forsaken", on: { accepted: { target: "reclaiming", actions: "sendTeardown" }, refused: "removed", guestGone: "removed" } },
    reclaiming: { tags: ["forsaken", "deleting"], on: { torndown: "removed", guestGone: "removed" } },
    created: { tags: "created", on: { teardown: { target: "deleting", actions: "sendTeardown" }, guestGone: "removed" } },
    deleting: { tags: "deleting", on: { torndown: { target: "removed", actions: "unpin" }, guestGone: "removed" } },
    removed: { entry: ["remove", "answerWaits"] },
  } });
}

/** The actor of a GPADL on the guest's end. */
export const GUEST_GPADL_ACTOR: ActorKind = {
  name: "guestGpadl",
  createChart: createGuestGpadlChart,
};
