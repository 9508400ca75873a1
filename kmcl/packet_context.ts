/**
 * What version 5 keeps with a packet object: the driver's context in it, and that of its completion routine. Our
 * reading (kmcl.md X13 to X15).
 *
 * @module
 */

import type { VMBPACKET } from "../actors/runtime/handle.ts";
import type { EvtPacketCompletionRoutineEx } from "./callbacks.ts";
import { setRoutine } from "./packet.ts";
import { type Kmcl, requirePacket } from "./resolve.ts";

/**
 * The driver's context in a packet object. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X13}
 */
export function VmbPacketGetInlinePacketContextPointer(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
): Uint8Array | null {
  const target = requirePacket(kmcl, "VmbPacketGetInlinePacketContextPointer", packetObject);
  if (target === null) return null;
  return target.packet.contextOf(target.endpoint.configuration.inlineContextBytes);
}

/**
 * Sets what is called when a transaction of the packet ends, with a context. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
 */
export function VmbPacketSetCompletionRoutineEx(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  completionRoutine: EvtPacketCompletionRoutineEx,
  context?: unknown,
): void {
  const call = "VmbPacketSetCompletionRoutineEx";
  const packet = setRoutine(kmcl, call, packetObject, completionRoutine);
  if (packet === null) return;
  packet.routineContext = context ?? null;
  packet.takesContext = true; // drivers set one for each packet: bound to the routine, it would be a closure for each
}
