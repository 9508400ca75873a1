/**
 * A pair of loadable drivers whose guest can be saved with something in every stage. They take things as
 * they come: whatever a hostile saver made of their guest, they ignore statuses and throw nothing.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { setVmbus } from "./connected_pair.ts";
import { byteOf, treat, type Treatment, treatmentOf } from "./treatment.ts";

const TYPE = "7b0b2f1e-6a0e-4c3f-8f0e-3a2c5d9e1f44";
const PAYLOAD_BYTES = 900;
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
/** Packets that one endpoint sends by itself after a restore: no run continues for ever. */
const SENDS_MAX = 6;

/** The channels of the guest, by what they are there for. */
export const RICH = {
  busy: 0,
  lent: 1,
  halted: 2,
  connecting: 3,
  opening: 4,
  waiting: 5,
  fresh: 6,
};
const CHANNELS = Object.keys(RICH).length;
/** Channels that the host offers. */
const SERVERS = 5;

function instanceOf(index: number): string {
  return `0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c${(0x2000 + index).toString(16)}`;
}

function clientTable({ device }: vmbus.GuestContext): vmbus.KmclClientInterfaceV1 {
  const { KMCL_CLIENT_INTERFACE_TYPE: type, KMCL_CLIENT_INTERFACE_V1_SIZE: size } = vmbus;
  return vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(device, type, size, 1)).kmcl;
}

function serverTable({ device }: vmbus.HostContext): vmbus.KmclServerInterfaceV1 {
  const { KMCL_SERVER_INTERFACE_TYPE: type, KMCL_SERVER_INTERFACE_V1_SIZE: size } = vmbus;
  return vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(device, type, size, 1)).kmcl;
}

/** The payload of a packet that is to be treated so. */
export function richPayload(first: number, byteCount: number = PAYLOAD_BYTES): Uint8Array {
  return new Uint8Array(byteCount).fill(first, 0, 1);
}

/** What both sides do alike. */
class RichEndpoint {
  readonly index: number;
  readonly kmcl: vmbus.KmclClientInterfaceV1;
  channel!: vmbus.VMBCHANNEL;
  /** Packet objects that it has, in flight or not, apart from those that KMCL frees. */
  readonly packets = new Set<vmbus.VMBPACKET>();
  readonly held: vmbus.VMBPACKETCOMPLETION[] = [];
  #sends = 0;

  constructor(index: number, kmcl: vmbus.KmclClientInterfaceV1) {
    this.index = index;
    this.kmcl = kmcl;
  }

  /** Sends a packet; without a routine it is KMCL's from now on. */
  send(
    how: Treatment,
    flags: number = WAIT,
    mdl: vmbus.Mdl | null = null,
    hasRoutine = true,
  ): void {
    const packet = this.kmcl.VmbPacketAllocate(this.channel);
    if (packet === null) return;
    if (hasRoutine) this.#keep(packet);
    const payload = richPayload(byteOf(how));
    this.kmcl.VmbPacketSend(packet, payload, payload.length, mdl, flags);
  }

  #keep(packet: vmbus.VMBPACKET): void {
    this.packets.add(packet);
    this.kmcl.VmbPacketSetCompletionRoutine(packet, this.onEnded);
  }

  /** Sends `packet`, made by VmbPacketInitialize. */
  sendInitialized(): void {
    const room = new Uint8Array(this.kmcl.VmbChannelSizeofPacket(this.channel));
    const { packet } = this.kmcl.VmbPacketInitialize(this.channel, room, room.length);
    if (packet === null) return;
    this.#keep(packet);
    this.kmcl.VmbPacketSend(packet, richPayload(0, 8), 8, null, WAIT);
  }

  /** An idle packet object. */
  spare(): void {
    const packet = this.kmcl.VmbPacketAllocate(this.channel);
    if (packet !== null) this.packets.add(packet);
  }

  /** The completion routine: some packets are sent again, then they are given back. */
  readonly onEnded: vmbus.EvtPacketCompletionRoutine = (packet, status) => {
    const isOver = status !== vmbus.STATUS_SUCCESS || this.#sends >= SENDS_MAX;
    if (!isOver) {
      this.#sends++;
      const payload = richPayload(this.#sends % 3, 100);
      this.kmcl.VmbPacketSend(packet, payload, payload.length, null, WAIT);
    } else if (this.kmcl.VmbPacketGetPointer(packet) === null) {
      this.packets.delete(packet);
      this.kmcl.VmbPacketFree(packet);
    }
  };

  /** EvtChannelProcessPacket. */
  readonly onPacket: vmbus.EvtChannelProcessPacket = (_channel, packet, buffer) => {
    return treat(treatmentOf(buffer[0]), packet, {
      kmcl: this.kmcl,
      complete: () => this.complete(packet),
      hold: () => void this.held.push(packet),
    });
  };

  /** Completes a packet with an answer that fills some of the ring. */
  complete(packet: vmbus.VMBPACKETCOMPLETION | undefined): void {
    if (packet !== undefined) {
      this.kmcl.VmbChannelPacketComplete(packet, richPayload(7, 400), 400);
    }
  }

  protected callbacks(): vmbus.StateChangeCallbacks {
    return {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelPostStarted: () => this.send("complete"),
      EvtChannelSuspend: () => {
        for (const packet of this.held.splice(0)) this.complete(packet);
      },
    };
  }
}

