/**
 * A pair of loadable drivers for worlds in which things go wrong: the client sends one packet after the other,
 * each describing a page, and counts how each ended; the server answers each. Both bear whatever may happen.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { defineScenario, type FaultRule, type ScenarioDefinition } from "../../simulator/mod.ts";
import {
  clientTable,
  PAIR_INSTANCE,
  PAIR_TYPE,
  serverTableOf,
  setVmbus,
} from "./connected_pair.ts";

const PACKET_BYTES = 8;

type PingState = {
  count: number;
  sent: number;
  readonly ends: number[];
  readonly failures: number[];
};

/** The guest's driver at work. */
export class Pinger implements vmbus.GuestDriverInstance {
  readonly state: PingState;
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #memory: vmbus.GuestMemory;
  readonly #device: vmbus.Device;
  readonly #packets = new Map<vmbus.VMBPACKET, vmbus.GuestBuffer>();
  channel!: vmbus.VMBCHANNEL;
  /** What was called, apart from packets. */
  readonly calls: string[] = [];

  constructor({ partition, device }: vmbus.GuestContext, state: PingState) {
    this.state = state;
    this.#device = device;
    this.#kmcl = clientTable(partition);
    this.#memory = partition.memory;
  }

  static start(context: vmbus.GuestContext, options: vmbus.PlainData): Pinger {
    const pinger = new Pinger(context, { count: Number(options), sent: 0, ends: [], failures: [] });
    const kmcl = pinger.#kmcl;
    const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(context.device, false));
    pinger.channel = channel;
    const { processPacket, stateChange, pnpFailure } = pinger.callbacks;
    vmbus.expectSuccess(
      kmcl.VmbClientChannelInitSetTargetPnp(channel, PAIR_TYPE, PAIR_INSTANCE, pnpFailure),
    );
    vmbus.expectSuccess(kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, 64));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, 4096, 1));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, processPacket));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, stateChange));
    vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
    return pinger;
  }

  static restore(context: vmbus.GuestRestoreContext, data: vmbus.PlainData): Pinger {
    const saved = data as PingState & { channel: string; packets: [string, number][] };
    const { count, sent, ends, failures } = saved;
    const pinger = new Pinger(context, { count, sent, ends: [...ends], failures: [...failures] });
    pinger.channel = context.attachChannel(saved.channel, pinger.callbacks);
    for (const [token, gpa] of saved.packets) {
      const completionRoutine = pinger.#routine;
      const packet = context.attachPacket(token, { completionRoutine });
      pinger.#packets.set(packet, context.buffer(gpa));
    }
    return pinger;
  }

  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    const packets = [...this.#packets].map(([packet, { gpa }]) => [tokens.of(packet), gpa]);
    return { ...this.state, channel: tokens.of(this.channel), packets };
  }

  /** Whether all that it was to send has ended, or nothing can be sent any more. */
  get isDone(): boolean {
    const { lifecycle } = vmbus.inspectChannel(this.channel);
    const isGone = lifecycle === "disabled";
    return this.state.ends.length >= this.state.count || (isGone && this.#packets.size === 0);
  }

  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.channel);
    this.#kmcl.VmbChannelCleanup(this.channel);
  }

  /** Looks for an offer again, with nothing more to send. */
  async reopen(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.channel);
    vmbus.expectSuccess(this.#kmcl.VmbChannelEnable(this.channel));
  }

  /** Makes a channel, and frees it; how that went. */
  allocateChannel(): vmbus.NtStatus {
    const { status, channel } = this.#kmcl.VmbChannelAllocate(this.#device, false);
    if (channel !== null) this.#kmcl.VmbChannelCleanup(channel);
    return status;
  }

  /** Sends a synchronous request that wants no answer; how it ended. */
  async request(): Promise<vmbus.NtStatus> {
    const kmcl = this.#kmcl;
    const payload = new Uint8Array(PACKET_BYTES);
    return (await kmcl.VmbChannelSendSynchronousRequest(
      this.channel,
      payload,
      PACKET_BYTES,
      null,
      0,
    ))
      .status;
  }

  get callbacks(): Required<vmbus.ChannelCallbacks> {
    const note = (name: string) => void this.calls.push(name);
    return {
      processPacket: (_channel, packet) => this.#kmcl.VmbChannelPacketComplete(packet, null, 0),
      processingComplete: () => {},
      pointer: null,
      pnpFailure: (_channel, status) => note(`PnpFailure ${vmbus.ntStatusName(status)}`),
      stateChange: {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelOpened: () => (note("Opened"), vmbus.STATUS_SUCCESS),
        EvtChannelStarted: () => this.#send(),
        EvtChannelSuspend: () => note("Suspend"),
        EvtChannelClosed: () => note("Closed"),
      },
    };
  }

  readonly #routine: vmbus.EvtPacketCompletionRoutine = (packet, status) => {
    this.#memory.free(this.#packets.get(packet)!);
    this.#packets.delete(packet);
    this.#kmcl.VmbPacketFree(packet);
    this.state.ends.push(status);
    this.#send();
  };

  /** Sends the next packet; what cannot be sent counts as ended. */
  #send(): void {
    const { state } = this;
    while (this.#packets.size === 0 && state.sent < state.count) {
      state.sent++;
      const status = this.#trySend();
      if (status === vmbus.STATUS_SUCCESS) return;
      state.failures.push(status);
      state.ends.push(status);
    }
  }

  #trySend(): number {
    const packet = this.#kmcl.VmbPacketAllocate(this.channel);
    if (packet === null) return vmbus.STATUS_INSUFFICIENT_RESOURCES;
    const buffer = this.#allocate();
    if (buffer === null) {
      this.#kmcl.VmbPacketFree(packet);
      return vmbus.STATUS_INSUFFICIENT_RESOURCES;
    }
    this.#kmcl.VmbPacketSetCompletionRoutine(packet, this.#routine);
    const status = this.#kmcl.VmbPacketSendWithExternalPfns(
      packet,
      new Uint8Array(PACKET_BYTES),
      PACKET_BYTES,
      buffer.pfns,
      1,
      vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
    );
    if (status === vmbus.STATUS_SUCCESS) this.#packets.set(packet, buffer);
    else {
      this.#memory.free(buffer);
      this.#kmcl.VmbPacketFree(packet);
    }
    return status;
  }

  #allocate(): vmbus.GuestBuffer | null {
    try {
      return this.#memory.allocate(4096);
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  }
}

