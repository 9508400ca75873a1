/**
 * What a packet that arrived must be like, beyond what its encoding says.
 *
 * @module
 */

import { resolveBufferRanges } from "../../core/memory/buffer_ranges.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import { isReachable } from "../../core/memory/isolation.ts";
import { PACKET_IN_BAND, type PacketFields } from "../../core/packet/packet.ts";
import { PIPE_HEADER_BYTES, readPipeHeader } from "../../core/packet/pipe.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import type { PageSets } from "./page_sets.ts";
import type { PartitionPort } from "./partition_port.ts";
import type { ChannelFault } from "./types.ts";

/** What has to be known of an endpoint at which a packet with external data arrives. */
export interface LocatingEndpoint extends Pick<EndpointPort, "side" | "configuration"> {
  /** Server: the guest whose memory its packets describe. */
  readonly guest: PartitionPort | null;
  /** The guest's memory. */
  readonly memory: GuestRam;
  /** The numbers by which packets name GPADLs. */
  readonly pageSets: PageSets;
}

/** Finds what a packet describes that is not in band, and takes the header of a datagram off its payload; or says what is wrong. */
export function takeUncommon(
  endpoint: LocatingEndpoint,
  ring: IncomingRing,
  fields: PacketFields,
): ChannelFault | null {
  const fault = fields.type === PACKET_IN_BAND ? null : locateExternalData(endpoint, fields);
  if (fault !== null || !endpoint.configuration.isPipe) return fault;
  return unwrapDatagram(ring, fields);
}

/** Finds the memory of a packet that describes it, or names parts of a page set; or says what is wrong. */
function locateExternalData(
  { side, configuration, guest, memory, pageSets }: LocatingEndpoint,
  fields: PacketFields,
): ChannelFault | null {
  const { transfer } = fields;
  if (transfer === null && side === "client") return "unexpectedPacketType";
  if (configuration.isPipe) return "transactionOnPipe";
  if (transfer === null) {
    const isInside = fields.ranges.every(({ pfns }) => memory.holdsPfns(pfns));
    if (!isInside) return "rangeOutsideMemory";
    const isTrusted = guest?.port.isTrusted === true;
    const isShared = fields.ranges.every(({ pfns }) => isReachable(memory, pfns, isTrusted));
    return isShared ? null : "rangeNotShared";
  }
  const buffer = pageSets.rangesOf(transfer.pageSetId);
  if (buffer === null) return "unexpectedPacketType"; // of a page set that nobody named
  const { externalBytesMax: byteCount, externalChainMax: rangeCount } = configuration;
  const ranges = resolveBufferRanges(buffer, transfer.ranges, { byteCount, rangeCount });
  if (typeof ranges === "string") return ranges;
  fields.ranges = ranges;
  return null;
}

/** Takes the header that VMBus puts before a datagram off its payload (kmcl.md section 7). */
function unwrapDatagram(ring: IncomingRing, fields: PacketFields): ChannelFault | null {
  if (fields.completionRequested) return "transactionOnPipe";
  const length = readPipeHeader(ring.bytes, fields.payloadStart, fields.payloadBytes);
  if (typeof length === "string") return length;
  fields.payloadStart += PIPE_HEADER_BYTES;
  fields.payloadBytes = length;
  return null;
}
