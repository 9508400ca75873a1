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

/** The name of a documented function. */
export type FunctionName =
  | typeof CLIENT_FUNCTION_NAMES[number]
  | typeof SERVER_ONLY_FUNCTION_NAMES[number];
