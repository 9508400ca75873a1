/**
 * The host's driver of the scenario isolated: two channels of one device, in memory of its own, by the table of version 5
 * (kmcl.md X7 to X15). With each request that it answers it sends a packet of its own, by whose context it knows it again
 * after a restore.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { sharedInFabric } from "../protocols/ends.ts";
import { aimServer, identityOf } from "../protocols/set_up.ts";

/** The device. */
export const IDENTITY = identityOf("b7a1c0de-0005-4d6e-9a3b-5f0c1d2e3a42");
/** What a request is about, in its first byte. */
export const INVERT = 1;
/** The same: the sum of what lies in the GPADL whose handle follows. */
export const ADD_UP = 2;

/** As `KeGetCurrentIrql` says it. */
const PASSIVE_LEVEL = 0;

const must = vmbus.expectSuccess;
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** Packets of its own that a channel has at once, at most. */
const NUDGES_MAX = 2;

/** What the host's drivers have found: those that were restored as well. */
class HostNotes {
  /** Callbacks that did not get the context that was set for them. */
  wrongContexts = 0;
  /** Requests that came on the primary, and on the sub-channel. */
  readonly requests: [number, number] = [0, 0];
  /** Packets of its own that were answered, on either. */
  readonly nudges: [number, number] = [0, 0];
  /** Requests that came at PASSIVE_LEVEL: the primary's share of its flood is half. */
  passive = 0;
  /** Packets in flight that were saved and restored. */
  restored = 0;
  /** Packets whose context was another one's, or whose answer. */
  wrongNudges = 0;
}

/** Those of a fabric. */
export const hostNotesIn: (fabric: vmbus.Fabric) => HostNotes = sharedInFabric(() =>
  new HostNotes()
);

/** One channel's end. */
class Inverter {
  readonly channel: vmbus.VMBCHANNEL;
  readonly #kmcl: vmbus.KmclServerInterfaceV5;
  readonly #notes: HostNotes;
  readonly #index: 0 | 1;
  /** Packets of its own that are to be sent. */
  #due = 0;
  /** The number of the next one. */
  #next = 1;

