/**
 * The names of the documented functions, in the order of the tables. What else lists the functions is
 * checked against this when types are: the signatures of the tables, the functions themselves, their
 * parameters on the trace.
 *
 * @module
 */

/** The functions of the client's table, which the server's begins with, in documented order (kmcl.md N2). */
export const CLIENT_FUNCTION_NAMES = [
  "VmbChannelAllocate",
  "VmbChannelCleanup",
  "VmbChannelCreateGpadlFromBuffer",
  "VmbChannelCreateGpadlFromMdl",
  "VmbChannelDeleteGpadl",
  "VmbChannelDisable",
  "VmbChannelEnable",
  "VmbChannelGetInterfaceInstance",
  "VmbChannelGetMmioSpace",
  "VmbChannelGetPointer",
  "VmbChannelInitSetClientContextSize",
  "VmbChannelInitSetFlags",
  "VmbChannelInitSetFriendlyName",
  "VmbChannelInitSetMaximumExternalData",
  "VmbChannelInitSetMaximumPacketSize",
  "VmbChannelInitSetProcessPacketCallbacks",
  "VmbChannelInitSetStateChangeCallbacks",
  "VmbChannelPacketComplete",
  "VmbChannelPacketDeferToPassive",
  "VmbChannelPacketFail",
  "VmbChannelPacketGetExternalData",
  "VmbChannelPause",
  "VmbChannelSendSynchronousRequest",
  "VmbChannelSetIncomingProcessingAtPassive",
  "VmbChannelSetInterruptLatency",
  "VmbChannelSetPointer",
  "VmbChannelSetTransactionQuota",
  "VmbChannelSizeofPacket",
  "VmbChannelStart",
  "VmbClientChannelInitSetRingBufferPageCount",
  "VmbClientChannelInitSetTargetPnp",
  "VmbPacketAllocate",
  "VmbPacketFree",
  "VmbPacketGetChannel",
  "VmbPacketGetPointer",
  "VmbPacketInitialize",
  "VmbPacketSend",
  "VmbPacketSendWithExternalMdl",
  "VmbPacketSendWithExternalPfns",
  "VmbPacketSetCompletionRoutine",
  "VmbPacketSetPointer",
] as const satisfies { readonly length: 41 };

/** The server's own, in documented order (kmcl.md N3). */
export const SERVER_ONLY_FUNCTION_NAMES = [
  "VmbChannelMapGpadl",
  "VmbChannelRestoreFromBuffer",
  "VmbChannelSaveBegin",
  "VmbChannelSaveContinue",
  "VmbChannelSaveEnd",
  "VmbChannelUnmapGpadl",
  "VmbConvertVmbusHandleToKernelHandle",
  "VmbPacketRestore",
  "VmbServerChannelInitSetFlags",
  "VmbServerChannelInitSetMmioMegabytes",
  "VmbServerChannelInitSetSaveRestorePacketCallbacks",
  "VmbServerChannelInitSetTargetInterfaceId",
  "VmbServerChannelInitSetTargetVtl",
  "VmbServerChannelInitSetVmbusHandle",
] as const satisfies { readonly length: 14 };

/**
 * What versions 2 to 5 add to the client's table, behind what was there, in the order of the reference (kmcl.md N6).
 * The names are Microsoft's; what the functions do is our reading of them.
 */
export const V2_FUNCTION_NAMES = [
  "VmbChannelPacketGetClientContext",
  "VmbChannelGetTargetDeviceObject",
  "VmbChannelGetParentDeviceObject",
] as const satisfies { readonly length: 3 };
/** Of version 3. */
export const V3_FUNCTION_NAMES = [
  "VmbChannelInitSetBounceBufferSizes",
  "VmbChannelAllocateBounceBuffer",
] as const satisfies { readonly length: 2 };
/** Of version 4. */
export const V4_FUNCTION_NAMES = [
  "VmbChannelInitSetMaximumPacketCount",
  "VmbChannelCreateGpadlFromPfnList",
] as const satisfies { readonly length: 2 };
/** Of version 5. */
export const V5_FUNCTION_NAMES = [
  "VmbChannelInitSetPrimaryChannel",
  "VmbChannelInitialize",
  "VmbSizeofChannel",
  "VmbChannelSetAllowableDpcCpuUsage",
  "VmbClientChannelInitSetTargetProcessorIndex",
  "VmbChannelInitSetInlinePacketContextSize",
  "VmbPacketGetInlinePacketContextPointer",
  "VmbChannelInitSetProcessPacketCallbacksEx",
  "VmbPacketSetCompletionRoutineEx",
] as const satisfies { readonly length: 9 };
/** What version 5 adds to the server's own. */
export const V5_SERVER_ONLY_FUNCTION_NAMES = [
  "VmbServerChannelInitSetSaveRestorePacketCallbacksEx",
] as const satisfies { readonly length: 1 };

/** What each version adds, from version 1 on. */
export const NAMES_BY_VERSION = [
  { client: CLIENT_FUNCTION_NAMES, serverOnly: SERVER_ONLY_FUNCTION_NAMES },
  { client: V2_FUNCTION_NAMES, serverOnly: [] },
  { client: V3_FUNCTION_NAMES, serverOnly: [] },
  { client: V4_FUNCTION_NAMES, serverOnly: [] },
  { client: V5_FUNCTION_NAMES, serverOnly: V5_SERVER_ONLY_FUNCTION_NAMES },
] as const;

/** The later functions, in the order in which the trace counts them. */
export const LATER_FUNCTION_NAMES = [
  ...V2_FUNCTION_NAMES,
  ...V4_FUNCTION_NAMES,
  ...V5_FUNCTION_NAMES,
  ...V5_SERVER_ONLY_FUNCTION_NAMES,
  ...V3_FUNCTION_NAMES,
] as const;

/** The name of a function of the tables. */
export type FunctionName =
  | typeof CLIENT_FUNCTION_NAMES[number]
  | typeof SERVER_ONLY_FUNCTION_NAMES[number]
  | typeof LATER_FUNCTION_NAMES[number];
