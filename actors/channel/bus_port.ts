/**
 * What an endpoint needs of the end of the bus that it is on: the host's end for a server, the guest's
 * for a client.
 *
 * @module
 */

import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { NtStatus } from "../../core/ntstatus.ts";
import type { RingMemory } from "../../core/ring/ring_memory.ts";
import type { CallbackName } from "./driver_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import type { PartitionPort } from "./partition_port.ts";

/** A GPADL, as one end of the bus knows it. */
export interface GpadlState {
  /** Its handle. */
  readonly handle: number;
  /** Bytes that it describes. */
  readonly byteCount: number;
  /** The state of its chart. */
  readonly state: string;
  /** Whether a server maps it; the guest does not know. */
  readonly isMapped: boolean;
}

/** Interrupts the opposite side of one channel, as often as it is rung. */
export interface Doorbell {
  /** There is something in the rings for the opposite side. */
  ring(): void;
}

/** How a client signals the host through a monitor page (wire.md section 6). */
export interface MonitoredSignal {
  /** Its monitor id. */
  readonly id: number;
  /** Whether a signal is pending: one more comes to nothing. */
  readonly isPending: boolean;
  /** By how much its signals may be late, in 100 ns, as the page says. */
  latency100ns: number;
}

/** Bytes in a row of the guest's address space. */
export interface MmioRange {
  /** Where it begins. */
  readonly gpa: number;
  /** How long it is. */
  readonly byteCount: number;
}

/** The rings of an open channel, as one endpoint sees them. */
export interface Rings {
  /** The opposite side writes, this one reads. */
  readonly incoming: RingMemory;
  /** This side writes, the opposite one reads. */
  readonly outgoing: RingMemory;
  /** Whether they have a pending send size, as from version 2.4 on (wire.md 4.3). */
  readonly hasPendingSendSize: boolean;
}

/** A channel as the end of the bus has it, which alone writes it: an endpoint on it has this, or null. */
export interface BusChannel {
  /** Its number on the bus; null before the guest was told of it, and once the guest has released it. */
  readonly channelId: number | null;
  /** The interface instance that it connects to; null where the host has forgotten. */
  readonly instance: string | null;
  /** The guest's memory: rings, GPADLs and external data lie there, for both sides. */
  readonly memory: GuestRam;
  /** Where its MMIO lies in the guest's address space, while it has some. */
  readonly mmio: MmioRange | null;
  /** The memory of its rings, from the open on; attached or not. */
  readonly rings: Rings | null;
  /** The virtual processor on which the host interrupts the guest, while it is open; 4294967295 for none. */
  readonly targetVp: number;
  /** Interrupts the opposite side; null while it is not open, or the opposite side wants none. */
  readonly doorbell: Doorbell | null;
  /** Client: whether its rings stay private, as whoever serves it lies inside its guest (wire.md 4.4). */
  readonly isRingConfidential: boolean;
  /** Client: whether the memory that its packets and GPADLs describe does. */
  readonly isMemoryConfidential: boolean;
  /** Client: how its signals go, where that is through a monitor page; else null. */
  readonly monitored: MonitoredSignal | null;
}

/** The GPADLs of one end of a bus, for packets that name parts of them. */
export interface SharedMemoryPort {
  /** The memory of a GPADL of that channel, which its drivers share; null: it has none by that handle, or is losing it. */
  rangesOf(endpoint: EndpointPort, gpadlHandle: number): readonly GpaRange[] | null;
}

/** One end of a partition's bus, as the endpoints on it see it. */
export interface BusPort {
  /** The GPADLs of its channels. */
  readonly gpadls: SharedMemoryPort;
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
  /** A server has released its rings. */
  ringsFree(endpoint: EndpointPort): void;
  /** `endpoint` leaves the bus; its `released` follows, at once or when the opposite side has released the channel. */
  release(endpoint: EndpointPort): void;
}

/** The guest's end of a bus, as its clients see it. */
export interface ClientBusPort extends BusPort {
  /** `endpoint`, which is open, is to be interrupted on processor `targetVp`; the status of setTargetProcessor. */
  setTargetVp(endpoint: EndpointPort, targetVp: number): NtStatus;
}

/** A partition with its bus: endpoints find the end that they belong to there. */
export interface PartitionOnBus extends PartitionPort {
  /** Its bus, of whose ends one may be somebody else's: null. */
  readonly bus: { readonly ownHost: BusPort | null; readonly ownGuest: ClientBusPort | null };
  /** The partition in which its servers run. */
  readonly root: PartitionOnBus;
  /** The trust level `vtl` of its machine; itself where there is none. */
  levelAt(vtl: number): PartitionOnBus;
  /** An endpoint of its drivers was cleaned up. */
  removeEndpoint(endpoint: EndpointPort): void;
}
