/**
 * How large a ring must be (kmcl.md section 5, wire.md 1.3).
 *
 * @module
 */

import type { PacketCodec } from "../../core/packet/packet.ts";
import { PIPE_HEADER_BYTES } from "../../core/packet/pipe.ts";
import { packetTotalBytes } from "../../core/ring/layout.ts";
import { smallestDataPages } from "../../core/ring/ring_memory.ts";
import type { ChannelConfiguration } from "./configuration.ts";

/** Data pages of the smallest ring that carries a packet at the bounds of `configuration`. */
export function smallestRingPages(configuration: ChannelConfiguration, codec: PacketCodec): number {
  const { packetBytesMax, externalBytesMax, externalChainMax, isPipe, pipeType } = configuration;
  if (pipeType === "byte") return 1; // pieces of a stream, and the room for its end, fit into any ring
  const bodyBytes = isPipe
    ? codec.largestBodyBytes(packetBytesMax + PIPE_HEADER_BYTES, 0, 0)
    : codec.largestBodyBytes(packetBytesMax, externalBytesMax, externalChainMax);
  return smallestDataPages(packetTotalBytes(bodyBytes));
}