  /** A channel that is not offered yet: the primary, or a sub-channel of `primary`. */
  constructor({ device, fabric, guest }: vmbus.HostContext, primary: vmbus.VMBCHANNEL | null) {
    const { kmcl } = must(vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V5_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V5,
    ));
    this.#kmcl = kmcl;
    this.#notes = hostNotesIn(fabric);
    this.#index = primary === null ? 0 : 1;
    const byteCount = kmcl.VmbSizeofChannel();
    const memory = new Uint8Array(byteCount);
    this.channel = must(kmcl.VmbChannelInitialize(device, true, memory, byteCount)).channel;
    const { channel } = this;
    if (primary === null) aimServer(kmcl, channel, guest, IDENTITY);
    else must(kmcl.VmbChannelInitSetPrimaryChannel(channel, primary));
    must(kmcl.VmbChannelInitSetInlinePacketContextSize(channel, 4));
    must(kmcl.VmbChannelInitSetMaximumPacketCount(channel, NUDGES_MAX));
    this.#setCallbacks();
  }

  #setCallbacks(): void {
    const { channel } = this;
    const kmcl = this.#kmcl;
    must(kmcl.VmbChannelInitSetProcessPacketCallbacksEx(
      channel,
      (_channel, packet, buffer, length, _flags, context) => {
        this.#expectOwn(context);
        this.#take(packet, buffer.slice(0, length));
      },
      (_channel, _packets, context) => this.#expectOwn(context),
      this,
    ));
    must(kmcl.VmbServerChannelInitSetSaveRestorePacketCallbacksEx(
      channel,
      (_channel, packet, buffer, byteCount, context) => {
        this.#expectOwn(context);
        if (byteCount === 0) return { status: vmbus.STATUS_BUFFER_TOO_SMALL, bytesNeeded: 1 };
        buffer[0] = this.#numberOf(packet);
        return { status: vmbus.STATUS_SUCCESS, bytesNeeded: 1 };
      },
      (_channel, libBuf, libBytes, buffer, _byteCount, context) => {
        this.#expectOwn(context);
        return this.#restorePacket(libBuf, libBytes, buffer[0]!);
      },
      this,
    ));
  }

  #expectOwn(context: unknown): void {
    if (context !== this) this.#notes.wrongContexts++;
  }

  /** Offers it, as new. */
  enable(): void {
    // Half of a flood: a restored channel has the share that it had.
    if (this.#index === 0) this.#kmcl.VmbChannelSetAllowableDpcCpuUsage(this.channel, 50);
    must(this.#kmcl.VmbChannelEnable(this.channel));
  }

  /** Packets move, and what is to be sent is sent. */
  start(): void {
    this.#kmcl.VmbChannelStart(this.channel);
    this.#nudge();
  }

  // -- Requests

  #take(packet: vmbus.VMBPACKETCOMPLETION, request: Uint8Array): void {
    const [what, number = 0] = request;
    const answer = what === ADD_UP ? this.#addUp(request) : this.#invert(packet, number);
    if (answer === null) return; // its pages are not there yet
    this.#notes.requests[this.#index]++;
    if (vmbus.KeGetCurrentIrql() === PASSIVE_LEVEL) this.#notes.passive++;
    this.#due++;
    this.#nudge();
    this.#kmcl.VmbChannelPacketComplete(packet, Uint8Array.of(answer), 1);
  }

  /** Inverts what the packet describes; null where it comes again. */
  #invert(packet: vmbus.VMBPACKETCOMPLETION, number: number): number | null {
    const { status, mdl } = this.#kmcl.VmbChannelPacketGetExternalData(packet, 0);
    if (status === vmbus.STATUS_PENDING || mdl === null) return null;
    for (const bytes of vmbus.mdlSegments(mdl)) {
      for (let at = 0; at < bytes.length; at++) bytes[at]! ^= 0xff;
    }
    return number;
  }

  /** The sum of the bytes in a GPADL, as a byte. */
  #addUp(request: Uint8Array): number {
    const handle = new DataView(request.buffer).getUint32(4, true);
    const { channel } = this;
    const { mdl } = must(this.#kmcl.VmbChannelMapGpadl(channel, 0, handle));
    let sum = 0;
    for (const bytes of vmbus.mdlSegments(mdl)) for (const byte of bytes) sum += byte;
    this.#kmcl.VmbChannelUnmapGpadl(channel, handle);
    return sum & 0xff;
  }

  // -- Packets of its own

  /** Sends what is due, as far as there are packet objects. */
  #nudge(): void {
    const kmcl = this.#kmcl;
    while (this.#due > 0) {
      const packet = kmcl.VmbPacketAllocate(this.channel);
      if (packet === null) return; // one that ends sends on
      const number = this.#next++;
      this.#contextOf(packet)[0] = number;
      this.#expectEnd(packet);
      this.#due--;
      const status = kmcl.VmbPacketSend(packet, Uint8Array.of(number), 1, null, WAIT);
      if (status !== vmbus.STATUS_SUCCESS) return kmcl.VmbPacketFree(packet);
    }
  }

  #expectEnd(packet: vmbus.VMBPACKET): void {
    this.#kmcl.VmbPacketSetCompletionRoutineEx(
      packet,
      (ended, status, answer, _length, context) => {
        this.#expectOwn(context);
        const number = this.#numberOf(ended);
        this.#kmcl.VmbPacketFree(ended);
        if (status !== vmbus.STATUS_SUCCESS) return; // its guest is gone, and lives on elsewhere
        this.#notes.nudges[this.#index]++;
        if (answer[0] !== number) this.#notes.wrongNudges++;
        this.#nudge();
      },
      this,
    );
  }

  #contextOf(packet: vmbus.VMBPACKET): Uint8Array {
    return this.#kmcl.VmbPacketGetInlinePacketContextPointer(packet) ?? new Uint8Array(4);
  }

  #numberOf(packet: vmbus.VMBPACKET): number {
    return this.#contextOf(packet)[0]!;
  }

  // -- Saving

  /** All that it is at. */
  async save(): Promise<vmbus.PlainData> {
    const channel = await vmbus.saveServerChannel(this.#kmcl, this.channel);
    return { due: this.#due, next: this.#next, channel };
  }

  /** Takes up what {@linkcode Inverter.save} told, and is offered. */
  restore(saved: vmbus.SavedFields): void {
    this.#due = saved.uint("due");
    this.#next = saved.uint("next");
    must(vmbus.restoreServerChannel(this.#kmcl, this.channel, saved.bytes("channel")));
    must(this.#kmcl.VmbChannelEnable(this.channel));
  }

  #restorePacket(libBuf: Uint8Array, libBytes: number, number: number): vmbus.NtStatus {
    const kmcl = this.#kmcl;
    const packet = kmcl.VmbPacketAllocate(this.channel);
    if (packet === null) return vmbus.STATUS_INSUFFICIENT_RESOURCES;
    const status = kmcl.VmbPacketRestore(packet, libBuf, libBytes);
    if (status !== vmbus.STATUS_SUCCESS) {
      kmcl.VmbPacketFree(packet);
      return status;
    }
    this.#notes.restored++;
    if (this.#numberOf(packet) !== number) this.#notes.wrongNudges++;
    this.#expectEnd(packet);
    return status;
  }

  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.channel);
    this.#kmcl.VmbChannelCleanup(this.channel);
  }
}

/** The driver, as far as the scenario uses it. */
export interface IsolatedHost extends vmbus.HostDriverInstance {
  /** Closes both channels, and frees them. */
  close(): Promise<void>;
}

function makeChannels(context: vmbus.HostContext): readonly Inverter[] {
  const primary = new Inverter(context, null);
  return [primary, new Inverter(context, primary.channel)];
}

function hostOf(channels: readonly Inverter[]): IsolatedHost {
  return {
    async save() {
      const saved: vmbus.PlainData[] = [];
      for (const channel of channels) saved.push(await channel.save());
      return saved;
    },
    resume: () => channels.forEach((channel) => channel.start()),
    async close() {
      for (const channel of channels.toReversed()) await channel.close();
    },
  };
}

/** The driver. */
export const isolatedHost: vmbus.HostDriver<IsolatedHost> = {
  name: "isolated vsp",
  start(context) {
    const channels = makeChannels(context);
    for (const channel of channels) {
      channel.enable();
      channel.start();
    }
    return hostOf(channels);
  },
  restore(context, data) {
    const channels = makeChannels(context);
    const saved = data as readonly vmbus.PlainData[];
    channels.forEach((channel, index) =>
      vmbus.readRecord(
        saved[index]!,
        `isolated vsp, channel ${index}`,
        (fields) => channel.restore(fields),
      )
    );
    return hostOf(channels);
  },
};
