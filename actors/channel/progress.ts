/**
 * How far the two halves of an endpoint are: what a save reads, and a restore goes on from.
 *
 * @module
 */

import type { PacketObject } from "../packet/packet_object.ts";
import type { IncomingPacket } from "./incoming_packet.ts";

/** How far the receiving half of an open channel is. */
export interface IncomingProgress {
  /** Quota was reached: only a completion starts the queue again. */
  readonly isBlocked: boolean;
  /** The packet at the head was handed back and is due at PASSIVE_LEVEL. */
  readonly isHeadPassive: boolean;
  /** Packets delivered since the batch began. */
  readonly batchCount: number;
}

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
