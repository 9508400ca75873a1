/**
 * The documented functions by the numbers that stand for them on the trace, and the documented names of
 * their parameters (api.md section 3).
 *
 * @module
 */

import {
  CLIENT_FUNCTION_NAMES,
  LATER_FUNCTION_NAMES,
  SERVER_ONLY_FUNCTION_NAMES,
} from "./function_names.ts";
import type { KmclServerInterfaceV5 } from "./tables.ts";

/** How an argument enters the trace, where its kind does not say it. */
export interface Parameter {
  /** Its name. */
  readonly name: string;
  /** A driver's own context, of which the kind alone is recorded. */
  readonly isPointer?: boolean;
  /** A buffer: the place of the argument that says how much of it counts. */
  readonly sizeAt?: number;
  /** A buffer that the function fills: its content is recorded afterwards, if at all. */
  readonly isOutput?: boolean;
}

function plain<const Names extends readonly string[]>(
  ...names: Names
): { readonly [At in keyof Names]: Parameter } {
  return names.map((name) => ({ name })) as { [At in keyof Names]: Parameter };
}

const channel: Parameter = { name: "channel" };
const packetObject: Parameter = { name: "packetObject" };
const context: Parameter = { name: "packetCompletionContext" };
const pointer: Parameter = { name: "pointer", isPointer: true };
const callbackContext: Parameter = { name: "context", isPointer: true };

function buffer(sizeAt: number, name = "buffer"): Parameter {
  return { name, sizeAt };
}

function output(name: string): Parameter {
  return { name, isOutput: true };
}

/** As many parameters as a function has, those that may be left out included. */
type ParametersOf<Signature> = Signature extends (...given: infer Given) => unknown
  ? { readonly [At in keyof Required<Given>]: Parameter }
  : never;

/** The names of the functions that have a record of their own, by the numbers that stand for them. */
export const CALL_NAMES = [
  ...CLIENT_FUNCTION_NAMES,
  ...SERVER_ONLY_FUNCTION_NAMES,
  "WdfFdoQueryForInterface",
  "WdfIoTargetQueryForInterface",
  "InterfaceReference",
  "InterfaceDereference",
  "drainAndDisable",
  "setPageSet",
  "sendTransferPages",
  "bytePipe",
  "pipeRead",
  "pipeWrite",
  "pipeCloseWrite",
  "pipeClose",
  "initSetSubchannelIndex",
  "initSetOfferOrder",
  "initSetOfferFlags",
  "initSetTargetProcessor",
  "setTargetProcessor",
  "pollChannel",
  "connectSocket",
  ...LATER_FUNCTION_NAMES,
  "setSocketProvider",
] as const;

/** One of them. */
export type CallName = typeof CALL_NAMES[number];

