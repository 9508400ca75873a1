/**
 * The statuses that docs/kmcl.md has each function return, by name: `_1` stands for
 * STATUS_INVALID_PARAMETER_1.
 *
 * @module
 */

import type { FunctionName } from "../../kmcl/function_names.ts";

/** A function that has a status, of the tables or beside them. */
export type StatusFunction =
  | FunctionName
  | "WdfFdoQueryForInterface"
  | "WdfIoTargetQueryForInterface"
  | "drainAndDisable"
  | "setPageSet"
  | "sendTransferPages"
  | "bytePipe"
  | "pipeRead"
  | "pipeWrite"
  | "pipeCloseWrite"
  | "pipeClose"
  | "connectSocket"
  | "setSocketProvider"
  | "initSetSubchannelIndex"
  | "initSetOfferOrder"
  | "initSetOfferFlags"
  | "initSetTargetProcessor"
  | "setTargetProcessor"
  | "pollChannel";

const SEND = "_1 _2 _3 _4 _5 NOT_SUPPORTED INVALID_BUFFER_SIZE DEVICE_REMOVED";
const CREATE_GPADL = "_1 _2 _3 _4 INVALID_BUFFER_SIZE UNSUCCESSFUL DEVICE_REMOVED";
/** What ends a stream, or its channel. */
const STREAM = "CONNECTION_RESET DEVICE_REMOVED INVALID_HANDLE";
const QUERY = "NOT_FOUND NOT_SUPPORTED INVALID_PARAMETER";

