/**
 * A driver pair that uses all of a channel at once, and keeps a log of what was done to it: the stage
 * on which tests close channels in every way at every point.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { makePair, type Pair, type PairCallbacks } from "../../support/connected_pair.ts";
import { byteOf, treat, type Treatment, treatmentOf } from "../../support/treatment.ts";

/** What a packet asks of its receiver before it is treated as its first byte says: its second byte. */
const FIRST = { map: 1, read: 2 } as const;

/** A letter for each callback, so that a life of an endpoint is a word. */
const LETTERS: Readonly<Record<string, string>> = {
  Opened: "O",
  Started: "S",
  PostStarted: "P",
  Suspend: "U",
  Closed: "C",
  PnpFailure: "F",
};

/** What one endpoint's driver saw, and what it must still do. */
export class SideLog {
  /** Its state change callbacks as they began, a letter each; `F` is PnpFailure. */
  word = "";
  /** What must not have happened. */
  readonly faults: string[] = [];
  /** Packets that the driver holds. */
  readonly held: vmbus.VMBPACKETCOMPLETION[] = [];
  /** Between Started and Suspend: packets may come, and may be sent. */
  isRunning = false;
  /** Accepted packets whose completion routine has not run. */
  pending = 0;
  /** How transactions ended. */
  readonly ends: vmbus.NtStatus[] = [];
  /** Callers that are blocked in synchronous requests. */
  blocked = 0;
  /** How synchronous requests ended. */
  readonly answers: vmbus.NtStatus[] = [];
  #current: string | null = null;

  /** A callback begins. */
  begin(name: string): void {
    if (this.#current !== null) this.faults.push(`${name} inside ${this.#current}`);
    this.#current = name;
    this.word += LETTERS[name] ?? "?";
    if (name === "Started") this.isRunning = true;
    if (name === "Suspend") this.isRunning = false;
    if (name === "Closed" && this.blocked > 0) {
      this.faults.push(`${this.blocked} callers at Closed`);
    }
    if (name === "Closed" && this.held.length > 0) {
      this.faults.push("Closed before all was retired");
    }
  }

  /** The callback that began last has returned. */
  end(): void {
    this.#current = null;
  }
}

/** How a stage is set. */
export interface StageOptions {
  readonly fabric: vmbus.FabricOptions;
  /** Whether callbacks take virtual time. */
  readonly isSlow: boolean;
}

/** The stage. */
export class ClosingStage {
  readonly pair: Pair;
  readonly server = new SideLog();
  readonly client = new SideLog();
  /** Set by the test: the guest was made to crash, so that nothing of its side has to end. */
  isGuestGone = false;
  readonly #isSlow: boolean;
  readonly #shared: vmbus.GuestBuffer;
  readonly #external: vmbus.GuestBuffer;
  readonly #mdl: vmbus.Mdl;
  #gpadlHandle: number | null = null;
  #isMapped = false;

