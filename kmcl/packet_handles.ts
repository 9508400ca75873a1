/**
 * Handles of packet objects: made when one is handed out, dead when it is given back.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { Handle, type VMBPACKET } from "../actors/handles.ts";
import type { PacketKind, PacketObject } from "../actors/packet/packet_object.ts";

/** Hands out a packet object of `endpoint`. */
export function handOutPacket(endpoint: Endpoint, kind: PacketKind): VMBPACKET {
  const packet = endpoint.outgoing.packets.allocate(kind);
  const { handle } = packet;
  // With the verifier off a packet keeps its handle, so that a transaction allocates nothing.
  if (handle !== null) return handle as VMBPACKET;
  const fresh = new Handle("VMBPACKET", { endpoint, packet });
  packet.handle = fresh;
  return fresh;
}

/** Puts a packet object on the lookaside list; its handle is stale from now on. */
export function releasePacket(endpoint: Endpoint, packet: PacketObject): void {
  const handle = packet.handle as VMBPACKET | null;
  if (endpoint.world.verifier.mode !== "off") {
    handle?.kill();
    packet.handle = null;
  }
  endpoint.outgoing.packets.free(packet);
}

/** Every packet object of `endpoint` dies with its channel. */
export function killPackets(endpoint: Endpoint): void {
  for (const packet of endpoint.outgoing.packets.all) (packet.handle as VMBPACKET | null)?.kill();
}