/** Their parameters. */
export const CALL_PARAMETERS: Readonly<Record<CallName, readonly Parameter[]>> = {
  VmbChannelAllocate: plain("parentDeviceObject", "isServer"),
  VmbChannelCleanup: [channel],
  VmbChannelCreateGpadlFromBuffer: plain("channel", "flags", "buffer", "byteCount"),
  VmbChannelCreateGpadlFromMdl: plain(
    "channel",
    "flags",
    "mdl",
    "startOffsetWithinMdl",
    "dataLengthWithinMdl",
  ),
  VmbChannelDeleteGpadl: plain("channel", "gpadlHandle"),
  VmbChannelDisable: [channel],
  VmbChannelEnable: [channel],
  VmbChannelGetInterfaceInstance: [channel],
  VmbChannelGetMmioSpace: [channel],
  VmbChannelGetPointer: [channel],
  VmbChannelInitSetClientContextSize: plain("channel", "contextSize"),
  VmbChannelInitSetFlags: plain("channel", "flags"),
  VmbChannelInitSetFriendlyName: plain("channel", "name"),
  VmbChannelInitSetMaximumExternalData: plain("channel", "dataSize", "chainLength"),
  VmbChannelInitSetMaximumPacketSize: plain("channel", "packetSize"),
  VmbChannelInitSetProcessPacketCallbacks: plain(
    "channel",
    "processPacketCallback",
    "processingCompleteCallback",
  ),
  VmbChannelInitSetStateChangeCallbacks: plain("channel", "stateChangeCallbacks"),
  VmbChannelPacketComplete: [
    context,
    buffer(2, "packetCompletionBuffer"),
    { name: "bufSize" },
  ],
  VmbChannelPacketDeferToPassive: [context],
  VmbChannelPacketFail: [context],
  VmbChannelPacketGetExternalData: [context, { name: "flags" }],
  VmbChannelPause: [channel],
  VmbChannelSendSynchronousRequest: [
    channel,
    buffer(2),
    ...plain("bufferSize", "externalDataMdl", "flags"),
    output("completionBuffer"),
    ...plain("completionBufferSize", "timeout"),
  ],
  VmbChannelSetIncomingProcessingAtPassive: plain("channel", "requirePassive"),
  VmbChannelSetInterruptLatency: plain("channel", "latency"),
  VmbChannelSetPointer: [channel, pointer],
  VmbChannelSetTransactionQuota: plain("channel", "quota"),
  VmbChannelSizeofPacket: [channel],
  VmbChannelStart: [channel],
  VmbClientChannelInitSetRingBufferPageCount: plain(
    "channel",
    "incomingPageCount",
    "outgoingPageCount",
  ),
  VmbClientChannelInitSetTargetPnp: plain(
    "channel",
    "interfaceType",
    "interfaceInstance",
    "pnpFailureCallback",
  ),
  VmbPacketAllocate: [channel],
  VmbPacketFree: plain("vmbPacket"),
  VmbPacketGetChannel: [packetObject],
  VmbPacketGetPointer: [packetObject],
  VmbPacketInitialize: [channel, output("vmbPacket"), { name: "byteCount" }],
  VmbPacketSend: [
    packetObject,
    buffer(2),
    ...plain("bufferLength", "externalDataMdl", "flags"),
  ],
  VmbPacketSendWithExternalMdl: [
    packetObject,
    buffer(2),
    ...plain("bufferLength", "externalDataMdl", "mdlOffset", "mdlLength", "flags"),
  ],
  VmbPacketSendWithExternalPfns: [
    packetObject,
    buffer(2),
    ...plain("bufferLength", "externalDataPfns", "pfnLength", "flags"),
  ],
  VmbPacketSetCompletionRoutine: [packetObject, { name: "completionRoutine" }],
  VmbPacketSetPointer: [packetObject, pointer],
  VmbChannelMapGpadl: plain("channel", "flags", "gpadlHandle"),
  VmbChannelRestoreFromBuffer: [channel, buffer(2), { name: "bufferSize" }],
  VmbChannelSaveBegin: [channel],
  VmbChannelSaveContinue: [channel, output("saveBuffer"), { name: "saveBufferSize" }],
  VmbChannelSaveEnd: [channel],
  VmbChannelUnmapGpadl: plain("channel", "gpadlHandle"),
  VmbConvertVmbusHandleToKernelHandle: plain("vmbusHandle"),
  VmbPacketRestore: [packetObject, buffer(2), { name: "bufferSize" }],
  VmbServerChannelInitSetFlags: plain("channel", "flags"),
  VmbServerChannelInitSetMmioMegabytes: plain(
    "channel",
    "mmioMegabytes",
    "mmioMegabytesOptional",
  ),
  VmbServerChannelInitSetSaveRestorePacketCallbacks: plain(
    "channel",
    "savePacketCallback",
    "restorePacketCallback",
  ),
  VmbServerChannelInitSetTargetInterfaceId: plain("channel", "interfaceType", "interfaceInstance"),
  VmbServerChannelInitSetTargetVtl: plain("channel", "targetVtl"),
  VmbServerChannelInitSetVmbusHandle: plain("channel", "vmbusHandle"),
  WdfFdoQueryForInterface: plain("fdo", "interfaceType", "size", "version"),
  WdfIoTargetQueryForInterface: plain("ioTarget", "interfaceType", "size", "version"),
  InterfaceReference: [{ name: "context", isPointer: true }],
  InterfaceDereference: [{ name: "context", isPointer: true }],
  drainAndDisable: plain("channel", "timeout100ns"),
  initSetSubchannelIndex: plain("channel", "subchannelIndex"),
  initSetOfferOrder: plain("channel", "offerOrder"),
  initSetOfferFlags: plain("channel", "flags"),
  initSetTargetProcessor: plain("channel", "processorIndex"),
  setTargetProcessor: plain("channel", "processorIndex"),
  pollChannel: [channel],
  setPageSet: plain("channel", "pageSetId", "gpadlHandle"),
  sendTransferPages: [
    packetObject,
    buffer(2),
    ...plain("bufferLength", "pageSetId", "ranges", "flags"),
  ],
  bytePipe: plain("channel", "opened"),
  pipeRead: plain("channel", "byteCountMax"),
  pipeWrite: [channel, buffer(2), { name: "byteCount" }],
  pipeCloseWrite: [channel],
  pipeClose: plain("channel", "timeout100ns"),
  connectSocket: plain("channel", "timeout100ns", "siloId"),
  setSocketProvider: plain("guest", "provider"),
  VmbChannelPacketGetClientContext: [context],
  VmbChannelGetTargetDeviceObject: [channel],
  VmbChannelGetParentDeviceObject: [channel],
  VmbChannelInitSetBounceBufferSizes: plain("channel", "packetBufferSize", "driverBufferSize"),
  VmbChannelAllocateBounceBuffer: plain("channel", "byteCount"),
  VmbChannelInitSetMaximumPacketCount: plain("channel", "packetCount"),
  VmbChannelCreateGpadlFromPfnList: plain("channel", "flags", "pfnList", "pfnLength"),
  VmbChannelInitSetPrimaryChannel: plain("channel", "primaryChannel"),
  VmbChannelInitialize: [
    ...plain("parentDeviceObject", "isServer"),
    output("vmbChannel"),
    { name: "byteCount" },
  ],
  VmbSizeofChannel: [],
  VmbChannelSetAllowableDpcCpuUsage: plain("channel", "allowableDpcCpuUsage"),
  VmbClientChannelInitSetTargetProcessorIndex: plain("channel", "processorIndex"),
  VmbChannelInitSetInlinePacketContextSize: plain("channel", "contextSize"),
  VmbPacketGetInlinePacketContextPointer: [packetObject],
  VmbChannelInitSetProcessPacketCallbacksEx: [
    ...plain("channel", "processPacketCallback", "processingCompleteCallback"),
    callbackContext,
  ],
  VmbPacketSetCompletionRoutineEx: [packetObject, { name: "completionRoutine" }, callbackContext],
  VmbServerChannelInitSetSaveRestorePacketCallbacksEx: [
    ...plain("channel", "savePacketCallback", "restorePacketCallback"),
    callbackContext,
  ],
} satisfies
  & {
    readonly [Name in CallName & keyof KmclServerInterfaceV5]: ParametersOf<
      KmclServerInterfaceV5[Name]
    >;
  }
  & { readonly [Name in CallName]: readonly Parameter[] };
