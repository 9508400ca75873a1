/**
 * What an endpoint needs of the end of the bus that it is on: the host's end for a server, the guest's
 * for a client.
 *
 * @module
 */

import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { NtStatus } from "../../core/ntstatus.ts";
import type { CallbackName } from "./driver_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import type { PartitionPort } from "./partition_port.ts";

/** A GPADL, as one end of the bus knows it. */
export interface GpadlState {
  /** Its handle. */
  readonly handle: number;
  /** Bytes that it describes. */
  readonly byteCount: number;
  /** Where it is in its life. */
  readonly state: string;
  /** Whether a server maps it; the guest does not know. */
  readonly isMapped: boolean;
}

/** Interrupts the opposite side of one channel, as often as it is rung. */
export interface Doorbell {
  /** There is something in the rings for the opposite side. */
  ring(): void;
}

/** One end of a partition's bus, as the endpoints on it see it. */
export interface BusPort {
  /** The guest's memory, in which rings, GPADLs and external data lie. */
  readonly memory: GuestRam;
  /** Whether `endpoint` may be enabled; takes what its offer needs. */
  admit(endpoint: EndpointPort): NtStatus;
  /** `endpoint` is Enabled: a server is offered, a client looks for its offer. */
  join(endpoint: EndpointPort): void;
  /** EvtChannelOpened of `endpoint` returned `status`. */
  answerOpen(endpoint: EndpointPort, status: NtStatus): void;
  /** `endpoint` closes: the opposite side is told, unless it is the one that closed (kmcl.md S10.4). */
  tellClosed(endpoint: EndpointPort): void;
  /**
   * EvtChannelClosed returned, or EvtChannelOpened with a failure: GPADLs that the driver left are
   * removed, each a violation of `callback`.
   */
  removeGpadls(endpoint: EndpointPort, callback: CallbackName): void;
  /** The GPADLs of the channel's drivers, without the rings'. */
  gpadlsOf(endpoint: EndpointPort): readonly GpadlState[];
  /** A server has let go of its rings. */
  ringsFree(endpoint: EndpointPort): void;
  /** `endpoint` leaves the bus; its `released` follows, at once or when the opposite side has let go. */
  release(endpoint: EndpointPort): void;
  /** Interrupts the opposite side of channel `channelId`. */
  signal(endpoint: EndpointPort, channelId: number): void;
}

/** A partition with its bus: endpoints find the end that they belong to there. */
export interface PartitionOnBus extends PartitionPort {
  /** Its bus. */
  readonly bus: { readonly host: BusPort; readonly guest: BusPort };
  /** An endpoint of its drivers was cleaned up. */
  removeEndpoint(endpoint: EndpointPort): void;
}
