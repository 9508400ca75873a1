/**
 * Saving a server's channel, chunk by chunk (kmcl.md V1, V2, V4, V6).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { DRIVER_BYTES_MAX, saveServer, type ServerChunk } from "../actors/channel/server_image.ts";
import { currentFrame, PASSIVE_LEVEL } from "../actors/runtime/irql.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import type { PacketObject } from "../actors/packet/packet_object.ts";
import { isInFlight } from "../actors/packet/image.ts";
import { bytesOf } from "../core/arguments.ts";
import { poison } from "../core/blocks.ts";
import { firstBytes, holdsBytes, NO_BYTES } from "../core/bytes.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_BUFFER_OVERFLOW,
  STATUS_BUFFER_TOO_SMALL,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
  STATUS_UNSUCCESSFUL,
} from "../core/ntstatus.ts";
import { EnvelopeWriter, type SavedChunk } from "../core/saved/envelope.ts";
import { readSaved, SavedStateFault } from "../core/saved/fault.ts";
import { copyMembers } from "../core/structures.ts";
import { isU32, isUint } from "../core/units.ts";
import type { SavePacketResult } from "./callbacks.ts";
import { type Driver, driverOf, type SaveUnderWay } from "./driver.ts";
import { endpointOf, type Kmcl, requireEndpoint } from "./resolve.ts";
import { isPassive } from "./levels.ts";

const CALLBACK = "EvtChannelSavePacket";
const RESULT_MEMBERS = ["status", "bytesNeeded"] as const;

/** Where the channel stood when the save began: nothing of it may move until the save ends. */
function stampOf({ actor, incoming, outgoing }: Endpoint): string {
  const { queue, completions, ended, nextOrder } = outgoing.progress;
  const underWay = [nextOrder, queue.length, completions.length, ended.length];
  const indices = [incoming.ring?.position.index ?? null, outgoing.ring?.position.index ?? null];
  return JSON.stringify([{ ...Object(actor.snapshot.value), saving: null }, underWay, indices]);
}

/** The same for the save of its whole guest: with an offer that the server was saved without it could not continue. */
function guestStampOf(endpoint: Endpoint): string {
  return `${endpoint.channelId} ${stampOf(endpoint)}`;
}

/** From now on {@linkcode isAsSaved} is about saves that begin after this. */
export function forgetSave(endpoint: Endpoint): void {
  driverOf(endpoint).savedStamp = null;
}

/** Whether a server that was saved, all of it, is still what was saved; true for one that was not. */
export function isAsSaved(endpoint: Endpoint): boolean {
  const { savedStamp } = driverOf(endpoint);
  return savedStamp === null || savedStamp === guestStampOf(endpoint);
}

/** A save from VmbChannelSaveBegin to VmbChannelSaveEnd. */
class ChannelSave implements SaveUnderWay {
  readonly #endpoint: Endpoint;
  readonly #driver: Driver;
  readonly #writer = new EnvelopeWriter("channel");
  readonly #chunks: readonly ServerChunk[];
  readonly #stamp: string;
  readonly #guestStamp: string;
  /** Pieces that were taken: the header, the chunks, the end mark. */
  #takenCount = 0;
  /** The next piece, once it was made. It stays as it is until there is a buffer for it. */
  #piece: Uint8Array | null = null;

  /** Notes everything that KMCL saves of a server which may be saved. */
  constructor(driver: Driver, endpoint: Endpoint) {
    this.#driver = driver;
    this.#endpoint = endpoint;
    this.#chunks = saveServer(endpoint);
    this.#stamp = stampOf(endpoint);
    this.#guestStamp = guestStampOf(endpoint);
  }

