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
import * as args from "../core/arguments.ts";
import * as bytes from "../core/bytes.ts";
import type { Mdl } from "../core/memory/mdl.ts";
import { type NtStatus, STATUS_INVALID_PARAMETER_1 } from "../core/ntstatus.ts";
import * as statuses from "../core/ntstatus.ts";
import { type Trace, TRACE_EVENTS } from "../core/trace.ts";
import { type CallTrace, codeOf } from "./call_trace.ts";
import * as calls from "./call_trace.ts";
import * as checks from "./packet_checks.ts";
import type { EvtPacketCompletionRoutine } from "./callbacks.ts";
import { VmbChannelPacketComplete } from "./channel_packet.ts";
import * as completing from "./channel_packet.ts";
import type { Kmcl } from "./resolve.ts";
import * as resolving from "./resolve.ts";
import { VmbPacketAllocate, VmbPacketFree, VmbPacketSetCompletionRoutine } from "./packet.ts";
import { VmbPacketSend } from "./packet_send.ts";
import * as sending from "./packet_send.ts";
import { type HandleTargets, resolveHandle } from "./handles.ts";
import type { FunctionName } from "./function_names.ts";
import type { Method, TableFunction } from "./table_types.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { bytesOf } = args;
const { NO_BYTES } = bytes;
const { STATUS_SUCCESS } = statuses;
const { insideBit } = calls;
const { payloadOf } = checks;
const { completeLive, isDead, isWithin } = completing;
const { incomingOf } = resolving;
const { checkSend, post, sendable } = sending;

const CALL = TRACE_EVENTS.call;
const RETURNED = TRACE_EVENTS.callReturned;
const SEND = codeOf("VmbPacketSend");
const COMPLETE = codeOf("VmbChannelPacketComplete");
const ALLOCATE = codeOf("VmbPacketAllocate");
const FREE = codeOf("VmbPacketFree");
const SET_ROUTINE = codeOf("VmbPacketSetCompletionRoutine");

/** Where the format flags are beside the number of the function. */
const FLAGS_SHIFT = 8;
/** Stands for the slot where no packet was allocated. */
const NO_SLOT = 0xffff_ffff;

/** A table whose functions are on the trace. */
interface TracedTable {
  readonly trace: CallTrace;
  readonly kmcl: Kmcl;
  readonly recorder: Trace;
  readonly clock: { readonly now100ns: number };
}

type Way = (table: TracedTable, ...given: never[]) => unknown;

/** The functions that are recorded here, each with its way: bound to its table, as the function itself is. */
const OWN_WAYS: ReadonlyMap<Method, Way> = new Map<Method, Way>([
  [VmbPacketSend, send],
  [VmbChannelPacketComplete, complete],
  [VmbPacketAllocate, allocate],
  [VmbPacketFree, free],
  [VmbPacketSetCompletionRoutine, setRoutine],
]);

/** `method` of the table that `kmcl` stands for, on the trace. */
export function tracedMethod(
  trace: CallTrace,
  kmcl: Kmcl,
  name: FunctionName,
  method: Method,
): TableFunction {
  const ownWay = OWN_WAYS.get(method);
  if (ownWay === undefined) return trace.wrap(name, method.bind(undefined, kmcl));
  const { recorder, clock } = kmcl.runtime;
  return ownWay.bind(undefined, { trace, kmcl, recorder, clock });
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
  return mayCall(kmcl) ? resolveHandle(value, kind) : null;
}

function send(
  { trace, kmcl, recorder, clock }: TracedTable,
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
    return trace.call(
      SEND,
      VmbPacketSend.bind(undefined, kmcl),
      packetObject,
      buffer,
      bufferLength,
      externalDataMdl,
      flags,
    );
  }
  const { endpoint: { id }, packet: { slot } } = target;
  const beside = SEND | flags << FLAGS_SHIFT | insideBit();
  recorder.recordShort(clock.now100ns, CALL, id, beside, slot, bufferLength);
  if (recorder.keepsEntries) {
    trace.tell(SEND, [packetObject, buffer, bufferLength, externalDataMdl, flags]);
  }
  let status: NtStatus;
  try {
    status = post("VmbPacketSend", target, payload, bufferLength, ranges, flags);
  } catch (error) {
    trace.threw(id, SEND);
    trace.refused(id, SEND, [packetObject, buffer, bufferLength, externalDataMdl, flags]);
    throw error;
  }
  if (status !== STATUS_SUCCESS) { // a success is implied
    recorder.recordShort(clock.now100ns, RETURNED, id, SEND, slot, status);
    if (recorder.keepsEntries) trace.tellResult(SEND, "status", status);
    trace.refused(id, SEND, [packetObject, buffer, bufferLength, externalDataMdl, flags]);
  } else if (recorder.keepsEntries) trace.implyReturned(id, SEND, "status", status);
  if (recorder.isTold) trace.observe("VmbPacketSend", target.endpoint, status);
  return status;
}

