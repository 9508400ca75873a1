/**
 * The chart of a guest's GPADL as the host knows it (wire.md 5.3; kmcl.md G1–G5). The host accepts it as
 * soon as its description is whole: it has no device to ask.
 *
 *   incomplete ─complete→ accepted (unused ⇄ ring, unused ⇄ mapped) ─teardown→ tearingDown → removed
 *   of a guest that disconnected or is gone: abandoned, as long as a server uses it
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { nameEffects } from "../../chart/effects.ts";
import type { ActorKind } from "../../runtime/actors.ts";
import type { HostGpadlEvent, HostGpadlTag } from "./types.ts";

/** The chart. What uses a GPADL keeps it, whoever wants it back and whether the guest is still there. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createHostGpadlChart() {
  const torndown = { target: "#removed", actions: "sendTorndown" } as const;
  return setup({
    types: { events: {} as HostGpadlEvent, tags: {} as HostGpadlTag },
    actions: nameEffects(["revokeMdl", "sendTorndown", "remove"]),
  }).createMachine({ id: "hostGpadl", initial: "incomplete", states: {
    incomplete: { on: { complete: "accepted", teardown: torndown, drop: "removed", disconnect: "removed" } },
    accepted: { tags: "accepted", initial: "unused", on: { drop: "removed" }, states: {
      unused: { on: { useAsRing: "ring", map: "mapped", teardown: torndown, disconnect: "#removed" } },
      ring: { tags: "ring", on: { unused: "unused", teardown: "#ringWanted", disconnect: "#ringLeft" } },
      mapped: { tags: "mapped", on: {
        unused: { target: "unused", actions: "revokeMdl" }, drop: { target: "#removed", actions: "revokeMdl" },
        teardown: "#mappedWanted", disconnect: "#mappedLeft",
      } },
    } },
    tearingDown: { tags: "tearingDown", initial: "ring", on: { drop: "removed" }, states: {
      ring: { id: "ringWanted", tags: "ring", on: { unused: torndown, disconnect: "#ringLeft" } },
      mapped: { id: "mappedWanted", tags: "mapped", on: {
        unused: { target: "#removed", actions: ["revokeMdl", "sendTorndown"] },
        drop: { target: "#removed", actions: "revokeMdl" }, disconnect: "#mappedLeft",
      } },
    } },
    abandoned: { initial: "ring", on: { drop: "removed", disconnect: {} }, states: {
      ring: { id: "ringLeft", tags: "ring", on: { unused: "#removed" } },
      mapped: { id: "mappedLeft", tags: "mapped", on: {
        unused: { target: "#removed", actions: "revokeMdl" }, drop: { target: "#removed", actions: "revokeMdl" },
      } },
    } },
    removed: { id: "removed", entry: "remove" },
  } });
}

/** The actor of a GPADL on the host's end. */
export const HOST_GPADL_ACTOR: ActorKind = { name: "hostGpadl", createChart: createHostGpadlChart };
