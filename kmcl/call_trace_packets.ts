/**
 * Records the functions that a driver calls for each packet: it does what {@linkcode CallTrace} does, in
 * as few steps as possible where all arguments are of the right kind.
 *
 * @module
 */

import type {
  HandleKind,
  VMBCHANNEL,
  VMBPACKET,
  VMBPACKETCOMPLETION,
} from "../actors/runtime/handle.ts";
import { bytesOf } from "../core/arguments.ts";
import { holdsBytes, NO_BYTES } from "../core/bytes.ts";
import type { Mdl } from "../core/memory/mdl.ts";
import { type NtStatus, STATUS_INVALID_PARAMETER_1, STATUS_SUCCESS } from "../core/ntstatus.ts";
import * as traces from "../core/trace.ts";
import * as units from "../core/units.ts";
import { type CallTrace, codeOf, insideBit } from "./call_trace.ts";
import { payloadOf } from "./packet_checks.ts";
import type { EvtPacketCompletionRoutine } from "./callbacks.ts";
import { completeLive, isDead, VmbChannelPacketComplete } from "./channel_packet.ts";
import { incomingOf, type Kmcl } from "./resolve.ts";
import { VmbPacketAllocate, VmbPacketFree, VmbPacketSetCompletionRoutine } from "./packet.ts";
import { checkSend, post, sendable, VmbPacketSend } from "./packet_send.ts";
import { type HandleTargets, resolveHandle } from "./handles.ts";
import type { FunctionName } from "./function_names.ts";
import type { Method, TableFunction } from "./table_types.ts";

// Names of this module's own: one that is imported is loaded and checked wherever it is used.
const resolve = resolveHandle;
const { isU32 } = units;
const CALL = traces.TRACE_EVENTS.call;
const RETURNED = traces.TRACE_EVENTS.callReturned;

/** Where the format flags are beside the number of the function. */
const FLAGS_SHIFT = 8;
/** Stands for the slot where no packet was allocated. */
const NO_SLOT = 0xffff_ffff;

/** The functions that are recorded here, each with its way. */
const OWN_WAYS: ReadonlyMap<Method, (trace: CallTrace, kmcl: Kmcl) => TableFunction> = new Map<
  Method,
  (trace: CallTrace, kmcl: Kmcl) => TableFunction
>([
  [VmbPacketSend, tracedSend],
  [VmbChannelPacketComplete, tracedComplete],
  [VmbPacketAllocate, tracedAllocate],
  [VmbPacketFree, tracedFree],
  [VmbPacketSetCompletionRoutine, tracedSetRoutine],
]);

/** `method` of the table that `kmcl` stands for, on the trace. */
export function tracedMethod(
  trace: CallTrace,
  kmcl: Kmcl,
  name: FunctionName,
  method: Method,
): TableFunction {
  const ownWay = OWN_WAYS.get(method);
  return ownWay === undefined
    ? trace.wrap(name, method.bind(undefined, kmcl))
    : ownWay(trace, kmcl);
}

/** Whether functions may be called at all: else a call is recorded as other calls are, or not at all. */
function mayCall({ runtime }: Kmcl): boolean {
  return runtime.kmclRefusal === null;
}

/** What `value` stands for, while functions may be called. */
function targetOf<Kind extends HandleKind>(
  kmcl: Kmcl,
  value: unknown,
  kind: Kind,
): HandleTargets[Kind] | null {
  return mayCall(kmcl) ? resolve(value, kind) : null;
}

function tracedSend(trace: CallTrace, kmcl: Kmcl): typeof send {
  const code = codeOf("VmbPacketSend");
  const { recorder, clock } = kmcl.runtime;
  const method = VmbPacketSend.bind(undefined, kmcl);
  function send(
    packetObject: VMBPACKET | null,
    buffer: Uint8Array | null,
    bufferLength: number,
    externalDataMdl: Mdl | null | undefined,
    flags: number,
  ): NtStatus {
    const target = mayCall(kmcl) ? sendable(kmcl, packetObject) : null;
    const payload = payloadOf(buffer, bufferLength);
    const ranges = target === null
      ? STATUS_INVALID_PARAMETER_1
      : checkSend(target.endpoint, payload, bufferLength, externalDataMdl, flags);
    if (target === null || typeof ranges === "number" || ranges.length > 0) {
      return trace.call(code, method, packetObject, buffer, bufferLength, externalDataMdl, flags);
    }
    const { endpoint: { id }, packet: { slot } } = target;
    const beside = code | flags << FLAGS_SHIFT | insideBit();
    recorder.recordShort(clock.now100ns, CALL, id, beside, slot, bufferLength);
    if (recorder.keepsEntries) {
      trace.tell(code, [packetObject, buffer, bufferLength, externalDataMdl, flags]);
    }
    let status: NtStatus;
    try {
      status = post("VmbPacketSend", target, payload, bufferLength, ranges, flags);
    } catch (error) {
      trace.threw(id, code);
      throw error;
    }
    if (status !== STATUS_SUCCESS) { // a success is implied
      recorder.recordShort(clock.now100ns, RETURNED, id, code, slot, status);
      if (recorder.keepsEntries) trace.tellResult(code, "status", status);
    } else if (recorder.keepsEntries) {
      recorder.imply(clock.now100ns, "callReturned", id, code);
      trace.tellResult(code, "status", status);
    }
    return status;
  }
  return send;
}

