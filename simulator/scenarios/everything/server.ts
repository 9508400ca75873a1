/**
 * The host's side of one channel.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { instanceOf, INTERFACE_TYPE, NOT_MAPPED, READ_ONLY_BIT } from "./client.ts";
import { externalBounds, useLent } from "./lending.ts";
import type { Message } from "./message.ts";
import type { ChannelPlan, Errand, Sender } from "./plan.ts";
import { newState, readState, saveState, type TalkerState, wrong } from "./state.ts";
import { type Accepted, Talker } from "./talker.ts";

/** How long a host that is slow to open takes: 0.05 ms. */
const OPEN_MS = 0.05;
/** Bytes by which a packet in flight is known again: its number. */
const SAVED_PACKET_BYTES = 4;
/** A guest that closes deletes what it has shared; its message may be read after that. */
const MAP_ENDS: readonly vmbus.NtStatus[] = [
  vmbus.STATUS_SUCCESS,
  vmbus.STATUS_INVALID_PARAMETER_3,
];

/** The host's side of one channel. */
export class EverythingServer extends Talker {
  /** See {@linkcode Talker.channel}. */
  readonly channel: vmbus.VMBCHANNEL;
  /** See {@linkcode Talker.state}. */
  readonly state: TalkerState;
  /** See {@linkcode Talker.fabric}. */
  protected readonly fabric: vmbus.Fabric;
  /** See {@linkcode Talker.kmcl}. */
  protected readonly kmcl: vmbus.KmclServerInterfaceV1;
  /** See {@linkcode Talker.sender}. */
  protected readonly sender: Sender = "host";
  readonly #index: number;
  /** Where the memory that the guest shares is mapped. */
  #mapped: vmbus.Mdl | null = null;
  #isReadOnly = false;

