/**
 * What a driver in a guest is built again with: it attaches its callbacks to what it had.
 *
 * @module
 */

import type { IncomingPacket } from "../../actors/channel/incoming_packet.ts";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { Fabric } from "../../actors/fabric/fabric.ts";
import type { Device, VMBCHANNEL, VMBPACKET } from "../../actors/runtime/handle.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import type { Partition } from "../../actors/partition/partition.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { RestoredPartition } from "../../actors/saving/restored_partition.ts";
import { NT_SUCCESS } from "../../core/ntstatus.ts";
import type { GuestBuffer } from "../../core/memory/types.ts";
import { driverOf } from "../driver.ts";
import { resolveHandle } from "../handles.ts";
import {
  copyStateChangeCallbacks,
  setProcessPacketCallbacks,
  setStateChangeCallbacks,
} from "../channel_init.ts";
import { attachPacketHandle } from "../packet_handles.ts";
import type {
  ChannelCallbacks,
  GuestContext,
  GuestRestoreContext,
  HandleToken,
  HeldPacket,
  PacketCallbacks,
} from "./drivers.ts";
import { channelToken, completionToken, heldPackets, packetToken } from "./tokens.ts";

/** A packet that the driver of an endpoint holds. */
interface HeldByDriver {
  readonly endpoint: Endpoint;
  readonly packet: IncomingPacket;
}

/** What is allocated in the memory of a partition, and is not its drivers' to allocate and free. */
function buffersOfKmcl({ bus, endpoints }: PartitionObject): unknown[] {
  return [
    ...bus.guest.channels.map(({ taken }) => taken?.ringPages),
    ...[...endpoints].flatMap(({ bounce }) => bounce?.buffers ?? []),
    ...bus.guest.signals.buffers,
    bus.host.signals.hostPage,
  ];
}

/** The context of one driver. */
export class RestoreContext implements GuestRestoreContext {
  readonly fabric: Fabric;
  readonly partition: Partition;
  readonly device: Device;
  readonly #driver: LoadedDriver;
  /** What is to be attached, by token: each gives back the handle, and leaves the map. */
  readonly #channels = new Map<HandleToken, Endpoint>();
  readonly #packets = new Map<HandleToken, { endpoint: Endpoint; slot: number; isDue: boolean }>();
  readonly #completions = new Map<HandleToken, HeldByDriver>();
  #isOver = false;

  /** For `driver`, whose channels are among those of the partition. */
  constructor(context: GuestContext, driver: LoadedDriver, restored: RestoredPartition) {
    this.fabric = context.fabric;
    this.partition = context.partition;
    this.device = context.device;
    this.#driver = driver;
    restored.clients.forEach((endpoint, client) => {
      if (endpoint.driver !== driver) return;
      this.#channels.set(channelToken(client), endpoint);
      const due = restored.packetsDue(endpoint);
      for (const { kind, slot } of endpoint.outgoing.packets.live) {
        if (kind === "request") continue;
        this.#packets.set(packetToken(client, slot), { endpoint, slot, isDue: due.has(slot) });
      }
      heldPackets(endpoint).forEach((packet, place) => {
        this.#completions.set(completionToken(client, place), { endpoint, packet });
      });
    });
  }

  /** See {@linkcode GuestRestoreContext.attachChannel}. */
  attachChannel(token: HandleToken, callbacks: ChannelCallbacks): VMBCHANNEL {
    const { processPacket, processingComplete, stateChange, pnpFailure, pointer } = callbacks;
    const stateChangeCopy = copyStateChangeCallbacks(stateChange);
    const endpoint = this.#find(this.#channels, token);
    const isSet =
      NT_SUCCESS(setProcessPacketCallbacks(endpoint, processPacket, processingComplete)) &&
      (stateChange === undefined || stateChange === null ||
        NT_SUCCESS(setStateChangeCallbacks(endpoint, stateChangeCopy)));
    const isPnpGood = pnpFailure === undefined || pnpFailure === null ||
      typeof pnpFailure === "function";
    if (!isSet || !isPnpGood) {
      throw new TypeError(`Cannot attach ${token}: its callbacks are not valid`);
    }
    this.#channels.delete(token);
    const driver = driverOf(endpoint);
    driver.onPnpFailure = pnpFailure ?? null;
    driver.pointer = pointer ?? null;
    return driver.channel;
  }

  /** See {@linkcode GuestRestoreContext.attachPacket}. */
  attachPacket(token: HandleToken, { completionRoutine, pointer }: PacketCallbacks): VMBPACKET {
    const { endpoint, slot } = this.#find(this.#packets, token);
    const routine = completionRoutine ?? null;
    if (routine !== null && typeof routine !== "function") {
      throw new TypeError(`Cannot attach ${token}: its completion routine is no function`);
    }
    const packet = endpoint.outgoing.packets.at(slot);
    if (routine === null && packet?.kind === "initialized" && packet.actor.is("inFlight")) {
      throw new TypeError(`Cannot attach ${token}: an initialized packet has a completion routine`);
    }
    this.#packets.delete(token);
    return attachPacketHandle(endpoint, slot, routine, pointer ?? null);
  }

  /** See {@linkcode GuestRestoreContext.attachCompletion}. */
  attachCompletion(token: HandleToken): HeldPacket {
    const { endpoint, packet } = this.#find(this.#completions, token);
    this.#completions.delete(token);
    const { payload, payloadBytes } = packet;
    return {
      packet: driverOf(endpoint).contextOf(packet),
      buffer: payload,
      bufferLength: payloadBytes,
    };
  }

  /** See {@linkcode GuestRestoreContext.buffer}. */
  buffer(gpa: number): GuestBuffer {
    this.#requireOpen();
    const { memory, levels } = PartitionObject.of(this.#driver.guest);
    const buffer = memory.buffers.get(gpa);
    const isOfKmcl = levels.some((level) => buffersOfKmcl(level).includes(buffer));
    if (buffer !== undefined && !isOfKmcl) return buffer;
    throw new RangeError(`Cannot give back a buffer: no driver has one that begins at ${gpa}`);
  }

  /** See {@linkcode GuestRestoreContext.bounceBuffer}. */
  bounceBuffer(channel: VMBCHANNEL, gpa: number): GuestBuffer {
    this.#requireOpen();
    const endpoint = resolveHandle(channel, "VMBCHANNEL");
    const isOwn = endpoint?.driver === this.#driver;
    const buffer = isOwn
      ? endpoint?.bounce?.driverBuffers.find((one) => one.gpa === gpa)
      : undefined;
    if (buffer !== undefined) return buffer;
    throw new RangeError(
      `Cannot give back a bounce buffer: the channel has none of its driver's that begins at ${gpa}`,
    );
  }

  /**
   * The driver's `restore` has returned.
   *
   * @throws {Error} It did not attach all that it had.
   */
  end(): void {
    this.#isOver = true;
    const due = [...this.#packets].filter(([, { isDue }]) => isDue).map(([token]) => token);
    const left = [...this.#channels.keys(), ...due, ...this.#completions.keys()];
    if (left.length > 0) throw new Error(`it did not attach ${left.slice(0, 5).join(", ")}`);
  }

  #find<T>(targets: Map<HandleToken, T>, token: HandleToken): T {
    this.#requireOpen();
    const target = targets.get(token);
    if (target === undefined) {
      throw new Error(
        `Cannot attach ${token}: ${this.#driver.label} had none, or has attached it already`,
      );
    }
    return target;
  }

  #requireOpen(): void {
    if (this.#isOver) throw new Error("Cannot attach anything once restore has returned");
  }
}
