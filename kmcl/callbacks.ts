/**
 * The documented callbacks, and the turn from an endpoint's driverCallbacks into calls of them
 * (kmcl.md section 6).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { IncomingPacket } from "../actors/channel/incoming_packet.ts";
import type { DriverCallbacks, WaitGoal } from "../actors/channel/driver_port.ts";
import * as promises from "../actors/runtime/promises.ts";
import { DISPATCH_LEVEL, type Frame } from "../actors/runtime/irql.ts";
import * as levels from "../actors/runtime/irql.ts";
import type { HoldUp } from "../actors/runtime/waits.ts";
import {
  Handle,
  type VMBCHANNEL,
  type VMBPACKET,
  type VMBPACKETCOMPLETION,
} from "../actors/runtime/handle.ts";
import type { PacketObject } from "../actors/packet/packet_object.ts";
import { describe } from "../core/describe.ts";
import { type NtStatus, STATUS_SUCCESS } from "../core/ntstatus.ts";
import type { ChannelRestore } from "./channel_restore.ts";
import { GpadlEnds } from "./ends.ts";
import type { ChannelSave } from "./channel_save.ts";
import * as packetFlags from "./flags.ts";
import { holdUpOf } from "./hold_ups.ts";
import { killPackets, releasePacket } from "./packet_handles.ts";

// Names of this module's own: one that is imported is loaded and checked wherever it is used.
const { isPromise } = promises;
const { leaveFrame } = levels;
const { VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA } = packetFlags;

/** A callback at PASSIVE_LEVEL may return a promise; the next one waits for it. */
export type MaybePromise<T> = T | Promise<T>;

/** The channel opened; an NTSTATUS that is no success refuses it. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_opened | EVT_VMB_CHANNEL_OPENED} */
export type EvtChannelOpened = (channel: VMBCHANNEL) => MaybePromise<NtStatus>;
/** A change of the channel's state. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_started | EVT_VMB_CHANNEL_STARTED} */
export type EvtChannelStateChange = (channel: VMBCHANNEL) => MaybePromise<void>;
/**
 * A packet arrived: `buffer[0, bufferLength)` is its payload, valid and unchanged until
 * VmbChannelPacketComplete has returned. It is to be completed once, inside the call or later. With the
 * fabric's codec `"vmbus"` lengths come out rounded up to 8, in completions too. The array may be a part
 * of a larger ArrayBuffer: views of that begin at its `byteOffset`, and what else is in there has no meaning.
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
/** A device was found, but connecting to it failed. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-evt_vmb_channel_pnp_failure | EVT_VMB_CHANNEL_PNP_FAILURE} */
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

/** Version and Size, and no callback. */
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
 * Fills `callbacks`, or a new structure where none is given, with Version and Size and no callback, and
 * returns it.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nf-vmbuskernelmodeclientlibapi-vmb_channel_state_change_callbacks_init | VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT}
 * @throws {TypeError} `callbacks` is no object, or its members cannot be set.
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

/** What frees a packet that has no completion routine. */
const END_OF_TRANSACTION = "the end of its transaction";

/** The driver of one endpoint: its callbacks, its pointer, and the handles that it holds. */
export class Driver implements DriverCallbacks {
  /** The handle of its endpoint. */
  readonly channel: VMBCHANNEL;
  /** The driver's own context. */
  pointer: unknown = null;
  /** What VmbChannelInitSetStateChangeCallbacks set. */
  stateChange: StateChangeCallbacks = noCallbacks();
  /** EvtChannelProcessPacket. */
  onProcessPacket: EvtChannelProcessPacket | null = null;
  /** EvtChannelProcessingComplete. */
  onProcessingComplete: EvtChannelProcessingComplete | null = null;
  /** EvtChannelPnpFailure. */
  onPnpFailure: EvtChannelPnpFailure | null = null;
  /** EvtChannelSavePacket. */
  onSavePacket: EvtChannelSavePacket | null = null;
  /** EvtChannelRestorePacket. */
  onRestorePacket: EvtChannelRestorePacket | null = null;
  /** The save that VmbChannelSaveBegin began, until VmbChannelSaveEnd. */
  save: ChannelSave | null = null;
  /** Who ended its GPADLs. */
  readonly gpadlEnds: GpadlEnds = new GpadlEnds();
  /** Where the channel stood when it was saved as a whole, the last time. */
  savedStamp: string | null = null;
  /** The restore whose chunks come in several calls, and whose callbacks run after the last of them. */
  restore: ChannelRestore | null = null;

  readonly #endpoint: Endpoint;
  readonly #routineFrame: Frame;
  /** With the verifier on every packet has a context of its own, so that a stale one is known. */
  readonly #reusesContexts: boolean;

