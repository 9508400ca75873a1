/**
 * The host's driver of the scenario isolated: two channels of one device, in memory of its own, by the table of version 5
 * (kmcl.md X7 to X15).
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { hostDriver, sharedInFabric } from "../protocols/ends.ts";
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

/** What the host's driver has found. */
class HostNotes {
  /** Callbacks that did not get the context that was set for them. */
  wrongContexts = 0;
  /** Requests that came on the primary, and on the sub-channel. */
  readonly requests: [number, number] = [0, 0];
  /** Requests that came at PASSIVE_LEVEL: the primary's share of its flood is half. */
  passive = 0;
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

  constructor(
    kmcl: vmbus.KmclServerInterfaceV5,
    { device, fabric, guest }: vmbus.HostContext,
    primary: vmbus.VMBCHANNEL | null,
  ) {
    this.#kmcl = kmcl;
    this.#notes = hostNotesIn(fabric);
    this.#index = primary === null ? 0 : 1;
    const byteCount = kmcl.VmbSizeofChannel();
    const memory = new Uint8Array(byteCount);
    this.channel = must(kmcl.VmbChannelInitialize(device, true, memory, byteCount)).channel;
    const { channel } = this;
    if (primary === null) aimServer(kmcl, channel, guest, IDENTITY);
    else must(kmcl.VmbChannelInitSetPrimaryChannel(channel, primary));
    must(kmcl.VmbChannelInitSetProcessPacketCallbacksEx(
      channel,
      (_channel, packet, buffer, length, _flags, context) => {
        if (context !== this) this.#notes.wrongContexts++;
        this.#take(packet, buffer.slice(0, length));
      },
      (_channel, _packets, context) => {
        if (context !== this) this.#notes.wrongContexts++;
      },
      this,
    ));
    must(kmcl.VmbServerChannelInitSetSaveRestorePacketCallbacksEx(
      channel,
      () => ({ status: vmbus.STATUS_SUCCESS, bytesNeeded: 0 }),
      () => vmbus.STATUS_UNSUCCESSFUL,
      this,
    ));
    if (primary === null) kmcl.VmbChannelSetAllowableDpcCpuUsage(channel, 50);
    must(kmcl.VmbChannelEnable(channel));
    kmcl.VmbChannelStart(channel);
  }

  #take(packet: vmbus.VMBPACKETCOMPLETION, request: Uint8Array): void {
    const [what, number = 0] = request;
    const answer = what === ADD_UP ? this.#addUp(request) : this.#invert(packet, number);
    if (answer === null) return; // its pages are not there yet
    this.#notes.requests[this.#index]++;
    if (vmbus.KeGetCurrentIrql() === PASSIVE_LEVEL) this.#notes.passive++;
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

/** The driver. */
export const isolatedHost: vmbus.HostDriver<IsolatedHost> = hostDriver(
  "isolated vsp",
  (context) => {
    const { kmcl } = must(vmbus.WdfFdoQueryForInterface(
      context.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V5_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V5,
    ));
    const primary = new Inverter(kmcl, context, null);
    const second = new Inverter(kmcl, context, primary.channel);
    return {
      save: () => {
        throw new Error("Cannot save a driver of the scenario isolated: its run is too short");
      },
      resume: () => {},
      close: async () => {
        await second.close();
        await primary.close();
      },
    };
  },
);
