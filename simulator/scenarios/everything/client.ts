/**
 * The guest's side of one channel.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { externalBounds, Lending, tryAllocate } from "./lending.ts";
import type { Message } from "./message.ts";
import { type ChannelPlan, type Errand, errandOf, type Sender } from "./plan.ts";
import { newState, readState, saveState, type TalkerState, wrong } from "./state.ts";
import { type Accepted, Talker } from "./talker.ts";

/** Interface type of the scenario's offers. */
export const INTERFACE_TYPE = "9a0f4d2b-7c51-4e36-8f0d-61b2c7a93e58";
/** A GPADL is made of this page: all of it, or its middle. */
const SHARED_BYTES = 4096;
const MIDDLE = { offset: 512, byteCount: 1024 };
/** Set in the value of a message that shares: the host may read alone. */
export const READ_ONLY_BIT = 0x8000_0000;
/** The host's answer where it could not map what was shared. */
export const NOT_MAPPED = 1;
/** What a channel's kinds allow: a GPADL may be refused where there is no room for it. */
const GPADL_REFUSALS: readonly vmbus.NtStatus[] = [
  vmbus.STATUS_UNSUCCESSFUL,
  vmbus.STATUS_DEVICE_REMOVED,
  vmbus.STATUS_INSUFFICIENT_RESOURCES,
  vmbus.STATUS_INVALID_PARAMETER_1,
];

/** Instance of the offer of channel `index`. */
export function instanceOf(index: number): string {
  return `3c5e8a17-d940-4b6f-a2c8-f01d7e9b4${(0x100 + index).toString(16)}`;
}

/** The guest's side of one channel. */
export class EverythingClient extends Talker {
  /** See {@linkcode Talker.channel}. */
  readonly channel: vmbus.VMBCHANNEL;
  /** See {@linkcode Talker.state}. */
  readonly state: TalkerState;
  /** See {@linkcode Talker.fabric}. */
  protected readonly fabric: vmbus.Fabric;
  /** See {@linkcode Talker.kmcl}. */
  protected readonly kmcl: vmbus.KmclClientInterfaceV1;
  /** See {@linkcode Talker.sender}. */
  protected readonly sender: Sender = "guest";
  readonly #memory: vmbus.GuestMemory;
  readonly #lending: Lending;
  /** The page that is shared, for good. */
  #shared: vmbus.GuestBuffer | null = null;
  /** Where in the page the memory begins that is shared. */
  #sharedOffset = 0;
  /** The GPADL that the host has let go, and which is to be deleted; 0: none. */
  #returned = 0;
  #deletion: Promise<void> | null = null;

