/**
 * The guest's half of the loadable pair: a driver with some channels, each a talker.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";

import { LENT_BYTES, LENT_OFFSET, lentBytes, shareTalk, type Talk, talkOf } from "./talk_plan.ts";
import { newTalkerState, Talker, type TalkerState } from "./talker.ts";

/** Interface type of the pair's offers. */
export const TALK_TYPE = "51f0f7c4-94a3-4b7e-9d52-0f5f3a1d7e21";
/** Largest packet of the pair. */
export const TALK_PACKET_BYTES = 2100;

/** Instance of the offer of channel `index`. */
export function talkInstance(index: number): string {
  return `0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c${(0x1000 + index).toString(16)}`;
}

/** What both drivers of the pair are given. */
export type TalkOptions = {
  /** Channels between the two. */
  readonly channels: number;
  /** Transactions that each side of each channel begins. */
  readonly count: number;
};

type ClientState = TalkerState & {
  /** Handle of the shared memory, and its address. */
  gpadl: number;
  sharedGpa: number;
};

/** What a channel's client tells when it is saved. */
type SavedClient = {
  readonly state: ClientState;
  readonly channel: vmbus.HandleToken;
  readonly spare: vmbus.HandleToken | null;
  readonly initialized: vmbus.HandleToken | null;
  readonly lent: readonly (readonly [number, number])[];
  readonly inFlight: readonly (readonly [vmbus.HandleToken, number | null])[];
  readonly held: readonly (readonly [vmbus.HandleToken, Uint8Array])[];
};

/** The client table, asked for with the driver's own device. */
function tableOf({ device }: vmbus.GuestContext): vmbus.KmclClientInterfaceV1 {
  return vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    1,
  )).kmcl;
}

