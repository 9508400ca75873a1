/**
 * Hyper-V's VMBus Kernel Mode Client Library (KMCL) as an actor system, in TypeScript.
 *
 * To install it: `deno add jsr:@vmbus/kmcl`, or in a project for Node `npx jsr add @vmbus/kmcl`. It runs on Node
 * 20 and later, on Deno 2, and in browsers.
 *
 * A fabric holds partitions; a driver pair (VSP in the host, VSC in the guest) is written
 * against the documented functions and runs deterministically, over real VMBus rings in guest memory.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 *
 * const fabric = vmbus.createFabric({ seed: 7 });
 * const guest = fabric.createPartition({ name: "guest" });
 * const { kmcl } = vmbus.WdfFdoQueryForInterface(
 *   guest.device,
 *   vmbus.KMCL_CLIENT_INTERFACE_TYPE,
 *   vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
 *   1,
 * );
 * const { channel } = kmcl.VmbChannelAllocate(guest.device, false);
 * console.log(vmbus.inspectChannel(channel).lifecycle); // disabled
 * kmcl.VmbChannelCleanup(channel);
 * ```
 *
 * @module
 */

// Fabric and partitions
export { createFabric } from "./actors/fabric/create_fabric.ts";
export type { Fabric, FabricOptions } from "./actors/fabric/fabric.ts";
export type { Partition, PartitionOptions } from "./actors/partition/partition.ts";
export type {
  ForeignGuest,
  ForeignGuestOptions,
  ForeignHost,
  ForeignHostOptions,
  ForeignPeerOptions,
} from "./actors/fabric/foreign.ts";
export type { ForeignGuestListener } from "./actors/bus/foreign/guest_link.ts";
export type { ForeignHostListener } from "./actors/bus/foreign/host_link.ts";
export type { PeerFault } from "./actors/bus/foreign/peer.ts";
export type { SynicPlace } from "./actors/bus/synic.ts";
export type { Direction } from "./actors/bus/link.ts";
export type { BusFault } from "./actors/bus/refusals.ts";
export type { BounceState } from "./actors/channel/bounce_buffers.ts";
export type { GpadlState } from "./actors/channel/bus_port.ts";
export type {
  DrawnSchedule,
  PctSchedule,
  Schedule,
  ScheduleName,
} from "./actors/runtime/schedule.ts";
export type { Interpreter } from "./actors/chart/chart_actor.ts";
export type { ActorInspection, ActorInspector } from "./actors/chart/actor_system.ts";
export type { ChartActorRef, ChartSnapshot } from "./actors/chart/shown_actor.ts";
export type {
  ArrivedPacketEvent,
  ArrivedPacketTag,
} from "./actors/channel/arrived_packet_machine.ts";
export type { PacketBytes, PacketEvent, PacketTag } from "./actors/packet/types.ts";
export type { PartitionEvent, PartitionTag } from "./actors/partition/types.ts";
export { KeGetCurrentIrql } from "./actors/runtime/irql.ts";
export { DisposalError } from "./actors/fabric/disposal.ts";
export type { Leak, LeakKind } from "./actors/fabric/leak.ts";
export type {
  CallerState,
  ChannelState,
  ConnectionState,
  FabricState,
  HeldPacketState,
  PacketState,
  PartitionState,
  RingState,
} from "./actors/fabric/inspect.ts";
export type { SignalPagesState } from "./actors/bus/host/host_signals.ts";
export type { VersionRange } from "./core/control/dialect.ts";
export type { VmbusVersion } from "./core/control/versions.ts";
export { VerifierError } from "./actors/runtime/verifier.ts";
export type { VerifierMode, Violation, ViolationRule } from "./actors/runtime/verifier.ts";
export type { ChannelPlace, EarlierCall } from "./actors/runtime/violation_details.ts";
export type { ChannelEvent, ChannelFault, ChannelTag, Side } from "./actors/channel/types.ts";
export type { RequestResult } from "./actors/channel/requests.ts";