  /** A channel that is not offered yet. */
  constructor(
    context: vmbus.HostContext,
    index: number,
    plan: ChannelPlan,
    state: TalkerState = newState(),
  ) {
    super(plan);
    this.state = state;
    this.fabric = context.fabric;
    this.#index = index;
    this.kmcl = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
      context.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
    )).kmcl;
    this.channel = vmbus.expectSuccess(this.kmcl.VmbChannelAllocate(context.device, true)).channel;
    this.#configure(context.guest);
  }

  // -- Beginning

  #configure(guest: vmbus.Partition): void {
    const { kmcl, channel, plan } = this;
    const must = vmbus.expectSuccess;
    const { kernelHandle } = must(kmcl.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle));
    must(kmcl.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle));
    must(vmbus.ZwClose(kernelHandle));
    const instance = instanceOf(plan.isSub ? 0 : this.#index);
    must(kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, INTERFACE_TYPE, instance));
    must(kmcl.VmbServerChannelInitSetTargetVtl(channel, plan.vtl));
    if (plan.isSub) must(vmbus.initSetSubchannelIndex(kmcl, channel, this.#index));
    const [externalBytes, chain] = externalBounds(plan);
    must(kmcl.VmbChannelInitSetMaximumPacketSize(channel, plan.bytesMax));
    must(kmcl.VmbChannelInitSetMaximumExternalData(channel, externalBytes, chain));
    must(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, this.onPacket, this.onBatch));
    must(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelOpened: () => this.#opened(),
      EvtChannelStarted: () => this.started(),
      EvtChannelPostStarted: () => this.pump(),
      EvtChannelSuspend: () => this.suspended(),
      EvtChannelClosed: () => this.#closed(),
    }));
    must(kmcl.VmbServerChannelInitSetSaveRestorePacketCallbacks(
      channel,
      (_channel, packet, buffer, byteCount) => this.#savePacket(packet, buffer, byteCount),
      (_channel, libBuffer, libBytes, buffer) => this.#restorePacket(libBuffer, libBytes, buffer),
    ));
    if (plan.isPipe) {
      const flag = vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE;
      must(kmcl.VmbServerChannelInitSetFlags(channel, flag));
    }
    kmcl.VmbChannelSetIncomingProcessingAtPassive(channel, plan.isHostPassive);
    if (plan.quota > 0) kmcl.VmbChannelSetTransactionQuota(channel, plan.quota);
  }

  /** Offers the channel; `saved` is what was saved of it, null where it is new. */
  enable(saved: Uint8Array | null): void {
    const { kmcl, channel } = this;
    if (saved !== null) vmbus.expectSuccess(vmbus.restoreServerChannel(kmcl, channel, saved));
    this.begin();
  }

  // -- State changes

  /** Called again after a restore, where the channel was open: mappings are not saved. */
  #opened(): vmbus.NtStatus | Promise<vmbus.NtStatus> {
    const { state, plan } = this;
    if (state.refusals < plan.refusals) {
      state.refusals++;
      return vmbus.STATUS_INSUFFICIENT_RESOURCES;
    }
    state.opens++;
    if (state.gpadl !== 0) this.#mapAgain(state.gpadl);
    if (!plan.isSlowToOpen) return vmbus.STATUS_SUCCESS;
    return this.fabric.delay(OPEN_MS).then(() => vmbus.STATUS_SUCCESS);
  }

  #closed(): void {
    this.state.closes++;
    this.#unmap();
  }

  // -- Sending

  /** See {@linkcode Talker.post}. */
  protected post(packet: vmbus.VMBPACKET, number: number, errand: Errand): vmbus.NtStatus {
    const payload = this.messageOf(number, errand);
    return this.kmcl.VmbPacketSend(packet, payload, payload.length, null, this.flagsOf(errand));
  }

  /** See {@linkcode Talker.ended}. */
  protected ended(): void {}

  // -- Receiving

  /** See {@linkcode Talker.accept}. */
  protected accept(
    { kind, value }: Message,
    packet: vmbus.VMBPACKETCOMPLETION,
  ): Accepted {
    this.#count();
    if (kind === "lend" && value === 1) return this.#useLent(packet);
    if (kind === "share") return value === 0 ? 0 : this.#share(value);
    return kind === "unshare" ? this.#unshare() : 0;
  }

  #useLent(packet: vmbus.VMBPACKETCOMPLETION): Accepted {
    const { status, mdl } = this.kmcl.VmbChannelPacketGetExternalData(packet, 0);
    if (status === vmbus.STATUS_PENDING) return null;
    if (mdl !== null) return useLent(mdl);
    wrong(this.state, "P6: external data is shared memory", String(vmbus.ntStatusName(status)));
    return 0;
  }

  #share(value: number): number {
    this.#unmap();
    this.state.counted = 0;
    this.#map(value);
    return this.#mapped === null ? NOT_MAPPED : 0;
  }

  /** Maps anew what was mapped before a restore. A guest that was closing has deleted it (kmcl.md V11). */
  #mapAgain(value: number): void {
    this.#isReadOnly = value >= READ_ONLY_BIT;
    const flags = this.#isReadOnly ? vmbus.VMBUS_CHANNEL_GPADL_READ_ONLY : 0;
    const gpadl = (value & ~READ_ONLY_BIT) >>> 0;
    this.#mapped = this.kmcl.VmbChannelMapGpadl(this.channel, flags, gpadl).mdl;
    if (this.#mapped === null) this.state.gpadl = 0;
  }

  /** Maps the memory that the guest shares; it says whether it may be written. */
  #map(value: number): void {
    const { kmcl, channel, state } = this;
    this.#isReadOnly = value >= READ_ONLY_BIT;
    const gpadl = (value & ~READ_ONLY_BIT) >>> 0;
    const forWriting = this.#isReadOnly ? kmcl.VmbChannelMapGpadl(channel, 0, gpadl).status : null;
    const flags = this.#isReadOnly ? vmbus.VMBUS_CHANNEL_GPADL_READ_ONLY : 0;
    const { status, mdl } = kmcl.VmbChannelMapGpadl(channel, flags, gpadl);
    this.#mapped = mdl;
    state.gpadl = mdl === null ? 0 : value;
    if (!MAP_ENDS.includes(status)) {
      wrong(state, "G2: a GPADL is mapped", String(vmbus.ntStatusName(status)));
    }
    if (mdl !== null && this.#isReadOnly && forWriting !== vmbus.STATUS_ACCESS_DENIED) {
      wrong(state, "G2: read-only memory is not written", String(forWriting));
    }
  }

  #unmap(): void {
    const { state, kmcl, channel } = this;
    if (this.#mapped === null) return;
    kmcl.VmbChannelUnmapGpadl(channel, (state.gpadl & ~READ_ONLY_BIT) >>> 0);
    this.#mapped = null;
    state.gpadl = 0;
  }

  /** Lets the memory go; one more than was counted in it, or 0 where there was none. */
  #unshare(): number {
    if (this.#mapped === null) return 0;
    this.#unmap();
    return this.state.counted + 1;
  }

  /** Counts a packet in the memory that the guest shares. */
  #count(): void {
    if (this.#mapped === null || this.#isReadOnly) return;
    const [bytes] = vmbus.mdlSegments(this.#mapped);
    if (bytes === undefined) return;
    this.state.counted++;
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, this.state.counted, true);
  }

  // -- What the program asks for

  /** Takes so many packets at once from now on; only where it has a quota at all. */
  setQuota(quota: number): void {
    if (this.plan.quota === 0 || this.whereabouts === null) return;
    this.kmcl.VmbChannelSetTransactionQuota(this.channel, quota);
  }

  // -- Saving

  /** All that it is at. */
  async save(): Promise<vmbus.PlainData> {
    const there = this.whereabouts;
    const isOffered = there !== null && there.lifecycle !== "disabled";
    const channel = isOffered ? await vmbus.saveServerChannel(this.kmcl, this.channel) : null;
    return { plan: this.plan, state: saveState(this.state), channel };
  }

  #savePacket(
    packet: vmbus.VMBPACKET,
    buffer: Uint8Array,
    byteCount: number,
  ): vmbus.SavePacketResult {
    const bytesNeeded = SAVED_PACKET_BYTES;
    if (byteCount < bytesNeeded) return { status: vmbus.STATUS_BUFFER_TOO_SMALL, bytesNeeded };
    const number = this.inFlight.get(packet) ?? 0xffff_ffff;
    new DataView(buffer.buffer, buffer.byteOffset).setUint32(0, number, true);
    return { status: vmbus.STATUS_SUCCESS, bytesNeeded };
  }

  #restorePacket(libBuffer: Uint8Array, libBytes: number, buffer: Uint8Array): vmbus.NtStatus {
    const packet = this.kmcl.VmbPacketAllocate(this.channel);
    if (packet === null) return vmbus.STATUS_INSUFFICIENT_RESOURCES;
    const status = this.kmcl.VmbPacketRestore(packet, libBuffer, libBytes);
    if (status !== vmbus.STATUS_SUCCESS) {
      this.kmcl.VmbPacketFree(packet);
      return status;
    }
    const number = new DataView(buffer.buffer, buffer.byteOffset).getUint32(0, true);
    this.inFlight.set(packet, number);
    this.kmcl.VmbPacketSetCompletionRoutine(packet, this.onEnded);
    return status;
  }

  /** A channel as it was when {@linkcode EverythingServer.save} told of it; it is offered where it was. */
  static restore(
    context: vmbus.HostContext,
    index: number,
    plan: ChannelPlan,
    saved: vmbus.SavedFields,
  ): EverythingServer {
    const server = new EverythingServer(context, index, plan, saved.record("state", readState));
    const channel = saved.orNull("channel", () => saved.bytes("channel"));
    if (channel !== null) server.enable(channel);
    return server;
  }
}
