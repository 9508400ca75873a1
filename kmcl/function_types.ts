/**
 * Types of the functions of the tables under the names that the header spells.
 *
 * @module
 */

import type {
  KmclServerInterfaceV1,
  KmclServerInterfaceV2,
  KmclServerInterfaceV3,
  KmclServerInterfaceV4,
  KmclServerInterfaceV5,
} from "./tables.ts";

/** Points to VmbChannelAllocate. */
export type PFN_VMB_CHANNEL_ALLOCATE = KmclServerInterfaceV1["VmbChannelAllocate"];
/** Points to VmbChannelCleanup. */
export type PFN_VMB_CHANNEL_CLEANUP = KmclServerInterfaceV1["VmbChannelCleanup"];
/** Points to VmbChannelCreateGpadlFromBuffer. */
export type PFN_VMB_CHANNEL_CREATE_GPADL_FROM_BUFFER =
  KmclServerInterfaceV1["VmbChannelCreateGpadlFromBuffer"];
/** Points to VmbChannelCreateGpadlFromMdl. */
export type PFN_VMB_CHANNEL_CREATE_GPADL_FROM_MDL =
  KmclServerInterfaceV1["VmbChannelCreateGpadlFromMdl"];
/** Points to VmbChannelDeleteGpadl. */
export type PFN_VMB_CHANNEL_DELETE_GPADL = KmclServerInterfaceV1["VmbChannelDeleteGpadl"];
/** Points to VmbChannelDisable. */
export type PFN_VMB_CHANNEL_DISABLE = KmclServerInterfaceV1["VmbChannelDisable"];
/** Points to VmbChannelEnable. */
export type PFN_VMB_CHANNEL_ENABLE = KmclServerInterfaceV1["VmbChannelEnable"];
/** Points to VmbChannelGetInterfaceInstance. */
export type PFN_VMB_CHANNEL_GET_INTERFACE_INSTANCE =
  KmclServerInterfaceV1["VmbChannelGetInterfaceInstance"];
/** Points to VmbChannelGetMmioSpace. */
export type PFN_VMB_CHANNEL_GET_MMIO_SPACE = KmclServerInterfaceV1["VmbChannelGetMmioSpace"];
/** Points to VmbChannelGetPointer. */
export type PFN_VMB_CHANNEL_GET_POINTER = KmclServerInterfaceV1["VmbChannelGetPointer"];
/** Points to VmbChannelInitSetClientContextSize. */
export type PFN_VMB_CHANNEL_INIT_SET_CLIENT_CONTEXT_SIZE =
  KmclServerInterfaceV1["VmbChannelInitSetClientContextSize"];
/** Points to VmbChannelInitSetFlags. */
export type PFN_VMB_CHANNEL_INIT_SET_FLAGS = KmclServerInterfaceV1["VmbChannelInitSetFlags"];
/** Points to VmbChannelInitSetFriendlyName. */
export type PFN_VMB_CHANNEL_INIT_SET_FRIENDLY_NAME =
  KmclServerInterfaceV1["VmbChannelInitSetFriendlyName"];
/** Points to VmbChannelInitSetMaximumExternalData. */
export type PFN_VMB_CHANNEL_INIT_SET_MAXIMUM_EXTERNAL_DATA =
  KmclServerInterfaceV1["VmbChannelInitSetMaximumExternalData"];
/** Points to VmbChannelInitSetMaximumPacketSize. */
export type PFN_VMB_CHANNEL_INIT_SET_MAXIMUM_PACKET_SIZE =
  KmclServerInterfaceV1["VmbChannelInitSetMaximumPacketSize"];
/** Points to VmbChannelInitSetProcessPacketCallbacks. */
export type PFN_VMB_CHANNEL_INIT_SET_PROCESS_PACKET_CALLBACKS =
  KmclServerInterfaceV1["VmbChannelInitSetProcessPacketCallbacks"];
/** Points to VmbChannelInitSetStateChangeCallbacks. */
export type PFN_VMB_CHANNEL_INIT_SET_STATE_CHANGE_CALLBACKS =
  KmclServerInterfaceV1["VmbChannelInitSetStateChangeCallbacks"];
