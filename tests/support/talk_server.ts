/**
 * The root's half of the loadable pair: a driver with some channels, each a talker.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { setVmbus } from "./connected_pair.ts";
import { NUDGE, sumOf, type Talk, type TalkHeader, talkOf } from "./talk_plan.ts";
import { newTalkerState, Talker, type TalkerState } from "./talker.ts";
import { TALK_PACKET_BYTES, TALK_TYPE, talkInstance, type TalkOptions } from "./talk_client.ts";

type ServerState = TalkerState & {
  /** Handle of the memory that the client shares; 0: none yet. */
  gpadl: number;
};

/** What a channel's server tells when it is saved. */
type SavedServer = { readonly state: ServerState; readonly channel: Uint8Array };

/** Stands for a nudge in a packet's saved state. */
const NUDGE_NUMBER = 0xffff_ffff;
/** Incoming packets that a server with a quota takes at once. */
const QUOTA = 3;

/** The server table, asked for with the driver's own device. */
function tableOf({ device }: vmbus.HostContext): vmbus.KmclServerInterfaceV1 {
  return vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    device,
    vmbus.KMCL_SERVER_INTERFACE_TYPE,
    vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
    1,
  )).kmcl;
}

/** One channel of the root's driver. */
export class TalkServer extends Talker {
  readonly #index: number;
  readonly #context: vmbus.HostContext;
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  declare readonly state: ServerState;
  protected override readonly nudgesAreAnswered = false;
  #shared: vmbus.Mdl | null = null;

  constructor(context: vmbus.HostContext, index: number, state: ServerState, count: number) {
    const vsp = tableOf(context);
    super(vsp, state, count);
    this.#vsp = vsp;
    this.#context = context;
    this.#index = index;
  }

  // -- Beginning

