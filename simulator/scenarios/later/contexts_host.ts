/**
 * The host's driver of the scenario contexts: it keeps what it knows of each request in the area that comes with it, by the
 * table of version 2.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { sharedInFabric } from "../protocols/ends.ts";
import { aimServer } from "../protocols/set_up.ts";
import { IDENTITY } from "./contexts_guest.ts";

/** Requests that the host keeps before it answers. */
const KEPT_MAX = 4;
const AREA_BYTES = 8;

const must = vmbus.expectSuccess;

/** What the host's drivers have found: those that were restored as well. */
class KeeperNotes {
  /** An area that held something when its packet came. */
  hasStale = false;
  /** The channel's devices were not what they have to be. */
  hasWrongDevices = false;
  /** Whether several were kept at once. */
  hasKeptSeveral = false;
  /** Whether a driver was restored. */
  isRestored = false;
}

/** Those of a fabric. */
export const keeperNotesIn: (fabric: vmbus.Fabric) => KeeperNotes = sharedInFabric(() =>
  new KeeperNotes()
);

/** The driver at work. */
class Keeper implements vmbus.HostDriverInstance {
  readonly #notes: KeeperNotes;
  readonly #kmcl: vmbus.KmclServerInterfaceV2;
  readonly #channel: vmbus.VMBCHANNEL;
  readonly #kept: vmbus.VMBPACKETCOMPLETION[] = [];

  /** Offers a channel, as new or as it was saved. */
  constructor({ fabric, device, guest }: vmbus.HostContext, saved: Uint8Array | null) {
    this.#notes = keeperNotesIn(fabric);
    this.#kmcl = must(vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V2_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V2,
    )).kmcl;
    const kmcl = this.#kmcl;
    this.#channel = must(kmcl.VmbChannelAllocate(device, true)).channel;
    const channel = this.#channel;
    aimServer(kmcl, channel, guest, IDENTITY);
    must(kmcl.VmbChannelInitSetClientContextSize(channel, AREA_BYTES));
    must(kmcl.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (_channel, packet, [number = 0]) => this.#keep(packet, number),
      () => this.#answerAll(),
    ));
    must(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelOpened: () => this.#opened(device),
      EvtChannelSuspend: () => this.#answerAll(),
    }));
    if (saved !== null) must(vmbus.restoreServerChannel(kmcl, channel, saved));
    must(kmcl.VmbChannelEnable(channel));
  }

  /** The channel opens: the driver looks at its devices. */
  #opened(device: vmbus.Device): vmbus.NtStatus {
    const isWrong = this.#kmcl.VmbChannelGetTargetDeviceObject(this.#channel) === null ||
      this.#kmcl.VmbChannelGetParentDeviceObject(this.#channel) !== device;
    this.#notes.hasWrongDevices ||= isWrong;
    return vmbus.STATUS_SUCCESS;
  }

  /** A request came: its number goes into its area, and it is kept. */
  #keep(packet: vmbus.VMBPACKETCOMPLETION, number: number): void {
    const area = this.#areaOf(packet);
    this.#notes.hasStale ||= area.some((byte) => byte !== 0);
    area[0] = number;
    this.#kept.push(packet);
    this.#notes.hasKeptSeveral ||= this.#kept.length > 1;
    if (this.#kept.length >= KEPT_MAX) this.#answerAll();
  }

  /** Answers what is kept, the last one first, each with what its area says. */
  #answerAll(): void {
    for (const packet of this.#kept.splice(0).reverse()) {
      this.#kmcl.VmbChannelPacketComplete(packet, this.#areaOf(packet), 1);
    }
  }

  #areaOf(packet: vmbus.VMBPACKETCOMPLETION): Uint8Array {
    return this.#kmcl.VmbChannelPacketGetClientContext(packet) ?? new Uint8Array(AREA_BYTES);
  }

  /** See {@linkcode vmbus.HostDriverInstance.save}. */
  save(): Promise<Uint8Array> {
    return vmbus.saveServerChannel(this.#kmcl, this.#channel);
  }

  /** See {@linkcode vmbus.HostDriverInstance.resume}. */
  resume(): void {
    this.#kmcl.VmbChannelStart(this.#channel);
  }

  /** Takes the offer back, and frees the channel. */
  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.#channel);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }
}

/** The driver. */
export const contextsHost: vmbus.HostDriver<Keeper> = {
  name: "contexts vsp",
  start(context) {
    const keeper = new Keeper(context, null);
    keeper.resume();
    return keeper;
  },
  restore(context, data) {
    keeperNotesIn(context.fabric).isRestored = true;
    return new Keeper(context, data as Uint8Array);
  },
};