/** Points to VmbChannelPacketComplete. */
export type PFN_VMB_CHANNEL_PACKET_COMPLETE = KmclServerInterfaceV1["VmbChannelPacketComplete"];
/** Points to VmbChannelPacketDeferToPassive. */
export type PFN_VMB_CHANNEL_PACKET_DEFER_TO_PASSIVE =
  KmclServerInterfaceV1["VmbChannelPacketDeferToPassive"];
/** Points to VmbChannelPacketFail. */
export type PFN_VMB_CHANNEL_PACKET_FAIL = KmclServerInterfaceV1["VmbChannelPacketFail"];
/** Points to VmbChannelPacketGetExternalData. */
export type PFN_VMB_CHANNEL_PACKET_GET_EXTERNAL_DATA =
  KmclServerInterfaceV1["VmbChannelPacketGetExternalData"];
/** Points to VmbChannelPause. */
export type PFN_VMB_CHANNEL_PAUSE = KmclServerInterfaceV1["VmbChannelPause"];
/** Points to VmbChannelSendSynchronousRequest. */
export type PFN_VMB_CHANNEL_SEND_SYNCHRONOUS_REQUEST =
  KmclServerInterfaceV1["VmbChannelSendSynchronousRequest"];
/** Points to VmbChannelSetIncomingProcessingAtPassive. */
export type PFN_VMB_CHANNEL_SET_INCOMING_PROCESSING_AT_PASSIVE =
  KmclServerInterfaceV1["VmbChannelSetIncomingProcessingAtPassive"];
/** Points to VmbChannelSetInterruptLatency. */
export type PFN_VMB_CHANNEL_SET_INTERRUPT_LATENCY =
  KmclServerInterfaceV1["VmbChannelSetInterruptLatency"];
/** Points to VmbChannelSetPointer. */
export type PFN_VMB_CHANNEL_SET_POINTER = KmclServerInterfaceV1["VmbChannelSetPointer"];
/** Points to VmbChannelSetTransactionQuota. */
export type PFN_VMB_CHANNEL_SET_TRANSACTION_QUOTA =
  KmclServerInterfaceV1["VmbChannelSetTransactionQuota"];
/** Points to VmbChannelSizeofPacket. */
export type PFN_VMB_CHANNEL_SIZEOF_PACKET = KmclServerInterfaceV1["VmbChannelSizeofPacket"];
/** Points to VmbChannelStart. */
export type PFN_VMB_CHANNEL_START = KmclServerInterfaceV1["VmbChannelStart"];
/** Points to VmbClientChannelInitSetRingBufferPageCount. */
export type PFN_VMB_CLIENT_CHANNEL_INIT_SET_RING_BUFFER_PAGE_COUNT =
  KmclServerInterfaceV1["VmbClientChannelInitSetRingBufferPageCount"];
/** Points to VmbClientChannelInitSetTargetPnp. */
export type PFN_VMB_CLIENT_CHANNEL_INIT_SET_TARGET_PNP =
  KmclServerInterfaceV1["VmbClientChannelInitSetTargetPnp"];
/** Points to VmbPacketAllocate. */
export type PFN_VMB_PACKET_ALLOCATE = KmclServerInterfaceV1["VmbPacketAllocate"];
/** Points to VmbPacketFree. */
export type PFN_VMB_PACKET_FREE = KmclServerInterfaceV1["VmbPacketFree"];
/** Points to VmbPacketGetChannel. */
export type PFN_VMB_PACKET_GET_CHANNEL = KmclServerInterfaceV1["VmbPacketGetChannel"];
/** Points to VmbPacketGetPointer. */
export type PFN_VMB_PACKET_GET_POINTER = KmclServerInterfaceV1["VmbPacketGetPointer"];
/** Points to VmbPacketInitialize. */
export type PFN_VMB_PACKET_INITIALIZE = KmclServerInterfaceV1["VmbPacketInitialize"];
/** Points to VmbPacketSend. */
export type PFN_VMB_PACKET_SEND = KmclServerInterfaceV1["VmbPacketSend"];
/** Points to VmbPacketSendWithExternalMdl. */
export type PFN_VMB_PACKET_SEND_WITH_EXTERNAL_MDL =
  KmclServerInterfaceV1["VmbPacketSendWithExternalMdl"];
