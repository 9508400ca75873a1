/**
 * Opaque handles: what drivers hold instead of the package's objects.
 *
 * @module
 */

import type { Endpoint } from "./channel/endpoint.ts";
import type { IncomingPacket } from "./channel/incoming_packet.ts";
import { showU64 } from "../core/units.ts";
import type { ChannelPlace } from "./fabric/violation_details.ts";
import type { PacketObject } from "./packet/packet_object.ts";
import type { LoadedDriver } from "./partition/loaded_driver.ts";
import type { PartitionObject } from "./partition/partition_object.ts";

/** A packet object, and the channel that it is of. */
export interface PacketTarget {
  /** The endpoint that it is of. */
  readonly endpoint: Endpoint;
  /** The packet object. */
  readonly packet: PacketObject;
}

/** A device, and the driver that has it. */
export interface DeviceTarget {
  /** The partition that the device is in. */
  readonly partition: PartitionObject;
  /** The loaded driver whose own it is; null for the partition's device, which is there for all others. */
  readonly driver: LoadedDriver | null;
}

/** In place of a transaction id's low 32 bits: it is none of a packet. */
const NO_PACKET = -1;

/** What ended what a handle stood for. */
export interface HandleEnd {
  /** The documented function. */
  readonly call: string;
  /** Virtual time, in 100 ns. */
  readonly at100ns: number;
  /** The callback in whose synchronous part it was called. */
  readonly callback: string | null;
  /** The driver's line, where the fabric keeps lines. */
  readonly source: string | null;
  /** The channel that it was, or was of. */
  readonly channel: ChannelPlace;
  /** The packet's transaction id; null: it was no packet. */
  readonly packet: number | string | null;
}

/** The kinds of handles. */
export type HandleKind =
  | "VMBCHANNEL"
  | "VMBPACKET"
  | "VMBPACKETCOMPLETION"
  | "DEVICE"
  | "VMBUS"
  | "KERNEL";

/** What each kind of handle stands for. */
export interface HandleTargets extends Record<HandleKind, object> {
  /** One endpoint of a channel. */
  readonly VMBCHANNEL: Endpoint;
  /** A packet object. */
  readonly VMBPACKET: PacketTarget;
  /** The completion context of an incoming packet. */
  readonly VMBPACKETCOMPLETION: IncomingPacket;
  /** A device on a partition's VMBus. */
  readonly DEVICE: DeviceTarget;
  /** A partition's VMBus, as user mode knows it. */
  readonly VMBUS: PartitionObject;
  /** A partition's VMBus, as the kernel knows it. */
  readonly KERNEL: PartitionObject;
}

/**
 * An opaque handle. It has no members but its kind; anything else passed in its place, one of another
 * kind included, is an invalid handle.
 */
export class Handle<Kind extends HandleKind> {
  readonly #kind: Kind;
  #target: HandleTargets[Kind] | null;
  /** It keeps nothing of the fabric alive: a driver may have the handle for ever. */
  #endCall: string | null = null;
  #endAt100ns = 0;
  #endCallback: string | null = null;
  #endSource: string | null = null;
  #endPlace: ChannelPlace | null = null;
  #endPacketLow = NO_PACKET;
  #endPacketHigh = 0;

  /** A live handle for `target`. */
  constructor(kind: Kind, target: HandleTargets[Kind]) {
    this.#kind = kind;
    this.#target = target;
  }

  /** What kind of handle it is. */
  get kind(): Kind {
    return this.#kind;
  }

  /** What `value` stands for, if it is a live handle of `kind`; else null. */
  static resolve<Kind extends HandleKind>(value: unknown, kind: Kind): HandleTargets[Kind] | null {
    if (typeof value !== "object" || value === null || !(#target in value)) return null;
    const handle = value as Handle<HandleKind>;
    return handle.#kind === kind ? handle.#target as HandleTargets[Kind] | null : null;
  }

  /** What kind of handle `value` is, also where it is dead; null where it is none. */
  static kindOf(value: unknown): HandleKind | null {
    const isHandle = typeof value === "object" && value !== null && #target in value;
    return isHandle ? (value as Handle<HandleKind>).#kind : null;
  }

  /** Whether `value` is a handle of `kind`, live or not. */
  static isOf(value: object, kind: HandleKind): boolean {
    return #target in value && value.kind === kind;
  }

  /** What ended what `value` stood for, if it is a handle of `kind` and that was noted; else null. */
  static endOf(value: unknown, kind: HandleKind): HandleEnd | null {
    if (typeof value !== "object" || value === null || !(#endCall in value)) return null;
    const handle = value as Handle<HandleKind>;
    if (handle.kind !== kind || handle.#endCall === null || handle.#endPlace === null) return null;
    const low = handle.#endPacketLow;
    return {
      call: handle.#endCall,
      at100ns: handle.#endAt100ns,
      callback: handle.#endCallback,
      source: handle.#endSource,
      channel: handle.#endPlace,
      packet: low === NO_PACKET ? null : showU64(low, handle.#endPacketHigh),
    };
  }

  /**
   * Notes what ends what the handle stands for: a channel, or a packet with a transaction id. Whether the
   * handle is dead by it is another question. This is done for each packet, and allocates nothing.
   */
  noteEnd(
    call: string,
    at100ns: number,
    callback: string | null,
    source: string | null,
    place: ChannelPlace,
    packetLow: number = NO_PACKET,
    packetHigh = 0,
  ): void {
    this.#endCall = call;
    this.#endAt100ns = at100ns;
    this.#endCallback = callback;
    this.#endSource = source;
    this.#endPlace = place;
    this.#endPacketLow = packetLow;
    this.#endPacketHigh = packetHigh;
  }

  /** Makes the handle invalid for ever. */
  kill(): void {
    this.#target = null;
  }
}

/** An endpoint of a channel. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_allocate | VMBCHANNEL} */
export type VMBCHANNEL = Handle<"VMBCHANNEL">;
/** A packet object. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_allocate | VMBPACKET} */
export type VMBPACKET = Handle<"VMBPACKET">;
/** The completion context of an incoming packet. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_process_packet | VMBPACKETCOMPLETION} */
export type VMBPACKETCOMPLETION = Handle<"VMBPACKETCOMPLETION">;
/** A device object: a partition's own, or that of one loaded driver. */
export type Device = Handle<"DEVICE">;
/** The user-mode handle of a partition's VMBus. */
export type VmbusHandle = Handle<"VMBUS">;
/** The kernel-mode handle of a partition's VMBus, from VmbConvertVmbusHandleToKernelHandle. */
export type KernelHandle = Handle<"KERNEL">;