// Memory
export { IoAllocateMdl, mdlSegments } from "./core/memory/mdl.ts";
export type { Mdl } from "./core/memory/mdl.ts";
export type { GuestBuffer, GuestMemory, MemoryMisuse } from "./core/memory/types.ts";
export type { RangeFault } from "./core/memory/gpa_ranges.ts";
export type { BufferRange } from "./core/memory/layouts.ts";

// What a driver's parts are called in the trace and in rings
export type { TraceLevel } from "./core/trace.ts";
export type { TraceBytes, TraceDetail, TraceDetails, TraceEntry } from "./core/trace_events.ts";
export type { RingControl, RingFault } from "./core/ring/ring_memory.ts";
export type { PacketFault } from "./core/packet/packet.ts";
export type { PipeFault } from "./core/packet/pipe.ts";
export type { ControlFault } from "./core/control/codec.ts";

// Handles
export type {
  Device,
  Handle,
  HandleKind,
  KernelHandle,
  VMBCHANNEL,
  VMBPACKET,
  VMBPACKETCOMPLETION,
  VmbusHandle,
} from "./actors/runtime/handle.ts";

// The documented functions
export {
  KMCL_CLIENT_INTERFACE_TYPE,
  KMCL_SERVER_INTERFACE_TYPE,
  WdfFdoQueryForInterface,
  WdfIoTargetQueryForInterface,
} from "./kmcl/interface.ts";
export {
  KMCL_CLIENT_INTERFACE_V1_SIZE,
  KMCL_CLIENT_INTERFACE_V2_SIZE,
  KMCL_CLIENT_INTERFACE_V3_SIZE,
  KMCL_CLIENT_INTERFACE_V4_SIZE,
  KMCL_CLIENT_INTERFACE_V5_SIZE,
  KMCL_CLIENT_INTERFACE_VERSION_V1,
  KMCL_CLIENT_INTERFACE_VERSION_V2,
  KMCL_CLIENT_INTERFACE_VERSION_V3,
  KMCL_CLIENT_INTERFACE_VERSION_V4,
  KMCL_CLIENT_INTERFACE_VERSION_V5,
  KMCL_SERVER_INTERFACE_V1_SIZE,
  KMCL_SERVER_INTERFACE_V2_SIZE,
  KMCL_SERVER_INTERFACE_V3_SIZE,
  KMCL_SERVER_INTERFACE_V4_SIZE,
  KMCL_SERVER_INTERFACE_V5_SIZE,
  KMCL_SERVER_INTERFACE_VERSION_V1,
  KMCL_SERVER_INTERFACE_VERSION_V2,
  KMCL_SERVER_INTERFACE_VERSION_V3,
  KMCL_SERVER_INTERFACE_VERSION_V4,
  KMCL_SERVER_INTERFACE_VERSION_V5,
} from "./kmcl/interface_versions.ts";
export type { KmclTable, QueryResult } from "./kmcl/interface.ts";
export type { INTERFACE, InterfaceContext } from "./kmcl/interface_header.ts";
export type {
  ClientTables,
  KMCL_CLIENT_INTERFACE_V1,
  KMCL_CLIENT_INTERFACE_V2,
  KMCL_CLIENT_INTERFACE_V3,
  KMCL_CLIENT_INTERFACE_V4,
  KMCL_CLIENT_INTERFACE_V5,
  KMCL_SERVER_INTERFACE_V1,
  KMCL_SERVER_INTERFACE_V2,
  KMCL_SERVER_INTERFACE_V3,
  KMCL_SERVER_INTERFACE_V4,
  KMCL_SERVER_INTERFACE_V5,
  KMCL_SERVER_ONLY_METHODS,
  KmclClientInterfaceV1,
  KmclClientInterfaceV2,
  KmclClientInterfaceV3,
  KmclClientInterfaceV4,
  KmclClientInterfaceV5,
  KmclServerInterfaceV1,
  KmclServerInterfaceV2,
  KmclServerInterfaceV3,
  KmclServerInterfaceV4,
  KmclServerInterfaceV5,
  KmclServerOnlyMethodsV5,
  ServerTables,
} from "./kmcl/tables.ts";
export type { KmclChannelFunctions } from "./kmcl/table_channel.ts";
export type {
  KmclFunctionsV2,
  KmclFunctionsV3,
  KmclFunctionsV4,
  KmclFunctionsV5,
  KmclServerOnlyFunctionsV5,
} from "./kmcl/table_later.ts";
export type { KmclPacketFunctions } from "./kmcl/table_packet.ts";
export type { KmclServerOnlyMethods } from "./kmcl/table_server.ts";
export { ZwClose } from "./kmcl/server_channel_init.ts";
export type { ConvertResult } from "./kmcl/server_channel_init.ts";
export type { AllocateResult } from "./kmcl/channel_lifecycle.ts";
export type { BounceBufferResult } from "./kmcl/bounce_buffers.ts";
export type { CreateGpadlResult, MapGpadlResult } from "./kmcl/channel_gpadl.ts";
export type { ExternalDataResult } from "./kmcl/channel_packet.ts";
export type { LatencyResult, MmioSpace } from "./kmcl/channel_properties.ts";
export type { SaveContinueResult } from "./kmcl/channel_save.ts";
export type { InitializeResult } from "./kmcl/packet.ts";
export { VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT } from "./kmcl/callbacks.ts";
export type {
  EvtChannelOpened,
  EvtChannelPnpFailure,
  EvtChannelProcessingComplete,
  EvtChannelProcessingCompleteEx,
  EvtChannelProcessPacket,
  EvtChannelProcessPacketEx,
  EvtChannelRestorePacket,
  EvtChannelRestorePacketEx,
  EvtChannelSavePacket,
  EvtChannelSavePacketEx,
  EvtChannelStateChange,
  EvtPacketCompletionRoutine,
  EvtPacketCompletionRoutineEx,
  MaybePromise,
  SavePacketResult,
  StateChangeCallbacks,
} from "./kmcl/callbacks.ts";
export type {
  EVT_VMB_CHANNEL_CLOSED,
  EVT_VMB_CHANNEL_OPENED,
  EVT_VMB_CHANNEL_PNP_FAILURE,
  EVT_VMB_CHANNEL_POST_STARTED,
  EVT_VMB_CHANNEL_PROCESS_PACKET,
  EVT_VMB_CHANNEL_PROCESSING_COMPLETE,
  EVT_VMB_CHANNEL_RESTORE_PACKET,
  EVT_VMB_CHANNEL_SAVE_PACKET,
  EVT_VMB_CHANNEL_STARTED,
  EVT_VMB_CHANNEL_SUSPEND,
  EVT_VMB_PACKET_COMPLETION_ROUTINE,
  PFN_VMB_CHANNEL_CLOSED,
  PFN_VMB_CHANNEL_OPENED,
  PFN_VMB_CHANNEL_PNP_FAILURE,
  PFN_VMB_CHANNEL_POST_STARTED,
  PFN_VMB_CHANNEL_PROCESS_PACKET,
  PFN_VMB_CHANNEL_PROCESSING_COMPLETE,
  PFN_VMB_CHANNEL_RESTORE_PACKET,
  PFN_VMB_CHANNEL_SAVE_PACKET,
  PFN_VMB_CHANNEL_STARTED,
  PFN_VMB_CHANNEL_SUSPEND,
  PFN_VMB_PACKET_COMPLETION_ROUTINE,
  VMB_CHANNEL_STATE_CHANGE_CALLBACKS,
} from "./kmcl/callback_types.ts";
export type * from "./kmcl/function_types.ts";