  /** Makes the channel; `saved` is what was saved of it. */
  begin(saved: Uint8Array | null): void {
    const vsp = this.#vsp;
    const { device, guest } = this.#context;
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(device, true));
    this.channel = channel;
    const init = (status: number) => vmbus.expectSuccess(status);
    setVmbus(vsp, channel, guest);
    init(vsp.VmbServerChannelInitSetTargetVtl(channel, guest.vtl));
    init(vsp.VmbServerChannelInitSetTargetInterfaceId(
      channel,
      TALK_TYPE,
      talkInstance(this.#index),
    ));
    init(vsp.VmbChannelInitSetMaximumPacketSize(channel, TALK_PACKET_BYTES));
    init(vsp.VmbChannelInitSetMaximumExternalData(channel, 4096, 2));
    init(vsp.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (_channel, packet, buffer) => this.onPacket(packet, buffer, null),
    ));
    init(vsp.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelOpened: () => this.#opened(),
      EvtChannelPostStarted: () => this.started(),
      EvtChannelSuspend: () => this.suspended(),
      EvtChannelClosed: () => this.#unmap(),
    }));
    init(vsp.VmbServerChannelInitSetSaveRestorePacketCallbacks(
      channel,
      (_channel, packet, buffer, byteCount) => this.#savePacket(packet, buffer, byteCount),
      (_channel, libBuffer, libBytes, buffer) => this.#restorePacket(libBuffer, libBytes, buffer),
    ));
    if (this.#index % 2 === 0) vsp.VmbChannelSetTransactionQuota(channel, QUOTA);
    if (saved !== null) init(vmbus.restoreServerChannel(vsp, channel, saved));
    init(vsp.VmbChannelEnable(channel));
  }

  /** Called again after a restore, where the channel was open. */
  #opened(): vmbus.NtStatus {
    if (this.state.gpadl !== 0) this.#map();
    return vmbus.STATUS_SUCCESS;
  }

  /** A client may have deleted its GPADL meanwhile: then nothing is counted. */
  #map(): void {
    this.#shared = this.#vsp.VmbChannelMapGpadl(this.channel, 0, this.state.gpadl).mdl;
  }

  #unmap(): void {
    if (this.#shared !== null) this.#vsp.VmbChannelUnmapGpadl(this.channel, this.state.gpadl);
    this.#shared = null;
  }

  /** Counts a packet in the memory that the client shares. */
  #count(): void {
    if (this.#shared === null) return;
    const [bytes] = [...vmbus.mdlSegments(this.#shared)];
    const view = new DataView(bytes!.buffer, bytes!.byteOffset, bytes!.byteLength);
    view.setUint32(0, view.getUint32(0, true) + 1, true);
  }

  // -- What a talker asks for

  protected override talk(number: number): Talk {
    return talkOf("server", this.#index, number);
  }

  protected override packetFor(): vmbus.VMBPACKET {
    return this.kmcl.VmbPacketAllocate(this.channel)!;
  }

  protected override done(packet: vmbus.VMBPACKET): void {
    this.kmcl.VmbPacketFree(packet);
  }

  protected override lend(): null {
    return null;
  }

  protected override unlend(): Uint8Array {
    return NUDGE.subarray(0, 0);
  }

  protected override accept(
    header: TalkHeader,
    packet: vmbus.VMBPACKETCOMPLETION,
    payload: Uint8Array,
  ): Uint8Array | null {
    let sum = header.kind === "share" ? "shared" : sumOf(payload);
    if (header.kind === "lend") {
      const { status, mdl } = this.kmcl.VmbChannelPacketGetExternalData(packet, 0);
      if (status === vmbus.STATUS_PENDING) return null;
      if (mdl === null) throw new Error(`Cannot see what is lent: ${vmbus.ntStatusName(status)}`);
      const segments = [...vmbus.mdlSegments(mdl)];
      sum += sumOf(...segments);
      for (const bytes of segments) bytes[0]! ^= 0xff;
    }
    if (header.kind === "share") {
      this.state.gpadl = header.value;
      this.#map();
    }
    this.#count();
    return new TextEncoder().encode(sum);
  }

  // -- Saving

  async save(): Promise<SavedServer> {
    const channel = await vmbus.saveServerChannel(this.#vsp, this.channel);
    return { state: this.state, channel };
  }

  resume(): void {
    this.#vsp.VmbChannelStart(this.channel);
  }

  #savePacket(packet: vmbus.VMBPACKET, buffer: Uint8Array | null, byteCount: number) {
    if (buffer === null || byteCount < 4) {
      return { status: vmbus.STATUS_BUFFER_TOO_SMALL, bytesNeeded: 4 };
    }
    const number = this.inFlight.get(packet)?.number ?? NUDGE_NUMBER;
    new DataView(buffer.buffer, buffer.byteOffset).setUint32(0, number, true);
    return { status: vmbus.STATUS_SUCCESS, bytesNeeded: 4 };
  }

  #restorePacket(libBuffer: Uint8Array, libBytes: number, buffer: Uint8Array): vmbus.NtStatus {
    const packet = this.packetFor();
    const status = this.#vsp.VmbPacketRestore(packet, libBuffer, libBytes);
    if (status !== vmbus.STATUS_SUCCESS) return status;
    const number = new DataView(buffer.buffer, buffer.byteOffset).getUint32(0, true);
    this.inFlight.set(packet, { number: number === NUDGE_NUMBER ? null : number });
    this.kmcl.VmbPacketSetCompletionRoutine(packet, this.onEnded);
    return vmbus.STATUS_SUCCESS;
  }
}

/** The root's driver at work. */
export interface TalkHost extends vmbus.HostDriverInstance {
  readonly channels: readonly TalkServer[];
}

function talkHost(options: TalkOptions, channels: readonly TalkServer[]): TalkHost {
  return {
    channels,
    async save() {
      const saved: SavedServer[] = [];
      for (const channel of channels) saved.push(await channel.save());
      return { options, channels: saved };
    },
    resume: () => channels.forEach((channel) => channel.resume()),
  };
}

/** The root's driver. */
export const talkHostDriver: vmbus.HostDriver<TalkHost> = {
  name: "talk-host",
  start(context, data) {
    const options = data as TalkOptions;
    const channels = Array.from({ length: options.channels }, (_, index) => {
      const state = { ...newTalkerState(), gpadl: 0 };
      return new TalkServer(context, index, state, options.count);
    });
    for (const channel of channels) {
      channel.begin(null);
      channel.resume();
    }
    return talkHost(options, channels);
  },
  restore(context, data) {
    const saved = data as { options: TalkOptions; channels: readonly SavedServer[] };
    const channels = saved.channels.map(({ state, channel }, index) => {
      const server = new TalkServer(context, index, state, saved.options.count);
      server.begin(channel);
      return server;
    });
    return talkHost(saved.options, channels);
  },
};