function tracedComplete(trace: CallTrace, kmcl: Kmcl): typeof complete {
  const code = codeOf("VmbChannelPacketComplete");
  const { recorder, clock } = kmcl.runtime;
  const method = VmbChannelPacketComplete.bind(undefined, kmcl);
  function complete(
    context: VMBPACKETCOMPLETION | null,
    buffer: Uint8Array | null | undefined,
    bufferSize: number,
  ): void {
    const packet = mayCall(kmcl) ? incomingOf(kmcl, context) : null;
    const answer = bytesOf(buffer ?? NO_BYTES);
    const isGood = packet !== null && !isDead(packet) && answer !== null && isU32(bufferSize) &&
      holdsBytes(answer, bufferSize);
    if (!isGood) return trace.call(code, method, context, buffer, bufferSize);
    const { endpoint: { id }, number } = packet;
    recorder.recordShort(clock.now100ns, CALL, id, code | insideBit(), number, bufferSize);
    if (recorder.keepsEntries) trace.tell(code, [context, buffer, bufferSize]);
    completeLive(packet, answer, bufferSize);
  }
  return complete;
}

function tracedAllocate(trace: CallTrace, kmcl: Kmcl): typeof allocate {
  const code = codeOf("VmbPacketAllocate");
  const { recorder, clock } = kmcl.runtime;
  const method = VmbPacketAllocate.bind(undefined, kmcl);
  function allocate(channel: VMBCHANNEL | null): VMBPACKET | null {
    const endpoint = targetOf(kmcl, channel, "VMBCHANNEL");
    if (endpoint === null) return trace.call(code, method, channel);
    recorder.recordMark(clock.now100ns, CALL, endpoint.id, code | insideBit());
    if (recorder.keepsEntries) trace.tell(code, [channel]);
    let packet: VMBPACKET | null;
    try {
      packet = VmbPacketAllocate(kmcl, channel);
    } catch (error) {
      trace.threw(endpoint.id, code);
      throw error;
    }
    const slot = resolve(packet, "VMBPACKET")?.packet.slot ?? NO_SLOT;
    recorder.recordShort(clock.now100ns, RETURNED, endpoint.id, code, slot, 0);
    if (recorder.keepsEntries) trace.tellResult(code, "result", packet);
    return packet;
  }
  return allocate;
}

function tracedFree(trace: CallTrace, kmcl: Kmcl): typeof free {
  const code = codeOf("VmbPacketFree");
  const { recorder, clock } = kmcl.runtime;
  const method = VmbPacketFree.bind(undefined, kmcl);
  function free(packetObject: VMBPACKET | null): void {
    const target = targetOf(kmcl, packetObject, "VMBPACKET");
    if (target === null) return trace.call(code, method, packetObject);
    const { endpoint: { id }, packet: { slot } } = target;
    recorder.recordShort(clock.now100ns, CALL, id, code | insideBit(), slot, 0);
    if (recorder.keepsEntries) trace.tell(code, [packetObject]);
    try {
      VmbPacketFree(kmcl, packetObject);
    } catch (error) {
      trace.threw(id, code);
      throw error;
    }
  }
  return free;
}

function tracedSetRoutine(trace: CallTrace, kmcl: Kmcl): typeof setRoutine {
  const code = codeOf("VmbPacketSetCompletionRoutine");
  const { recorder, clock } = kmcl.runtime;
  const method = VmbPacketSetCompletionRoutine.bind(undefined, kmcl);
  function setRoutine(
    packetObject: VMBPACKET | null,
    completionRoutine: EvtPacketCompletionRoutine,
  ): void {
    const target = targetOf(kmcl, packetObject, "VMBPACKET");
    if (target === null || typeof completionRoutine !== "function") {
      return trace.call(code, method, packetObject, completionRoutine);
    }
    const { endpoint: { id }, packet: { slot } } = target;
    recorder.recordShort(clock.now100ns, CALL, id, code | insideBit(), slot, 0);
    if (recorder.keepsEntries) trace.tell(code, [packetObject, completionRoutine]);
    try {
      VmbPacketSetCompletionRoutine(kmcl, packetObject, completionRoutine);
    } catch (error) {
      trace.threw(id, code);
      throw error;
    }
  }
  return setRoutine;
}
