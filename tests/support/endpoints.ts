/**
 * The package's own objects behind the handles, for tests of what no public name shows.
 *
 * @module
 */

import { assertExists } from "@std/assert";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { PacketObject } from "../../actors/packet/packet_object.ts";
import { FEATURE_BITS_OFFSET } from "../../core/ring/layout.ts";
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

/** Neither side of an open channel says any more that it honours the pending send size (wire.md 1.7). */
export function clearFeatureBits(channel: VMBCHANNEL): void {
  const { rings } = endpointBehind(channel);
  assertExists(rings);
  rings.incoming.store(FEATURE_BITS_OFFSET, 0);
  rings.outgoing.store(FEATURE_BITS_OFFSET, 0);
}
