/**
 * A storage controller in the host: what becomes of a request, and of its channels. The driver is driver.ts, which says
 * how a request goes through it.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { DiskTable, type StorageDisk } from "./disk_table.ts";
import {
  ACCEPTED,
  askedEvent,
  plainAnswer,
  propertiesAnswer,
  REFUSED,
  type SubChannelsRequest,
  versionAnswer,
  type VersionRequest,
} from "./initialization.ts";
import { SESSION_CHART } from "./chart.ts";
import {
  type AnswerEffect,
  type SessionEffect,
  type SessionEvent,
  SUB_CHANNEL_ANSWERS,
} from "./words.ts";
import { STORAGE_VERSIONS } from "../protocol.ts";
import { DiskCommands } from "./commands.ts";
import { type ChannelOwner, StorageChannel, type TakenRequest } from "./channel.ts";
import {
  type DiskAddress,
  type SavedServer,
  saveServer,
  type StorageServerState,
} from "./state.ts";
import type { ServedDisk, StorageServer } from "./server.ts";

/** From this version on guests are told of other disks. */
const NEWS_VERSION: number = STORAGE_VERSIONS.win7;
/** So long a guest whose disks were taken away must have asked nothing before its channels are taken away as well. */
const QUIET_MILLISECONDS = 50;
/** The longest that this is waited for. */
const WITHDRAWAL_MILLISECONDS_MAX = 10_000;