  /** See {@linkcode SaveUnderWay.holds}. */
  holds(): boolean {
    const endpoint = this.#endpoint;
    if (!endpoint.is("saving")) return false;
    const isGuestThere = endpoint.guest?.isAlive === true;
    if (isGuestThere && stampOf(endpoint) === this.#stamp) return true;
    endpoint.tell({ type: "saveEnd" });
    return false;
  }

  /** See {@linkcode SaveUnderWay.peek}. */
  peek(): Uint8Array | null | NtStatus {
    if (this.#piece !== null) return this.#piece;
    const at = this.#takenCount - 1;
    if (at > this.#chunks.length) return null;
    const piece = at < 0
      ? this.#writer.header()
      : at === this.#chunks.length
      ? this.#writer.end()
      : this.#chunk(this.#chunks[at]!);
    if (typeof piece !== "number") this.#piece = piece;
    return piece;
  }

  /** See {@linkcode SaveUnderWay.take}. */
  take(): void {
    this.#piece = null;
    this.#takenCount++;
    if (this.#takenCount > this.#chunks.length + 1) this.#driver.savedStamp = this.#guestStamp;
  }

  #chunk({ packet, chunk }: ServerChunk): Uint8Array | NtStatus {
    if (packet === null) return this.#written(chunk(NO_BYTES));
    const driverBytes = this.#askDriver(packet);
    if (typeof driverBytes === "number") return driverBytes;
    if (!this.holds()) return STATUS_INVALID_DEVICE_STATE; // the callback changed what it saves
    return this.#written(chunk(driverBytes));
  }

  /** A chunk, or a failure where more packets are in flight than a reader accepts. */
  #written({ type, data }: SavedChunk): Uint8Array | NtStatus {
    const chunk = readSaved(() => this.#writer.chunk(type, data));
    return chunk instanceof SavedStateFault ? STATUS_UNSUCCESSFUL : chunk;
  }

  /** What the driver saves of a packet: it is asked without a buffer first (kmcl.md V4). */
  #askDriver(packet: PacketObject): Uint8Array | NtStatus {
    const first = this.#call(packet, new Uint8Array(0));
    if (first === null) return STATUS_UNSUCCESSFUL;
    if (NT_SUCCESS(first.status)) return NO_BYTES;
    if (first.bytesNeeded > DRIVER_BYTES_MAX || !this.holds()) return saveFailure(first.status);
    const buffer = new Uint8Array(first.bytesNeeded);
    const second = this.#call(packet, buffer);
    if (second === null) return STATUS_UNSUCCESSFUL;
    const written = firstBytes(buffer, second.bytesNeeded).slice(); // the driver may have kept its buffer
    if (this.#endpoint.runtime.verifier.mode !== "off") poison(buffer);
    return NT_SUCCESS(second.status) ? written : saveFailure(second.status);
  }

  /** What the callback answered; null where it threw, or answered what it must not. */
  #call(packet: PacketObject, buffer: Uint8Array): SavePacketResult | null {
    const { runtime: { callbacks, verifier }, driverCallbacks } = this.#endpoint;
    const frame = this.#endpoint.frame(CALLBACK, PASSIVE_LEVEL);
    const { threw, value } = callbacks.callInside(
      frame,
      () => driverCallbacks.savePacket(packet, buffer),
    );
    if (threw) return null;
    const result = resultOf(value, buffer.length);
    if (result !== null) return result;
    const message = "it returned no status with the bytes that it needs or wrote";
    const channel = this.#endpoint.place;
    const rule = "callback that must return an NTSTATUS and does not";
    verifier.raise(rule, CALLBACK, message, { channel });
    return null;
  }
}

/** What the callback returned, if it is what it must be: on success it wrote no more than it had room for. */
function resultOf(value: unknown, roomBytes: number): SavePacketResult | null {
  const { status, bytesNeeded } = copyMembers(value, RESULT_MEMBERS) ?? {};
  if (!isU32(status)) return null;
  return isUint(bytesNeeded, NT_SUCCESS(status) ? roomBytes : 0xffff_ffff)
    ? { status, bytesNeeded }
    : null;
}

/** A failure of the driver's must not be taken for an answer of VmbChannelSaveContinue's own. */
function saveFailure(status: NtStatus): NtStatus {
  const isOurs = status === STATUS_BUFFER_OVERFLOW || status === STATUS_BUFFER_TOO_SMALL;
  return isOurs || NT_SUCCESS(status) ? STATUS_UNSUCCESSFUL : status;
}

function serverOf(kmcl: Kmcl, channel: unknown): Endpoint | null {
  const endpoint = endpointOf(kmcl, channel);
  return endpoint?.side === "server" ? endpoint : null;
}

/**
 * Begins to save a server that is Paused.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_save_begin | VmbChannelSaveBegin}
 */
export function VmbChannelSaveBegin(kmcl: Kmcl, channel: VMBCHANNEL | null): NtStatus {
  const endpoint = serverOf(kmcl, channel);
  if (endpoint === null) return STATUS_INVALID_PARAMETER_1;
  if (endpoint.bytes !== null) return STATUS_NOT_SUPPORTED;
  const driver = driverOf(endpoint);
  const isGuestThere = endpoint.guest?.isAlive === true;
  if (driver.save !== null || !isGuestThere || !endpoint.actor.can("saveBegin")) {
    return STATUS_INVALID_DEVICE_STATE;
  }
  const isDrivers = (packet: PacketObject) => packet.kind !== "request" && isInFlight(packet);
  if (driver.onSavePacket === null && endpoint.outgoing.packets.live.some(isDrivers)) {
    return STATUS_INVALID_DEVICE_REQUEST;
  }
  endpoint.tell({ type: "saveBegin" });
  driver.save = new ChannelSave(driver, endpoint);
  return STATUS_SUCCESS;
}

/** What VmbChannelSaveContinue gives. */
export interface SaveContinueResult {
  /** STATUS_SUCCESS all is saved; BUFFER_OVERFLOW, BUFFER_TOO_SMALL more is to come; else it failed. */
  readonly status: NtStatus;
  /** Bytes that were written: whole chunks. Null where it failed. */
  readonly bytesFilled: number | null;
  /**
   * Bytes that the next chunk needs, 0 after the last one, or where the next one failed. Null where it
   * failed.
   */
  readonly bytesRequired: number | null;
}

/**
 * Writes the next chunks of a save.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_save_continue | VmbChannelSaveContinue}
 */
export function VmbChannelSaveContinue(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  saveBuffer: ArrayBufferView | null,
  saveBufferSize: number,
): SaveContinueResult {
  const failed = (status: NtStatus) => ({ status, bytesFilled: null, bytesRequired: null });
  const endpoint = serverOf(kmcl, channel);
  if (endpoint === null) return failed(STATUS_INVALID_PARAMETER_1);
  const { save } = driverOf(endpoint);
  if (save === null || !save.holds()) return failed(STATUS_INVALID_DEVICE_STATE);
  const room = saveBuffer === null && saveBufferSize === 0 ? NO_BYTES : bytesOf(saveBuffer);
  if (room === null) return failed(STATUS_INVALID_PARAMETER_2);
  if (!isU32(saveBufferSize) || !holdsBytes(room, saveBufferSize)) {
    return failed(STATUS_INVALID_PARAMETER_3);
  }
  const frame = currentFrame();
  if (frame?.name === CALLBACK && frame.owner === endpoint) {
    return failed(STATUS_INVALID_DEVICE_REQUEST);
  }
  if (!isPassive(kmcl.runtime, "VmbChannelSaveContinue")) {
    return failed(STATUS_INVALID_DEVICE_REQUEST);
  }
  return fill(save, firstBytes(room, saveBufferSize));
}

function fill(save: SaveUnderWay, room: Uint8Array): SaveContinueResult {
  let bytesFilled = 0;
  for (;;) {
    const piece = save.peek();
    if (piece === null) return { status: STATUS_SUCCESS, bytesFilled, bytesRequired: 0 };
    if (typeof piece === "number") { // what is written counts; the next call tells of the failure
      return bytesFilled > 0
        ? { status: STATUS_BUFFER_OVERFLOW, bytesFilled, bytesRequired: 0 }
        : { status: piece, bytesFilled: null, bytesRequired: null };
    }
    if (piece.length > room.length - bytesFilled) {
      const status = bytesFilled > 0 ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
      return { status, bytesFilled, bytesRequired: piece.length };
    }
    room.set(piece, bytesFilled);
    bytesFilled += piece.length;
    save.take();
  }
}

/**
 * Ends a save, whether or not everything was written.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_save_end | VmbChannelSaveEnd}
 */
export function VmbChannelSaveEnd(kmcl: Kmcl, channel: VMBCHANNEL | null): void {
  const call = "VmbChannelSaveEnd";
  const endpoint = requireEndpoint(kmcl, call, channel);
  if (endpoint === null) return;
  const driver = driverOf(endpoint);
  if (driver.save === null) {
    const message = "it is not being saved";
    const about = { channel: endpoint.place };
    return kmcl.runtime.verifier.report("SaveEnd without SaveBegin", call, message, about);
  }
  driver.save = null;
  if (endpoint.is("saving")) endpoint.tell({ type: "saveEnd" });
}