/** The host's driver at work. */
export class Answerer implements vmbus.HostDriverInstance {
  readonly channel: vmbus.VMBCHANNEL;
  /** How often external data was not there at once. */
  pending = 0;
  /** How often EvtChannelOpened was called. */
  opens = 0;
  readonly #kmcl: vmbus.KmclServerInterfaceV1;

  constructor({ device, guest }: vmbus.HostContext, saved: Uint8Array | null) {
    const kmcl = serverTableOf(device);
    this.#kmcl = kmcl;
    this.channel = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, true)).channel;
    const { channel } = this;
    setVmbus(kmcl, channel, guest);
    vmbus.expectSuccess(
      kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE),
    );
    vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, 64));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, 4096, 1));
    vmbus.expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelOpened: () => (this.opens++, vmbus.STATUS_SUCCESS),
    }));
    vmbus.expectSuccess(
      kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet) => {
        const { status } = kmcl.VmbChannelPacketGetExternalData(packet, 0);
        if (status === vmbus.STATUS_PENDING) this.pending++;
        else kmcl.VmbChannelPacketComplete(packet, null, 0);
      }),
    );
    if (saved !== null) vmbus.expectSuccess(vmbus.restoreServerChannel(kmcl, channel, saved));
  }

  begin(): this {
    vmbus.expectSuccess(this.#kmcl.VmbChannelEnable(this.channel));
    return this;
  }

  /** What its save waits for first. */
  beforeSave: () => Promise<void> = () => Promise.resolve();

  async save(): Promise<vmbus.PlainData> {
    await this.beforeSave();
    const isUp = vmbus.inspectChannel(this.channel).lifecycle !== "disabled";
    return isUp ? await vmbus.saveServerChannel(this.#kmcl, this.channel) : null;
  }

  resume(): void {
    const isUp = vmbus.inspectChannel(this.channel).lifecycle !== "disabled";
    if (isUp) this.#kmcl.VmbChannelStart(this.channel);
  }

  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.channel);
    this.#kmcl.VmbChannelCleanup(this.channel);
  }
}

const pinger: vmbus.GuestDriver<Pinger> = {
  name: "pinger",
  start: Pinger.start,
  restore: Pinger.restore,
};

const answerer: vmbus.HostDriver<Answerer> = {
  name: "answerer",
  start(context) {
    const driver = new Answerer(context, null).begin();
    driver.resume();
    return driver;
  },
  restore(context, data) {
    if (data === null) return new Answerer(context, null);
    return new Answerer(context, data as Uint8Array).begin();
  },
};

const DRIVERS = {
  client: { in: "guest", driver: pinger, options: 8 },
  server: { serves: "guest", driver: answerer },
} as const;

/** A scenario of the pair, with these faults. */
export function pinging(
  faults: readonly FaultRule[],
  part: Partial<ScenarioDefinition<typeof DRIVERS>> = {},
): ScenarioDefinition<typeof DRIVERS> {
  return defineScenario({
    name: "pinging",
    title: "one packet after the other",
    partitions: { guest: { memoryPages: 16, processors: 2 } },
    drivers: DRIVERS,
    faults,
    workload: (world) =>
      world.until(() => !world.isThere("guest") || world.driver("client").isDone),
    async end(world) {
      if (world.isThere("guest")) await world.driver("client").close();
      await world.driver("server").close();
    },
    ...part,
  });
}
