/**
 * Who is called in the place of a driver that does wrong: it calls the driver, which knows nothing of it, and
 * does wrong for it.
 *
 * @module
 */

import type {
  CallbackName,
  DriverCallbacks,
  WaitGoal,
} from "../../../actors/channel/driver_port.ts";
import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { IncomingPacket } from "../../../actors/channel/incoming_packet.ts";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import type { PacketObject } from "../../../actors/packet/packet_object.ts";
import { DISPATCH_LEVEL, KeGetCurrentIrql, PASSIVE_LEVEL } from "../../../actors/runtime/irql.ts";
import { isPromise } from "../../../actors/runtime/promises.ts";
import type { HoldUp } from "../../../actors/runtime/waits.ts";
import { type NtStatus, STATUS_UNSUCCESSFUL } from "../../../core/ntstatus.ts";
import type { DriverPoint } from "../basics.ts";
import type { EvtPacketCompletionRoutine } from "../../../kmcl/callbacks.ts";
import { KeptCompletions } from "./kept_completions.ts";
import { type Misdeed, MisdeedError, type Misdeeds } from "./misdeed.ts";

/** Stands in the place of the driver of one endpoint. */
export class FaultyDriver implements DriverCallbacks {
  /** The endpoint. */
  readonly endpoint: Endpoint;
  /** Completions that the driver has made, and that come later. */
  readonly kept: KeptCompletions;
  readonly #driver: DriverCallbacks;
  readonly #misdeeds: Misdeeds;
  readonly #onFreed: (gone: FaultyDriver) => void;

  /** Stands before `driver`, which is that of `endpoint`; `onFreed` is called when the endpoint is freed. */
  constructor(
    endpoint: Endpoint,
    driver: DriverCallbacks,
    misdeeds: Misdeeds,
    onFreed: (gone: FaultyDriver) => void,
  ) {
    this.endpoint = endpoint;
    this.kept = new KeptCompletions(endpoint);
    this.#driver = driver;
    this.#misdeeds = misdeeds;
    this.#onFreed = onFreed;
  }

  // -- State changes

  /** See {@linkcode DriverCallbacks.opened}. A driver that refuses has not taken what Closed would give back. */
  opened(): unknown {
    const callback = "EvtChannelOpened";
    if (this.at("opened", callback) !== null) return STATUS_UNSUCCESSFUL;
    if (this.at("callback", callback) !== null) throw new MisdeedError(callback, "callbackThrows");
    return this.#takeTime(callback, this.#driver.opened());
  }

  /** See {@linkcode DriverCallbacks.closed}. */
  closed(): unknown {
    return this.#after("EvtChannelClosed", this.#driver.closed());
  }

  /** See {@linkcode DriverCallbacks.suspend}. */
  suspend(): unknown {
    return this.#after("EvtChannelSuspend", this.#driver.suspend());
  }

  /** See {@linkcode DriverCallbacks.started}. */
  started(): unknown {
    return this.#after("EvtChannelStarted", this.#driver.started());
  }

  /** See {@linkcode DriverCallbacks.postStarted}. */
  postStarted(): unknown {
    return this.#after("EvtChannelPostStarted", this.#driver.postStarted());
  }

  /** See {@linkcode DriverCallbacks.pnpFailure}. */
  pnpFailure(status: NtStatus): unknown {
    return this.#after("EvtChannelPnpFailure", this.#driver.pnpFailure(status));
  }

  // -- Packets

  /** See {@linkcode DriverCallbacks.takesPackets}. */
  get takesPackets(): boolean {
    return this.#driver.takesPackets;
  }

  /** See {@linkcode DriverCallbacks.processPacket}. */
  processPacket(packet: IncomingPacket): unknown {
    const callback = "EvtChannelProcessPacket";
    switch (this.at("packet", callback)?.do) {
      case "packetDeferred":
        return packet.actor.send({ type: "defer" });
      case "packetFailed":
        return this.endpoint.incoming.outstandingPackets.fail(packet);
    }
    return this.#after(callback, this.#driver.processPacket(packet));
  }

  /** See {@linkcode DriverCallbacks.hearsOfBatches}. */
  get hearsOfBatches(): boolean {
    return this.#driver.hearsOfBatches;
  }

