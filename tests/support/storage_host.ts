/**
 * A host of storage by hand, against which the guest's driver is tested: its disks are in memory, it answers as the
 * document says, and a test can have it answer anything else.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  answerBytesOf,
  COMPLETION_WANTED,
  decodeStorageRequest,
  encodeNotification,
  encodeStorageAnswer,
  MULTI_CHANNEL,
  packetBytesOf,
  PLAIN_ANSWER,
  PROPERTIES_ANSWER,
  SCSI_INTERFACE_TYPE,
  SRB_ANSWER,
  type SrbRequest,
  STORAGE_VERSIONS,
  type StorageRequest,
  VERSION_ANSWER,
} from "../../devices/storage/mod.ts";
import { Damage } from "../../core/layout/mod.ts";
import * as vmbus from "../../mod.ts";
import { serverTable, setVmbus } from "./connected_pair.ts";
import {
  carryOut,
  GOOD,
  type HandAnswer,
  type HandDisk,
  handDisk,
  srbAnswer,
} from "./storage_disks.ts";

/** Instance of the controllers of tests. */
export const STORAGE_INSTANCE = "3c1e5a70-8f0d-4b6a-9a35-0d6f3a7b2c44";

/** What a test makes of a request: an answer, `"hold"` it, `"fail"` the packet; null: what the document says. */
export type Script = (
  request: StorageRequest,
  packet: vmbus.VMBPACKETCOMPLETION,
  subChannel: number,
) => HandAnswer | "hold" | "fail" | null;

/** How the host is made. */
export interface HandHostOptions {
  readonly disks?: Readonly<Record<number, HandDisk>>;
  readonly versions?: readonly number[];
  readonly subChannelsMax?: number;
  readonly transferBytesMax?: number;
  readonly script?: Script;
  /** What a command that has data is to answer, from the guest's pages; null: what the document says. */
  readonly fill?: (request: SrbRequest, segments: () => Uint8Array[]) => HandAnswer | null;
  readonly fabric?: vmbus.FabricOptions;
  readonly partition?: Partial<vmbus.PartitionOptions>;
}

/** The host. */
export class HandHost {
  readonly fabric: vmbus.Fabric;
  readonly guest: vmbus.Partition;
  readonly disks: Map<number, HandDisk>;
  script: Script;
  /** Every request that came, in order. */
  readonly heard: {
    readonly request: StorageRequest;
    readonly bytes: Uint8Array;
    readonly subChannel: number;
  }[] = [];
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  readonly #options: HandHostOptions;
  /** The primary's channel, then the sub-channels'. */
  readonly channels: vmbus.VMBCHANNEL[] = [];
  readonly #held = new Set<vmbus.VMBPACKETCOMPLETION>();
  #version = 0;

  constructor(options: HandHostOptions = {}) {
    this.#options = options;
    this.fabric = vmbus.createFabric(options.fabric);
    this.guest = this.fabric.createPartition({
      name: "guest",
      memoryPages: 1024,
      ...options.partition,
    });
    this.disks = new Map(
      Object.entries(options.disks ?? { 0: handDisk(64) }).map((
        [lun, disk],
      ) => [Number(lun), disk]),
    );
    this.script = options.script ?? (() => null);
    this.#vsp = serverTable(this.fabric);
    this.offer();
  }

  /** Offers the controller. */
  offer(): void {
    this.#open(0);
  }

  /** Offers the sub-channel of that number, once more where it was taken away. */
  offerSubChannel(index: number): void {
    this.#open(index);
  }

  /** Takes one sub-channel away; the others stay. */
  async rescindSubChannel(index: number): Promise<void> {
    const [channel] = this.channels.splice(index, 1, null!);
    await this.#vsp.VmbChannelDisable(channel!);
    this.#vsp.VmbChannelCleanup(channel!);
  }