  /** The driver of `endpoint`, without callbacks. */
  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.channel = new Handle("VMBCHANNEL", endpoint);
    this.#routineFrame = endpoint.frame("EvtPacketCompletionRoutine", DISPATCH_LEVEL);
    this.#reusesContexts = endpoint.runtime.verifier.mode === "off";
    endpoint.driverCallbacks = this;
  }

  /** See {@linkcode DriverCallbacks.opened}. */
  opened(): unknown {
    const { EvtChannelOpened } = this.stateChange;
    return EvtChannelOpened === null ? STATUS_SUCCESS : EvtChannelOpened(this.channel);
  }

  /** See {@linkcode DriverCallbacks.closed}. */
  closed(): unknown {
    return this.stateChange.EvtChannelClosed?.(this.channel);
  }

  /** See {@linkcode DriverCallbacks.suspend}. */
  suspend(): unknown {
    return this.stateChange.EvtChannelSuspend?.(this.channel);
  }

  /** See {@linkcode DriverCallbacks.started}. */
  started(): unknown {
    return this.stateChange.EvtChannelStarted?.(this.channel);
  }

  /** See {@linkcode DriverCallbacks.postStarted}. */
  postStarted(): unknown {
    return this.stateChange.EvtChannelPostStarted?.(this.channel);
  }

  /** See {@linkcode DriverCallbacks.pnpFailure}. */
  pnpFailure(status: NtStatus): unknown {
    return this.onPnpFailure?.(this.channel, status);
  }

  /** See {@linkcode DriverCallbacks.processPacket}. */
  processPacket(packet: IncomingPacket): unknown {
    const { payload, payloadBytes, ranges } = packet;
    const flags = ranges.length > 0 ? VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA : 0;
    return this.onProcessPacket?.(
      this.channel,
      this.contextOf(packet),
      payload,
      payloadBytes,
      flags,
    );
  }

  /** The completion context of a packet that the driver has. */
  contextOf(packet: IncomingPacket): VMBPACKETCOMPLETION {
    const { handle } = packet;
    if (handle !== null && this.#reusesContexts) return handle as VMBPACKETCOMPLETION;
    const context = new Handle("VMBPACKETCOMPLETION", packet);
    packet.handle = context;
    return context;
  }

  /** See {@linkcode DriverCallbacks.hearsOfBatches}. */
  get hearsOfBatches(): boolean {
    return this.onProcessingComplete !== null;
  }

  /** See {@linkcode DriverCallbacks.processingComplete}. */
  processingComplete(packetsProcessed: number): unknown {
    return this.onProcessingComplete?.(this.channel, packetsProcessed);
  }

  /** See {@linkcode DriverCallbacks.packetGone}. */
  packetGone(packet: IncomingPacket): void {
    if (packet.handle === null || this.#reusesContexts) return;
    (packet.handle as VMBPACKETCOMPLETION).kill();
    packet.handle = null;
  }

  /** See {@linkcode DriverCallbacks.heldUpBy}. */
  heldUpBy(wait: WaitGoal): HoldUp | null {
    return holdUpOf(this.#endpoint, wait);
  }

  /** See {@linkcode DriverCallbacks.freed}. */
  freed(): void {
    killPackets(this.#endpoint);
    this.channel.kill();
  }

  /** See {@linkcode DriverCallbacks.packetEnded}: the default routine frees the packet. */
  packetEnded(
    packet: PacketObject,
    status: NtStatus,
    answer: Uint8Array,
    answerBytes: number,
  ): void {
    const routine = packet.routine as EvtPacketCompletionRoutine | null;
    if (routine === null) return releasePacket(this.#endpoint, packet, END_OF_TRANSACTION);
    const { callbacks } = this.#endpoint.runtime;
    const frame = this.#routineFrame;
    const outer = callbacks.enter(frame);
    let result: unknown;
    let isLater = false;
    try {
      result = routine(packet.handle as VMBPACKET, status, answer, answerBytes);
      isLater = isPromise(result);
    } catch (error) {
      callbacks.threw(frame, error);
    } finally {
      leaveFrame(outer);
    }
    if (isLater) this.#refusePromise(result);
    else this.#endpoint.trace.returned(frame.code);
  }

  /** A completion routine has to return at once: a promise of its is a violation, but heard. */
  #refusePromise(promise: unknown): void {
    const { callbacks, verifier } = this.#endpoint.runtime;
    const frame = this.#routineFrame;
    callbacks.track(frame, promise, () => {});
    const rule = "DISPATCH_LEVEL callback that returns a promise";
    const message = "its completion routine must return at once";
    verifier.raise(rule, frame.name, message, { channel: this.#endpoint.place });
  }
}

/** The driver of `endpoint`. */
export function driverOf(endpoint: Endpoint): Driver {
  return endpoint.driverCallbacks as Driver;
}