// Drivers that the fabric loads; saving and restoring guests
export { loadGuestDriver, loadHostDriver } from "./kmcl/saving/load_drivers.ts";
export { savePartition } from "./kmcl/saving/save_partition.ts";
export type { SaveOptions, SaveResult, SaveSummary } from "./kmcl/saving/save_partition.ts";
export { restorePartition } from "./kmcl/saving/restore_partition.ts";
export type { RestoreOptions, RestoreResult } from "./kmcl/saving/restore_partition.ts";
export type {
  ChannelCallbacks,
  GuestContext,
  GuestDriver,
  GuestDriverInstance,
  GuestRestoreContext,
  HandleToken,
  HandleTokens,
  HeldPacket,
  HostContext,
  HostDriver,
  HostDriverInstance,
  LoadedInstance,
  PacketCallbacks,
} from "./kmcl/saving/drivers.ts";
export type { PlainData } from "./core/saved/plain_data.ts";
export { readRecord, SavedFields } from "./core/saved/fields.ts";
export { SavedStateFault } from "./core/saved/fault.ts";

// Helps for programs
export { expectSuccess, KmclError } from "./kmcl/expect_success.ts";
export type { Succeeded } from "./kmcl/expect_success.ts";
export { drainAndDisable, type DrainOptions } from "./kmcl/drain.ts";
export { sendTransferPages, setPageSet } from "./kmcl/transfer_pages.ts";
export {
  type BytePipe,
  bytePipe,
  type BytePipeOptions,
  type BytePipeResult,
  type PipeCloseOptions,
  type PipeRead,
  type SocketOptions,
} from "./kmcl/byte_pipe.ts";
export {
  type ConnectOptions,
  connectSocket,
  setSocketProvider,
  type SocketProvider,
  type SocketRequest,
} from "./kmcl/sockets.ts";
export { type PipeStreamOptions, type PipeStreams, pipeStreams } from "./kmcl/pipe_streams.ts";
export {
  initSetOfferFlags,
  initSetOfferOrder,
  initSetSubchannelIndex,
  initSetTargetProcessor,
  pollChannel,
  setTargetProcessor,
} from "./kmcl/own_channel_init.ts";
export { restoreServerChannel, saveServerChannel } from "./kmcl/saved_channel.ts";
export { inspectChannel } from "./kmcl/inspect_channel.ts";

