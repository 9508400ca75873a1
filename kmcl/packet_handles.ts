/**
 * Handles of packet objects: made when a packet is handed out, dead when it is given back.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { assert } from "../core/assert.ts";
import type { VMBPACKET } from "../actors/runtime/handle.ts";
import type { PacketKind, PacketObject } from "../actors/packet/packet_object.ts";
import { noteEnd } from "./ends.ts";
import { handleFor, resolveHandle } from "./handles.ts";

/** Hands out a packet object of `endpoint`. */
export function handOutPacket(endpoint: Endpoint, kind: PacketKind): VMBPACKET {
  const packet = endpoint.outgoing.packets.allocate(kind);
  const { handle } = packet;
  // With the verifier off a packet keeps its handle, so that a transaction allocates nothing.
  if (handle !== null) return handOn(handle as VMBPACKET, endpoint);
  const fresh = handleFor("VMBPACKET", { endpoint, packet });
  packet.handle = fresh;
  return fresh;
}

/** Has a handle be of `endpoint`: the packet object comes from the lookaside list of any channel. */
function handOn(handle: VMBPACKET, endpoint: Endpoint): VMBPACKET {
  const target = resolveHandle(handle, "VMBPACKET");
  assert(target !== null, "a packet object keeps no dead handle");
  target.endpoint = endpoint;
  return handle;
}

/** Gives a driver a packet object again that it had before its guest was saved. */
export function attachPacketHandle(
  endpoint: Endpoint,
  slot: number,
  routine: unknown,
  pointer: unknown,
): VMBPACKET {
  const packet = endpoint.outgoing.packets.at(slot);
  assert(packet !== null && packet.handle === null, "a packet is given back once");
  const handle = handleFor("VMBPACKET", { endpoint, packet });
  packet.handle = handle;
  packet.routine = routine;
  packet.pointer = pointer;
  return handle;
}

/** Puts a packet object on the lookaside list, because of `call`; its handle is stale from now on. */
export function releasePacket(endpoint: Endpoint, packet: PacketObject, call: string): void {
  const handle = packet.handle as VMBPACKET | null;
  if (endpoint.runtime.verifier.mode !== "off") {
    noteEnd(endpoint.runtime, handle, call, endpoint, packet.slot);
    handle?.kill();
    packet.handle = null;
    if (packet.hasContext) packet.dropContext(true);
  }
  endpoint.outgoing.packets.free(packet);
}

/** Kills every packet object of `endpoint`, whose channel is cleaned up. */
export function killPackets(endpoint: Endpoint): void {
  for (const packet of endpoint.outgoing.packets.all) {
    const handle = packet.handle as VMBPACKET | null;
    noteEnd(endpoint.runtime, handle, "VmbChannelCleanup", endpoint, packet.slot);
    handle?.kill();
  }
}