/** Statuses beside SUCCESS, which each may return (kmcl.md sections 4, 5 and 8, api.md section 1). */
const OTHERS: Readonly<Partial<Record<StatusFunction, string>>> = {
  VmbChannelAllocate: "_1 _2 INSUFFICIENT_RESOURCES",
  VmbChannelInitSetMaximumPacketSize: "_1 _2",
  VmbChannelInitSetMaximumExternalData: "_1 _2 _3",
  VmbChannelInitSetClientContextSize: "_1 _2",
  VmbChannelInitSetProcessPacketCallbacks: "_1 _2 _3",
  VmbChannelInitSetStateChangeCallbacks: "_1 _2",
  VmbChannelInitSetFriendlyName: "_1 _2",
  VmbChannelInitSetFlags: "_1 _2",
  VmbChannelSetInterruptLatency: "_1 INVALID_DEVICE_STATE _2",
  VmbClientChannelInitSetRingBufferPageCount: "_1 _2 _3",
  VmbClientChannelInitSetTargetPnp: "_1 _2 _3 _4",
  VmbServerChannelInitSetFlags: "_1 _2",
  VmbServerChannelInitSetMmioMegabytes: "_1 INVALID_PARAMETER _2 _3",
  VmbServerChannelInitSetTargetInterfaceId: "_1 _2 _3",
  VmbServerChannelInitSetTargetVtl: "_1 _2",
  VmbServerChannelInitSetVmbusHandle: "_1 _2",
  VmbServerChannelInitSetSaveRestorePacketCallbacks: "_1 _2 _3",
  VmbConvertVmbusHandleToKernelHandle: "INVALID_HANDLE",
  VmbChannelEnable:
    "_1 INVALID_DEVICE_STATE INVALID_DEVICE_REQUEST OBJECT_NAME_COLLISION INSUFFICIENT_RESOURCES",
  VmbPacketInitialize: "_1 _2 _3 INSUFFICIENT_RESOURCES",
  VmbPacketSend: SEND,
  VmbPacketSendWithExternalMdl: `${SEND} _6 _7`,
  VmbPacketSendWithExternalPfns: `${SEND} _6`,
  VmbChannelSendSynchronousRequest:
    `${SEND} _6 _7 _8 BUFFER_OVERFLOW CANCELLED BUFFER_TOO_SMALL INSUFFICIENT_RESOURCES`,
  VmbChannelPacketGetExternalData: "PENDING _1 _2 NOT_FOUND INVALID_BUFFER_SIZE",
  VmbChannelCreateGpadlFromMdl: `${CREATE_GPADL} _5`,
  VmbChannelCreateGpadlFromBuffer: CREATE_GPADL,
  VmbChannelMapGpadl: "_1 _2 _3 SHARING_VIOLATION ACCESS_DENIED",
  VmbChannelSaveBegin: "_1 INVALID_DEVICE_STATE INVALID_DEVICE_REQUEST",
  VmbChannelSaveContinue:
    "BUFFER_OVERFLOW BUFFER_TOO_SMALL _1 INVALID_DEVICE_STATE _2 _3 INVALID_DEVICE_REQUEST",
  VmbChannelRestoreFromBuffer:
    "MORE_PROCESSING_REQUIRED _1 REVISION_MISMATCH _2 _3 INVALID_DEVICE_REQUEST DATA_ERROR",
  VmbPacketRestore: "_1 _2 _3 DATA_ERROR INVALID_DEVICE_REQUEST",
  WdfFdoQueryForInterface: QUERY,
  WdfIoTargetQueryForInterface: QUERY,
  drainAndDisable: "CANCELLED DEVICE_REMOVED",
  setPageSet: "_1 _2 _3 NOT_SUPPORTED",
  sendTransferPages: `${SEND} _6`,
  bytePipe: "_1 _3",
  pipeRead: `END_OF_FILE ${STREAM} _1`,
  pipeWrite: `INVALID_DEVICE_STATE ${STREAM} _1`,
  pipeCloseWrite: STREAM,
  pipeClose: `CANCELLED ${STREAM} _1`,
  connectSocket:
    "CONNECTION_REFUSED CANCELLED DEVICE_REMOVED INVALID_DEVICE_STATE NOT_SUPPORTED _1 _2",
  setSocketProvider: "_1 _2 INVALID_DEVICE_REQUEST",
  initSetSubchannelIndex: "_1 _2",
  initSetOfferOrder: "_1 _2",
  initSetOfferFlags: "_1 _2",
  initSetTargetProcessor: "_1 _2",
  setTargetProcessor: "_1 INVALID_DEVICE_STATE _2 NOT_SUPPORTED",
  pollChannel: "_1 INVALID_DEVICE_STATE",
  VmbChannelInitSetBounceBufferSizes: "_1 _2 _3",
  VmbChannelAllocateBounceBuffer: "_1 _2 INSUFFICIENT_RESOURCES",
  VmbChannelInitSetMaximumPacketCount: "_1 _2",
  VmbChannelCreateGpadlFromPfnList: CREATE_GPADL,
  VmbChannelInitSetPrimaryChannel: "_1 _2",
  VmbChannelInitialize: "_1 _2 _3 _4",
  VmbClientChannelInitSetTargetProcessorIndex: "_1 _2",
  VmbChannelInitSetInlinePacketContextSize: "_1 _2",
  VmbChannelInitSetProcessPacketCallbacksEx: "_1 _2 _3",
  VmbServerChannelInitSetSaveRestorePacketCallbacksEx: "_1 _2 _3",
};

/** What a violation comes to, in any function that has a status (kmcl.md section 9). */
const OF_VIOLATIONS = "STATUS_INVALID_DEVICE_REQUEST";

/** Functions that may return whatever a callback of the driver did (kmcl.md V4, V5). */
const DRIVERS_OWN: ReadonlySet<string> = new Set<StatusFunction>([
  "VmbChannelSaveContinue",
  "VmbChannelRestoreFromBuffer",
]);

function fullName(name: string): string {
  return name.startsWith("_") ? `STATUS_INVALID_PARAMETER${name}` : `STATUS_${name}`;
}

/** The statuses of each function by their full names, SUCCESS first. */
export const DOCUMENTED_STATUSES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(OTHERS).map(([call, names]) => [
    call,
    ["SUCCESS", ...names.split(" ")].map(fullName),
  ]),
);

/** Whether kmcl.md has `call` return the status called `name`. */
export function isDocumented(call: string, name: string): boolean {
  const known = DOCUMENTED_STATUSES.get(call);
  if (known === undefined) return false;
  return name === OF_VIOLATIONS || DRIVERS_OWN.has(call) || known.includes(name);
}
