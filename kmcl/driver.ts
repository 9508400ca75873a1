/**
 * What the driver of an endpoint has given: its callbacks, its pointer, the handles that it holds. What
 * happens to the endpoint becomes calls of those callbacks here (kmcl.md section 6).
 *
 * @module
 */

import type { DriverCallbacks, WaitGoal } from "../actors/channel/driver_port.ts";
import type { Endpoint } from "../actors/channel/endpoint.ts";
import { FabricRuntime } from "../actors/fabric/fabric_runtime.ts";
import type { IncomingPacket } from "../actors/channel/incoming_packet.ts";
import type { PacketObject } from "../actors/packet/packet_object.ts";
import type { VMBCHANNEL, VMBPACKET, VMBPACKETCOMPLETION } from "../actors/runtime/handle.ts";
import * as levels from "../actors/runtime/irql.ts";
import type { Frame } from "../actors/runtime/irql.ts";
import * as promises from "../actors/runtime/promises.ts";
import type { HoldUp } from "../actors/runtime/waits.ts";
import { type NtStatus, STATUS_SUCCESS } from "../core/ntstatus.ts";
import {
  type EvtChannelPnpFailure,
  type EvtChannelProcessingComplete,
  type EvtChannelProcessPacket,
  type EvtChannelRestorePacket,
  type EvtChannelSavePacket,
  type EvtPacketCompletionRoutine,
  type EvtPacketCompletionRoutineEx,
  type StateChangeCallbacks,
  VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT,
} from "./callbacks.ts";
import { GpadlEnds } from "./ends.ts";
import { VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA } from "./flags.ts";
import { type ArrivedPacket, handleFor } from "./handles.ts";
import { holdUpOf } from "./hold_ups.ts";
import { killPackets, releasePacket } from "./packet_handles.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { DISPATCH_LEVEL, leaveFrame } = levels;
const { isPromise } = promises;

/** A save of the channel, from VmbChannelSaveBegin to VmbChannelSaveEnd (kmcl.md V1, V2). */
export interface SaveUnderWay {
  /** Whether the channel is as it was when the save began; once it is not, this save never is again. */
  holds(): boolean;
  /** The next piece, null after the last one, or the status with which the driver's callback failed. */
  peek(): Uint8Array | null | NtStatus;
  /** Marks the piece that `peek` showed as written. */
  take(): void;
}

/** A restore of the channel, whose chunks come in several calls (kmcl.md V3, V5). */
export interface RestoreUnderWay {
  /**
   * Reads further chunks. With the last of them the driver restores its packets, and the channel is
   * restored where `isConfigurable` then.
   *
   * @returns MORE_PROCESSING_REQUIRED before the last chunk; else the restore is over.
   */
  readOn(chunks: Uint8Array, isConfigurable: () => boolean): NtStatus;
  /** VmbPacketRestore of a packet of this channel, once its arguments were checked. */
  restorePacket(packet: PacketObject, libBuf: Uint8Array): NtStatus;
}

/** What frees a packet without a completion routine, for later violations. */
const END_OF_TRANSACTION = "the end of its transaction";

/** The driver of one endpoint: its callbacks, its pointer, and the handles that it holds. */
export class Driver implements DriverCallbacks {
  /** The handle of its endpoint. */
  readonly channel: VMBCHANNEL;
  /** The driver's own context. */
  pointer: unknown = null;
  /** What VmbChannelInitSetStateChangeCallbacks set. */
  stateChange: StateChangeCallbacks = VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT();
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
  save: SaveUnderWay | null = null;
  /** Which calls ended its GPADLs. */
  readonly gpadlEnds: GpadlEnds = new GpadlEnds();
  /** The stamp of the channel when it was last saved to the end. */
  savedStamp: string | null = null;
  /** The restore whose chunks come in several calls, and whose callbacks run after the last of them. */
  restore: RestoreUnderWay | null = null;

  readonly #endpoint: Endpoint;
  readonly #routineFrame: Frame;
  /**
   * Whether a record keeps its context for the next packet. With the verifier on each packet has a new
   * one, so that a stale one is recognized.
   */
  readonly #reusesContexts: boolean;

  /** The driver of `endpoint`, which announces to it from now on. */
  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.channel = handleFor("VMBCHANNEL", endpoint);
    this.#routineFrame = endpoint.frame("EvtPacketCompletionRoutine", DISPATCH_LEVEL);
    this.#reusesContexts = endpoint.runtime.verifier.mode === "off";
    endpoint.keptDriver = this;
    const { driverFaults } = FabricRuntime.of(endpoint.runtime);
    endpoint.driverCallbacks = driverFaults?.between(endpoint, this) ?? this;
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

  /** See {@linkcode DriverCallbacks.savePacket}. */
  savePacket(packet: PacketObject, buffer: Uint8Array): unknown {
    const handle = packet.handle as VMBPACKET;
    return this.onSavePacket?.(this.channel, handle, buffer, buffer.length);
  }

  /** See {@linkcode DriverCallbacks.restorePacket}. */
  restorePacket(libBuf: Uint8Array, saveBuf: Uint8Array): unknown {
    const { channel } = this;
    return this.onRestorePacket?.(channel, libBuf, libBuf.length, saveBuf, saveBuf.length);
  }

  /** See {@linkcode DriverCallbacks.pnpFailure}. */
  pnpFailure(status: NtStatus): unknown {
    return this.onPnpFailure?.(this.channel, status);
  }

  /** See {@linkcode DriverCallbacks.takesPackets}. */
  get takesPackets(): boolean {
    return this.onProcessPacket !== null || this.#endpoint.bytes !== null;
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

  /** The completion context of a packet that the driver holds. */
  contextOf(packet: IncomingPacket): VMBPACKETCOMPLETION {
    const { handle } = packet;
    if (handle !== null && this.#reusesContexts === true) return handle as VMBPACKETCOMPLETION;
    const context = handleFor("VMBPACKETCOMPLETION", packet as ArrivedPacket);
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
    if (packet.handle === null || this.#reusesContexts === true) return;
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
    this.#endpoint.targetDevice?.kill();
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
      result = packet.takesContext === true
        ? this.#routineEx(packet, status, answer, answerBytes)
        : routine(packet.handle as VMBPACKET, status, answer, answerBytes);
      isLater = isPromise(result);
    } catch (error) {
      callbacks.threw(frame, error);
    } finally {
      leaveFrame(outer);
    }
    if (isLater) this.#refusePromise(result);
    else this.#endpoint.trace.returned(frame);
  }

  #routineEx(
    { routine, handle, routineContext }: PacketObject,
    status: NtStatus,
    answer: Uint8Array,
    answerBytes: number,
  ): unknown {
    const routineEx = routine as EvtPacketCompletionRoutineEx;
    return routineEx(handle as VMBPACKET, status, answer, answerBytes, routineContext);
  }

  /** A completion routine must return at once: a promise from it is a violation, but it is still followed. */
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
  return endpoint.keptDriver as Driver;
}
