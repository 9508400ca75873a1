/**
 * Driver pairs on open channels, as a program of the package's users would make them.
 *
 * @module
 */

import { PAGE_BYTES } from "../core/units.ts";
import * as vmbus from "../mod.ts";

const INTERFACE_TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
/** Pages that a guest needs beside the rings of its channels. */
const SPARE_PAGES = 64;

/** What is on the stage. */
export interface StageOptions {
  /** Options of the fabric. */
  readonly fabric: vmbus.FabricOptions;
  /** Channels, spread over the guests. */
  readonly channels: number;
  /** Guests. */
  readonly guests: number;
  /** Largest packet. */
  readonly packetBytes: number;
  /** Data pages of each of a channel's two rings, as the client asks. */
  readonly ringPages: number;
  /** Called for each packet that arrives at a server. */
  readonly onRequest: (table: vmbus.KmclServerInterfaceV1) => vmbus.EvtChannelProcessPacket;
}

/** A driver pair. */
export interface StagePair {
  /** The host's end. */
  readonly server: vmbus.VMBCHANNEL;
  /** The guest's end. */
  readonly client: vmbus.VMBCHANNEL;
  /** The table of the guest's drivers. */
  readonly vsc: vmbus.KmclClientInterfaceV1;
}

/** What one guest's drivers need. */
interface Guest {
  readonly device: vmbus.Device;
  readonly vsc: vmbus.KmclClientInterfaceV1;
  readonly kernelHandle: vmbus.KernelHandle;
}

/** A fabric with open channels. */
export class Stage {
  /** The fabric. */
  readonly fabric: vmbus.Fabric;
  /** The pairs whose channels are open. */
  readonly pairs: StagePair[] = [];
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  readonly #guests: readonly Guest[];
  readonly #options: StageOptions;

  private constructor(options: StageOptions) {
    this.#options = options;
    this.fabric = vmbus.createFabric(options.fabric);
    this.#vsp = vmbus.expectSuccess(
      vmbus.WdfFdoQueryForInterface(
        this.fabric.root.device,
        vmbus.KMCL_SERVER_INTERFACE_TYPE,
        vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
        vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
      ),
    ).kmcl;
    this.#guests = Array.from({ length: options.guests }, (_, index) => this.#createGuest(index));
  }

  /** A stage whose channels are all open. */
  static async open(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options);
    await stage.#openPairs();
    return stage;
  }

  /** Bytes of RAM of all guests. */
  get ramBytes(): number {
    return this.#guests.length * this.#guestPages * PAGE_BYTES;
  }

  get #guestPages(): number {
    const { channels, guests, ringPages } = this.#options;
    return Math.ceil(channels / guests) * 2 * (ringPages + 1) + SPARE_PAGES;
  }

  /** Closes every channel. */
  async close(): Promise<void> {
    for (const { server, client, vsc } of this.pairs) {
      await vsc.VmbChannelDisable(client);
      await this.#vsp.VmbChannelDisable(server);
      vsc.VmbChannelCleanup(client);
      this.#vsp.VmbChannelCleanup(server);
    }
    this.pairs.length = 0;
    for (const { kernelHandle } of this.#guests) vmbus.ZwClose(kernelHandle);
    const leaks = this.fabric.leaks();
    if (leaks.length > 0) throw new Error(`Cannot close the stage: ${leaks[0]?.message}`);
  }

  #createGuest(index: number): Guest {
    const guest = this.fabric.createPartition({
      name: `guest ${index}`,
      memoryPages: this.#guestPages,
    });
    const { kmcl } = vmbus.expectSuccess(
      vmbus.WdfFdoQueryForInterface(
        guest.device,
        vmbus.KMCL_CLIENT_INTERFACE_TYPE,
        vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
        vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
      ),
    );
    const { kernelHandle } = vmbus.expectSuccess(
      this.#vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
    );
    return { device: guest.device, vsc: kmcl, kernelHandle };
  }

  async #openPairs(): Promise<void> {
    for (let index = 0; index < this.#options.channels; index++) {
      const guest = this.#guests[index % this.#guests.length]!;
      const instance = `0c7e1f4e-2f52-4c57-8a1e-${index.toString(16).padStart(12, "0")}`;
      const server = this.#enableServer(guest, instance);
      this.pairs.push({ server, client: this.#enableClient(guest, instance), vsc: guest.vsc });
    }
    await this.fabric.settle();
    for (const { client } of this.pairs) {
      const { lifecycle } = vmbus.inspectChannel(client);
      if (lifecycle !== "opened") throw new Error(`Cannot open a channel: it is ${lifecycle}`);
    }
  }

  #enableServer(guest: Guest, instance: string): vmbus.VMBCHANNEL {
    const vsp = this.#vsp;
    const { packetBytes, onRequest } = this.#options;
    const { channel } = vmbus.expectSuccess(
      vsp.VmbChannelAllocate(this.fabric.root.device, true),
    );
    vmbus.expectSuccess(vsp.VmbServerChannelInitSetVmbusHandle(channel, guest.kernelHandle));
    vmbus.expectSuccess(
      vsp.VmbServerChannelInitSetTargetInterfaceId(channel, INTERFACE_TYPE, instance),
    );
    vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumPacketSize(channel, packetBytes));
    vmbus.expectSuccess(
      vsp.VmbChannelInitSetProcessPacketCallbacks(channel, onRequest(vsp), null),
    );
    vmbus.expectSuccess(vsp.VmbChannelEnable(channel));
    vsp.VmbChannelStart(channel);
    return channel;
  }

  #enableClient({ device, vsc }: Guest, instance: string): vmbus.VMBCHANNEL {
    const { packetBytes, ringPages } = this.#options;
    const { channel } = vmbus.expectSuccess(vsc.VmbChannelAllocate(device, false));
    vmbus.expectSuccess(
      vsc.VmbClientChannelInitSetTargetPnp(channel, INTERFACE_TYPE, instance, null),
    );
    vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, packetBytes));
    vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(channel, 1, 1));
    vmbus.expectSuccess(
      vsc.VmbClientChannelInitSetRingBufferPageCount(channel, ringPages, ringPages),
    );
    vmbus.expectSuccess(
      vsc.VmbChannelInitSetProcessPacketCallbacks(
        channel,
        (_channel, packet) => vsc.VmbChannelPacketComplete(packet, null, 0),
        null,
      ),
    );
    vmbus.expectSuccess(vsc.VmbChannelEnable(channel));
    return channel;
  }
}
