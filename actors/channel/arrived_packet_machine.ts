/**
 * The chart of a packet that arrived (kmcl.md R1, R2, R4, R6), from the call of EvtChannelProcessPacket
 * until its completion is in the ring. Channels use its record again for another packet.
 *
 *   unused ─arrived→ delivering ─returned→ held ─complete→ completed ─settled→ unused
 *     ↑                  ├──────────────────complete─────────↑
 *     ├── handed back ───┤
 *     └──────────────────┴──────── settled at once, or fail
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import type { ActorKind } from "../runtime/actors.ts";
import type { PacketBytes } from "../packet/types.ts";

/** What can happen to a packet that arrived. */
export type ArrivedPacketEvent =
  /** It is taken from the ring, and its ProcessPacket call begins. */
  | { readonly type: "arrived" } & PacketBytes
  /** The driver asked for external data of which pages must be brought in. */
  | { readonly type: "awaitPages" }
  /** VmbChannelPacketDeferToPassive. */
  | { readonly type: "defer" }
  /** Its ProcessPacket call has ended. */
  | { readonly type: "returned" }
  /** VmbChannelPacketComplete, and its completion waits for room. */
  | { readonly type: "complete" }
  /** VmbChannelPacketFail. */
  | { readonly type: "fail" }
  /** It is completed, and its completion is in the ring, which the event carries, or none is owed. */
  | { readonly type: "settled" } & Partial<PacketBytes>;

/** What a channel asks of the packet's state. */
export type ArrivedPacketTag =
  /** The record stands for no packet. */
  | "unused"
  /** Its ProcessPacket call is under way. */
  | "inCall"
  /** When that call ends it goes back to the queue, for PASSIVE_LEVEL. */
  | "handedBack"
  /** The call has ended, and the driver has it. */
  | "held"
  /** The driver may act on it: its context is not dead. */
  | "live"
  /** The driver has not retired it (kmcl.md R4). */
  | "outstanding"
  /** It counts for the quota: it is not retired, or its completion is not in the ring (kmcl.md R6). */
  | "unsettled";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createArrivedPacketChart() {
  return setup({
    types: { events: {} as ArrivedPacketEvent, tags: {} as ArrivedPacketTag },
  }).createMachine({ id: "arrivedPacket", initial: "unused", states: {
    unused: { id: "unused", tags: "unused", on: { arrived: "delivering" } },
    delivering: { tags: ["inCall", "outstanding", "unsettled"], initial: "fresh", states: {
      fresh: { tags: "live", on: { returned: "#held", awaitPages: "awaitingPages", defer: "deferred", complete: "#completed", settled: "#unused", fail: "#failed" } },
      awaitingPages: { tags: ["live", "handedBack"], on: {
        returned: "#unused", awaitPages: {}, defer: "deferred", complete: "#completed", settled: "#unused", fail: "#failed" } },
      deferred: { tags: "handedBack", on: { returned: "#unused" } },
    } },
    // It is asked for again, and what the driver has it keeps: only a call under way hands it back.
    held: { id: "held", tags: ["held", "live", "outstanding", "unsettled"], on: { awaitPages: {}, complete: "#completed", settled: "unused", fail: "unused" } },
    completed: { id: "completed", tags: "unsettled", on: { settled: "unused" } },
    // Its Buffer is the driver's until the call has ended.
    failed: { id: "failed", tags: "inCall", on: { returned: "unused" } },
  } });
}

/** The actor of a packet that arrived. */
export const ARRIVED_PACKET_ACTOR: ActorKind = { name: "arrivedPacket", createChart: createArrivedPacketChart };
