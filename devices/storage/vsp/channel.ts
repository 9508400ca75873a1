/**
 * One channel of a storage controller in the host, the primary or a sub-channel: KMCL's side of it. What requests
 * mean is the controller's, controller.ts.
 *
 * @module
 */

import { Damage } from "../../../core/layout/mod.ts";
import * as vmbus from "../../../mod.ts";
import { enableServerChannel, isOffered } from "../../server_channel.ts";
import { answerBytesOf, encodeNotification } from "../answers.ts";
import {
  decodeStorageRequest,
  LONG_PACKET_BYTES,
  packetBytesOf,
  SCSI_INTERFACE_TYPE,
  type StorageRequest,
} from "../protocol.ts";

const { expectSuccess } = vmbus;
const U32_MAX = 0xffff_ffff;

/** A request that was taken from the ring and is to be answered once. */
export interface TakenRequest {
  /** Where it came. */
  readonly channel: StorageChannel;
  /** What KMCL gave with it. */
  readonly packet: vmbus.VMBPACKETCOMPLETION;
  /** What the guest wants. */
  readonly request: StorageRequest;
  /** Bytes of the request: the answer has as many. */
  readonly byteCount: number;
  /** Whether it has external data. */
  readonly hasExternalData: boolean;
}

/** What a channel needs of its controller. */
export interface ChannelOwner {
  /** The controller's device. */
  readonly context: vmbus.HostContext;
  /** KMCL's functions. */
  readonly kmcl: vmbus.KmclServerInterfaceV1;
  /** Interface instance of the offer. */
  readonly instance: string;
  /** Requests that are taken at once. */
  readonly queueDepth: number;
  /** A request is there. */
  take(taken: TakenRequest): void;
  /** The channel runs, from now on or again. */
  started(channel: StorageChannel): void;
  /** The notification has left, or never will. */
  notified(): void;
  /** The channel has closed. */
  closed(channel: StorageChannel): Promise<void>;
  /** The channel died of `reason`, until the guest opens it anew. */
  died(channel: StorageChannel, reason: string): void;
}

/** One channel of a storage controller. */
export class StorageChannel {
  /** 0: the primary. */
  readonly index: number;
  readonly #owner: ChannelOwner;
  readonly #kmcl: vmbus.KmclServerInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;
  /** What tells the guest of other disks, one at a time; the primary's alone. */
  readonly #news: vmbus.VMBPACKET | null;
  /** Between Suspend and what follows nothing is sent (kmcl.md S7), though the channel is not closed yet. */
  #isSuspended = false;

  /** A channel that is not offered yet. */
  constructor(owner: ChannelOwner, index: number) {
    this.index = index;
    this.#owner = owner;
    this.#kmcl = owner.kmcl;
    const { context: { device } } = owner;
    this.#channel = expectSuccess(owner.kmcl.VmbChannelAllocate(device, true)).channel;
    this.#configure();
    this.#news = index === 0 ? this.#allocateNews() : null;
  }

