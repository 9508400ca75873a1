/**
 * A storage controller in the host: what becomes of a request, and of its channels. The driver is driver.ts, which says
 * how a request goes through it.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { DiskTable, type StorageDisk } from "./disk_table.ts";
import {
  NO_AGREEMENT,
  plainAnswer,
  PRIMARY_STEPS,
  REFUSED,
  SUB_CHANNEL_STEPS,
} from "./initialization.ts";
import { isPromise } from "../scsi/maybe.ts";
import { type SrbRequest, STORAGE_VERSIONS } from "../protocol.ts";
import { RunningCommands } from "./running.ts";
import { GuestData } from "../scsi/guest_data.ts";
import type { ScsiResult } from "../scsi/result.ts";
import { SRB_DIRECTIONS } from "../srb.ts";
import { srbAnswer } from "./srb_answer.ts";
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
  readonly #running = new RunningCommands();

  /** A controller that is not offered yet. */
  constructor(context: vmbus.HostContext, state: StorageServerState) {
    this.state = state;
    this.context = context;
    this.#disks = new DiskTable(state.transferBytesMax);
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

  #changed(): void {
    if (this.state.agreement.phase !== "ready") return;
    // A notification that has not left tells of this as well.
    if (this.state.news === "told") this.state.news = "untold";
    this.#tellNews();
  }

  /** Tells the guest of other disks, if it was not told and can be. */
  #tellNews(): void {
    const { news, agreement: { phase, version } } = this.state;
    const [primary] = this.#channels;
    if (news !== "untold" || phase !== "ready" || version < NEWS_VERSION) return;
    if (primary === undefined || !primary.isRunning) return;
    this.state.news = "leaving";
    primary.notify(version);
  }

  // -- Life

  /** Offers the controller with `disks`. */
  enable(disks: readonly StorageDisk[]): void {
    for (const disk of disks) this.#disks.add(disk);
    this.#addChannel().enable(null);
  }

  /** Goes on with a controller that was saved: its disks may have other sizes, and there may be others. */
  continue(disks: readonly StorageDisk[], saved: SavedServer): void {
    for (const disk of disks) this.#disks.add(disk, saved.disks);
    const isSame = this.#disks.addresses.length === saved.disks.length &&
      saved.disks.every((address) => this.#disks.at(address) !== null);
    const { state } = this;
    if (!isSame && state.agreement.phase === "ready" && state.news === "told") {
      state.news = "untold";
    }
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
    await this.#closeSubChannels();
    await this.#channels[0]?.close();
  }

  async #closeSubChannels(): Promise<void> {
    for (const channel of this.#channels.splice(1).reverse()) await channel.close();
  }

  /** See {@linkcode ChannelOwner.started}. */
  started({ index }: StorageChannel): void {
    if (index === 0) this.#tellNews();
  }

  /** See {@linkcode ChannelOwner.notified}. */
  notified(): void {
    this.state.news = "told";
  }

  /** See {@linkcode ChannelOwner.closed}: the protocol begins anew with the primary, without sub-channels. */
  async closed({ index }: StorageChannel): Promise<void> {
    if (index > 0) return;
    this.state.agreement = NO_AGREEMENT;
    this.state.news = "told";
    await this.#closeSubChannels();
  }

  /** See {@linkcode ChannelOwner.died}. */
  died(reason: string): void {
    this.state.death = reason;
  }

  // -- Requests

  /** See {@linkcode ChannelOwner.take}. */
  take(channel: StorageChannel, taken: TakenRequest): void {
    const { agreement } = this.state;
    const { request } = taken;
    const steps = channel.index === 0 ? PRIMARY_STEPS[agreement.phase] : SUB_CHANNEL_STEPS;
    const step = steps[request.operation];
    if (step === undefined) return channel.complete(taken, REFUSED);
    if (step === "execute") return this.#execute(channel, taken, request as SrbRequest);
    if (step === "reset") return this.#reset(channel, taken);
    const progress = step(agreement, request, this.state);
    this.state.agreement = progress.agreement;
    this.#offerSubChannels();
    channel.complete(taken, progress.answer);
    if (request.operation === "endInitialization") this.#ready();
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

  /** The guest is ready: sub-channels are served, and of what changed before it need not be told. */
  #ready(): void {
    this.state.news = "told";
    for (const channel of this.#channels.slice(1)) {
      if (channel.isOffered) channel.start(); // its offer may have come to nothing
    }
  }

  /** RESET: does nothing to the disks, and is answered once all that ran before it has ended. */
  #reset(channel: StorageChannel, taken: TakenRequest): void {
    const answer = plainAnswer(vmbus.STATUS_SUCCESS);
    this.#running.afterAll(() => channel.complete(taken, answer));
  }

  #execute(channel: StorageChannel, taken: TakenRequest, request: SrbRequest): void {
    const { direction, dataTransferBytes } = request;
    const isRead = direction !== SRB_DIRECTIONS.write;
    const memory = channel.memoryOf(taken, isRead);
    if (memory === "pending") return;
    if (memory === null) return channel.die(taken.packet, "its data has more ranges than one");
    const thereBytes = memory.reduce((sum, { length }) => sum + length, 0);
    if (thereBytes < dataTransferBytes) {
      const reason = `its data is ${dataTransferBytes} bytes, its range has ${thereBytes}`;
      return channel.die(taken.packet, reason);
    }
    const data = new GuestData(memory, dataTransferBytes, isRead);
    const result = this.#disks.execute(request, request.cdb, data);
    if (!isPromise(result)) return channel.complete(taken, srbAnswer(result));
    const isInFabric = this.#disks.at(request)?.image.isInFabric ?? false;
    this.#await(channel, taken, result, isInFabric);
  }

  /** Answers a request when its command has ended. Real input and output is waited for outside the fabric. */
  #await(
    channel: StorageChannel,
    taken: TakenRequest,
    result: Promise<ScsiResult>,
    isInFabric: boolean,
  ): void {
    const { fabric } = this.context;
    const command = this.#running.begin();
    const ended = isInFabric ? result : fabric.outside(() => result);
    ended.then((end) => {
      // Nobody is left to be told where the fabric was disposed of meanwhile.
      if (fabric.partitions.length === 0) return;
      channel.complete(taken, srbAnswer(end));
      this.#running.end(command);
    });
  }
}
