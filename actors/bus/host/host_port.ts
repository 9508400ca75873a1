/**
 * What the parts of the host's end need of the end itself.
 *
 * @module
 */

import type {
  ControlMessage,
  TlConnectRequest,
  TlConnectRequest2,
} from "../../../core/control/messages.ts";
import type { Protocol } from "../../../core/control/versions.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import type { Actors } from "../../runtime/actors.ts";
import type { FaultPort, FaultyGuest } from "../../runtime/fault_port.ts";
import type { GpadlChange, ToldGpadl } from "../gpadl_trace.ts";
import type { ServerPlace } from "../../channel/partition_port.ts";
import type { SynicPlace } from "../synic.ts";
import type { HostSignals } from "./host_signals.ts";
import type { OfferedChannel } from "./offered_channel.ts";
import type { OfferedChannels } from "./offered_channels.ts";

/** What the host knows of a guest without asking it. */
export interface GuestFacts extends FaultyGuest {
  /** Stands for it on the trace. */
  readonly traceId: number;
  /** The virtual trust level of its drivers. */
  readonly vtl: number;
  /** Who serves it. */
  readonly port: ServerPlace;
  /** Number of virtual processors. */
  readonly processorCount: number;
  /** Whether it is the root partition itself, which takes loopback offers. */
  readonly isRoot: boolean;
  /** Whether the partition was not destroyed. */
  readonly isPresent: boolean;
  /** Whether its code, and what lies in its memory, is somebody else's. */
  readonly isForeign: boolean;
}

/** The host's end of a bus, as its parts see it. */
export interface HostPort {
  /** Makes the actors of its channels and GPADLs. */
  readonly actors: Actors;
  /** The guest. */
  readonly guest: GuestFacts;
  /** The guest's memory. */
  readonly memory: GuestRam;
  /** Its channels. */
  readonly offered: OfferedChannels;
  /** What both ends have agreed on. */
  readonly protocol: Protocol;
  /** Whether the guest is connected. */
  readonly isConnected: boolean;
  /** The channel that a message of the guest is about; null where the guest has released the id. */
  channelOfGuest(channelId: number): OfferedChannel | null;
  /** The guest asks for the offers; false where it may not (wire.md 4.5). */
  offerAll(): boolean;
  /** What signals go by. */
  readonly signals: HostSignals;
  /** What goes wrong in the fabric; null: nothing does. */
  readonly faults: FaultPort | null;
  /** A GPADL of the guest has come to something at this end. */
  tellGpadl(change: GpadlChange, gpadl: ToldGpadl): void;
  /** Says something to the guest: where it hears all else, or at that place. */
  post(message: ControlMessage, place?: SynicPlace | null): void;
  /** What the guest asks of sockets. */
  readonly sockets: { take(message: TlConnectRequest | TlConnectRequest2): void };
}
