/**
 * What tests of senders have in common: payloads, packets whose end is noted, and checks that nothing
 * happened.
 *
 * @module
 */

import { assertEquals, assertExists } from "@std/assert";
import * as vmbus from "../../mod.ts";

/** The flag that most sends need. */
export const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** The end of a transaction, as its completion routine was told. */
export interface Ended {
  readonly packet: vmbus.VMBPACKET;
  readonly status: vmbus.NtStatus;
  /** A copy of the completion's payload. */
  readonly answer: readonly number[];
}

/** `byteCount` bytes that differ from place to place, and from `seed` to `seed`. */
export function pattern(byteCount: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, at) => (at * 7 + seed * 31 + (at >> 8)) & 0xff);
}

/** A packet of `channel`; its end is noted on `ends`, and it stays the driver's. */
export function notedPacket(
  table: vmbus.KmclClientInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  ends: Ended[],
): vmbus.VMBPACKET {
  const packet = table.VmbPacketAllocate(channel);
  assertExists(packet);
  table.VmbPacketSetCompletionRoutine(packet, (ended, status, buffer, bufferLength) => {
    ends.push({ packet: ended, status, answer: [...buffer.subarray(0, bufferLength)] });
  });
  return packet;
}

/** Sends a packet of `payload` that nobody follows: its default routine frees it. */
export function sendPlain(
  table: vmbus.KmclClientInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  payload: Uint8Array,
  flags = 0,
): vmbus.NtStatus {
  const packet = table.VmbPacketAllocate(channel);
  assertExists(packet);
  return table.VmbPacketSend(packet, payload, payload.length, null, flags);
}

/** Frees each of `packets`. */
export function freeAll(
  table: vmbus.KmclClientInterfaceV1,
  packets: Iterable<vmbus.VMBPACKET>,
): void {
  for (const packet of packets) table.VmbPacketFree(packet);
}

/** The status that `call` returns; nothing in the whole fabric may have changed by it. */
export function unchangedBy(fabric: vmbus.Fabric, call: () => vmbus.NtStatus): vmbus.NtStatus {
  const before = fabric.inspect();
  const status = call();
  assertEquals(fabric.inspect(), before);
  return status;
}

/** The names of statuses, so that a failed comparison can be read. */
export function names(statuses: Iterable<vmbus.NtStatus>): (string | undefined)[] {
  return [...statuses].map(vmbus.ntStatusName);
}
