/**
 * What a reader makes of the bytes of a packet, and the bytes that a writer makes of what it says.
 *
 * @module
 */

import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { assert } from "../../../core/assert.ts";
import { Damage } from "../../../core/layout/mod.ts";
import type { GpaRange } from "../../../core/memory/gpa_ranges.ts";
import { GPA_DIRECT_HEADER } from "../../../core/packet/layouts.ts";
import { PACKET_IN_BAND, type PacketFault, PacketFields } from "../../../core/packet/packet.ts";
import {
  PIPE_HEADER_BYTES,
  type PipeFault,
  readPipeHeader,
  StreamHeader,
  writePartlyTaken,
  writePipeHeader,
} from "../../../core/packet/pipe.ts";
import { VmbusCodec } from "../../../core/packet/vmbus_codec.ts";
import { IncomingRing } from "../../../core/ring/incoming.ts";
import { DESCRIPTOR_BYTES, TRAILER_BYTES, WRITE_INDEX_OFFSET } from "../../../core/ring/layout.ts";
import { type RingFault, RingMemory } from "../../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import { encodePacket, type PlainPacketType, rawPacketBytes } from "../../peers/raw_packet.ts";
import type { PacketCase, PacketSaid } from "./packets_shape.ts";

type Use = PacketCase["use"];
type Observed = Pick<PacketCase, "fault" | "packet" | "isCanonical">;

/** What a case says of its bytes. */
export function observePacket(hex: string, use: Use): Observed {
  const bytes = hexToBytes(hex);
  const ring = ringWith(bytes);
  const found = ring.next();
  if (found !== "packet") return refused("ring", found as RingFault);
  const fields = new PacketFields();
  const fault = new VmbusCodec().decode(ring, fields);
  if (fault !== null) return refused("packet", fault);
  const payload = ring.bytes.slice(ring.payloadStart, ring.end);
  const pipe = use === "device" ? null : pipeOf(fields, payload, use);
  if (typeof pipe === "string") return refused("pipe", pipe);
  const { type, completionRequested, transfer } = fields;
  const id = BigInt(fields.transactionIdHigh) << 32n | BigInt(fields.transactionIdLow);
  const packet: PacketSaid = {
    type,
    completionRequested,
    transactionId: String(id),
    payloadOffset: DESCRIPTOR_BYTES + ring.payloadStart - ring.start,
    payload: bytesToHex(payload),
    gpaRanges: fields.ranges.length === 0 ? [] : gpaRangesOf(bytes),
    pageSetId: transfer === null ? null : transfer.pageSetId,
    bufferRanges: (transfer?.ranges ?? []).map(({ byteCount, byteOffset }) => ({
      byteCount,
      byteOffset,
    })),
    pipe,
  };
  const written = writtenPacket(packet);
  return { fault: null, packet, isCanonical: written !== null && bytesToHex(written) === hex };
}

/** A reader of a ring in which `bytes` are the one packet, with room for a trailer. */
function ringWith(bytes: Uint8Array): IncomingRing {
  const dataPages = Math.ceil((bytes.length + 2 * TRAILER_BYTES) / PAGE_BYTES);
  const memory = new RingMemory([new Uint8Array((1 + dataPages) * PAGE_BYTES)]);
  memory.initialize();
  memory.data.set(bytes);
  memory.store(WRITE_INDEX_OFFSET, bytes.length + TRAILER_BYTES);
  return new IncomingRing(memory);
}

function refused(
  by: NonNullable<PacketCase["fault"]>["by"],
  name: RingFault | PacketFault | PipeFault | "transactionOnPipe",
): Observed {
  return { fault: { by, name }, packet: null, isCanonical: false };
}

/** The ranges with each PFN as it stands there: the codec makes one number of all that no guest has. */
function gpaRangesOf(bytes: Uint8Array): PacketSaid["gpaRanges"] {
  const header = GPA_DIRECT_HEADER.decode(bytes.subarray(DESCRIPTOR_BYTES));
  assert(!(header instanceof Damage), "what the codec has read can be read by its layout");
  return header.ranges.map(({ byteCount, byteOffset, pfns }) => ({
    byteCount,
    byteOffset,
    pfns: pfns.map(String),
  }));
}

/** What a pipe's reader makes of a packet: any but a plain in-band one is an error there (wire.md 2.4). */
function pipeOf(
  { type, completionRequested }: PacketFields,
  payload: Uint8Array,
  use: Use,
): NonNullable<PacketSaid["pipe"]> | PipeFault | "transactionOnPipe" {
  if (type !== PACKET_IN_BAND || completionRequested) return "transactionOnPipe";
  const dataFrom = (dataBytes: number) =>
    bytesToHex(payload.subarray(PIPE_HEADER_BYTES, PIPE_HEADER_BYTES + dataBytes));
  if (use === "datagrams") {
    const dataBytes = readPipeHeader(payload, 0, payload.length);
    if (typeof dataBytes === "string") return dataBytes;
    return { packetType: payload[0]!, dataBytes, takenBytes: 0, data: dataFrom(dataBytes) };
  }
  const header = new StreamHeader();
  const fault = header.read(payload, 0, payload.length);
  if (fault !== null) return fault;
  const { dataBytes, takenBytes } = header;
  return { packetType: payload[0]!, dataBytes, takenBytes, data: dataFrom(dataBytes) };
}

/** The bytes that a writer of our own makes of a packet; null where it has pages that no guest has. */
function writtenPacket(packet: PacketSaid): Uint8Array | null {
  const pages = packet.gpaRanges.flatMap(({ pfns }) => pfns.map(Number));
  if (!pages.every(Number.isSafeInteger)) return null;
  const { gpaRanges, pageSetId, bufferRanges } = packet;
  return rawPacketBytes(encodePacket("vmbus", {
    type: packet.type as PlainPacketType,
    completionRequested: packet.completionRequested,
    transactionId: BigInt(packet.transactionId),
    payload: payloadOf(packet),
    ranges: gpaRanges.map((range): GpaRange => ({ ...range, pfns: range.pfns.map(Number) })),
    ...pageSetId !== null && { transferPages: { pageSetId, ranges: bufferRanges } },
  }));
}

/** The payload, with the header of the pipe that it is on. */
function payloadOf({ payload, pipe }: PacketSaid): Uint8Array {
  if (pipe === null) return hexToBytes(payload);
  return pipePayload(hexToBytes(pipe.data), pipe.takenBytes);
}

/** The payload of a packet on a pipe, of whose `data` a reader has taken a part already. */
export function pipePayload(data: Uint8Array, takenBytes: number): Uint8Array {
  const bytes = new Uint8Array(PIPE_HEADER_BYTES + data.length);
  bytes.set(data, PIPE_HEADER_BYTES);
  if (takenBytes === 0) writePipeHeader(bytes, 0, data.length);
  else writePartlyTaken(bytes, data.length, takenBytes);
  return bytes;
}
