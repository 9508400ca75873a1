/**
 * What each kind of handle stands for. A handle itself keeps an object, whatever it is; this is the one
 * place where it is said what that object is.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { IncomingPacket } from "../actors/channel/incoming_packet.ts";
import type { PacketObject } from "../actors/packet/packet_object.ts";
import type { DeviceTarget } from "../actors/partition/loaded_driver.ts";
import type { PartitionObject } from "../actors/partition/partition_object.ts";
import { Handle, type HandleKind } from "../actors/runtime/handle.ts";

/** A packet object, and the channel that it is of. */
export interface PacketTarget {
  /** The endpoint that it is of; where a packet object keeps its handle, whoever hands it out sets it. */
  endpoint: Endpoint;
  /** The packet object. */
  readonly packet: PacketObject;
}

/** A packet that arrived: below, it knows its endpoint by a port; there is one class behind that. */
export type ArrivedPacket = IncomingPacket & { readonly endpoint: Endpoint };

/** What each kind of handle stands for. */
export interface HandleTargets extends Record<HandleKind, object> {
  /** One endpoint of a channel. */
  readonly VMBCHANNEL: Endpoint;
  /** A packet object. */
  readonly VMBPACKET: PacketTarget;
  /** The completion context of an incoming packet. */
  readonly VMBPACKETCOMPLETION: ArrivedPacket;
  /** A device on a partition's VMBus. */
  readonly DEVICE: DeviceTarget;
  /** A partition's VMBus, as user mode knows it. */
  readonly VMBUS: PartitionObject;
  /** A partition's VMBus, as the kernel knows it. */
  readonly KERNEL: PartitionObject;
}

/** A live handle for `target`. */
export function handleFor<Kind extends HandleKind>(
  kind: Kind,
  target: HandleTargets[Kind],
): Handle<Kind> {
  return new Handle(kind, target);
}

/** What `value` stands for, if it is a live handle of `kind`; else null. It is {@linkcode Handle.resolve}, with types. */
export const resolveHandle = Handle.resolve as <Kind extends HandleKind>(
  value: unknown,
  kind: Kind,
) => HandleTargets[Kind] | null;
