/**
 * The package's own objects behind the handles, for tests of what no public name shows.
 *
 * @module
 */

import { assertExists } from "@std/assert";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { PacketObject } from "../../actors/packet/packet_object.ts";
import type { VMBCHANNEL, VMBPACKET } from "../../mod.ts";
import { resolveHandle } from "../../kmcl/handles.ts";

/** The endpoint that `channel` stands for. */
export function endpointBehind(channel: VMBCHANNEL): Endpoint {
  const endpoint = resolveHandle(channel, "VMBCHANNEL");
  assertExists(endpoint);
  return endpoint;
}

/** The packet object that `packet` stands for. */
export function packetBehind(packet: VMBPACKET): PacketObject {
  const target = resolveHandle(packet, "VMBPACKET");
  assertExists(target);
  return target.packet;
}