  /** Whether it is offered to the guest: not so where it was taken away, by `close` or another. */
  get isOffered(): boolean {
    return isOffered(this.#channel);
  }

  /** Offers it; `saved` is what was saved of it, null where it is new. */
  enable(saved: Uint8Array | null): void {
    enableServerChannel(this.#kmcl, this.#channel, saved);
  }

  /** Takes requests. */
  start(): void {
    this.#kmcl.VmbChannelStart(this.#channel);
  }

  /** Brings it to rest, and says what is to be kept of it: nothing, where it was taken away. */
  async save(): Promise<Uint8Array | null> {
    if (!this.isOffered) return null;
    return await vmbus.saveServerChannel(this.#kmcl, this.#channel);
  }

  /** Takes it away from the guest, and frees it. A second time it does nothing. */
  async close(): Promise<void> {
    if (vmbus.inspectChannel(this.#channel) === null) return;
    await this.#kmcl.VmbChannelDisable(this.#channel);
    // Where the guest was destroyed meanwhile, its channels were freed with it.
    if (vmbus.inspectChannel(this.#channel) === null) return;
    if (this.#news !== null) this.#kmcl.VmbPacketFree(this.#news);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }

  /** The channel's settings; they can be made only before it is enabled. */
  #configure(): void {
    const kmcl = this.#kmcl;
    const channel = this.#channel;
    const { context: { guest }, instance, queueDepth } = this.#owner;
    const { kernelHandle } = expectSuccess(
      kmcl.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
    );
    expectSuccess(kmcl.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle));
    vmbus.ZwClose(kernelHandle);
    expectSuccess(kmcl.VmbServerChannelInitSetTargetVtl(channel, guest.vtl));
    expectSuccess(
      kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, SCSI_INTERFACE_TYPE, instance),
    );
    if (this.index > 0) expectSuccess(vmbus.initSetSubchannelIndex(kmcl, channel, this.index));
    expectSuccess(kmcl.VmbChannelInitSetFriendlyName(channel, `storage ${this.index}`));
    expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, LONG_PACKET_BYTES));
    // One range, of any length: a guest need not keep to what it was told (storage.md P6).
    expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, U32_MAX, 1));
    expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (_channel, packet, buffer, byteCount, flags) =>
        this.#processPacket(packet, buffer, byteCount, flags),
      null,
    ));
    expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelStarted: () => {
        this.#isSuspended = false;
        this.#owner.started(this);
      },
      EvtChannelSuspend: () => {
        this.#isSuspended = true;
      },
      EvtChannelClosed: () => {
        this.#isSuspended = false;
        return this.#owner.closed(this);
      },
    }));
    expectSuccess(kmcl.VmbServerChannelInitSetSaveRestorePacketCallbacks(
      channel,
      () => ({ status: vmbus.STATUS_SUCCESS, bytesNeeded: 0 }),
      (_channel, libBuf, libBufSize) => this.#kmcl.VmbPacketRestore(this.#news, libBuf, libBufSize),
    ));
    kmcl.VmbChannelSetIncomingProcessingAtPassive(channel, true);
    kmcl.VmbChannelSetTransactionQuota(channel, queueDepth);
  }

  /** The packet that tells of other disks: it is kept, and sent again. */
  #allocateNews(): vmbus.VMBPACKET {
    const packet = this.#kmcl.VmbPacketAllocate(this.#channel);
    if (packet === null) {
      throw new vmbus.KmclError(vmbus.STATUS_INSUFFICIENT_RESOURCES, "VmbPacketAllocate");
    }
    this.#kmcl.VmbPacketSetCompletionRoutine(packet, () => this.#owner.notified());
    return packet;
  }

  #processPacket(
    packet: vmbus.VMBPACKETCOMPLETION,
    buffer: Uint8Array,
    byteCount: number,
    flags: number,
  ): void {
    const request = decodeStorageRequest(buffer, byteCount);
    if (request instanceof Damage) return this.die(packet, request.reason);
    const hasExternalData = (flags & vmbus.VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA) !== 0;
    this.#owner.take({ channel: this, packet, request, byteCount, hasExternalData });
  }

  /**
   * The memory that a request describes. `"pending"`: the guest's pages are brought in first, and the request will be
   * taken again. Null: there are more ranges than one.
   */
  memoryOf(
    { packet, hasExternalData }: TakenRequest,
    isRead: boolean,
  ): readonly Uint8Array[] | "pending" | null {
    if (!hasExternalData) return [];
    const flags = isRead ? 0 : vmbus.VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAG_READ_ONLY;
    const { status, mdl } = this.#kmcl.VmbChannelPacketGetExternalData(packet, flags);
    if (status === vmbus.STATUS_PENDING) return "pending";
    return mdl === null ? null : vmbus.mdlSegments(mdl);
  }

  /** Answers a request: with as many bytes of `answer` as the request had. On a dead channel KMCL says nothing. */
  complete({ packet, byteCount }: TakenRequest, answer: Uint8Array): void {
    this.#kmcl.VmbChannelPacketComplete(packet, answer, answerBytesOf(byteCount));
  }

  /** The guest did what no guest does: nothing is answered any more until it has opened the channel anew. */
  die(packet: vmbus.VMBPACKETCOMPLETION, reason: string): void {
    this.#kmcl.VmbChannelPacketFail(packet);
    this.#owner.died(this, reason);
  }

  /** Whether the channel runs, so that something may be sent. */
  get isRunning(): boolean {
    const channel = vmbus.inspectChannel(this.#channel); // null: freed, as its guest was saved and is gone
    return channel?.lifecycle === "opened" && channel.flow === "active" && channel.fault === null &&
      !this.#isSuspended;
  }

  /** Tells the guest that there are other disks now. It queues where the ring is full. */
  notify(version: number): void {
    const bytes = encodeNotification(
      { operation: "enumerateBus", flags: 0, status: 0 },
      packetBytesOf(version),
    );
    const sent = this.#kmcl.VmbPacketSend(this.#news, bytes, bytes.length, null, 0);
    expectSuccess(sent, "VmbPacketSend");
  }
}
