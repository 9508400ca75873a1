/**
 * The package's own objects behind the handles, for tests of what no public name shows.
 *
 * @module
 */

import { assertExists } from "@std/assert";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { Handle } from "../../actors/runtime/handle.ts";
import type { PacketObject } from "../../actors/packet/packet_object.ts";
import type { VMBCHANNEL, VMBPACKET } from "../../mod.ts";

/** The endpoint that `channel` stands for. */
export function endpointBehind(channel: VMBCHANNEL): Endpoint {
  const endpoint = Handle.resolve(channel, "VMBCHANNEL");
  assertExists(endpoint);
  return endpoint;
}

/** The packet object that `packet` stands for. */
export function packetBehind(packet: VMBPACKET): PacketObject {
  const target = Handle.resolve(packet, "VMBPACKET");
  assertExists(target);
  return target.packet;
}
