/**
 * The storage controller's VSC: the driver in the guest that opens a controller, finds its disks, and gives each to
 * its program as a block device.
 *
 * How it gets ready: in PostStarted it begins to ask the host (negotiation.ts), each answer leads to the next
 * question, and nothing waits; once the host is ready the disks are searched for (search.ts), and sub-channels
 * opened. How a request goes: operations.ts cuts it into pieces, queue.ts sends each on one of the channels
 * and judges its answer. So all that the driver knows is plain data at any time, and it can be saved at any moment.
 *
 * What may not be done in a callback, such as allocating a channel or waiting for one to close, is done in a step of
 * its own: `#attend`. It goes by the state alone, so that it can be begun again after a restore.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { Damage } from "../../../core/layout/mod.ts";
import { STORAGE_NOTIFICATION } from "../answers.ts";
import type { DiskFacts } from "./disk_facts.ts";
import { GuestTimers } from "./guest_timer.ts";
import { STATUS_IO_TIMEOUT } from "../srb.ts";
import { allocateChannel, countProcessors } from "./channel.ts";
import type { Disks } from "./disk.ts";
import { answerTo, encodeStep } from "./negotiation.ts";
import type { CommandQueue, Path } from "./queue.ts";
import { DiskService } from "./service.ts";
import {
  type AfterClosing,
  createState,
  type NegotiationStep,
  restoreState,
  saveState,
  type StorageClientOptions,
  type StorageClientState,
} from "./state.ts";

const { expectSuccess } = vmbus;
/** How often in a row a controller is opened again whose host is silent, or breaks the rules of the bus. */
const FAILURES_MAX = 3;

/** A storage controller, as one guest sees it. */
export class StorageClient implements vmbus.GuestDriverInstance {
  /** What it knows. */
  readonly state: StorageClientState;
  readonly #context: vmbus.GuestContext;
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #timers: GuestTimers;
  readonly #service: DiskService;
  readonly #queue: CommandQueue;
  /** Whether the program's side knows it: not before a restored guest runs, as a restore may yet be refused. */
  #isAwake = false;

