/**
 * What a packet that arrived must be like, beyond what its encoding says.
 *
 * @module
 */

import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { PacketFields } from "../../core/packet/packet.ts";
import { PIPE_HEADER_BYTES, readPipeHeader } from "../../core/packet/pipe.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import type { ChannelFault } from "./types.ts";

/** Whether all pages of `ranges` are pages of `memory`. */
export function areInside(memory: GuestRam, ranges: readonly GpaRange[]): boolean {
  return ranges.every(({ pfns }) => memory.holdsPfns(pfns));
}

/** Takes the header that VMBus puts before a datagram off its payload (kmcl.md section 7). */
export function unwrapDatagram(ring: IncomingRing, fields: PacketFields): ChannelFault | null {
  if (fields.completionRequested) return "transactionOnPipe";
  const length = readPipeHeader(ring.bytes, fields.payloadStart, fields.payloadBytes);
  if (typeof length === "string") return length;
  fields.payloadStart += PIPE_HEADER_BYTES;
  fields.payloadBytes = length;
  return null;
}
