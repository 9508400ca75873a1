/**
 * The functions that versions 2 to 5 of the tables add, as types. Their names are Microsoft's; what they take and
 * what they do is our reading of the names and of the documented functions beside them (kmcl.md, "Later versions").
 *
 * @module
 */

import type {
  Device,
  VMBCHANNEL,
  VMBPACKET,
  VMBPACKETCOMPLETION,
} from "../actors/runtime/handle.ts";
import type { NtStatus } from "../core/ntstatus.ts";
import type {
  EvtChannelProcessingCompleteEx,
  EvtChannelProcessPacketEx,
  EvtChannelRestorePacketEx,
  EvtChannelSavePacketEx,
  EvtPacketCompletionRoutineEx,
} from "./callbacks.ts";
import type { BounceBufferResult } from "./bounce_buffers.ts";
import type { CreateGpadlResult } from "./channel_gpadl.ts";
import type { AllocateResult } from "./channel_lifecycle.ts";

/** What version 2 adds. Our reading. */
export interface KmclFunctionsV2 {
  /**
   * The driver's own area with a packet that it was given: as many bytes as VmbChannelInitSetClientContextSize said,
   * 0 at first, the same each time until the packet is retired. Null for a bad context, which is a violation, and
   * where there is no memory for so many.
   * Our reading: D651.
   *
   * Violations: a bad or dead context.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X2}
   */
  VmbChannelPacketGetClientContext(
    packetCompletionContext: VMBPACKETCOMPLETION | null,
  ): Uint8Array | null;
  /**
   * The device on the VMBus of the channel's own partition over which it reaches the opposite side; null while it has
   * none: a server that was not told its guest, a client that has no offer. Our reading: D651.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X5}
   */
  VmbChannelGetTargetDeviceObject(channel: VMBCHANNEL | null): Device | null;
  /**
   * The device that the channel was allocated for. Our reading: D651.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X4}
   */
  VmbChannelGetParentDeviceObject(channel: VMBCHANNEL | null): Device | null;
}

/** What version 3 adds. Our reading. */
export interface KmclFunctionsV3 {
  /**
   * Sets how many bytes of a client's memory are shared with the host for copies of external data, in whole pages, and
   * how many its driver may ask for by VmbChannelAllocateBounceBuffer. Without this call 262 144, and none. It counts
   * where the guest is isolated, the second number in any guest. Our reading: D663.
   *
   * Statuses: _1; _2, _3 no u32.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X18}
   */
  VmbChannelInitSetBounceBufferSizes(
    channel: VMBCHANNEL | null,
    packetBufferSize: number,
    driverBufferSize: number,
  ): NtStatus;
  /**
   * Gives a client's driver whole pages for `byteCount` bytes, all 0, which the host can read until the channel is gone:
   * what lies there is sent without a copy. No function frees them. Our reading: D665.
   *
   * Statuses, in order: _1 bad channel, server endpoint, not from Opened to Closed; _2 0, or no u32;
   * INSUFFICIENT_RESOURCES more than was set, or no memory.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X20}
   */
  VmbChannelAllocateBounceBuffer(
    channel: VMBCHANNEL | null,
    byteCount: number,
  ): BounceBufferResult;
}

/** What version 4 adds. Our reading. */
export interface KmclFunctionsV4 {
  /**
   * Sets how many packet objects the driver may have at once: beyond them VmbPacketAllocate gives null, and
   * VmbPacketInitialize INSUFFICIENT_RESOURCES. Without this call there is no bound. Our reading: D652.
   *
   * Statuses: _1; _2 0 or no u32.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X6}
   */
  VmbChannelInitSetMaximumPacketCount(channel: VMBCHANNEL | null, packetCount: number): NtStatus;
  /**
   * Shares whole pages with the server: the first `pfnLength` of `pfnList`, an array or a typed array. The pages stay
   * pinned until the GPADL is gone. Our reading: D653.
   *
   * Statuses, in order: _1 bad channel, server endpoint, not from Opened to Closed; _2 unknown flags; _4 `pfnLength` 0
   * or beyond the list; _3 no list, or a page outside the guest's memory; INVALID_BUFFER_SIZE more than 8191 words;
   * UNSUCCESSFUL the host refused; DEVICE_REMOVED the channel is closing.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X7}
   */
  VmbChannelCreateGpadlFromPfnList(
    channel: VMBCHANNEL | null,
    flags: number,
    pfnList: ArrayLike<number | bigint> | null,
    pfnLength: number,
  ): CreateGpadlResult;
}

