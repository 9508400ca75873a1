/**
 * The functions of the two tables, in documented order. This file is the index of the layer.
 *
 * @module
 */

import {
  VmbChannelCreateGpadlFromBuffer,
  VmbChannelCreateGpadlFromMdl,
  VmbChannelDeleteGpadl,
  VmbChannelMapGpadl,
  VmbChannelUnmapGpadl,
} from "./channel_gpadl.ts";
import {
  VmbChannelInitSetClientContextSize,
  VmbChannelInitSetFlags,
  VmbChannelInitSetFriendlyName,
  VmbChannelInitSetMaximumExternalData,
  VmbChannelInitSetMaximumPacketSize,
  VmbChannelInitSetProcessPacketCallbacks,
  VmbChannelInitSetStateChangeCallbacks,
} from "./channel_init.ts";
import {
  VmbChannelAllocate,
  VmbChannelCleanup,
  VmbChannelDisable,
  VmbChannelEnable,
  VmbChannelPause,
  VmbChannelStart,
} from "./channel_lifecycle.ts";
import {
  VmbChannelPacketComplete,
  VmbChannelPacketDeferToPassive,
  VmbChannelPacketFail,
  VmbChannelPacketGetExternalData,
} from "./channel_packet.ts";
import {
  VmbChannelGetInterfaceInstance,
  VmbChannelGetMmioSpace,
  VmbChannelGetPointer,
  VmbChannelSetIncomingProcessingAtPassive,
  VmbChannelSetInterruptLatency,
  VmbChannelSetPointer,
  VmbChannelSetTransactionQuota,
  VmbChannelSizeofPacket,
} from "./channel_properties.ts";
import { VmbChannelRestoreFromBuffer, VmbPacketRestore } from "./channel_restore.ts";
import { VmbChannelSaveBegin, VmbChannelSaveContinue, VmbChannelSaveEnd } from "./channel_save.ts";
import {
  VmbClientChannelInitSetRingBufferPageCount,
  VmbClientChannelInitSetTargetPnp,
} from "./client_channel_init.ts";
import {
  VmbPacketAllocate,
  VmbPacketFree,
  VmbPacketGetChannel,
  VmbPacketGetPointer,
  VmbPacketInitialize,
  VmbPacketSetCompletionRoutine,
  VmbPacketSetPointer,
} from "./packet.ts";
import {
  VmbPacketSend,
  VmbPacketSendWithExternalMdl,
  VmbPacketSendWithExternalPfns,
} from "./packet_send.ts";
import {
  VmbConvertVmbusHandleToKernelHandle,
  VmbServerChannelInitSetFlags,
  VmbServerChannelInitSetMmioMegabytes,
  VmbServerChannelInitSetSaveRestorePacketCallbacks,
  VmbServerChannelInitSetTargetInterfaceId,
  VmbServerChannelInitSetTargetVtl,
  VmbServerChannelInitSetVmbusHandle,
} from "./server_channel_init.ts";
import { VmbChannelSendSynchronousRequest } from "./synchronous_request.ts";
import type {
  CLIENT_FUNCTION_NAMES,
  FunctionName,
  SERVER_ONLY_FUNCTION_NAMES,
} from "./function_names.ts";
import type { INTERFACE } from "./interface_header.ts";
import type { Method, Slots, Tied, Untied } from "./table_types.ts";
import type { KmclServerOnlyMethods } from "./table_server.ts";
import type { KmclClientInterfaceV1, KmclServerInterfaceV1 } from "./tables.ts";

/** What follows the header of the server's table, and the part of it that the client's table has. */
type Signatures = Omit<KmclServerInterfaceV1, keyof INTERFACE>;
type ClientSignatures = Omit<KmclClientInterfaceV1, keyof INTERFACE>;

/** The functions of the client's table (kmcl.md N2). */
const clientFunctions = [
  { VmbChannelAllocate },
  { VmbChannelCleanup },
  { VmbChannelCreateGpadlFromBuffer },
  { VmbChannelCreateGpadlFromMdl },
  { VmbChannelDeleteGpadl },
  { VmbChannelDisable },
  { VmbChannelEnable },
  { VmbChannelGetInterfaceInstance },
  { VmbChannelGetMmioSpace },
  { VmbChannelGetPointer },
  { VmbChannelInitSetClientContextSize },
  { VmbChannelInitSetFlags },
  { VmbChannelInitSetFriendlyName },
  { VmbChannelInitSetMaximumExternalData },
  { VmbChannelInitSetMaximumPacketSize },
  { VmbChannelInitSetProcessPacketCallbacks },
  { VmbChannelInitSetStateChangeCallbacks },
  { VmbChannelPacketComplete },
  { VmbChannelPacketDeferToPassive },
  { VmbChannelPacketFail },
  { VmbChannelPacketGetExternalData },
  { VmbChannelPause },
  { VmbChannelSendSynchronousRequest },
  { VmbChannelSetIncomingProcessingAtPassive },
  { VmbChannelSetInterruptLatency },
  { VmbChannelSetPointer },
  { VmbChannelSetTransactionQuota },
  { VmbChannelSizeofPacket },
  { VmbChannelStart },
  { VmbClientChannelInitSetRingBufferPageCount },
  { VmbClientChannelInitSetTargetPnp },
  { VmbPacketAllocate },
  { VmbPacketFree },
  { VmbPacketGetChannel },
  { VmbPacketGetPointer },
  { VmbPacketInitialize },
  { VmbPacketSend },
  { VmbPacketSendWithExternalMdl },
  { VmbPacketSendWithExternalPfns },
  { VmbPacketSetCompletionRoutine },
  { VmbPacketSetPointer },
] as const satisfies Slots<typeof CLIENT_FUNCTION_NAMES, ClientSignatures>;

/** The server's own (kmcl.md N3). */
const serverOnlyFunctions = [
  { VmbChannelMapGpadl },
  { VmbChannelRestoreFromBuffer },
  { VmbChannelSaveBegin },
  { VmbChannelSaveContinue },
  { VmbChannelSaveEnd },
  { VmbChannelUnmapGpadl },
  { VmbConvertVmbusHandleToKernelHandle },
  { VmbPacketRestore },
  { VmbServerChannelInitSetFlags },
  { VmbServerChannelInitSetMmioMegabytes },
  { VmbServerChannelInitSetSaveRestorePacketCallbacks },
  { VmbServerChannelInitSetTargetInterfaceId },
  { VmbServerChannelInitSetTargetVtl },
  { VmbServerChannelInitSetVmbusHandle },
] as const satisfies Slots<typeof SERVER_ONLY_FUNCTION_NAMES, KmclServerOnlyMethods>;

/** The same signatures: each of the functions above is what its own says, to the letter. */
export type TiedSignatures = Tied<
  Signatures,
  Untied<[...typeof clientFunctions, ...typeof serverOnlyFunctions], Signatures>
>;

/** A function and its name. */
export type NamedMethod = readonly [FunctionName, Method];

/** The functions of the client's table by name, in its order. */
export const CLIENT_FUNCTIONS: readonly NamedMethod[] = namedIn(clientFunctions);
/** The server's own by name, in their order. */
export const SERVER_ONLY_FUNCTIONS: readonly NamedMethod[] = namedIn(serverOnlyFunctions);

/** The functions of `slots` by name. */
export function namedIn(
  slots: readonly { readonly [Name in FunctionName]?: Method }[],
): readonly NamedMethod[] {
  return slots.flatMap((slot) => Object.entries(slot) as [FunctionName, Method][]);
}