  #open(index: number): void {
    const vsp = this.#vsp;
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(this.fabric.root.device, true));
    setVmbus(vsp, channel, this.guest);
    const statuses = [
      vsp.VmbServerChannelInitSetTargetInterfaceId(channel, SCSI_INTERFACE_TYPE, STORAGE_INSTANCE),
      index === 0 ? 0 : vmbus.initSetSubchannelIndex(vsp, channel, index),
      vsp.VmbChannelInitSetMaximumPacketSize(channel, 64),
      vsp.VmbChannelInitSetMaximumExternalData(channel, 4 << 20, 1),
      vsp.VmbChannelInitSetProcessPacketCallbacks(
        channel,
        (_channel, packet, bytes, byteCount) => this.#hear(packet, bytes, byteCount, index),
        null,
      ),
      vsp.VmbChannelInitSetStateChangeCallbacks(channel, {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelSuspend: () => this.releaseHeld(),
      }),
      vsp.VmbChannelEnable(channel),
    ];
    assertEquals(statuses, statuses.map(() => vmbus.STATUS_SUCCESS));
    vsp.VmbChannelSetIncomingProcessingAtPassive(channel, true); // sub-channels are allocated in it
    vsp.VmbChannelStart(channel);
    this.channels[index] = channel;
  }

  /** Completes what is held with nothing: of a channel that is suspended nobody sees it. */
  releaseHeld(): void {
    for (const packet of this.#held) this.#vsp.VmbChannelPacketComplete(packet, null, 0);
    this.#held.clear();
  }

  /** Answers a packet that was held. */
  answer(packet: vmbus.VMBPACKETCOMPLETION, request: StorageRequest, answer: HandAnswer): void {
    if (this.#held.delete(packet)) this.#reply(packet, request, answer);
  }

  /** Says something by itself. */
  notify(operation: "enumerateBus" | "removeDevice", bytes?: Uint8Array): void {
    const packet = this.#vsp.VmbPacketAllocate(this.channels[0]!)!;
    const said = bytes ??
      encodeNotification({ operation, flags: 0, status: 0 }, packetBytesOf(this.#version));
    assertEquals(this.#vsp.VmbPacketSend(packet, said, said.length, null, 0), vmbus.STATUS_SUCCESS);
  }

  /** Takes the controller away. */
  async rescind(): Promise<void> {
    const channels = this.channels.splice(0);
    for (const channel of channels.toReversed()) {
      await this.#vsp.VmbChannelDisable(channel);
      this.#vsp.VmbChannelCleanup(channel);
    }
  }

  #hear(
    packet: vmbus.VMBPACKETCOMPLETION,
    bytes: Uint8Array,
    byteCount: number,
    subChannel: number,
  ): void {
    const request = decodeStorageRequest(bytes, byteCount);
    if (request instanceof Damage) throw new Error(`the guest sent ${request.reason}`);
    this.heard.push({ request, bytes: bytes.slice(0, byteCount), subChannel });
    const said = this.script(request, packet, subChannel);
    if (said === "fail") return this.#vsp.VmbChannelPacketFail(packet);
    if (said === "hold") {
      this.#held.add(packet);
      return;
    }
    this.#reply(packet, request, said ?? this.#carryOut(request, packet));
  }

  #reply(packet: vmbus.VMBPACKETCOMPLETION, request: StorageRequest, answer: HandAnswer): void {
    const bytes = answer.raw ?? this.#encode(request, answer);
    this.#vsp.VmbChannelPacketComplete(packet, bytes, bytes.length);
  }

  #encode(request: StorageRequest, answer: HandAnswer): Uint8Array {
    const byteCount = answerBytesOf(packetBytesOf(this.#version || STORAGE_VERSIONS.win8));
    const header = { flags: 0, status: 0 };
    switch (request.operation) {
      case "queryProtocolVersion": {
        const isKnown = this.#versions.includes(request.version);
        if (isKnown) this.#version = request.version;
        const status = isKnown ? 0 : vmbus.STATUS_REVISION_MISMATCH;
        const { version } = request;
        return encodeStorageAnswer(
          VERSION_ANSWER,
          { ...header, status, version, revision: 0 },
          byteCount,
        );
      }
      case "queryProperties": {
        const { subChannelsMax = 0, transferBytesMax = 0x4_0000 } = this.#options;
        const propertyFlags = subChannelsMax > 0 ? MULTI_CHANNEL : 0;
        const properties = { ...header, subChannelsMax, propertyFlags, transferBytesMax };
        return encodeStorageAnswer(PROPERTIES_ANSWER, properties, byteCount);
      }
      case "createSubChannels":
        for (let index = 1; index <= request.subChannels; index++) this.#open(index);
        return encodeStorageAnswer(PLAIN_ANSWER, header, byteCount);
      case "executeSrb":
        return encodeStorageAnswer(SRB_ANSWER, srbAnswer(request, answer), byteCount);
      default:
        return encodeStorageAnswer(PLAIN_ANSWER, header, byteCount);
    }
  }

  get #versions(): readonly number[] {
    return this.#options.versions ?? Object.values(STORAGE_VERSIONS);
  }

  #carryOut(request: StorageRequest, packet: vmbus.VMBPACKETCOMPLETION): HandAnswer {
    if (request.operation !== "executeSrb") return GOOD;
    assertEquals(request.flags, COMPLETION_WANTED);
    const segments = () => {
      const { mdl } = vmbus.expectSuccess(this.#vsp.VmbChannelPacketGetExternalData(packet, 0));
      return vmbus.mdlSegments(mdl);
    };
    return this.#options.fill?.(request, segments) ?? carryOut(this.disks, request, segments);
  }
}
