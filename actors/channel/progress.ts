/**
 * How far the two halves of an endpoint are: what a save reads, and a restore continues from.
 *
 * @module
 */

import { flag, uint } from "../../core/saved/forms.ts";
import { record, type SchemaType } from "../../core/saved/schema.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { IncomingPacket } from "./incoming_packet.ts";

/** How far the receiving half of an open channel is, as it is saved. */
export const INCOMING_PROGRESS = record({
  isBlocked: [flag, "the quota was reached: only a completion starts the queue again"],
  isHeadPassive: [flag, "the packet at the head was handed back, and is due at PASSIVE_LEVEL"],
  batchCount: [uint(), "packets delivered since the batch began; 0 in a server"],
});

/** How far the receiving half of an open channel is. */
export type IncomingProgress = SchemaType<typeof INCOMING_PROGRESS>;

/** How far the receiving half is before anything has arrived. */
export const NO_PROGRESS: IncomingProgress = {
  isBlocked: false,
  isHeadPassive: false,
  batchCount: 0,
};

/** What is under way in the sending half, each list in order. */
export interface OutgoingProgress {
  /** Posted packets that wait for room or for the flow. */
  readonly queue: readonly PacketObject[];
  /** Completions that wait for room. */
  readonly completions: readonly IncomingPacket[];
  /** Packets whose completion routine is due. */
  readonly ended: readonly PacketObject[];
  /** How much it has sent so far: everything that is posted is numbered. */
  readonly nextOrder: number;
}