/** Points to VmbPacketSendWithExternalPfns. */
export type PFN_VMB_PACKET_SEND_WITH_EXTERNAL_PFNS =
  KmclServerInterfaceV1["VmbPacketSendWithExternalPfns"];
/** Points to VmbPacketSetCompletionRoutine. */
export type PFN_VMB_PACKET_SET_COMPLETION_ROUTINE =
  KmclServerInterfaceV1["VmbPacketSetCompletionRoutine"];
/** Points to VmbPacketSetPointer. */
export type PFN_VMB_PACKET_SET_POINTER = KmclServerInterfaceV1["VmbPacketSetPointer"];
/** Points to VmbChannelMapGpadl. */
export type PFN_VMB_CHANNEL_MAP_GPADL = KmclServerInterfaceV1["VmbChannelMapGpadl"];
/** Points to VmbChannelRestoreFromBuffer. */
export type PFN_VMB_CHANNEL_RESTORE_FROM_BUFFER =
  KmclServerInterfaceV1["VmbChannelRestoreFromBuffer"];
/** Points to VmbChannelSaveBegin. */
export type PFN_VMB_CHANNEL_SAVE_BEGIN = KmclServerInterfaceV1["VmbChannelSaveBegin"];
/** Points to VmbChannelSaveContinue. */
export type PFN_VMB_CHANNEL_SAVE_CONTINUE = KmclServerInterfaceV1["VmbChannelSaveContinue"];
/** Points to VmbChannelSaveEnd. */
export type PFN_VMB_CHANNEL_SAVE_END = KmclServerInterfaceV1["VmbChannelSaveEnd"];
/** Points to VmbChannelUnmapGpadl. */
export type PFN_VMB_CHANNEL_UNMAP_GPADL = KmclServerInterfaceV1["VmbChannelUnmapGpadl"];
/** Points to VmbConvertVmbusHandleToKernelHandle. */
export type PFN_VMB_CONVERT_VMBUS_HANDLE_TO_KERNEL_HANDLE =
  KmclServerInterfaceV1["VmbConvertVmbusHandleToKernelHandle"];
/** Points to VmbPacketRestore. */
export type PFN_VMB_PACKET_RESTORE = KmclServerInterfaceV1["VmbPacketRestore"];
/** Points to VmbServerChannelInitSetFlags. */
export type PFN_VMB_SERVER_CHANNEL_INIT_SET_FLAGS =
  KmclServerInterfaceV1["VmbServerChannelInitSetFlags"];
/** Points to VmbServerChannelInitSetMmioMegabytes. */
export type PFN_VMB_SERVER_CHANNEL_INIT_SET_MMIO_MEGABYTES =
  KmclServerInterfaceV1["VmbServerChannelInitSetMmioMegabytes"];
/** Points to VmbServerChannelInitSetSaveRestorePacketCallbacks. */
export type PFN_VMB_SERVER_CHANNEL_INIT_SET_SAVE_RESTORE_PACKET_CALLBACKS =
  KmclServerInterfaceV1["VmbServerChannelInitSetSaveRestorePacketCallbacks"];
/** Points to VmbServerChannelInitSetTargetInterfaceId. */
export type PFN_VMB_SERVER_CHANNEL_INIT_SET_TARGET_INTERFACE_ID =
  KmclServerInterfaceV1["VmbServerChannelInitSetTargetInterfaceId"];
/** Points to VmbServerChannelInitSetTargetVtl. */
export type PFN_VMB_SERVER_CHANNEL_INIT_SET_TARGET_VTL =
  KmclServerInterfaceV1["VmbServerChannelInitSetTargetVtl"];
/** Points to VmbServerChannelInitSetVmbusHandle. */
export type PFN_VMB_SERVER_CHANNEL_INIT_SET_VMBUS_HANDLE =
  KmclServerInterfaceV1["VmbServerChannelInitSetVmbusHandle"];
/** Points to VmbChannelPacketGetClientContext. Our reading. */
export type PFN_VMB_CHANNEL_PACKET_GET_CLIENT_CONTEXT =
  KmclServerInterfaceV2["VmbChannelPacketGetClientContext"];