  /** Both endpoints are configured, neither is enabled. */
  constructor({ fabric, isSlow }: StageOptions) {
    this.#isSlow = isSlow;
    this.pair = makePair({
      fabric,
      partition: { memoryPages: 96 },
      ringPages: [1, 1],
      server: (vsp, channel) => vsp.VmbChannelInitSetMaximumExternalData(channel, 8192, 2),
      client: (vsc, channel) => vsc.VmbChannelInitSetMaximumExternalData(channel, 8192, 2),
      serverCallbacks: this.#callbacks(this.server, {
        EvtChannelStarted: () => this.#sendFromServer(),
        EvtChannelPostStarted: () => this.#sendFromServer(),
        EvtChannelSuspend: () => this.#retire(this.pair.vsp, this.server),
        EvtChannelClosed: () => this.#unmap(),
      }),
      clientCallbacks: this.#callbacks(this.client, {
        EvtChannelOpened: () => this.#share(),
        EvtChannelStarted: () => this.#sendFromClient(),
        EvtChannelPostStarted: () => this.ask("complete"),
        EvtChannelSuspend: () => this.#retire(this.pair.vsc, this.client),
        EvtChannelClosed: () => this.#unshare(),
      }),
      onServerPacket: (_channel, packet, buffer) =>
        this.#process(this.pair.vsp, this.server, packet, buffer),
      onClientPacket: (_channel, packet, buffer) =>
        this.#process(this.pair.vsc, this.client, packet, buffer),
      onPnpFailure: () => {
        this.client.begin("PnpFailure");
        this.client.end();
      },
    });
    const { memory } = this.pair.guest;
    this.#shared = memory.allocate(4096);
    this.#external = memory.allocate(4096);
    this.#mdl = vmbus.IoAllocateMdl(memory, this.#external.gpa, 4096);
  }

  /** Gives the guest's memory back: a page that is still pinned is a violation. */
  free(): void {
    this.pair.guest.memory.free(this.#shared);
    this.pair.guest.memory.free(this.#external);
  }

  // -- What drivers do

  /** Sends packets from the server that the client answers or holds. */
  #sendFromServer(): void {
    const { vsp, server } = this.pair;
    this.#send(vsp, server, this.server, [byteOf("complete")], null, 0);
    this.#send(vsp, server, this.server, [byteOf("hold")], null, 1);
    this.#send(vsp, server, this.server, [byteOf("await")], null, 1);
  }

  /** Sends packets from the client, more than fit the ring. */
  #sendFromClient(): void {
    const { vsc, client, guest } = this.pair;
    guest.memory.pageOut(this.#external.gpa, 4096);
    this.#send(vsc, client, this.client, [byteOf("complete"), FIRST.map], null, 1);
    this.#send(vsc, client, this.client, [byteOf("complete"), FIRST.read], this.#mdl, 1);
    this.#send(vsc, client, this.client, [byteOf("await")], null, 1);
    for (let i = 0; i < 3; i++) {
      const payload = new Uint8Array(3000);
      payload[0] = byteOf(i === 0 ? "hold" : "complete");
      this.#send(vsc, client, this.client, payload, null, i % 2);
    }
  }

  /** Both sides send, where their drivers may. */
  sendMore(): void {
    if (this.server.isRunning) this.#sendFromServer();
    if (this.client.isRunning) this.#sendFromClient();
  }

  /** A synchronous request of the client; in a slow callback its end is waited for. */
  ask(how: Treatment): Promise<void> | void {
    const { vsc, client } = this.pair;
    const log = this.client;
    log.blocked++;
    const payload = Uint8Array.of(byteOf(how));
    const answered = vsc.VmbChannelSendSynchronousRequest(client, payload, 1, null, 1, null, 0)
      .then(({ status }) => {
        log.blocked--;
        log.answers.push(status);
      });
    return this.#isSlow ? answered : undefined;
  }

  #send(
    kmcl: vmbus.KmclClientInterfaceV1,
    channel: vmbus.VMBCHANNEL,
    log: SideLog,
    bytes: ArrayLike<number>,
    mdl: vmbus.Mdl | null,
    flags: number,
  ): void {
    const payload = Uint8Array.from(bytes);
    const packet = kmcl.VmbPacketAllocate(channel);
    let hasEnded = false;
    kmcl.VmbPacketSetCompletionRoutine(packet, (done, status) => {
      if (hasEnded) log.faults.push("a completion routine ran twice");
      hasEnded = true;
      log.pending--;
      log.ends.push(status);
      kmcl.VmbPacketFree(done);
    });
    const status = kmcl.VmbPacketSend(packet, payload, payload.length, mdl, flags);
    if (status === vmbus.STATUS_SUCCESS) log.pending++;
    else {
      kmcl.VmbPacketFree(packet);
      if (status !== vmbus.STATUS_DEVICE_REMOVED) log.faults.push(`send gave ${status}`);
    }
  }

  #process(
    kmcl: vmbus.KmclClientInterfaceV1,
    log: SideLog,
    packet: vmbus.VMBPACKETCOMPLETION,
    buffer: Uint8Array,
  ): vmbus.MaybePromise<void> {
    if (!log.isRunning) log.faults.push("ProcessPacket while not running");
    if (buffer[1] === FIRST.map) this.#map();
    if (buffer[1] === FIRST.read) {
      const { status } = kmcl.VmbChannelPacketGetExternalData(packet, 0);
      if (status === vmbus.STATUS_PENDING) return;
    }
    return treat(treatmentOf(buffer[0]), packet, {
      kmcl,
      complete: () => kmcl.VmbChannelPacketComplete(packet, buffer.subarray(0, 1), 1),
      hold: () => void log.held.push(packet),
      delay: this.#isSlow ? () => this.pair.fabric.delay(1) : null,
    });
  }

  #retire(kmcl: vmbus.KmclClientInterfaceV1, log: SideLog): void {
    for (const packet of log.held.splice(0)) kmcl.VmbChannelPacketComplete(packet, null, 0);
  }

  #share(): void {
    const { vsc, client } = this.pair;
    const { gpadlHandle } = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, this.#shared, 4096);
    this.#gpadlHandle = gpadlHandle;
  }

  async #unshare(): Promise<void> {
    if (this.#gpadlHandle === null) return;
    await this.pair.vsc.VmbChannelDeleteGpadl(this.pair.client, this.#gpadlHandle);
    if (this.isGuestGone) return; // the crash answered, not the server
    this.#gpadlHandle = null;
    if (this.#isMapped) this.server.faults.push("mapped after its deletion");
  }

  #map(): void {
    if (this.#isMapped || this.#gpadlHandle === null) return;
    const { status } = this.pair.vsp.VmbChannelMapGpadl(this.pair.server, 0, this.#gpadlHandle);
    this.#isMapped = status === vmbus.STATUS_SUCCESS;
  }

  #unmap(): void {
    if (!this.#isMapped || this.#gpadlHandle === null) return;
    this.#isMapped = false;
    this.pair.vsp.VmbChannelUnmapGpadl(this.pair.server, this.#gpadlHandle);
  }

  // -- Their callbacks

  #callbacks(
    log: SideLog,
    bodies: Partial<Record<keyof PairCallbacks, () => Promise<void> | void>>,
  ): PairCallbacks {
    const around = (name: string, body: (() => Promise<void> | void) | undefined) => () => {
      log.begin(name);
      if (this.#isSlow) return this.#slowly(log, body);
      const result = body?.();
      if (result === undefined) return log.end();
      return result.then(() => log.end());
    };
    return {
      EvtChannelOpened: () => {
        const result = around("Opened", bodies.EvtChannelOpened)();
        return result === undefined ? 0 : result.then(() => 0);
      },
      EvtChannelStarted: around("Started", bodies.EvtChannelStarted),
      EvtChannelPostStarted: around("PostStarted", bodies.EvtChannelPostStarted),
      EvtChannelSuspend: around("Suspend", bodies.EvtChannelSuspend),
      EvtChannelClosed: around("Closed", bodies.EvtChannelClosed),
    };
  }

  async #slowly(log: SideLog, body: (() => Promise<void> | void) | undefined): Promise<void> {
    await this.pair.fabric.delay(1);
    await body?.();
    await this.pair.fabric.delay(1);
    log.end();
  }
}