  /** See {@linkcode DriverCallbacks.processingComplete}. */
  processingComplete(packetsProcessed: number): unknown {
    const callback = "EvtChannelProcessingComplete";
    return this.#after(callback, this.#driver.processingComplete(packetsProcessed));
  }

  /** See {@linkcode DriverCallbacks.packetEnded}: what its routine throws is the caller's to report. */
  packetEnded(
    packet: PacketObject,
    status: NtStatus,
    answer: Uint8Array,
    answerBytes: number,
  ): void {
    const callback = "EvtPacketCompletionRoutine";
    const { endpoint } = this;
    const hasRoutine = packet.routine !== null; // it may free the packet
    if (hasRoutine && this.at("dispatchCallback", callback) !== null) answerWithPromise(packet);
    this.#driver.packetEnded(packet, status, answer, answerBytes);
    if (!hasRoutine || !endpoint.partition.isAlive) return;
    if (this.at("callback", callback) === null) return;
    const frame = endpoint.frame(callback, DISPATCH_LEVEL);
    endpoint.runtime.callbacks.threw(frame, new MisdeedError(callback, "callbackThrows"));
  }

  // -- Saving

  /** See {@linkcode DriverCallbacks.savePacket}. */
  savePacket(packet: PacketObject, buffer: Uint8Array): unknown {
    const callback = "EvtChannelSavePacket";
    const result = this.#driver.savePacket(packet, buffer);
    if (this.at("save", callback) !== null) throw new MisdeedError(callback, "saveThrows");
    return result;
  }

  /** See {@linkcode DriverCallbacks.restorePacket}. */
  restorePacket(libBuf: Uint8Array, saveBuf: Uint8Array): unknown {
    const callback = "EvtChannelRestorePacket";
    const result = this.#driver.restorePacket(libBuf, saveBuf);
    if (this.at("restore", callback) !== null) throw new MisdeedError(callback, "restoreThrows");
    return result;
  }

  // -- What is no callback

  /** See {@linkcode DriverCallbacks.heldUpBy}. */
  heldUpBy(wait: WaitGoal): HoldUp | null {
    return this.#driver.heldUpBy(wait);
  }

  /** See {@linkcode DriverCallbacks.packetGone}. */
  packetGone(packet: IncomingPacket): void {
    this.#driver.packetGone(packet);
  }

  /** See {@linkcode DriverCallbacks.freed}. */
  freed(): void {
    this.#onFreed(this);
    this.kept.forget();
    this.#driver.freed();
  }

  // -- How it does wrong

  /** What the driver does wrong there, this time; null: nothing. */
  at(point: DriverPoint, callback: CallbackName | null): Misdeed | null {
    return this.#misdeeds.at(point, this.endpoint, callback);
  }

  /** The callback has done its work: it may take longer, and it may throw. */
  #after(callback: CallbackName, result: unknown): unknown {
    const throws = this.at("callback", callback) !== null;
    const taken = this.#takeTime(callback, result);
    if (!throws) return taken;
    const error = new MisdeedError(callback, "callbackThrows");
    if (isPromise(taken)) return Promise.resolve(taken).then(() => Promise.reject(error));
    throw error;
  }

  /** At PASSIVE_LEVEL a callback may take its time; at DISPATCH_LEVEL no time passes in one, which a promise says. */
  #takeTime(callback: CallbackName, result: unknown): unknown {
    if (KeGetCurrentIrql() !== PASSIVE_LEVEL) {
      return this.at("dispatchCallback", callback) === null ? result : Promise.resolve(result);
    }
    const slow = this.at("passiveCallback", callback);
    if (slow === null) return result;
    // It is the callback's own: begun here, it is known as what the callback waits for.
    const delay = FabricRuntime.of(this.endpoint.runtime).delay(slow.ms);
    return Promise.resolve(result).then((value) => delay.then(() => value));
  }
}

/** Has the completion routine of `packet` return a promise, this once: it may set another one, or send it again. */
function answerWithPromise(packet: PacketObject): void {
  const routine = packet.routine as EvtPacketCompletionRoutine;
  const promising: EvtPacketCompletionRoutine = (...given) => {
    packet.routine = routine;
    return Promise.resolve(routine(...given)) as unknown as void;
  };
  packet.routine = promising;
}
