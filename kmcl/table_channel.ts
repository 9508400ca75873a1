/**
 * The functions of the tables whose names begin with VmbChannel, as types, in documented order.
 *
 * @module
 */

import type { RequestResult } from "../actors/channel/requests.ts";
import type { Device, VMBCHANNEL, VMBPACKETCOMPLETION } from "../actors/runtime/handle.ts";
import type { Mdl } from "../core/memory/mdl.ts";
import type { GuestBuffer } from "../core/memory/types.ts";
import type { NtStatus } from "../core/ntstatus.ts";
import type {
  EvtChannelProcessingComplete,
  EvtChannelProcessPacket,
  StateChangeCallbacks,
} from "./callbacks.ts";
import type { CreateGpadlResult } from "./channel_gpadl.ts";
import type { AllocateResult } from "./channel_lifecycle.ts";
import type { ExternalDataResult } from "./channel_packet.ts";
import type { LatencyResult, MmioSpace } from "./channel_properties.ts";

/** The functions for channels, on either side. */
export interface KmclChannelFunctions {
  /**
   * Makes a channel endpoint, Disabled and initializing, with the defaults of [kmcl.md S1](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md).
   *
   * Statuses: STATUS_SUCCESS; _1 `parentDeviceObject` is no device of this fabric; _2 no BOOLEAN, a
   * server in a child partition, or a client in the root other than for a loopback offer. Violation:
   * above PASSIVE_LEVEL.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_allocate | VmbChannelAllocate}
   */
  VmbChannelAllocate(
    parentDeviceObject: Device | null,
    isServer: boolean | 0 | 1,
  ): AllocateResult;
  /**
   * Frees a Disabled channel; its handle is invalid from now on ([kmcl.md S12](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)).
   *
   * Violations: a channel that is not Disabled; packets of it that are in flight or not freed
   * (+).
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_cleanup | VmbChannelCleanup}
   */
  VmbChannelCleanup(channel: VMBCHANNEL | null): void;
  /**
   * Shares the first `byteCount` bytes of a buffer with the server; the pages stay pinned until
   * the GPADL is gone. Statuses as for VmbChannelCreateGpadlFromMdl; _3 no buffer of the
   * client's partition; _4 `byteCount` 0 or beyond the buffer.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_create_gpadl_from_buffer | VmbChannelCreateGpadlFromBuffer}
   */
  VmbChannelCreateGpadlFromBuffer(
    channel: VMBCHANNEL | null,
    flags: number,
    buffer: GuestBuffer | null,
    byteCount: number,
  ): CreateGpadlResult;
  /**
   * Shares part of an MDL chain with the server: `dataLengthWithinMdl` bytes from
   * `startOffsetWithinMdl` on, 0 for all that is left. When it returns, the server may map at once. The pages stay pinned until the GPADL
   * is gone.
   *
   * Statuses, in order: _1 bad channel, server endpoint, not from Opened to Closed; _2 unknown
   * flags; _3 no MDL, or not of the client's partition; _4 / _5 outside the chain;
   * INVALID_BUFFER_SIZE more than 8191 words; UNSUCCESSFUL the host refused; DEVICE_REMOVED the
   * channel is closing.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_create_gpadl_from_mdl | VmbChannelCreateGpadlFromMdl}
   */
  VmbChannelCreateGpadlFromMdl(
    channel: VMBCHANNEL | null,
    flags: number,
    mdl: Mdl | null,
    startOffsetWithinMdl: number,
    dataLengthWithinMdl: number,
  ): CreateGpadlResult;
  /**
   * Takes a GPADL back; resolves when the server has unmapped it.
   *
   * Violations: an unknown handle, or not from Opened to Closed; a wait at DISPATCH_LEVEL.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_delete_gpadl | VmbChannelDeleteGpadl}
   */
  VmbChannelDeleteGpadl(channel: VMBCHANNEL | null, gpadlHandle: number): Promise<void>;
  /**
   * Disables a channel; resolves when it is Disabled
   * ([kmcl.md S10](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md), S11), on a Disabled one at once, but
   * after a pending EvtChannelPnpFailure.
   *
   * Violation: called inside a state change callback of the same channel, or at DISPATCH_LEVEL.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_disable | VmbChannelDisable}
   */
  VmbChannelDisable(channel: VMBCHANNEL | null): Promise<void>;
  /**
   * Enables a Disabled channel, and returns at once: a server is offered, a client takes a
   * matching offer or waits for one ([kmcl.md S2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)).
   *
   * Statuses: STATUS_SUCCESS; _1 bad channel; INVALID_DEVICE_STATE not Disabled;
   * INVALID_DEVICE_REQUEST a server without interface id or VMBus handle (a loopback offer needs
   * none), a client without target, no ProcessPacket callback; OBJECT_NAME_COLLISION an instance that is offered to that
   * guest already.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_enable | VmbChannelEnable}
   */
  VmbChannelEnable(channel: VMBCHANNEL | null): NtStatus;
  /**
   * The GUID of the instance that the channel offers or is connected to; all zero while there is
   * none.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_get_interface_instance | VmbChannelGetInterfaceInstance}
   */
  VmbChannelGetInterfaceInstance(channel: VMBCHANNEL | null): string;
  /**
   * The MMIO that is reserved for the channel; zeros where none was asked for.
   *
   * Violation: before the channel was opened.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_get_mmio_space | VmbChannelGetMmioSpace}
   */
  VmbChannelGetMmioSpace(channel: VMBCHANNEL | null): MmioSpace;
  /**
   * The context that VmbChannelSetPointer kept; null before.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_get_pointer | VmbChannelGetPointer}
   */
  VmbChannelGetPointer(channel: VMBCHANNEL | null): unknown;
  /**
   * Sets the bytes of driver context that come with each incoming packet. Version 1 has no function
   * that hands them out; version 2 has VmbChannelPacketGetClientContext.
   *
   * Statuses: _1; _2 no u32.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_client_context_size | VmbChannelInitSetClientContextSize}
   */
  VmbChannelInitSetClientContextSize(channel: VMBCHANNEL | null, contextSize: number): NtStatus;
  /**
   * Sets the channel's flags: IS_PIPE.
   *
   * Statuses: _1; _2 unknown bits or no u32.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_flags | VmbChannelInitSetFlags}
   */
  VmbChannelInitSetFlags(channel: VMBCHANNEL | null, flags: number): NtStatus;
  /**
   * Sets a short name for debugging and counters.
   *
   * Statuses: _1; _2 no text.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_friendly_name | VmbChannelInitSetFriendlyName}
   */
  VmbChannelInitSetFriendlyName(channel: VMBCHANNEL | null, name: string): NtStatus;
  /**
   * Sets the bounds of external data, sent and received: bytes, and MDLs in a chain.
   *
   * Statuses: _1; _2 `dataSize` 0 or no u32; _3 `chainLength` 0 or no u32.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_maximum_external_data | VmbChannelInitSetMaximumExternalData}
   */
  VmbChannelInitSetMaximumExternalData(
    channel: VMBCHANNEL | null,
    dataSize: number,
    chainLength: number,
  ): NtStatus;
  /**
   * Sets the largest size ever given to VmbPacketSend, in bytes.
   *
   * Statuses: _1; _2 0, above 500 000, or no u32.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_maximum_packet_size | VmbChannelInitSetMaximumPacketSize}
   */
  VmbChannelInitSetMaximumPacketSize(channel: VMBCHANNEL | null, packetSize: number): NtStatus;
  /**
   * Sets what is called for each packet, and at the end of each batch.
   *
   * Statuses: _1; _2 `processPacketCallback` is no function; _3 `processingCompleteCallback` is
   * neither absent nor a function.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_process_packet_callbacks | VmbChannelInitSetProcessPacketCallbacks}
   */
  VmbChannelInitSetProcessPacketCallbacks(
    channel: VMBCHANNEL | null,
    processPacketCallback: EvtChannelProcessPacket,
    processingCompleteCallback?: EvtChannelProcessingComplete | null,
  ): NtStatus;
  /**
   * Sets the state change callbacks; the structure is copied.
   *
   * Statuses: _1; _2 no structure, wrong Version or Size, or a callback that is neither null nor
   * a function.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_state_change_callbacks | VmbChannelInitSetStateChangeCallbacks}
   */
  VmbChannelInitSetStateChangeCallbacks(
    channel: VMBCHANNEL | null,
    stateChangeCallbacks: StateChangeCallbacks | null,
  ): NtStatus;
  /**
   * Completes a packet, once: its context, its buffer and its external data are dead afterwards,
   * and where the sender waits a completion packet with the first `bufSize` bytes of
   * `packetCompletionBuffer` goes back. They are copied.
   *
   * Violations: a bad or dead context; a size greater than its buffer.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_packet_complete | VmbChannelPacketComplete}
   */
  VmbChannelPacketComplete(
    packetCompletionContext: VMBPACKETCOMPLETION | null,
    packetCompletionBuffer: ArrayBufferView | null | undefined,
    bufSize: number,
  ): void;
  /**
   * Hands the packet of the running ProcessPacket call back: it keeps its place, and is parsed
   * again at PASSIVE_LEVEL.
   *
   * Violations: a bad or dead context; outside ProcessPacket.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_packet_defer_to_passive | VmbChannelPacketDeferToPassive}
   */
  VmbChannelPacketDeferToPassive(packetCompletionContext: VMBPACKETCOMPLETION | null): void;
  /**
   * Calls a packet malformed, inside its ProcessPacket call or later, until it is retired: it is
   * retired by this without an answer, and the channel stops until it was closed and opened again.
   *
   * Violation: a bad or dead context.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_packet_fail | VmbChannelPacketFail}
   */
  VmbChannelPacketFail(packetCompletionContext: VMBPACKETCOMPLETION | null): void;
  /**
   * The memory that a packet describes. With STATUS_PENDING its pages must be brought in first:
   * the driver returns from ProcessPacket, and is called again for the same packet.
   *
   * Statuses, in order: _1 bad or dead context; _2 unknown flags; NOT_FOUND no external data;
   * INVALID_BUFFER_SIZE more than the channel's maximum external data; PENDING; SUCCESS.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_packet_get_external_data | VmbChannelPacketGetExternalData}
   */
  VmbChannelPacketGetExternalData(
    packetCompletionContext: VMBPACKETCOMPLETION | null,
    flags: number,
  ): ExternalDataResult;
  /**
   * Stops the flow of packets; resolves when Suspend has been called and no incoming packet is
   * outstanding ([kmcl.md S7](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md), S8). In Disabled it makes the channel begin paused.
   *
   * Violation: inside a state change callback of the same channel, or at DISPATCH_LEVEL where it
   * would have to wait.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_pause | VmbChannelPause}
   */
  VmbChannelPause(channel: VMBCHANNEL | null): Promise<void>;
  /**
   * Sends a packet and waits for the end of its transaction; the completion's payload goes into
   * `completionBuffer`; where that and `completionBufferSize` are both null, neither the payload nor
   * its size is given. `timeout` in 100 ns: null for ever, negative relative, positive since the
   * fabric's start, 0 not to queue. A server may neither wait nor queue.
   *
   * Statuses: SUCCESS with the bytes of the answer; BUFFER_OVERFLOW it did not fit, and was not
   * to queue; CANCELLED the time is over; DEVICE_REMOVED the channel is gone or going;
   * BUFFER_TOO_SMALL an answer larger than its buffer, whose size is given; _6 a size and no buffer;
   * _7 `completionBufferSize` no multiple of 8, or missing beside a buffer; the others as [kmcl.md P5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md) with Y1–Y5. Violations: a
   * wait at DISPATCH_LEVEL or in EvtChannelStarted; a send after Suspend (+).
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_send_synchronous_request | VmbChannelSendSynchronousRequest}
   */
  VmbChannelSendSynchronousRequest(
    channel: VMBCHANNEL | null,
    buffer: ArrayBufferView | null,
    bufferSize: number,
    externalDataMdl: Mdl | null | undefined,
    flags: number,
    completionBuffer?: ArrayBufferView | null,
    completionBufferSize?: number | null,
    timeout?: number | bigint | null,
  ): Promise<RequestResult>;
  /**
   * Whether ProcessPacket always runs at PASSIVE_LEVEL ([kmcl.md R1](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)).
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_set_incoming_processing_at_passive | VmbChannelSetIncomingProcessingAtPassive}
   */
  VmbChannelSetIncomingProcessingAtPassive(
    channel: VMBCHANNEL | null,
    requirePassive: boolean | 0 | 1,
  ): void;
  /**
   * Sets by how much a client's signals to the host are delayed, in 100 ns, so that several
   * become one; 0: not at all.
   *
   * Statuses: _1 bad channel or server endpoint; INVALID_DEVICE_STATE not from the Opened
   * callback to the Closed callback; _2 no u16.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_set_interrupt_latency | VmbChannelSetInterruptLatency}
   */
  VmbChannelSetInterruptLatency(channel: VMBCHANNEL | null, latency: number): LatencyResult;
  /**
   * Keeps the driver's own context with the channel: any value.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_set_pointer | VmbChannelSetPointer}
   */
  VmbChannelSetPointer(channel: VMBCHANNEL | null, pointer: unknown): void;
  /**
   * Sets how many incoming packets may be outstanding at once ([kmcl.md R4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)).
   *
   * Violation: 0, or no u32.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_set_transaction_quota | VmbChannelSetTransactionQuota}
   */
  VmbChannelSetTransactionQuota(channel: VMBCHANNEL | null, quota: number): void;
  /**
   * Bytes of the buffer that VmbPacketInitialize needs; it changes with the maximum packet size.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_sizeof_packet | VmbChannelSizeofPacket}
   */
  VmbChannelSizeofPacket(channel: VMBCHANNEL | null): number;
  /**
   * Lets packets flow: at once on an open channel, else when it opens ([kmcl.md S4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md), S9).
   *
   * Violations: Disabled; inside a state change callback of the same channel.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_start | VmbChannelStart}
   */
  VmbChannelStart(channel: VMBCHANNEL | null): void;
}
