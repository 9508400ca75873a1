/**
 * Restoring a server's channel from the chunks of a save (kmcl.md V3, V5, V6, V10).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import {
  checkIdentity,
  type DriverPacketImage,
  libBytesOf,
  readServer,
  restoreServer,
  type ServerImage,
} from "../actors/channel/server_image.ts";
import { currentFrame, PASSIVE_LEVEL } from "../actors/runtime/irql.ts";
import type { VMBCHANNEL, VMBPACKET } from "../actors/runtime/handle.ts";
import type { PacketObject } from "../actors/packet/packet_object.ts";
import { PartitionObject } from "../actors/partition/partition_object.ts";
import {
  isInFlight,
  type PacketImage,
  resumePacket,
  unresumePacket,
} from "../actors/packet/image.ts";
import { poison } from "../core/blocks.ts";
import { describe } from "../core/describe.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_DATA_ERROR,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_MORE_PROCESSING_REQUIRED,
  STATUS_SUCCESS,
  STATUS_UNSUCCESSFUL,
} from "../core/ntstatus.ts";
import { bytesOf } from "../core/arguments.ts";
import { firstBytes, holdsBytes } from "../core/bytes.ts";
import { EnvelopeReader } from "../core/saved/envelope.ts";
import { areEqual } from "../core/saved/plain_data.ts";
import { mismatched, readSaved, SavedStateFault } from "../core/saved/fault.ts";
import { isU32 } from "../core/units.ts";
import { isConfigurable } from "./channel_init.ts";
import { type Driver, driverOf, type RestoreUnderWay } from "./driver.ts";
import { endpointOf, type Kmcl, packetOf } from "./resolve.ts";
import { isPassive } from "./levels.ts";

const CALLBACK = "EvtChannelRestorePacket";

/** A packet that the driver handed to VmbPacketRestore. */
interface Restored {
  readonly packet: PacketObject;
  /** The slot that it had before. */
  readonly fromSlot: number;
}

/** A restore, from the first call of VmbChannelRestoreFromBuffer until it succeeds or fails. */
class ChannelRestore implements RestoreUnderWay {
  readonly #reader = new EnvelopeReader("channel");
  readonly #driver: Driver;
  readonly #endpoint: Endpoint;
  readonly #restored: Restored[] = [];
  /** The packet whose RestorePacket callback runs, until the driver has restored it. */
  #due: { readonly image: PacketImage; readonly libBytes: Uint8Array } | null = null;

  /** Nothing was read yet. */
  constructor(driver: Driver, endpoint: Endpoint) {
    this.#driver = driver;
    this.#endpoint = endpoint;
  }

  /** See {@linkcode RestoreUnderWay.readOn}. */
  readOn(chunks: Uint8Array, isConfigurable: () => boolean): NtStatus {
    const fault = readSaved(() => this.#reader.read(chunks));
    if (fault instanceof SavedStateFault) return fault.status;
    return this.#reader.isComplete ? this.#finish(isConfigurable) : STATUS_MORE_PROCESSING_REQUIRED;
  }

  /** All chunks are there: they are checked, the driver restores its packets, then the channel is restored. */
  #finish(isConfigurable: () => boolean): NtStatus {
    const image = readSaved(() => this.#image());
    if (image instanceof SavedStateFault) return image.status;
    const status = this.#restorePackets(image);
    if (!NT_SUCCESS(status)) return status;
    // A callback may have enabled the channel, cleaned it up, or set something.
    if (!isConfigurable()) {
      this.#takeBack();
      return STATUS_INVALID_DEVICE_STATE;
    }
    const fault = readSaved(() => this.#checkFit(image));
    if (fault instanceof SavedStateFault) {
      this.#takeBack();
      return fault.status;
    }
    restoreServer(this.#endpoint, image);
    return STATUS_SUCCESS;
  }

  /** The image that all chunks make up; throws a SavedStateFault where it does not fit the channel. */
  #image(): ServerImage {
    const image = readServer(this.#reader.chunks, this.#endpoint);
    this.#checkFit(image);
    return image;
  }

  /** Throws a SavedStateFault where the channel, as it is set now, cannot be what was saved. */
  #checkFit(image: ServerImage): void {
    const endpoint = this.#endpoint;
    checkIdentity(image.identity, endpoint);
    const level = PartitionObject.guestOf(endpoint)?.levelAt(endpoint.configuration.targetVtl);
    const unclaimed = level?.bus.ownHost?.unclaimed;
    const { traffic, identity } = image;
    if (unclaimed?.admits(endpoint, traffic, identity.subchannelIndex) === false) {
      mismatched("the guest has the channel in another state");
    }
  }

  /** Has the driver restore its packets; what it did is taken back where that fails. */
  #restorePackets({ packets }: ServerImage): NtStatus {
    if (packets.length > 0 && this.#driver.onRestorePacket === null) {
      return STATUS_INVALID_DEVICE_REQUEST;
    }
    for (const saved of packets) {
      const status = this.#call(saved);
      if (NT_SUCCESS(status)) continue;
      this.#takeBack();
      return status;
    }
    return STATUS_SUCCESS;
  }

  #call(saved: DriverPacketImage): NtStatus {
    const { runtime: { callbacks, verifier }, driverCallbacks } = this.#endpoint;
    const frame = this.#endpoint.frame(CALLBACK, PASSIVE_LEVEL);
    // Copies: what KMCL compares with later must not be the driver's to change.
    const libBytes = libBytesOf(saved);
    const libBuf = libBytes.slice();
    const saveBuf = saved.driver.slice();
    this.#due = { image: saved.packet, libBytes };
    const { threw, value } = callbacks.callInside(
      frame,
      () => driverCallbacks.restorePacket(libBuf, saveBuf),
    );
    if (verifier.mode !== "off") { for (const buffer of [libBuf, saveBuf]) poison(buffer); }
    const isRestored = this.#due === null;
    this.#due = null;
    if (threw) return STATUS_UNSUCCESSFUL;
    if (!isU32(value)) {
      const message = `it returned ${describe(value)}`;
      const channel = this.#endpoint.place;
      const rule = "callback that must return an NTSTATUS and does not";
      verifier.raise(rule, CALLBACK, message, { channel });
      return STATUS_UNSUCCESSFUL;
    }
    // It must not be taken for an answer of VmbChannelRestoreFromBuffer's own.
    if (value === STATUS_MORE_PROCESSING_REQUIRED) return STATUS_UNSUCCESSFUL;
    if (!NT_SUCCESS(value)) return value;
    return isRestored && this.#isUsable() ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
  }