// Flags and statuses
export {
  VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH,
  VMBUS_CHANNEL_FORMAT_FLAG_PAGED_BUFFER,
  VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
  VMBUS_CHANNEL_FORMAT_FLAGS,
  VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY,
  VMBUS_CHANNEL_GPADL_FLAGS,
  VMBUS_CHANNEL_GPADL_READ_ONLY,
  VMBUS_CHANNEL_INIT_FLAG_IS_PIPE,
  VMBUS_CHANNEL_INIT_FLAGS,
  VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY,
  VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAGS,
  VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA,
  VMBUS_CHANNEL_PROCESS_PACKET_FLAGS,
  VMBUS_SERVER_CHANNEL_INIT_FLAG_ENUMERATE_DEVICE_INTERFACE,
  VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL,
  VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER,
  VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE,
  VMBUS_SERVER_CHANNEL_INIT_FLAG_TLNPI_PROVIDER_OFFER,
  VMBUS_SERVER_CHANNEL_INIT_FLAGS,
  VMBUS_SERVER_CHANNEL_INIT_MAXIMUM_OFFER_DATA,
} from "./kmcl/flags.ts";
export {
  NT_SUCCESS,
  ntStatusName,
  STATUS_ACCESS_DENIED,
  STATUS_BUFFER_OVERFLOW,
  STATUS_BUFFER_TOO_SMALL,
  STATUS_CANCELLED,
  STATUS_CONNECTION_REFUSED,
  STATUS_CONNECTION_RESET,
  STATUS_DATA_ERROR,
  STATUS_DEVICE_REMOVED,
  STATUS_END_OF_FILE,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_10,
  STATUS_INVALID_PARAMETER_11,
  STATUS_INVALID_PARAMETER_12,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_4,
  STATUS_INVALID_PARAMETER_5,
  STATUS_INVALID_PARAMETER_6,
  STATUS_INVALID_PARAMETER_7,
  STATUS_INVALID_PARAMETER_8,
  STATUS_INVALID_PARAMETER_9,
  STATUS_MORE_PROCESSING_REQUIRED,
  STATUS_NOT_FOUND,
  STATUS_NOT_SUPPORTED,
  STATUS_OBJECT_NAME_COLLISION,
  STATUS_PENDING,
  STATUS_REVISION_MISMATCH,
  STATUS_SHARING_VIOLATION,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
  STATUS_UNSUCCESSFUL,
} from "./core/ntstatus.ts";
export type { NtStatus } from "./core/ntstatus.ts";
