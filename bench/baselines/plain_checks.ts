/**
 * What plain classes check before a packet is sent: the steps of kmcl.md P5, as the package does.
 *
 * @module
 */

import { bytesInRanges, type GpaRange } from "../../core/memory/gpa_ranges.ts";
import {
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_4,
  STATUS_INVALID_PARAMETER_5,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import { isU32, isUint } from "../../core/units.ts";
import type { PlainPacket } from "./plain_records.ts";

/** Wants a completion: the flag of VmbPacketSend. */
export const FLAG_WAIT = 1;
const FLAGS_MAX = 7;

/** What a channel was configured with. */
export interface PlainConfiguration {
  /** Which side's end it is: only a client describes memory. */
  readonly side: "client" | "server";
  /** Whether it is a pipe, whose packets ask for no completion. */
  readonly isPipe: boolean;
  /** Most bytes of a payload. */
  readonly packetBytesMax: number;
  /** Most ranges that a packet describes. */
  readonly externalChainMax: number;
  /** Most bytes in them. */
  readonly externalBytesMax: number;
  /** Most packets with the driver at once (kmcl.md R4). */
  readonly quota: number;
}

/** Steps 1 to 8 of P5, in their order, for a packet of the channel that has `configuration`. */
export function checkSend(
  packet: PlainPacket,
  configuration: PlainConfiguration,
  isClosing: boolean,
  buffer: Uint8Array | null,
  bufferLength: number,
  external: readonly GpaRange[] | null,
  flags: number,
): NtStatus {
  if (packet.state !== "owned") return STATUS_INVALID_PARAMETER_1;
  const { side, isPipe, packetBytesMax } = configuration;
  const wantsCompletion = isU32(flags) && (flags & FLAG_WAIT) !== 0;
  if (external !== null && side === "server") return STATUS_NOT_SUPPORTED;
  if (isPipe && (external !== null || wantsCompletion)) return STATUS_NOT_SUPPORTED;
  if (!(buffer instanceof Uint8Array)) return STATUS_INVALID_PARAMETER_2;
  if (!isU32(bufferLength) || bufferLength > packetBytesMax || bufferLength > buffer.length) {
    return STATUS_INVALID_PARAMETER_3;
  }
  if (external !== null && external.length === 0) return STATUS_INVALID_PARAMETER_4;
  if (!isUint(flags, FLAGS_MAX) || external !== null && !wantsCompletion) {
    return STATUS_INVALID_PARAMETER_5;
  }
  if (external !== null && !isWithinBounds(external, configuration)) {
    return STATUS_INVALID_BUFFER_SIZE;
  }
  return isClosing ? STATUS_DEVICE_REMOVED : STATUS_SUCCESS;
}

function isWithinBounds(
  external: readonly GpaRange[],
  { externalChainMax, externalBytesMax }: PlainConfiguration,
): boolean {
  return external.length <= externalChainMax && bytesInRanges(external) <= externalBytesMax;
}
