/**
 * The documented callbacks, and the structure that holds those of state changes (kmcl.md section 6).
 *
 * @module
 */

import type { VMBCHANNEL, VMBPACKET, VMBPACKETCOMPLETION } from "../actors/runtime/handle.ts";
import { describe } from "../core/describe.ts";
import type { NtStatus } from "../core/ntstatus.ts";

/** A callback at PASSIVE_LEVEL may return a promise; the next one waits for it. */
export type MaybePromise<T> = T | Promise<T>;

/** The channel opened; an NTSTATUS other than a success refuses it. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_opened | EVT_VMB_CHANNEL_OPENED} */
export type EvtChannelOpened = (channel: VMBCHANNEL) => MaybePromise<NtStatus>;
/** A change of the channel's state. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_started | EVT_VMB_CHANNEL_STARTED} */
export type EvtChannelStateChange = (channel: VMBCHANNEL) => MaybePromise<void>;
/**
 * A packet arrived: `buffer[0, bufferLength)` is its payload, valid and unchanged until
 * VmbChannelPacketComplete has returned. The driver completes it once, inside the call or later. With the
 * fabric's codec `"vmbus"` lengths come out rounded up to 8, in completions too. The array may be a part
 * of a larger ArrayBuffer: views of that begin at its `byteOffset`, and what else is in there has no
 * meaning.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_process_packet | EVT_VMB_CHANNEL_PROCESS_PACKET}
 */
export type EvtChannelProcessPacket = (
  channel: VMBCHANNEL,
  packet: VMBPACKETCOMPLETION,
  buffer: Uint8Array,
  bufferLength: number,
  flags: number,
) => MaybePromise<void>;
/** A batch of packets has ended. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_processing_complete | EVT_VMB_CHANNEL_PROCESSING_COMPLETE} */
export type EvtChannelProcessingComplete = (
  channel: VMBCHANNEL,
  packetsProcessed: number,
) => MaybePromise<void>;
/**
 * A transaction ended: `buffer[0, bufferLength)` is the completion's payload, valid until the routine
 * returns; like a packet's, the array may be a part of a larger ArrayBuffer. The packet may be sent again
 * or freed. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_packet_completion_routine | EVT_VMB_PACKET_COMPLETION_ROUTINE}
 */
export type EvtPacketCompletionRoutine = (
  packet: VMBPACKET,
  status: NtStatus,
  buffer: Uint8Array,
  bufferLength: number,
) => void;
/**
 * EvtChannelProcessPacket, with the context that VmbChannelInitSetProcessPacketCallbacksEx was given. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
 */
export type EvtChannelProcessPacketEx = (
  channel: VMBCHANNEL,
  packet: VMBPACKETCOMPLETION,
  buffer: Uint8Array,
  bufferLength: number,
  flags: number,
  context: unknown,
) => MaybePromise<void>;
/**
 * EvtChannelProcessingComplete, with the context that VmbChannelInitSetProcessPacketCallbacksEx was given. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
 */
export type EvtChannelProcessingCompleteEx = (
  channel: VMBCHANNEL,
  packetsProcessed: number,
  context: unknown,
) => MaybePromise<void>;
/**
 * EvtPacketCompletionRoutine, with the context that VmbPacketSetCompletionRoutineEx was given. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
 */
export type EvtPacketCompletionRoutineEx = (
  packet: VMBPACKET,
  status: NtStatus,
  buffer: Uint8Array,
  bufferLength: number,
  context: unknown,
) => void;
/** A matching offer was found, but connecting to it failed. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_pnp_failure | EVT_VMB_CHANNEL_PNP_FAILURE} */
export type EvtChannelPnpFailure = (
  channel: VMBCHANNEL,
  failureStatus: NtStatus,
) => MaybePromise<void>;

/** What EvtChannelSavePacket returns. */
export interface SavePacketResult {
  /** Whether it saved what it has to save of the packet. */
  readonly status: NtStatus;
  /** On failure the bytes that it needs, on success those that it wrote. */
  readonly bytesNeeded: number;
}
/**
 * The channel is saved with `packet` in flight: the driver writes what it needs to know of it into
 * `saveBuf[0, saveBufSize)`. It is called with size 0 first, and again with the bytes that it asked for.
 * It returns at once. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_save_packet | EVT_VMB_CHANNEL_SAVE_PACKET}
 */