  private constructor(context: vmbus.GuestContext, disks: Disks, state: StorageClientState) {
    const { fabric, partition, device } = context;
    this.#context = context;
    this.state = state;
    this.#kmcl = expectSuccess(vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
    )).kmcl;
    this.#timers = new GuestTimers(fabric, partition);
    this.#service = new DiskService({
      kmcl: this.#kmcl,
      memory: partition.memory,
      timers: this.#timers,
      state,
      disks,
      awake: () => this.#awake(),
      answered: (bytes, byteCount) => this.#answered(bytes, byteCount),
      timedOut: () => this.#failed("timed out", STATUS_IO_TIMEOUT),
    });
    this.#queue = this.#service.queue;
  }

  /**
   * Opens a controller that the host offers to the guest, as soon as it does.
   * @internal
   */
  static start(
    context: vmbus.GuestContext,
    disks: Disks,
    options: StorageClientOptions,
  ): StorageClient {
    const client = new StorageClient(context, disks, createState(options));
    const channel = client.#allocate(0, client.state.settings.instance);
    client.state.processors = countProcessors(client.#kmcl, channel);
    client.#awake();
    expectSuccess(client.#kmcl.VmbChannelEnable(channel), "VmbChannelEnable");
    return client;
  }

  /** The disks that are there, in the order of their LUNs. */
  get disks(): readonly DiskFacts[] {
    return this.#service.present;
  }

  /** What the program's side does not know is told it: the first time that anything of the guest's runs here. */
  #awake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#service.introduce();
  }

  /** Searches for disks anew, as where the host says that there are others. */
  rescan(): void {
    if (this.state.phase === "ready") this.#service.search();
  }

  /** Closes the controller. Requests under way fail. */
  async close(): Promise<void> {
    if (this.state.phase === "closed" || !this.#isLive) return;
    this.#stop("closed");
    await Promise.all(
      this.#queue.paths.toReversed().map(({ channel }) => this.#kmcl.VmbChannelDisable(channel)),
    );
    this.#closed();
  }

  // -- Channels

  #allocate(index: number, instance: string | null): vmbus.VMBCHANNEL {
    const channel = allocateChannel({
      kmcl: this.#kmcl,
      device: this.#context.device,
      settings: this.state.settings,
      instance,
      index,
      callbacks: this.#callbacks(index),
    });
    this.#queue.paths.push({ channel, index, isOpen: false, underWay: 0 });
    return channel;
  }

  #pathOf(channel: vmbus.VMBCHANNEL | null): Path | null {
    return this.#queue.paths.find((path) => path.channel === channel) ?? null;
  }

  /** What is attached to a channel, the first time and after each restore. */
  #callbacks(index: number): vmbus.ChannelCallbacks {
    const isPrimary = index === 0;
    return {
      processPacket: (_channel, packet, bytes, byteCount) => {
        this.#awake();
        if (isPrimary) this.#notified(bytes, byteCount);
        this.#kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
      stateChange: {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelPostStarted: (channel) => {
          this.#awake();
          const path = this.#pathOf(channel);
          if (path === null) return;
          if (isPrimary) return this.#negotiate();
          path.isOpen = true;
          this.#queue.pump();
        },
        EvtChannelSuspend: (channel) => {
          const path = this.#pathOf(channel);
          if (path !== null) path.isOpen = false; // before a program that hears of its disks asks for more
          this.#awake();
          if (isPrimary) this.#suspended(channel);
        },
      },
      pnpFailure: (_channel, status) => {
        this.#awake();
        if (isPrimary) this.#refuse(vmbus.ntStatusName(status) ?? `0x${status.toString(16)}`);
      },
    };
  }

  /** What the host says by itself: of other things than disks there is nothing to do. */
  #notified(bytes: Uint8Array, byteCount: number): void {
    const notification = STORAGE_NOTIFICATION.decode(bytes, byteCount);
    if (notification instanceof Damage || notification.operation === "eventNotification") return;
    this.rescan();
  }

  // -- Negotiation

  #negotiate(): void {
    if (this.state.phase !== "waiting") return;
    Object.assign(this.state, {
      phase: "negotiating",
      refusal: null,
      endStatus: vmbus.STATUS_DEVICE_REMOVED,
      versionIndex: 0,
      subChannels: 0,
    });
    this.#askFor("begin");
  }

  #askFor(step: NegotiationStep): void {
    this.state.step = step;
    if (!this.#queue.ask(encodeStep(this.state, step))) {
      this.#refuse(`no memory to ask for ${step}`);
    }
  }

  #answered(bytes: Uint8Array, byteCount: number): void {
    const { state } = this;
    const { step } = state;
    if (step === null) return; // of a controller that is being closed
    state.step = null;
    const outcome = answerTo(state, step, bytes, byteCount);
    if ("refusal" in outcome) return this.#refuse(outcome.refusal);
    if (step === "subChannels" && state.subChannels > 0) this.#attendSoon();
    if (outcome.next === "nothing") return;
    if (outcome.next !== "ready") return this.#askFor(outcome.next);
    state.phase = "ready";
    for (const path of this.#queue.paths) {
      if (path.index === 0) path.isOpen = true;
    }
    const asksNow = state.subChannelsWanted > 0 && state.settings.asksForSubChannels === "afterEnd";
    if (asksNow) this.#askFor("subChannels");
    this.rescan();
  }

  // -- Ends

  #suspended(channel: vmbus.VMBCHANNEL | null): void {
    const isFault = vmbus.inspectChannel(channel)?.fault ?? null;
    if (this.state.phase === "closing") return;
    if (isFault !== null) return this.#failed(isFault, vmbus.STATUS_DEVICE_REMOVED);
    this.#stop("waiting");
  }

  /** The host is silent, or breaks the rules: the controller is opened anew, but not for ever. */
  #failed(refusal: string, endStatus: vmbus.NtStatus): void {
    if (this.state.phase === "closing") return;
    this.state.failuresInRow++;
    const isRefused = this.state.phase !== "ready" || this.state.failuresInRow > FAILURES_MAX;
    if (isRefused) this.state.refusal = refusal;
    this.#stop(isRefused ? "refused" : "waiting", endStatus);
  }

  #refuse(refusal: string): void {
    this.state.refusal = refusal;
    this.#stop("refused");
  }

  /** No request is sent any more; the channels are closed in a step of its own. */
  #stop(after: AfterClosing, endStatus: vmbus.NtStatus = vmbus.STATUS_DEVICE_REMOVED): void {
    Object.assign(this.state, { phase: "closing", afterClosing: after, step: null, endStatus });
    this.#service.stop();
    this.#attendSoon();
  }

  // -- What is done outside of callbacks

  #attendSoon(): void {
    this.#timers.after(0, () => this.#attend());
  }

  /** Does what the state asks for. */
  #attend(): void {
    const { state } = this;
    this.#awake();
    if (state.phase === "closing") return this.#close();
    if (state.phase === "negotiating" || state.phase === "ready") this.#openSubChannels();
    this.#queue.pump();
  }

  /** Opens sub-channels that the host has granted: each waits for its offer. */
  #openSubChannels(): void {
    const { state } = this;
    const { paths } = this.#queue;
    const instance = this.#kmcl.VmbChannelGetInterfaceInstance(paths[0]!.channel);
    try {
      for (let index = paths.length; index <= state.subChannels; index++) {
        const channel = this.#allocate(index, instance);
        vmbus.initSetTargetProcessor(this.#kmcl, channel, index % state.processors);
        expectSuccess(this.#kmcl.VmbChannelEnable(channel), "VmbChannelEnable");
      }
    } catch (error) {
      // Where there is no memory for one more, those that are there will do.
      if (!(error instanceof vmbus.KmclError)) throw error;
      state.subChannels = paths.length - 1;
    }
  }

  /** Closes the channels that are open, sub-channels first; when all of them are closed, what follows is done. */
  #close(): void {
    const isOpen = ({ channel }: Path) => vmbus.inspectChannel(channel)?.lifecycle !== "disabled";
    const open = this.#queue.paths.filter(isOpen).toReversed();
    if (open.length === 0) return this.#closed();
    const closing = open.map(({ channel }) => this.#kmcl.VmbChannelDisable(channel));
    // Where the fabric is disposed of meanwhile, nothing is left that could follow.
    Promise.all(closing).then(() => this.#closed(), () => {});
  }

  /** Whether its channels live: they go with their guest. */
  get #isLive(): boolean {
    const [primary] = this.#queue.paths;
    return primary !== undefined && vmbus.inspectChannel(primary.channel) !== null;
  }

  /** All channels are closed. */
  #closed(): void {
    const { state } = this;
    const { paths } = this.#queue;
    if (state.phase !== "closing" || !this.#isLive) return; // it was done already, or the guest is gone
    for (const { channel } of paths.splice(1)) this.#kmcl.VmbChannelCleanup(channel);
    this.#service.freeMemory();
    const { channel } = paths[0]!;
    state.phase = state.afterClosing;
    if (state.phase === "waiting") {
      const status = this.#kmcl.VmbChannelEnable(channel);
      if (vmbus.NT_SUCCESS(status)) return;
      // Nobody awaits this: a guest that has crashed meanwhile, for one, opens nothing any more.
      state.phase = "refused";
      state.refusal = vmbus.ntStatusName(status) ?? `0x${status.toString(16)}`;
    } else if (state.phase === "closed") {
      this.#kmcl.VmbChannelCleanup(channel);
      paths.pop();
    }
  }

  // -- Saving

  /** See {@linkcode vmbus.GuestDriverInstance.save}. */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      state: saveState(this.state),
      paths: this.#queue.paths.map(({ channel, index, isOpen }) => ({
        channel: tokens.of(channel),
        index,
        isOpen,
      })),
      service: this.#service.save(tokens),
    };
  }

  /**
   * Builds a controller again as it was when {@linkcode StorageClient.save} told `data`.
   * @internal
   */
  static restore(
    context: vmbus.GuestRestoreContext,
    disks: Disks,
    data: vmbus.PlainData,
  ): StorageClient {
    return vmbus.readRecord(data, "storage VSC", (saved) => {
      const client = new StorageClient(context, disks, saved.record("state", restoreState));
      client.#restorePaths(context, saved);
      saved.record("service", (fields) => client.#service.restore(context, fields));
      client.#checkRestored();
      client.#attendSoon();
      return client;
    });
  }

  #restorePaths(context: vmbus.GuestRestoreContext, saved: vmbus.SavedFields): void {
    const { paths } = this.#queue;
    saved.records("paths", (fields) => {
      const index = fields.uint("index");
      if (index !== paths.length) {
        throw new Error(`Cannot restore channel ${index} of a controller`);
      }
      const channel = context.attachChannel(fields.text("channel"), this.#callbacks(index));
      paths.push({ channel, index, isOpen: fields.flag("isOpen"), underWay: 0 });
    });
  }

  /** What was restored must go together, as it did when it was saved: else nothing would ever move it on. */
  #checkRestored(): void {
    const { phase, step } = this.state;
    const [primary] = this.#queue.paths;
    const isAtWork = phase === "negotiating" || phase === "ready";
    const lifecycle = primary === undefined
      ? null
      : vmbus.inspectChannel(primary.channel).lifecycle;
    const isSound = (primary === undefined) === (phase === "closed") &&
      (!isAtWork || lifecycle === "opened") &&
      (phase === "negotiating" ? step !== null : isAtWork || step === null) &&
      (step === null || this.#queue.isAsking);
    if (!isSound) throw new Error(`Cannot restore a controller: it never was ${phase} like that`);
  }
}