  private constructor(
    context: vmbus.GuestContext,
    plan: ChannelPlan,
    state: TalkerState,
    getChannel: (
      kmcl: vmbus.KmclClientInterfaceV1,
      callbacks: vmbus.ChannelCallbacks,
    ) => vmbus.VMBCHANNEL,
  ) {
    super(plan);
    this.state = state;
    this.fabric = context.fabric;
    this.#memory = context.partition.memory;
    this.#lending = new Lending(this.#memory);
    this.kmcl = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
      context.device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
    )).kmcl;
    this.channel = getChannel(this.kmcl, this.#callbacks());
  }

  // -- Beginning

  /** A new channel, which looks for its offer. */
  static start(context: vmbus.GuestContext, index: number, plan: ChannelPlan): EverythingClient {
    const client = new EverythingClient(context, plan, newState(), (kmcl, callbacks) => {
      const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(context.device, false));
      configure(kmcl, channel, index, plan, callbacks);
      return channel;
    });
    client.open();
    return client;
  }

  #callbacks(): vmbus.ChannelCallbacks {
    return {
      processPacket: this.onPacket,
      processingComplete: this.onBatch,
      stateChange: {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelOpened: () => this.#opened(),
        EvtChannelStarted: () => this.started(),
        EvtChannelPostStarted: () => this.pump(),
        EvtChannelSuspend: () => this.suspended(),
        EvtChannelClosed: () => this.#closed(),
      },
      pnpFailure: () => void this.state.refusals++,
    };
  }

  /** Looks for its offer, where it does not. */
  override open(): void {
    super.open();
    if (this.plan.isEarly) {
      this.state.maySend = true;
      this.pump();
    }
  }

  /** Has it interrupted on another processor, where it is open, and the version of the bus has that. */
  move(processor: number): void {
    if (this.whereabouts === null) return;
    vmbus.setTargetProcessor(this.kmcl, this.channel, processor);
  }

  #opened(): vmbus.NtStatus {
    this.state.opens++;
    const { latency100ns } = this.plan;
    if (latency100ns === 0) return vmbus.STATUS_SUCCESS;
    return this.kmcl.VmbChannelSetInterruptLatency(this.channel, latency100ns).status;
  }

  async #closed(): Promise<void> {
    this.state.closes++;
    const { gpadl } = this.state;
    this.state.gpadl = 0;
    this.#delete(gpadl);
    this.#delete(this.#returned);
    this.#returned = 0;
    await this.#deletion;
  }

  // -- Sending

  /** See {@linkcode Talker.post}. */
  protected post(packet: vmbus.VMBPACKET, number: number, errand: Errand): vmbus.NtStatus {
    const { kmcl } = this;
    if (errand.kind === "lend") {
      const payload = this.messageOf(number, errand, 1);
      const status = this.#lending.send(kmcl, packet, payload, number, errand.variant);
      if (status !== null) return status;
    }
    const value = errand.kind === "share" ? this.#share(errand.variant) : 0;
    const payload = this.messageOf(number, errand, value);
    return kmcl.VmbPacketSend(packet, payload, payload.length, null, this.flagsOf(errand));
  }

  /** See {@linkcode Talker.ended}. */
  protected ended(number: number, kind: Errand["kind"], answer: Message | null): void {
    const { state, plan } = this;
    if (kind === "lend") {
      const { variant } = errandOf(plan, "guest", number);
      // 0: the host has not seen it, as nothing could be lent.
      const fault = this.#lending.end(number, variant, answer?.value || null);
      if (fault !== null) wrong(state, "P6: external data is shared memory", fault);
    }
    // While the guest hears answers it has not closed, and while it has not closed it has deleted nothing.
    if (kind === "share" && answer?.value === NOT_MAPPED && state.gpadl !== 0) {
      wrong(state, "G2: a GPADL is mapped", "the host cannot map what the guest has shared");
    }
    if (kind === "unshare" && answer !== null && answer.value !== 0) {
      this.#unshared(answer.value - 1);
    }
  }

  /** Shares a page, or its middle; the value of the message that tells the host. */
  #share(variant: number): number {
    const { state } = this;
    this.#shared ??= tryAllocate(this.#memory, SHARED_BYTES);
    if (state.gpadl !== 0 || this.#returned !== 0 || this.#shared === null) return 0;
    if (this.whereabouts?.lifecycle !== "opened") return 0;
    const flags = variant % 4 === 3 ? vmbus.VMBUS_CHANNEL_GPADL_READ_ONLY : 0;
    const { gpa } = this.#shared;
    this.#memory.write(gpa, new Uint8Array(SHARED_BYTES));
    this.#sharedOffset = variant % 2 === 0 ? 0 : MIDDLE.offset;
    const { status, gpadlHandle } = variant % 2 === 0
      ? this.kmcl.VmbChannelCreateGpadlFromBuffer(this.channel, flags, this.#shared, SHARED_BYTES)
      : this.kmcl.VmbChannelCreateGpadlFromMdl(
        this.channel,
        flags,
        vmbus.IoAllocateMdl(this.#memory, gpa, SHARED_BYTES),
        MIDDLE.offset,
        MIDDLE.byteCount,
      );
    if (gpadlHandle === null) {
      if (!GPADL_REFUSALS.includes(status)) {
        wrong(state, "G2: a GPADL is created", String(vmbus.ntStatusName(status)));
      }
      return 0;
    }
    state.gpadl = gpadlHandle;
    return flags === 0 ? gpadlHandle : (gpadlHandle | READ_ONLY_BIT) >>> 0;
  }

  /** The host has let the memory go, and counted so often in it. */
  #unshared(counted: number): void {
    const { state } = this;
    if (this.#shared === null || state.gpadl === 0) return;
    const bytes = this.#memory.read(this.#shared.gpa + this.#sharedOffset, 4);
    const seen = new DataView(bytes.buffer).getUint32(0, true);
    if (seen !== counted) {
      wrong(state, "G4: writes are seen by the other side", `${seen} where ${counted} was counted`);
    }
    this.#returned = state.gpadl;
    state.gpadl = 0;
  }

  #delete(gpadl: number): void {
    if (gpadl === 0) return;
    this.#deletion = this.kmcl.VmbChannelDeleteGpadl(this.channel, gpadl);
  }

  // -- Receiving

  /** See {@linkcode Talker.accept}. */
  protected accept(): Accepted {
    return 0;
  }

  // -- What the program asks for

  /** Does what is due, and deletes the GPADL that the host has let go. */
  override tend(): void {
    super.tend();
    const there = this.whereabouts;
    if (there?.lifecycle === "opened" && this.#returned !== 0) {
      this.#delete(this.#returned);
      this.#returned = 0;
    }
  }

  /** Gives all memory back. */
  override cleanup(): void {
    if (this.whereabouts === null) return;
    super.cleanup();
    this.#lending.endAll();
    if (this.#shared !== null) this.#memory.free(this.#shared);
    this.#shared = null;
  }

  // -- Saving

  /** All that it is at. */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      plan: this.plan,
      state: saveState(this.state),
      channel: tokens.of(this.channel),
      inFlight: [...this.inFlight].map(([packet, number]) => ({
        token: tokens.of(packet),
        number,
      })),
      held: this.held.map(({ packet, answer }) => ({ token: tokens.of(packet), answer })),
      lent: this.#lending.save(),
      shared: this.#shared?.gpa ?? null,
      sharedOffset: this.#sharedOffset,
      returned: this.#returned,
    };
  }

  /** Takes up what {@linkcode EverythingClient.save} told. */
  static restore(
    context: vmbus.GuestRestoreContext,
    plan: ChannelPlan,
    saved: vmbus.SavedFields,
  ): EverythingClient {
    const state = saved.record("state", readState);
    const channel = saved.text("channel");
    const client = new EverythingClient(
      context,
      plan,
      state,
      (_kmcl, callbacks) => context.attachChannel(channel, callbacks),
    );
    const completionRoutine = client.onEnded;
    saved.records("inFlight", (each) => {
      const packet = context.attachPacket(each.text("token"), { completionRoutine });
      client.inFlight.set(packet, each.uint("number", 0xffff));
    });
    saved.records("held", (each) => {
      const { packet } = context.attachCompletion(each.text("token"));
      client.held.push({ packet, answer: each.bytes("answer") });
    });
    for (const lent of saved.list("lent")) {
      const [number, gpa] = lent as readonly [number, number];
      client.#lending.restore(number, context.buffer(gpa));
    }
    client.#shared = saved.orNull("shared", () => context.buffer(saved.uint("shared")));
    client.#sharedOffset = saved.uint("sharedOffset", MIDDLE.offset);
    client.#returned = saved.uint("returned", 0xffff_ffff);
    return client;
  }
}

function configure(
  kmcl: vmbus.KmclClientInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  index: number,
  plan: ChannelPlan,
  callbacks: vmbus.ChannelCallbacks,
): void {
  const { processPacket, processingComplete = null, stateChange = null, pnpFailure } = callbacks;
  const must = vmbus.expectSuccess;
  const [externalBytes, chain] = externalBounds(plan);
  const instance = instanceOf(plan.isSub ? 0 : index);
  must(kmcl.VmbClientChannelInitSetTargetPnp(channel, INTERFACE_TYPE, instance, pnpFailure));
  if (plan.isSub) must(vmbus.initSetSubchannelIndex(kmcl, channel, index));
  must(kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1));
  must(kmcl.VmbChannelInitSetMaximumPacketSize(channel, plan.bytesMax));
  must(kmcl.VmbChannelInitSetMaximumExternalData(channel, externalBytes, chain));
  must(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, processPacket, processingComplete));
  must(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, stateChange));
  if (plan.isPipe) {
    must(kmcl.VmbChannelInitSetFlags(channel, vmbus.VMBUS_CHANNEL_INIT_FLAG_IS_PIPE));
  }
  kmcl.VmbChannelSetIncomingProcessingAtPassive(channel, plan.isGuestPassive);
}
