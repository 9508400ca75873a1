/**
 * The storage controller's VSC: the driver in the guest that opens a controller, finds its disks, and gives each to
 * its program as a block device.
 *
 * How far it is says its chart (chart.ts); this file tells the chart what happens, and does what a step names. How it
 * gets ready: in PostStarted it begins to ask the host (negotiation.ts), each answer leads to the next question, and
 * nothing waits; once the host is ready the disks are searched for (search.ts), and sub-channels
 * opened. How a request goes: operations.ts cuts it into pieces, queue.ts sends each on one of the channels
 * and judges its answer. So all that the driver knows is plain data at any time, and it can be saved at any moment.
 *
 * What may not be done in a callback, such as allocating a channel or waiting for one to close, is done in a step of
 * its own, by the event `attend`: the chart knows what is due, so that it can be begun again after a restore.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { Damage } from "../../../core/layout/mod.ts";
import { STORAGE_NOTIFICATION } from "../answers.ts";
import { STATUS_IO_TIMEOUT } from "../srb.ts";
import { Channels } from "./channels.ts";
import { CLIENT_CHART } from "./chart.ts";
import type { ClientEffect, ClientEvent } from "./words.ts";
import type { Disks } from "./disk.ts";
import type { DiskFacts } from "./disk_facts.ts";
import { GuestTimers } from "./guest_timer.ts";
import { answerTo, encodeStep } from "./negotiation.ts";
import { DiskService } from "./service.ts";
import {
  createState,
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
  readonly #timers: GuestTimers;
  readonly #service: DiskService;
  readonly #channels: Channels;
  /** Whether the program's side knows it: not before a restored guest runs, as a restore may yet be refused. */
  #isAwake = false;
  /** What is done for each effect of the chart. */
  readonly #effects: Readonly<Record<ClientEffect, () => void>> = {
    forget: () =>
      Object.assign(this.state, {
        refusal: null,
        endStatus: vmbus.STATUS_DEVICE_REMOVED,
        versionIndex: 0,
        subChannels: 0,
      }),
    ask: () => this.#ask(),
    serve: () => this.#channels.serve(),
    search: () => this.#service.search(),
    attendSoon: () => this.#attendSoon(),
    openSubChannels: () => this.#channels.openSubChannels(),
    awaitGone: () => this.#awaitGone(),
    reopenSubChannels: () => this.#channels.reopenSubChannels(),
    pump: () => this.#service.queue.pump(),
    stop: () => {
      this.#service.stop();
      this.#attendSoon();
    },
    // Where the fabric is disposed of meanwhile, nothing is left that could follow.
    closeChannels: () => void this.#channels.close().then(() => this.#allClosed(), () => {}),
    free: () => {
      const { queue } = this.#service;
      for (const path of queue.strandedPaths) queue.released(path);
      this.#channels.freeFrom(1);
      this.#service.freeMemory();
    },
    reopen: () => {
      // Nobody awaits this: a guest that has crashed meanwhile, for one, opens nothing any more.
      const status = this.#channels.reopen();
      if (!vmbus.NT_SUCCESS(status)) this.#tell("notReopened", { refusal: nameOf(status) });
    },
    freePrimary: () => this.#channels.freeFrom(0),
  };

  private constructor(context: vmbus.GuestContext, disks: Disks, state: StorageClientState) {
    const { fabric, partition, device } = context;
    this.state = state;
    const { kmcl } = expectSuccess(vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
    ));
    this.#timers = new GuestTimers(fabric, partition);
    const awake = () => this.#awake();
    this.#service = new DiskService({
      kmcl,
      memory: partition.memory,
      timers: this.#timers,
      state,
      disks,
      awake,
      answered: (bytes, byteCount) => this.#answered(bytes, byteCount),
      stranded: () => this.#attendSoon(),
      timedOut: () => this.#failed("timed out", STATUS_IO_TIMEOUT),
    });
    const { queue } = this.#service;
    this.#channels = new Channels({
      context,
      kmcl,
      state,
      paths: queue.paths,
      users: {
        awake,
        opened: () => this.#tell("opened"),
        pathOpened: () => queue.pump(),
        pathClosed: () => this.#tell("pathClosed"),
        suspended: (fault) =>
          fault === null
            ? this.#tell("suspended", { endStatus: vmbus.STATUS_DEVICE_REMOVED })
            : this.#failed(fault, vmbus.STATUS_DEVICE_REMOVED),
        refused: (status) => this.#tell("refused", { refusal: nameOf(status) }),
        notified: (bytes, byteCount) => this.#notified(bytes, byteCount),
      },
    });
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
    client.#channels.start();
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
    this.#tell("rescan");
  }

  /** Closes the controller. Requests under way fail. */
  async close(): Promise<void> {
    if (!this.#channels.areLive) return;
    this.#tell("close", { endStatus: vmbus.STATUS_DEVICE_REMOVED });
    await this.#channels.close();
    this.#allClosed();
  }

  // -- What happens, and what is done

  /** Tells the chart what happens; `known` holds from then on. What the chart does not list changes nothing. */
  #tell(event: ClientEvent, known: Partial<StorageClientState> = {}): void {
    const { state } = this;
    const step = CLIENT_CHART.step(state.place, event);
    if (step === undefined) return;
    Object.assign(state, known, { place: step.place });
    for (const effect of step.effects) {
      this.#effects[effect]();
      // One that leads elsewhere leaves nothing to be done here: no memory to ask, and no disk to search for.
      if (state.place !== step.place) return;
    }
  }

  #attendSoon(): void {
    this.#timers.after(0, () => {
      this.#awake();
      this.#tell("attend");
    });
  }

  /** Waits until channels that went by themselves are torn down: the host has let go of what it had from them. */
  #awaitGone(): void {
    const { queue } = this.#service;
    for (const path of new Set([...queue.strandedPaths, ...this.#channels.closedSubChannels])) {
      const gone = () => {
        if (!this.#channels.areLive) return;
        queue.released(path);
        this.#tell("pathGone");
      };
      // Where the fabric is disposed of meanwhile, nothing is left that could be sent.
      this.#channels.closeOne(path).then(gone, () => {});
    }
  }

  /** The host is asked for the present step. */
  #ask(): void {
    const { state } = this;
    const step = state.step!;
    if (this.#service.queue.ask(encodeStep(state, step))) return;
    this.#tell("refused", { refusal: `no memory to ask for ${step}` });
  }

  #answered(bytes: Uint8Array, byteCount: number): void {
    const { state } = this;
    if (state.step === null) return; // of a controller that is being closed
    const { event, ...known } = answerTo(state, state.step, bytes, byteCount);
    this.#tell(event, known);
  }

  /** The host is silent, or breaks the rules: the controller is opened anew, but not for ever. */
  #failed(refusal: string, endStatus: vmbus.NtStatus): void {
    const failuresInRow = this.state.failuresInRow + 1;
    const event = failuresInRow > FAILURES_MAX ? "failedOften" : "failed";
    this.#tell(event, { refusal, endStatus, failuresInRow });
  }

  /** What the host says by itself: of other things than disks there is nothing to do. */
  #notified(bytes: Uint8Array, byteCount: number): void {
    const notification = STORAGE_NOTIFICATION.decode(bytes, byteCount);
    if (notification instanceof Damage || notification.operation === "eventNotification") return;
    this.rescan();
  }

  #allClosed(): void {
    if (this.#channels.areLive) this.#tell("allClosed"); // else the guest is gone
  }

  // -- Saving

  /** See {@linkcode vmbus.GuestDriverInstance.save}. */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      state: saveState(this.state),
      paths: this.#channels.save(tokens),
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
      saved.records("paths", (fields) => client.#channels.restore(context, fields));
      saved.record("service", (fields) => client.#service.restore(context, fields));
      client.#checkRestored();
      client.#attendSoon();
      return client;
    });
  }

  /** What was restored must go together, as it did when it was saved: else nothing would ever move it on. */
  #checkRestored(): void {
    const { phase, step, place } = this.state;
    const { primary } = this.#channels;
    const isAtWork = phase === "negotiating" || phase === "ready";
    const isSound = (primary === null) === (phase === "closed") &&
      (!isAtWork || vmbus.inspectChannel(primary!.channel).lifecycle === "opened") &&
      (step === null || this.#service.queue.isAsking);
    if (!isSound) throw new Error(`Cannot restore a controller: it never was ${place} like that`);
  }
}

function nameOf(status: vmbus.NtStatus): string {
  return vmbus.ntStatusName(status) ?? `0x${status.toString(16)}`;
}