type SavedClient = {
  readonly channel: string;
  readonly packets: readonly string[];
  readonly held: readonly string[];
  readonly gpadls: readonly number[];
};

/** One channel of the guest. */
export class RichClient extends RichEndpoint {
  /** GPADLs that the driver has to delete. */
  gpadls: number[] = [];
  readonly #memory: vmbus.GuestMemory;

  constructor(index: number, context: vmbus.GuestContext) {
    super(index, clientTable(context));
    this.#memory = context.partition.memory;
  }

  /** Makes the channel, and enables most. */
  begin(device: vmbus.Device): void {
    const { kmcl, index } = this;
    this.channel = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, false)).channel;
    kmcl.VmbClientChannelInitSetTargetPnp(this.channel, TYPE, instanceOf(index));
    kmcl.VmbClientChannelInitSetRingBufferPageCount(this.channel, 1, 1);
    kmcl.VmbChannelInitSetMaximumPacketSize(this.channel, 1000);
    kmcl.VmbChannelInitSetMaximumExternalData(this.channel, 8192, 2);
    kmcl.VmbChannelInitSetProcessPacketCallbacks(this.channel, this.onPacket);
    kmcl.VmbChannelInitSetStateChangeCallbacks(this.channel, this.callbacks());
    if (index === RICH.fresh) this.spare();
    else kmcl.VmbChannelEnable(this.channel);
  }

  protected override callbacks(): vmbus.StateChangeCallbacks {
    const EvtChannelClosed = () => {
      for (const handle of this.gpadls.splice(0)) this.delete(handle);
    };
    return { ...super.callbacks(), EvtChannelClosed };
  }

  /** Deletes a GPADL; nobody waits for the end of it. */
  delete(handle: number): void {
    this.kmcl.VmbChannelDeleteGpadl(this.channel, handle).catch(() => {});
  }

  /** Shares a page with the host. */
  share(): number {
    const buffer = this.#memory.allocate(4096);
    const { gpadlHandle } = this.kmcl.VmbChannelCreateGpadlFromBuffer(
      this.channel,
      0,
      buffer,
      4096,
    );
    return gpadlHandle ?? 0;
  }

  /** Two pages in a packet, the second paged out. */
  lend(): void {
    const { gpa } = this.#memory.allocate(8192);
    this.#memory.pageOut(gpa + 4096, 4096);
    this.send("hold", WAIT, vmbus.IoAllocateMdl(this.#memory, gpa + 100, 8000));
  }

  save(tokens: vmbus.HandleTokens): SavedClient {
    return {
      channel: tokens.of(this.channel),
      packets: [...this.packets].map((packet) => tokens.of(packet)),
      held: this.held.map((packet) => tokens.of(packet)),
      gpadls: [...this.gpadls],
    };
  }

  restore(context: vmbus.GuestRestoreContext, saved: SavedClient): void {
    const stateChange = this.callbacks();
    this.channel = context.attachChannel(saved.channel, {
      processPacket: this.onPacket,
      stateChange,
    });
    for (const token of saved.packets) {
      this.packets.add(context.attachPacket(token, { completionRoutine: this.onEnded }));
    }
    for (const token of saved.held) this.held.push(context.attachCompletion(token).packet);
    this.gpadls = saved.gpadls.map(Number);
  }
}

/** The guest's driver at work. */
export interface RichGuest extends vmbus.GuestDriverInstance {
  readonly channels: readonly RichClient[];
}

function richGuest(channels: readonly RichClient[]): RichGuest {
  return { channels, save: (tokens) => channels.map((channel) => channel.save(tokens)) };
}

/** The guest's driver. */
export const richGuestDriver: vmbus.GuestDriver<RichGuest> = {
  name: "rich-guest",
  start(context) {
    const channels = Array.from({ length: CHANNELS }, (_, index) => new RichClient(index, context));
    for (const channel of channels) channel.begin(context.device);
    return richGuest(channels);
  },
  restore(context, state) {
    return richGuest((state as readonly SavedClient[]).map((saved, index) => {
      const channel = new RichClient(index, context);
      channel.restore(context, saved);
      return channel;
    }));
  },
};

/** One channel of the host. */
export class RichServer extends RichEndpoint {
  readonly vsp: vmbus.KmclServerInterfaceV1;
  readonly #context: vmbus.HostContext;

  constructor(index: number, context: vmbus.HostContext) {
    const vsp = serverTable(context);
    super(index, vsp);
    this.vsp = vsp;
    this.#context = context;
  }

  /** Makes the channel as it was, and offers it. */
  begin(saved: Uint8Array | null): void {
    const { vsp, index } = this;
    const { device, guest } = this.#context;
    this.channel = vmbus.expectSuccess(vsp.VmbChannelAllocate(device, true)).channel;
    setVmbus(vsp, this.channel, guest);
    vsp.VmbServerChannelInitSetTargetInterfaceId(this.channel, TYPE, instanceOf(index));
    vsp.VmbChannelInitSetMaximumPacketSize(this.channel, 1000);
    vsp.VmbChannelInitSetMaximumExternalData(this.channel, 8192, 2);
    vsp.VmbChannelInitSetProcessPacketCallbacks(this.channel, this.onPacket);
    vsp.VmbChannelInitSetStateChangeCallbacks(this.channel, this.callbacks());
    vsp.VmbServerChannelInitSetSaveRestorePacketCallbacks(
      this.channel,
      () => ({ status: vmbus.STATUS_SUCCESS, bytesNeeded: 0 }),
      (_channel, libBuffer, libBytes) => this.#restorePacket(libBuffer, libBytes),
    );
    if (index === RICH.lent) vsp.VmbServerChannelInitSetMmioMegabytes(this.channel, 1, 0);
    if (index === RICH.busy) vsp.VmbChannelSetTransactionQuota(this.channel, 1);
    if (saved !== null) {
      vmbus.expectSuccess(vmbus.restoreServerChannel(vsp, this.channel, saved));
    }
    vmbus.expectSuccess(vsp.VmbChannelEnable(this.channel));
    if (saved === null) vsp.VmbChannelStart(this.channel);
  }

  #restorePacket(libBuffer: Uint8Array, libBytes: number): vmbus.NtStatus {
    const packet = this.vsp.VmbPacketAllocate(this.channel);
    const status = this.vsp.VmbPacketRestore(packet, libBuffer, libBytes);
    if (status === vmbus.STATUS_SUCCESS && packet !== null) {
      this.packets.add(packet);
      this.vsp.VmbPacketSetCompletionRoutine(packet, this.onEnded);
    }
    return status;
  }
}

/** The root's driver at work. */
export interface RichHost extends vmbus.HostDriverInstance {
  readonly channels: readonly RichServer[];
}

function richHost(channels: readonly RichServer[]): RichHost {
  return {
    channels,
    async save() {
      const saved: (readonly [number, Uint8Array])[] = [];
      for (const { vsp, channel, index } of channels) {
        saved.push([index, await vmbus.saveServerChannel(vsp, channel)]);
      }
      return saved;
    },
    resume() {
      for (const { vsp, channel } of channels) vsp.VmbChannelStart(channel);
    },
  };
}

/** The root's driver. */
export const richHostDriver: vmbus.HostDriver<RichHost> = {
  name: "rich-host",
  start(context) {
    const channels = Array.from({ length: SERVERS }, (_, index) => new RichServer(index, context));
    for (const channel of channels) if (channel.index < RICH.connecting) channel.begin(null);
    return richHost(channels);
  },
  restore(context, state) {
    const saved = state as readonly (readonly [number, Uint8Array])[];
    return richHost(saved.map(([index, bytes]) => {
      const channel = new RichServer(index, context);
      channel.begin(bytes);
      return channel;
    }));
  },
};