/** Points to VmbChannelGetTargetDeviceObject. Our reading. */
export type PFN_VMB_CHANNEL_GET_TARGET_DEVICE_OBJECT =
  KmclServerInterfaceV2["VmbChannelGetTargetDeviceObject"];
/** Points to VmbChannelGetParentDeviceObject. Our reading. */
export type PFN_VMB_CHANNEL_GET_PARENT_DEVICE_OBJECT =
  KmclServerInterfaceV2["VmbChannelGetParentDeviceObject"];
/** Points to VmbChannelInitSetBounceBufferSizes. Our reading. */
export type PFN_VMB_CHANNEL_INIT_SET_BOUNCE_BUFFER_SIZES =
  KmclServerInterfaceV3["VmbChannelInitSetBounceBufferSizes"];
/** Points to VmbChannelAllocateBounceBuffer. Our reading. */
export type PFN_VMB_CHANNEL_ALLOCATE_BOUNCE_BUFFER =
  KmclServerInterfaceV3["VmbChannelAllocateBounceBuffer"];
/** Points to VmbChannelInitSetMaximumPacketCount. Our reading. */
export type PFN_VMB_CHANNEL_INIT_SET_MAXIMUM_PACKET_COUNT =
  KmclServerInterfaceV4["VmbChannelInitSetMaximumPacketCount"];
/** Points to VmbChannelCreateGpadlFromPfnList. Our reading. */
export type PFN_VMB_CHANNEL_CREATE_GPADL_FROM_PFN_LIST =
  KmclServerInterfaceV4["VmbChannelCreateGpadlFromPfnList"];
/** Points to VmbChannelInitSetPrimaryChannel. Our reading. */
export type PFN_VMB_CHANNEL_INIT_SET_PRIMARY_CHANNEL =
  KmclServerInterfaceV5["VmbChannelInitSetPrimaryChannel"];
/** Points to VmbChannelInitialize. Our reading. */
export type PFN_VMB_CHANNEL_INITIALIZE = KmclServerInterfaceV5["VmbChannelInitialize"];
/** Points to VmbSizeofChannel. Our reading. */
export type PFN_VMB_SIZEOF_CHANNEL = KmclServerInterfaceV5["VmbSizeofChannel"];
/** Points to VmbChannelSetAllowableDpcCpuUsage. Our reading. */
export type PFN_VMB_CHANNEL_SET_ALLOWABLE_DPC_CPU_USAGE =
  KmclServerInterfaceV5["VmbChannelSetAllowableDpcCpuUsage"];
/** Points to VmbClientChannelInitSetTargetProcessorIndex. Our reading. */
export type PFN_VMB_CLIENT_CHANNEL_INIT_SET_TARGET_PROCESSOR_INDEX =
  KmclServerInterfaceV5["VmbClientChannelInitSetTargetProcessorIndex"];
/** Points to VmbChannelInitSetInlinePacketContextSize. Our reading. */
export type PFN_VMB_CHANNEL_INIT_SET_INLINE_PACKET_CONTEXT_SIZE =
  KmclServerInterfaceV5["VmbChannelInitSetInlinePacketContextSize"];
/** Points to VmbPacketGetInlinePacketContextPointer. Our reading. */
export type PFN_VMB_PACKET_GET_INLINE_PACKET_CONTEXT_POINTER =
  KmclServerInterfaceV5["VmbPacketGetInlinePacketContextPointer"];
/** Points to VmbChannelInitSetProcessPacketCallbacksEx. Our reading. */
export type PFN_VMB_CHANNEL_INIT_SET_PROCESS_PACKET_CALLBACKS_EX =
  KmclServerInterfaceV5["VmbChannelInitSetProcessPacketCallbacksEx"];
/** Points to VmbPacketSetCompletionRoutineEx. Our reading. */
export type PFN_VMB_PACKET_SET_COMPLETION_ROUTINE_EX =
  KmclServerInterfaceV5["VmbPacketSetCompletionRoutineEx"];
/** Points to VmbServerChannelInitSetSaveRestorePacketCallbacksEx. Our reading. */
export type PFN_VMB_SERVER_CHANNEL_INIT_SET_SAVE_RESTORE_PACKET_CALLBACKS_EX =
  KmclServerInterfaceV5["VmbServerChannelInitSetSaveRestorePacketCallbacksEx"];