export type EvtChannelSavePacket = (
  channel: VMBCHANNEL,
  packet: VMBPACKET,
  saveBuf: Uint8Array,
  saveBufSize: number,
) => SavePacketResult;
/**
 * The channel is restored with a packet in flight: the driver allocates one, hands it and `libBuf` to
 * VmbPacketRestore, and knows from `saveBuf[0, saveBufSize)` what it wrote in EvtChannelSavePacket. It
 * returns at once, and a failure fails the restore. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_restore_packet | EVT_VMB_CHANNEL_RESTORE_PACKET}
 */
export type EvtChannelRestorePacket = (
  channel: VMBCHANNEL,
  libBuf: Uint8Array,
  libBufSize: number,
  saveBuf: Uint8Array,
  saveBufSize: number,
) => NtStatus;

/**
 * EvtChannelSavePacket, with the context that VmbServerChannelInitSetSaveRestorePacketCallbacksEx was given. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
 */
export type EvtChannelSavePacketEx = (
  channel: VMBCHANNEL,
  packet: VMBPACKET,
  saveBuf: Uint8Array,
  saveBufSize: number,
  context: unknown,
) => SavePacketResult;
/**
 * EvtChannelRestorePacket, with the context that VmbServerChannelInitSetSaveRestorePacketCallbacksEx was given. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
 */
export type EvtChannelRestorePacketEx = (
  channel: VMBCHANNEL,
  libBuf: Uint8Array,
  libBufSize: number,
  saveBuf: Uint8Array,
  saveBufSize: number,
  context: unknown,
) => NtStatus;

/** What VmbChannelInitSetStateChangeCallbacks takes. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/ns-vmbuskernelmodeclientlibapi-_vmb_channel_state_change_callbacks | VMB_CHANNEL_STATE_CHANGE_CALLBACKS} */
export interface StateChangeCallbacks {
  /** Always 1. */
  Version: number;
  /** Always 48: 8 bytes and five pointers. */
  Size: number;
  /** The channel opened. */
  EvtChannelOpened: EvtChannelOpened | null;
  /** The channel closed: GPADLs must be gone when it returns. */
  EvtChannelClosed: EvtChannelStateChange | null;
  /** Packets stop: the driver must complete what it was given. */
  EvtChannelSuspend: EvtChannelStateChange | null;
  /** Packets are about to flow: they may be sent, but not waited for. */
  EvtChannelStarted: EvtChannelStateChange | null;
  /** Packets flow. */
  EvtChannelPostStarted: EvtChannelStateChange | null;
}

/** Version of {@linkcode StateChangeCallbacks}. */
export const STATE_CHANGE_CALLBACKS_VERSION = 1;
/** Size of {@linkcode StateChangeCallbacks} on a 64-bit machine. */
export const STATE_CHANGE_CALLBACKS_SIZE: number = 8 + 5 * 8;

/** A structure with Version and Size, and without callbacks. */
function noCallbacks(): StateChangeCallbacks {
  return {
    Version: STATE_CHANGE_CALLBACKS_VERSION,
    Size: STATE_CHANGE_CALLBACKS_SIZE,
    EvtChannelOpened: null,
    EvtChannelClosed: null,
    EvtChannelSuspend: null,
    EvtChannelStarted: null,
    EvtChannelPostStarted: null,
  };
}

/**
 * Sets Version and Size of `callbacks`, or of a new structure where it is not given, and all callbacks to
 * null. Returns the structure.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nf-vmbuskernelmodeclientlibapi-vmb_channel_state_change_callbacks_init | VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT}
 * @throws {TypeError} `callbacks` is not an object, or its members cannot be set.
 */
export function VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(
  callbacks?: Partial<StateChangeCallbacks> | null,
): StateChangeCallbacks {
  if (callbacks === null || callbacks === undefined) return noCallbacks();
  if (typeof callbacks !== "object") {
    throw new TypeError(`Cannot fill state change callbacks: ${describe(callbacks)} is no object`);
  }
  return Object.assign(callbacks, noCallbacks());
}