/** One channel of the guest's driver. */
export class TalkClient extends Talker {
  readonly #index: number;
  readonly #context: vmbus.GuestContext;
  declare readonly state: ClientState;
  protected override readonly nudgesAreAnswered = true;
  /** Packet objects that are kept for good, while they are idle. */
  #spare: vmbus.VMBPACKET | null = null;
  #initialized: vmbus.VMBPACKET | null = null;
  /** All two, idle or not. */
  readonly #kept: [spare: vmbus.VMBPACKET | null, initialized: vmbus.VMBPACKET | null] = [
    null,
    null,
  ];
  /** What is lent, by the number of its transaction. */
  readonly #lent = new Map<number, vmbus.GuestBuffer>();

  constructor(context: vmbus.GuestContext, index: number, state: ClientState, count: number) {
    super(tableOf(context), state, count);
    this.#context = context;
    this.#index = index;
  }

  // -- Beginning

  /** Whether packets come at PASSIVE_LEVEL; some then take their time. */
  get #isPassive(): boolean {
    return this.#index % 3 === 2;
  }

  /** Makes the channel and enables it. */
  begin(): void {
    const { kmcl } = this;
    const { channel } = vmbus.expectSuccess(
      kmcl.VmbChannelAllocate(this.#context.device, false),
    );
    this.channel = channel;
    const init = (status: number) => vmbus.expectSuccess(status);
    init(kmcl.VmbClientChannelInitSetTargetPnp(channel, TALK_TYPE, talkInstance(this.#index)));
    init(kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1));
    init(kmcl.VmbChannelInitSetMaximumPacketSize(channel, TALK_PACKET_BYTES));
    init(kmcl.VmbChannelInitSetMaximumExternalData(channel, 4096, 2));
    const { processPacket, stateChange } = this.#callbacks();
    init(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, processPacket));
    init(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, stateChange));
    kmcl.VmbChannelSetIncomingProcessingAtPassive(channel, this.#isPassive);
    init(kmcl.VmbChannelEnable(channel));
  }

  #callbacks() {
    const { fabric } = this.#context;
    return {
      processPacket: (
        _channel: vmbus.VMBCHANNEL,
        packet: vmbus.VMBPACKETCOMPLETION,
        buffer: Uint8Array,
      ) => this.onPacket(packet, buffer, this.#isPassive ? () => fabric.delay(0.01) : null),
      stateChange: {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelOpened: () => this.#opened(),
        EvtChannelPostStarted: () => this.started(),
        EvtChannelSuspend: () => this.suspended(),
        EvtChannelClosed: () => this.kmcl.VmbChannelDeleteGpadl(this.channel, this.state.gpadl),
      },
    };
  }

  #opened(): vmbus.NtStatus {
    const shared = this.#context.partition.memory.allocate(4096);
    const { status, gpadlHandle } = this.kmcl.VmbChannelCreateGpadlFromBuffer(
      this.channel,
      0,
      shared,
      4096,
    );
    this.state.gpadl = gpadlHandle ?? 0;
    this.state.sharedGpa = shared.gpa;
    if (this.#index % 2 === 1) this.kmcl.VmbChannelSetInterruptLatency(this.channel, 50);
    const room = new Uint8Array(this.kmcl.VmbChannelSizeofPacket(this.channel));
    const initialized = this.kmcl.VmbPacketInitialize(this.channel, room, room.length).packet;
    const spare = this.kmcl.VmbPacketAllocate(this.channel);
    this.#keep(spare, initialized);
    this.#spare = spare;
    this.#initialized = initialized;
    return status;
  }

  #keep(spare: vmbus.VMBPACKET | null, initialized: vmbus.VMBPACKET | null): void {
    this.#kept[0] = spare;
    this.#kept[1] = initialized;
  }

  /** How often the server has counted in the memory that it shares. */
  get counted(): number {
    const bytes = this.#context.partition.memory.read(this.state.sharedGpa, 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  // -- What a talker asks for

  protected override talk(number: number): Talk {
    return number === 0 ? shareTalk(this.state.gpadl) : talkOf("client", this.#index, number);
  }

  protected override packetFor(number: number | null, talk: Talk | null): vmbus.VMBPACKET {
    const initialized = talk?.isInitialized === true ? this.#initialized : null;
    if (initialized !== null) {
      this.#initialized = null;
      return initialized;
    }
    const spare = number === null ? null : this.#spare;
    if (spare !== null) {
      this.#spare = null;
      return spare;
    }
    return this.kmcl.VmbPacketAllocate(this.channel)!;
  }

  protected override done(packet: vmbus.VMBPACKET): void {
    if (packet === this.#kept[0]) this.#spare = packet;
    else if (packet === this.#kept[1]) this.#initialized = packet;
    else this.kmcl.VmbPacketFree(packet);
  }

  protected override lend(number: number, talk: Talk): vmbus.Mdl | null {
    if (talk.kind !== "lend") return null;
    const { memory } = this.#context.partition;
    const buffer = memory.allocate(LENT_OFFSET + LENT_BYTES);
    memory.write(buffer.gpa + LENT_OFFSET, lentBytes(this.#index, number));
    if (talk.isPagedOut) memory.pageOut(buffer.gpa, buffer.byteCount);
    this.#lent.set(number, buffer);
    return vmbus.IoAllocateMdl(memory, buffer.gpa + LENT_OFFSET, LENT_BYTES);
  }

  protected override unlend(number: number): Uint8Array {
    const buffer = this.#lent.get(number);
    if (buffer === undefined) return new Uint8Array(0);
    const { memory } = this.#context.partition;
    const bytes = memory.read(buffer.gpa + LENT_OFFSET, LENT_BYTES);
    this.#lent.delete(number);
    memory.free(buffer);
    return bytes;
  }

  protected override accept(): Uint8Array {
    return Uint8Array.of(this.#index, this.state.received.length & 0xff);
  }

  // -- Saving

  save(tokens: vmbus.HandleTokens): SavedClient {
    const idle = (packet: vmbus.VMBPACKET | null) => packet === null ? null : tokens.of(packet);
    return {
      state: this.state,
      channel: tokens.of(this.channel),
      spare: idle(this.#kept[0]),
      initialized: idle(this.#kept[1]),
      lent: [...this.#lent].map(([number, { gpa }]) => [number, gpa] as const),
      inFlight: [...this.inFlight].map(([packet, { number }]) =>
        [tokens.of(packet), number] as const
      ),
      held: this.held.map(({ packet, answer }) => [tokens.of(packet), answer] as const),
    };
  }

  restore(context: vmbus.GuestRestoreContext, saved: SavedClient): void {
    this.channel = context.attachChannel(saved.channel, this.#callbacks());
    for (const [number, gpa] of saved.lent) this.#lent.set(number, context.buffer(gpa));
    const callbacks = { completionRoutine: this.onEnded };
    const packets = new Map<vmbus.HandleToken, vmbus.VMBPACKET>();
    const attach = (token: vmbus.HandleToken): vmbus.VMBPACKET => {
      const packet = packets.get(token) ?? context.attachPacket(token, callbacks);
      packets.set(token, packet);
      return packet;
    };
    for (const [token, number] of saved.inFlight) this.inFlight.set(attach(token), { number });
    const spare = saved.spare === null ? null : attach(saved.spare);
    const initialized = saved.initialized === null ? null : attach(saved.initialized);
    this.#keep(spare, initialized);
    this.#spare = spare !== null && !this.inFlight.has(spare) ? spare : null;
    this.#initialized = initialized !== null && !this.inFlight.has(initialized)
      ? initialized
      : null;
    for (const [token, answer] of saved.held) {
      this.held.push({ packet: context.attachCompletion(token).packet, answer });
    }
  }
}

/** The guest's driver at work. */
export interface TalkGuest extends vmbus.GuestDriverInstance {
  readonly channels: readonly TalkClient[];
}

function talkGuest(options: TalkOptions, channels: readonly TalkClient[]): TalkGuest {
  return {
    channels,
    save: (tokens) => ({ options, channels: channels.map((channel) => channel.save(tokens)) }),
  };
}

/** The guest's driver. */
export const talkGuestDriver: vmbus.GuestDriver<TalkGuest> = {
  name: "talk-guest",
  start(context, data) {
    const options = data as TalkOptions;
    const channels = Array.from({ length: options.channels }, (_, index) => {
      const state = { ...newTalkerState(), gpadl: 0, sharedGpa: 0 };
      return new TalkClient(context, index, state, options.count);
    });
    for (const channel of channels) channel.begin();
    return talkGuest(options, channels);
  },
  restore(context, data) {
    const saved = data as { options: TalkOptions; channels: readonly SavedClient[] };
    const channels = saved.channels.map((channel, index) => {
      const client = new TalkClient(context, index, channel.state, saved.options.count);
      client.restore(context, channel);
      return client;
    });
    return talkGuest(saved.options, channels);
  },
};