function complete(
  { trace, kmcl, recorder, clock }: TracedTable,
  context: VMBPACKETCOMPLETION | null,
  buffer: Uint8Array | null | undefined,
  bufferSize: number,
): void {
  const packet = mayCall(kmcl) ? incomingOf(kmcl, context) : null;
  const answer = bytesOf(buffer ?? NO_BYTES);
  const isGood = packet !== null && !isDead(packet) && answer !== null &&
    isWithin(answer, bufferSize);
  if (!isGood) {
    return trace.call(
      COMPLETE,
      VmbChannelPacketComplete.bind(undefined, kmcl),
      context,
      buffer,
      bufferSize,
    );
  }
  const { endpoint: { id }, number } = packet;
  recorder.recordShort(clock.now100ns, CALL, id, COMPLETE | insideBit(), number, bufferSize);
  if (!recorder.keepsEntries) return completeLive(kmcl, packet, answer, bufferSize);
  trace.tell(COMPLETE, [context, buffer, bufferSize]);
  completeLive(kmcl, packet, answer, bufferSize);
  trace.implyReturned(id, COMPLETE, "result", undefined);
}

function allocate(
  { trace, kmcl, recorder, clock }: TracedTable,
  channel: VMBCHANNEL | null,
): VMBPACKET | null {
  const endpoint = targetOf(kmcl, channel, "VMBCHANNEL");
  if (endpoint === null) {
    return trace.call(ALLOCATE, VmbPacketAllocate.bind(undefined, kmcl), channel);
  }
  recorder.recordMark(clock.now100ns, CALL, endpoint.id, ALLOCATE | insideBit());
  if (recorder.keepsEntries) trace.tell(ALLOCATE, [channel]);
  let packet: VMBPACKET | null;
  try {
    packet = VmbPacketAllocate(kmcl, channel);
  } catch (error) {
    trace.threw(endpoint.id, ALLOCATE);
    throw error;
  }
  const slot = resolveHandle(packet, "VMBPACKET")?.packet.slot ?? NO_SLOT;
  recorder.recordShort(clock.now100ns, RETURNED, endpoint.id, ALLOCATE, slot, 0);
  if (recorder.keepsEntries) trace.tellResult(ALLOCATE, "result", packet);
  return packet;
}

function free(
  { trace, kmcl, recorder, clock }: TracedTable,
  packetObject: VMBPACKET | null,
): void {
  const target = targetOf(kmcl, packetObject, "VMBPACKET");
  if (target === null) return trace.call(FREE, VmbPacketFree.bind(undefined, kmcl), packetObject);
  const { endpoint: { id }, packet: { slot } } = target;
  recorder.recordShort(clock.now100ns, CALL, id, FREE | insideBit(), slot, 0);
  if (recorder.keepsEntries) trace.tell(FREE, [packetObject]);
  try {
    VmbPacketFree(kmcl, packetObject);
  } catch (error) {
    trace.threw(id, FREE);
    throw error;
  }
  if (recorder.keepsEntries) trace.implyReturned(id, FREE, "result", undefined);
}

function setRoutine(
  { trace, kmcl, recorder, clock }: TracedTable,
  packetObject: VMBPACKET | null,
  completionRoutine: EvtPacketCompletionRoutine,
): void {
  const target = targetOf(kmcl, packetObject, "VMBPACKET");
  if (target === null || typeof completionRoutine !== "function") {
    return trace.call(
      SET_ROUTINE,
      VmbPacketSetCompletionRoutine.bind(undefined, kmcl),
      packetObject,
      completionRoutine,
    );
  }
  const { endpoint: { id }, packet: { slot } } = target;
  recorder.recordShort(clock.now100ns, CALL, id, SET_ROUTINE | insideBit(), slot, 0);
  if (recorder.keepsEntries) trace.tell(SET_ROUTINE, [packetObject, completionRoutine]);
  try {
    VmbPacketSetCompletionRoutine(kmcl, packetObject, completionRoutine);
  } catch (error) {
    trace.threw(id, SET_ROUTINE);
    throw error;
  }
  if (recorder.keepsEntries) trace.implyReturned(id, SET_ROUTINE, "result", undefined);
}
