/**
 * The chart of a packet object, the sender's handle to one transaction (kmcl.md P1–P4, S15, Y3).
 *
 *   pooled ⇄ owned ─queue→ queued ─enter→ awaiting ─complete→ owned
 *               └──────────enter─────────────↑
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import type { ActorKind } from "../runtime/actors.ts";
import type { PacketEvent, PacketTag } from "./types.ts";

/** The chart. A transaction that needs no queue and wants no completion costs two events. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createPacketChart() {
  return setup({
    types: { events: {} as PacketEvent, tags: {} as PacketTag },
  }).createMachine({ id: "packet", initial: "pooled", states: {
    pooled: { tags: "pooled", on: { allocate: "owned" } },
    owned: { on: { free: "pooled", queue: "queued", enter: "awaiting", enterLast: "ended" } },
    queued: { tags: "inFlight", on: { enter: "awaiting", enterLast: "ended", finish: "ended" } },
    awaiting: { tags: ["inFlight", "awaiting"], on: { complete: "owned", finish: "ended", withdraw: "withdrawn" } },
    withdrawn: { tags: ["inFlight", "withdrawn"], on: { complete: "owned", finish: "ended" } },
    ended: { tags: "inFlight", on: { complete: "owned" } },
  } });
}

/** The actor of a packet object. */
export const PACKET_ACTOR: ActorKind = { name: "packet", createChart: createPacketChart };
