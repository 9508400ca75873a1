/**
 * The functions that a driver calls for each packet, on the trace: what {@linkcode CallTrace} does, in as
 * few steps as there can be where all arguments are of the right kind.
 *
 * @module
 */

import type {
  HandleKind,
  VMBCHANNEL,
  VMBPACKET,
  VMBPACKETCOMPLETION,
} from "../actors/runtime/handle.ts";
import type { Mdl } from "../core/memory/mdl.ts";
import { type NtStatus, STATUS_SUCCESS } from "../core/ntstatus.ts";
import * as traces from "../core/trace.ts";
import * as units from "../core/units.ts";
import { type CallTrace, codeOf, insideBit } from "./call_trace.ts";
import type { EvtPacketCompletionRoutine } from "./callbacks.ts";
import { VmbChannelPacketComplete } from "./channel_packet.ts";
import type { Kmcl } from "./resolve.ts";
import { VmbPacketAllocate, VmbPacketFree, VmbPacketSetCompletionRoutine } from "./packet.ts";
import { VmbPacketSend } from "./packet_send.ts";
import { type HandleTargets, resolveHandle } from "./handles.ts";
import type { FunctionName } from "./function_names.ts";
import type { Method, TableFunction } from "./table_types.ts";

// Names of this module's own: one that is imported is loaded and checked wherever it is used.
const resolve = resolveHandle;
const { isU32, isUint } = units;
const CALL = traces.TRACE_EVENTS.call;
const RETURNED = traces.TRACE_EVENTS.callReturned;

/** All bits of the format flags, and where they are beside the number of the function. */
const FLAGS_MAX = 7;
const FLAGS_SHIFT = 8;
/** Where no packet was allocated. */
const NO_SLOT = 0xffff_ffff;

/** The functions that are traced by ways of their own. */
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

/**
 * What `value` stands for. Nothing while no function may be called: that is recorded as other calls are,
 * or not at all.
 */
function targetOf<Kind extends HandleKind>(
  { runtime }: Kmcl,
  value: unknown,
  kind: Kind,
): HandleTargets[Kind] | null {
  return runtime.kmclRefusal === null ? resolve(value, kind) : null;
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
    const target = targetOf(kmcl, packetObject, "VMBPACKET");
    // Whether the buffer is one, and has as many bytes, the function itself finds out.
    const isUsual = target !== null && typeof buffer === "object" && isU32(bufferLength) &&
      isUint(flags, FLAGS_MAX) && (externalDataMdl === null || externalDataMdl === undefined);
    if (!isUsual) {
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
      status = VmbPacketSend(kmcl, packetObject, buffer, bufferLength, externalDataMdl, flags);
    } catch (error) {
      trace.threw(id, code);
      trace.refused(id, code, [packetObject, buffer, bufferLength, externalDataMdl, flags]);
      throw error;
    }
    if (status !== STATUS_SUCCESS) { // as it is where nothing is recorded
      recorder.recordShort(clock.now100ns, RETURNED, id, code, slot, status);
      if (recorder.keepsEntries) trace.tellResult(code, "status", status);
      trace.refused(id, code, [packetObject, buffer, bufferLength, externalDataMdl, flags]);
    }
    if (recorder.keepsEntries && status === STATUS_SUCCESS) {
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
    const packet = targetOf(kmcl, context, "VMBPACKETCOMPLETION");
    const isUsual = packet !== null && packet.stage !== "retired" && !packet.isDeferred &&
      typeof buffer === "object" && isU32(bufferSize);
    if (!isUsual) return trace.call(code, method, context, buffer, bufferSize);
    const { endpoint: { id }, number } = packet;
    recorder.recordShort(clock.now100ns, CALL, id, code | insideBit(), number, bufferSize);
    if (recorder.keepsEntries) trace.tell(code, [context, buffer, bufferSize]);
    try {
      VmbChannelPacketComplete(kmcl, context, buffer, bufferSize);
    } catch (error) {
      trace.threw(id, code);
      trace.refused(id, code, [context, buffer, bufferSize]);
      throw error;
    }
    if (packet.stage !== "retired") trace.refused(id, code, [context, buffer, bufferSize]);
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