  /** A packet in the caller's memory must say what is called at its end. */
  #isUsable(): boolean {
    const packet = this.#restored.at(-1)?.packet;
    return packet !== undefined && (packet.kind !== "initialized" || packet.routine !== null);
  }

  /** See {@linkcode RestoreUnderWay.restorePacket}. */
  restorePacket(packet: PacketObject, libBuf: Uint8Array): NtStatus {
    const due = this.#due;
    if (due === null) return STATUS_INVALID_DEVICE_REQUEST; // it was restored already
    if (libBuf.length !== due.libBytes.length) return STATUS_INVALID_PARAMETER_3;
    if (!areEqual(libBuf, due.libBytes)) return STATUS_DATA_ERROR;
    this.#due = null;
    this.#restored.push({ packet, fromSlot: packet.slot });
    this.#endpoint.outgoing.packets.move(packet, due.image.slot);
    resumePacket(packet, due.image);
    return STATUS_SUCCESS;
  }

  /** The packets that were restored are their driver's again, in no transaction. */
  #takeBack(): void {
    for (const { packet, fromSlot } of this.#restored.reverse()) {
      unresumePacket(packet);
      this.#endpoint.outgoing.packets.move(packet, fromSlot);
    }
    this.#restored.length = 0;
  }
}

/**
 * Restores a server that is Disabled and initializing from whole chunks of a save.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_restore_from_buffer | VmbChannelRestoreFromBuffer}
 */
export function VmbChannelRestoreFromBuffer(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  buffer: ArrayBufferView | null,
  bufferSize: number,
): NtStatus {
  const endpoint = endpointOf(kmcl, channel);
  if (!isConfigurable(endpoint, "server")) return STATUS_INVALID_PARAMETER_1;
  const bytes = bytesOf(buffer);
  if (bytes === null) return STATUS_INVALID_PARAMETER_2;
  if (!isU32(bufferSize) || !holdsBytes(bytes, bufferSize)) return STATUS_INVALID_PARAMETER_3;
  if (isInsideCallback(endpoint)) return STATUS_INVALID_DEVICE_REQUEST;
  if (!isPassive(kmcl.runtime, "VmbChannelRestoreFromBuffer")) return STATUS_INVALID_DEVICE_REQUEST;
  const driver = driverOf(endpoint);
  const restore = driver.restore ?? new ChannelRestore(driver, endpoint);
  driver.restore = restore;
  const status = restore.readOn(
    firstBytes(bytes, bufferSize),
    () => endpointOf(kmcl, channel) === endpoint && isConfigurable(endpoint, "server"),
  );
  if (status !== STATUS_MORE_PROCESSING_REQUIRED) driver.restore = null;
  return status;
}

function isInsideCallback(endpoint: Endpoint): boolean {
  const frame = currentFrame();
  return frame?.name === CALLBACK && frame.owner === endpoint;
}

/**
 * Puts a packet that the driver allocated into the transaction of a saved one.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_restore | VmbPacketRestore}
 */
export function VmbPacketRestore(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  buffer: ArrayBufferView | null,
  bufferSize: number,
): NtStatus {
  const target = packetOf(kmcl, packetObject);
  if (target === null || isInFlight(target.packet)) return STATUS_INVALID_PARAMETER_1;
  const libBuf = bytesOf(buffer);
  if (libBuf === null) return STATUS_INVALID_PARAMETER_2;
  if (!isU32(bufferSize) || !holdsBytes(libBuf, bufferSize)) return STATUS_INVALID_PARAMETER_3;
  const frame = currentFrame();
  if (frame?.name !== CALLBACK) return STATUS_INVALID_DEVICE_REQUEST;
  if (frame.owner !== target.endpoint) return STATUS_INVALID_PARAMETER_1;
  const { restore } = driverOf(target.endpoint);
  return restore?.restorePacket(target.packet, firstBytes(libBuf, bufferSize)) ??
    STATUS_INVALID_DEVICE_REQUEST;
}
