/**
 * What each half of an endpoint needs of the endpoint, and of the other half.
 *
 * @module
 */

import type { PacketObject } from "../packet/packet_object.ts";
import type { Frame, Irql } from "../runtime/irql.ts";
import type { BounceBuffers } from "./bounce_buffers.ts";
import type { PacketCompletions } from "./completions.ts";
import type { Draining } from "./ending.ts";
import type { CallbackName, DriverCallbacks } from "./driver_port.ts";
import type { SharingEndpoint } from "./external_data.ts";
import type { IncomingPacket } from "./incoming_packet.ts";
import type { DeliveringEndpoint } from "./outstanding_packets.ts";
import type { SentEvent } from "./packet_events.ts";
import type { WritingEndpoint } from "./put_off.ts";
import type { PageSets } from "./page_sets.ts";
import type { ChannelFault } from "./types.ts";

/** What the sending half needs of its endpoint. */
export interface SendingEndpoint extends WritingEndpoint {
  /** How its transactions end. */
  readonly completions: PacketCompletions;
  /** Its receiving half: what waits there may continue when a completion has left. */
  readonly incoming: {
    readonly outstandingPackets: {
      settled(packet: IncomingPacket, event?: SentEvent<"settled">): void;
    };
  };
  /** Its bounce buffers; null: it needs none. */
  readonly bounce: BounceBuffers | null;
  /** Its looks for room, where the opposite side does not signal. */
  readonly polling: { begin(): void };
  /** Callers that have the channel drained before it is disabled. */
  readonly drains: readonly Pick<Draining, "look">[];
  /** The opposite side would wait for ever: the channel stops and closes by itself (kmcl.md R6, S15). */
  fails(fault: ChannelFault): void;
}

/** What the receiving half needs of its endpoint. */
export interface ReceivingEndpoint extends DeliveringEndpoint, SharingEndpoint {
  /** What its driver hears of it. */
  readonly driverCallbacks: DriverCallbacks;
  /** Its sending half: whose packets completions end. */
  readonly outgoing: DeliveringEndpoint["outgoing"] & {
    awaited(transactionIdLow: number, transactionIdHigh: number): PacketObject | null;
  };
  /** How its transactions end. */
  readonly completions: PacketCompletions;
  /** Its signal to the opposite side. */
  readonly signal: { raise(): void };
  /** What it has to do. */
  readonly work: SharingEndpoint["work"] & {
    scheduleInterrupt(): void;
    schedulePassivePackets(): void;
  };
  /** The numbers by which packets name GPADLs. */
  readonly pageSets: PageSets;
  /** Has the next callback called that the state asks for. */
  runNextCallback(): void;
  /** The frame of one of its callbacks. */
  frame(name: CallbackName, irql: Irql): Frame;
}