/** What version 5 adds. Our reading. */
export interface KmclFunctionsV5 {
  /**
   * Makes the channel a sub-channel of the device whose primary is `primaryChannel`, a channel of the same side and
   * partition: a server is offered under the first index that is free, a client takes the oldest sub-channel of the
   * device that is free. Our reading: D654.
   *
   * Statuses: _1; _2 no such channel, the channel itself, one that is a sub-channel, or one whose interface and
   * instance are not known yet. VmbChannelEnable of a server: INVALID_DEVICE_REQUEST where the primary is not offered.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X8 to X10}
   */
  VmbChannelInitSetPrimaryChannel(
    channel: VMBCHANNEL | null,
    primaryChannel: VMBCHANNEL | null,
  ): NtStatus;
  /**
   * VmbChannelAllocate in memory of the caller, which stays the caller's and must not be used for anything else until
   * VmbChannelCleanup. Our reading: D655.
   *
   * Statuses, in order: _1 and _2 as of VmbChannelAllocate; _3 no buffer; _4 fewer bytes than VmbSizeofChannel, or more
   * than the buffer has; _3 a channel that was not cleaned up, or a packet in flight, lies in it. Violation: above
   * PASSIVE_LEVEL.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X11}
   */
  VmbChannelInitialize(
    parentDeviceObject: Device | null,
    isServer: boolean | 0 | 1,
    vmbChannel: ArrayBufferView | null,
    byteCount: number,
  ): AllocateResult;
  /**
   * Bytes of the buffer that VmbChannelInitialize needs. Our reading: D655.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X11}
   */
  VmbSizeofChannel(): number;
  /**
   * Sets how many of each hundred packets of a batch are taken at DISPATCH_LEVEL, 0 to 100; the rest is taken at
   * PASSIVE_LEVEL. Our reading: D656.
   *
   * Violation: no such number.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X12}
   */
  VmbChannelSetAllowableDpcCpuUsage(
    channel: VMBCHANNEL | null,
    allowableDpcCpuUsage: number,
  ): void;
  /**
   * Sets the virtual processor on which the host interrupts a client, and its callbacks run, from its next open on.
   * Our reading: D659.
   *
   * Statuses: _1; _2 no processor of the guest.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X16}
   */
  VmbClientChannelInitSetTargetProcessorIndex(
    channel: VMBCHANNEL | null,
    processorIndex: number,
  ): NtStatus;
  /**
   * Sets the bytes of the driver's context in each packet object, which VmbChannelSizeofPacket counts as well.
   * Our reading: D657.
   *
   * Statuses: _1; _2 above 65 536, or no u32.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X13}
   */
  VmbChannelInitSetInlinePacketContextSize(
    channel: VMBCHANNEL | null,
    contextSize: number,
  ): NtStatus;
  /**
   * The driver's context in a packet object: as many bytes as VmbChannelInitSetInlinePacketContextSize said, 0 at
   * first, the same from transaction to transaction until the packet is freed. In a packet made by VmbPacketInitialize
   * it is the end of the caller's memory. Null for an invalid packet, which is a violation. Our reading: D657.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X13}
   */
  VmbPacketGetInlinePacketContextPointer(packetObject: VMBPACKET | null): Uint8Array | null;
  /**
   * VmbChannelInitSetProcessPacketCallbacks with a context, any value, which both callbacks get last. Our reading: D658.
   *
   * Statuses: _1; _2 `processPacketCallback` is no function; _3 `processingCompleteCallback` is neither absent nor a
   * function.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
   */
  VmbChannelInitSetProcessPacketCallbacksEx(
    channel: VMBCHANNEL | null,
    processPacketCallback: EvtChannelProcessPacketEx,
    processingCompleteCallback?: EvtChannelProcessingCompleteEx | null,
    context?: unknown,
  ): NtStatus;
  /**
   * VmbPacketSetCompletionRoutine with a context, any value, which the routine gets last. Our reading: D658.
   *
   * Violations: an invalid packet; no function.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
   */
  VmbPacketSetCompletionRoutineEx(
    packetObject: VMBPACKET | null,
    completionRoutine: EvtPacketCompletionRoutineEx,
    context?: unknown,
  ): void;
}

/** What version 5 adds to the server's own functions. Our reading. */
export interface KmclServerOnlyFunctionsV5 {
  /**
   * VmbServerChannelInitSetSaveRestorePacketCallbacks with a context, any value, which both callbacks get last.
   * Our reading: D658.
   *
   * Statuses: _1; _2 / _3 no function.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
   */
  VmbServerChannelInitSetSaveRestorePacketCallbacksEx(
    channel: VMBCHANNEL | null,
    savePacketCallback: EvtChannelSavePacketEx,
    restorePacketCallback: EvtChannelRestorePacketEx,
    context?: unknown,
  ): NtStatus;
}