/** A storage controller, offered to one guest. */
export class StorageController implements StorageServer, ChannelOwner {
  /** See {@linkcode StorageServer.state}. */
  readonly state: StorageServerState;
  /** See {@linkcode ChannelOwner.context}. */
  readonly context: vmbus.HostContext;
  /** See {@linkcode ChannelOwner.kmcl}. */
  readonly kmcl: vmbus.KmclServerInterfaceV1;
  readonly #disks: DiskTable;
  /** The primary, and the sub-channels behind it. */
  readonly #channels: StorageChannel[] = [];
  readonly #commands: DiskCommands;
  /** Resolves when the sub-channels are gone that a guest left behind. */
  #subChannelsGone: Promise<void> = Promise.resolve();
  /** What becomes of a request. */
  readonly #answers: Readonly<Record<AnswerEffect, (taken: TakenRequest) => void>> = {
    accept: (taken) => taken.channel.complete(taken, ACCEPTED),
    agree: (taken) => {
      const request = taken.request as VersionRequest;
      this.state.version = request.version;
      taken.channel.complete(taken, versionAnswer(request, vmbus.STATUS_SUCCESS));
    },
    refuseVersion: (taken) => {
      const answer = versionAnswer(taken.request as VersionRequest, vmbus.STATUS_REVISION_MISMATCH);
      taken.channel.complete(taken, answer);
    },
    tellProperties: (taken) =>
      taken.channel.complete(taken, propertiesAnswer(this.state.version, this.state)),
    grant: (taken) => this.#grant(taken),
    refuseCount: (taken) =>
      taken.channel.complete(taken, plainAnswer(vmbus.STATUS_INVALID_PARAMETER)),
    execute: (taken) => this.#commands.execute(taken),
    reset: (taken) => this.#commands.reset(taken),
  };
  /** What is done on a step of the chart. */
  readonly #effects: Readonly<Record<SessionEffect, (taken: TakenRequest) => void>> = {
    ...this.#answers,
    serve: () => this.#serve(),
    notify: () => this.#channels[0]!.notify(this.state.version),
    forget: () => Object.assign(this.state, { version: 0, subChannels: 0 }),
    closeSubChannels: () => void (this.#subChannelsGone = this.#closeSubChannels()),
  };

  /** A controller that is not offered yet. */
  constructor(context: vmbus.HostContext, state: StorageServerState) {
    this.state = state;
    this.context = context;
    this.#disks = new DiskTable(state.transferBytesMax);
    this.#commands = new DiskCommands(context.fabric, this.#disks);
    this.kmcl = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
      context.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
    )).kmcl;
  }

  /** See {@linkcode ChannelOwner.instance}. */
  get instance(): string {
    return this.state.instance;
  }

  /** See {@linkcode ChannelOwner.queueDepth}. */
  get queueDepth(): number {
    return this.state.queueDepth;
  }

  /** See {@linkcode StorageServer.isOffered}. */
  get isOffered(): boolean {
    return this.#channels[0]?.isOffered ?? false;
  }

  // -- Disks

  /** See {@linkcode StorageServer.addresses}. */
  get addresses(): readonly DiskAddress[] {
    return this.#disks.addresses;
  }

  /** See {@linkcode StorageServer.disk}. */
  disk(address: Partial<DiskAddress>): ServedDisk | null {
    return this.#disks.at(address);
  }

  /** See {@linkcode StorageServer.addDisk}. */
  addDisk(disk: StorageDisk): void {
    this.#disks.add(disk);
    this.#changed();
  }

  /** See {@linkcode StorageServer.removeDisk}. */
  removeDisk(address: Partial<DiskAddress>): void {
    this.#disks.remove(address);
    this.#changed();
  }

  /** There are other disks, of which the guest hears as soon as it can. */
  #changed(): void {
    if (this.state.version < NEWS_VERSION) return;
    this.#tell(this.#channels[0]?.isRunning ? "changed" : "changedAtRest");
  }

  // -- Life

  /** Offers the controller with `disks`. */
  enable(disks: readonly StorageDisk[]): void {
    for (const disk of disks) this.#disks.add(disk);
    this.#addChannel().enable(null);
  }

  /** Continues with a controller that was saved: its disks may have other sizes, and there may be others. */
  continue(disks: readonly StorageDisk[], saved: SavedServer): void {
    for (const disk of disks) this.#disks.add(disk, saved.disks);
    const isSame = this.#disks.addresses.length === saved.disks.length &&
      saved.disks.every((address) => this.#disks.at(address) !== null);
    if (!isSame) this.#changed();
    for (const { bytes } of saved.channels) {
      const channel = this.#addChannel();
      if (bytes !== null) channel.enable(bytes);
    }
  }

  /** The channel that comes next; it is not offered yet. */
  #addChannel(): StorageChannel {
    const channel = new StorageChannel(this, this.#channels.length);
    this.#channels.push(channel);
    return channel;
  }

  /** The guest is being saved: brings its channels to rest. */
  async save(): Promise<vmbus.PlainData> {
    const channels = [];
    for (const channel of [...this.#channels]) {
      channels.push({ index: channel.index, bytes: await channel.save() });
    }
    return saveServer({ state: this.state, channels, disks: this.#disks.saved });
  }

  /** Takes requests, from now on or again. A sub-channel rests until the guest is ready. */
  resume(): void {
    const isReady = this.state.agreement.phase === "ready";
    for (const channel of this.#channels) {
      if (channel.isOffered && (channel.index === 0 || isReady)) channel.start();
    }
  }

  /** See {@linkcode StorageServer.close}. */
  async close(): Promise<void> {
    await this.#withdraw();
    await this.#closeSubChannels();
    await this.#channels[0]?.close();
  }

  /** Takes the disks away, and gives a guest that uses them the time to hear of it (docs/storage.md, H4). */
  async #withdraw(): Promise<void> {
    this.#disks.clear();
    this.#changed();
    const { context: { fabric }, state } = this;
    const end = fabric.now() + WITHDRAWAL_MILLISECONDS_MAX;
    for (let isQuiet = false; !isQuiet && fabric.now() < end;) {
      if (state.agreement.phase !== "ready") return;
      const { count } = this.#commands;
      await fabric.delay(QUIET_MILLISECONDS);
      isQuiet = this.#commands.count === count && !this.#commands.areRunning;
    }
  }

  async #closeSubChannels(): Promise<void> {
    for (const channel of this.#channels.splice(1).reverse()) await channel.close();
  }

  // -- What happens, and what is done

  /** Tells the chart what happens, a request in `taken`; what it does not list changes nothing: false. */
  #tell(event: SessionEvent, taken: TakenRequest | null = null): boolean {
    const { state } = this;
    const step = SESSION_CHART.step(state.place, event);
    if (step === undefined) return false;
    state.place = step.place;
    // What answers a request is the effect of one alone.
    for (const effect of step.effects) this.#effects[effect](taken as TakenRequest);
    return true;
  }

  /** See {@linkcode ChannelOwner.started}. */
  started({ index }: StorageChannel): void {
    if (index === 0) this.#tell("started");
  }

  /** See {@linkcode ChannelOwner.notified}. */
  notified(): void {
    this.#tell("notified");
  }

  /** See {@linkcode ChannelOwner.closed}: the protocol begins anew with the primary, without sub-channels. */
  async closed({ index }: StorageChannel): Promise<void> {
    if (index > 0) return;
    this.#tell("closed");
    await this.#subChannelsGone;
  }

  /** See {@linkcode ChannelOwner.died}. */
  died({ index }: StorageChannel, reason: string): void {
    this.state.death = reason;
    if (index === 0) this.#tell("died");
  }

  // -- Requests

  /** See {@linkcode ChannelOwner.take}. */
  take(taken: TakenRequest): void {
    const { channel, request } = taken;
    if (channel.index > 0) {
      const answer = SUB_CHANNEL_ANSWERS[request.operation];
      if (answer !== undefined) return this.#answers[answer](taken);
    } else if (this.#tell(askedEvent(request, this.state.version, this.state), taken)) return;
    channel.complete(taken, REFUSED);
  }

  /** Offers sub-channels; those that are offered stay. */
  #grant(taken: TakenRequest): void {
    const { subChannels } = taken.request as SubChannelsRequest;
    this.state.subChannels = Math.max(this.state.subChannels, subChannels);
    this.#offerSubChannels();
    taken.channel.complete(taken, ACCEPTED);
  }

  /** Offers the sub-channels that the guest has asked for and that are not offered yet. */
  #offerSubChannels(): void {
    const { phase, subChannels } = this.state.agreement;
    try {
      while (this.#channels.length <= subChannels) {
        const channel = this.#addChannel();
        channel.enable(null);
        if (phase === "ready") channel.start();
      }
    } catch (error) {
      // Where there is no memory for one more, the guest waits for its offer, and works with those that are there.
      if (!(error instanceof vmbus.KmclError)) throw error;
    }
  }

  /** The guest is ready: sub-channels are served. */
  #serve(): void {
    for (const channel of this.#channels.slice(1)) {
      if (channel.isOffered) channel.start(); // its offer may have come to nothing
    }
  }
}
