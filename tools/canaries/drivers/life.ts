/**
 * Mistakes about the life of a channel and of a guest: what a server knew before its channel closed it believes
 * after, and a client that was restored waits for nobody.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import {
  ClientEnd,
  closeAll,
  guestDriver,
  hostDriver,
  RAM,
  ServerEnd,
} from "../../../simulator/scenarios/protocols/ends.ts";
import {
  aimServer,
  clientFunctions,
  identityOf,
  serverFunctions,
} from "../../../simulator/scenarios/protocols/set_up.ts";
import { defineScenario } from "../../../simulator/worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../../simulator/worlds/world.ts";

const NOTICES = identityOf("ca9a41e5-0004-4d6e-9a3b-5f0c1d2e3a54");
/** Notices of one open. */
const NOTICE_COUNT = 4;

/** Sends the guest notices, one at a time. Mistaken: one that ended otherwise than well is under way for ever. */
class Notifier extends ServerEnd {
  #left = 0;
  #isUnderWay = false;
  readonly #mistaken: boolean;

  /** In the host of `context`. */
  constructor(context: vmbus.HostContext, mistaken: boolean) {
    super(context, NOTICES, {
      postStarted: () => {
        this.#left = NOTICE_COUNT;
        this.#notify();
      },
      suspended: () => this.#left = 0,
    });
    this.#mistaken = mistaken;
  }

  #notify(): void {
    if (this.#isUnderWay || this.#left === 0) return;
    this.#left--;
    this.#isUnderWay = true;
    this.send([this.#left], (status) => {
      if (status !== vmbus.STATUS_SUCCESS && this.#mistaken) return;
      this.#isUnderWay = false;
      this.#notify();
    });
  }
}

/** Takes notices. */
class Listener extends ClientEnd {
  /** Notices since it was opened. */
  notices = 0;

  /** In the guest of `context`. */
  constructor(context: vmbus.GuestContext) {
    super(context, NOTICES, {
      opened: () => this.notices = 0,
      received: (packet) => {
        this.notices++;
        this.complete(packet);
      },
    });
  }
}

/** A server that sends notices to a client, which closes and opens again. */
export function keptPastSuspend(mistaken: boolean): ScenarioDefinition {
  const vsp = hostDriver<Notifier>("notices vsp", (context) => new Notifier(context, mistaken));
  const vsc = guestDriver<Listener>("notices vsc", (context) => new Listener(context).open());
  return defineScenario({
    name: "canary-notices",
    title: "Notices for a client that closes and opens again",
    partitions: { guest: RAM },
    drivers: { vsp: { serves: "guest", driver: vsp }, vsc: { in: "guest", driver: vsc } },
    workload: async (world) => {
      const client = world.driver("vsc");
      const before = world.draw(NOTICE_COUNT);
      await world.until(() => client.flows && client.notices >= before);
      await client.disable();
      client.open();
    },
    end: async (world) => {
      const { notices } = world.driver("vsc");
      if (notices < NOTICE_COUNT) {
        const message = `${notices} of ${NOTICE_COUNT} came after it was opened again`;
        world.fail("every notice comes", message);
      }
      await closeAll(world, ["vsc", "vsp"]);
    },
  });
}

const SUMS = identityOf("ca9a41e5-0005-4d6e-9a3b-5f0c1d2e3a55");
const SUM_COUNT = 8;
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** Adds up, in the host. */
class Adder implements vmbus.HostDriverInstance {
  readonly #kmcl: vmbus.KmclServerInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;
  #sum: number;

  constructor({ device, guest }: vmbus.HostContext, sum: number, saved: Uint8Array | null) {
    const kmcl = serverFunctions(device);
    const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, true));
    aimServer(kmcl, channel, guest, SUMS);
    kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet, [addend = 0]) => {
      this.#sum += addend;
      kmcl.VmbChannelPacketComplete(packet, Uint8Array.of(this.#sum), 1);
    });
    this.#kmcl = kmcl;
    this.#channel = channel;
    this.#sum = sum;
    if (saved !== null) vmbus.expectSuccess(vmbus.restoreServerChannel(kmcl, channel, saved));
    vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
  }

  async save(): Promise<vmbus.PlainData> {
    const channel = await vmbus.saveServerChannel(this.#kmcl, this.#channel);
    return { sum: this.#sum, channel };
  }

  resume(): void {
    this.#kmcl.VmbChannelStart(this.#channel);
  }

  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.#channel);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }
}

/** Sends numbers, one after the other, in the guest. */
class Counter implements vmbus.GuestDriverInstance {
  /** The sums that came. */
  readonly sums: number[];
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  #channel!: vmbus.VMBCHANNEL;
  #packet: vmbus.VMBPACKET | null = null;

  constructor(device: vmbus.Device, sums: readonly number[]) {
    this.sums = [...sums];
    this.#kmcl = clientFunctions(device);
  }

  /** Begins afresh. */
  begin(device: vmbus.Device): this {
    const kmcl = this.#kmcl;
    this.#channel = vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, false)).channel;
    kmcl.VmbClientChannelInitSetTargetPnp(this.#channel, SUMS.type, SUMS.instance);
    kmcl.VmbChannelInitSetProcessPacketCallbacks(this.#channel, this.#callbacks.processPacket);
    kmcl.VmbChannelInitSetStateChangeCallbacks(this.#channel, this.#callbacks.stateChange);
    vmbus.expectSuccess(kmcl.VmbChannelEnable(this.#channel));
    return this;
  }

  /** Continues. Mistaken: what it had sent has no completion routine. */
  attach(context: vmbus.GuestRestoreContext, saved: vmbus.SavedFields, mistaken: boolean): this {
    this.#channel = context.attachChannel(saved.text("channel"), this.#callbacks);
    const completionRoutine = mistaken ? null : this.#onSum;
    this.#packet = saved.orNull(
      "packet",
      () => context.attachPacket(saved.text("packet"), { completionRoutine }),
    );
    return this;
  }

  readonly #callbacks = {
    processPacket: (_channel: vmbus.VMBCHANNEL, packet: vmbus.VMBPACKETCOMPLETION) =>
      this.#kmcl.VmbChannelPacketComplete(packet, null, 0),
    stateChange: {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelPostStarted: () => this.#send(),
    },
  };

  #send(): void {
    if (this.sums.length === SUM_COUNT) return;
    const kmcl = this.#kmcl;
    this.#packet = kmcl.VmbPacketAllocate(this.#channel);
    kmcl.VmbPacketSetCompletionRoutine(this.#packet, this.#onSum);
    kmcl.VmbPacketSend(this.#packet, Uint8Array.of(this.sums.length), 1, null, WAIT);
  }

  readonly #onSum: vmbus.EvtPacketCompletionRoutine = (packet, status, [sum = 0]) => {
    this.#kmcl.VmbPacketFree(packet);
    this.#packet = null;
    if (status !== vmbus.STATUS_SUCCESS) return;
    this.sums.push(sum);
    this.#send();
  };

  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    const packet = this.#packet === null ? null : tokens.of(this.#packet);
    return { sums: this.sums, channel: tokens.of(this.#channel), packet };
  }

  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.#channel);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }
}

/** A pair whose guest is saved and restored half way. */
export function noAnswerAfterRestore(mistaken: boolean): ScenarioDefinition {
  const vsp: vmbus.HostDriver<Adder> = {
    name: "sums vsp",
    start: (context) => {
      const adder = new Adder(context, 0, null);
      adder.resume();
      return adder;
    },
    restore: (context, data) =>
      vmbus.readRecord(
        data,
        "adder",
        (saved) => new Adder(context, saved.uint("sum", 255), saved.bytes("channel")),
      ),
  };
  const vsc: vmbus.GuestDriver<Counter> = {
    name: "sums vsc",
    start: ({ device }) => new Counter(device, []).begin(device),
    restore: (context, data) =>
      vmbus.readRecord(data, "counter", (saved) => {
        const counter = new Counter(context.device, saved.uints("sums", 255));
        return counter.attach(context, saved, mistaken);
      }),
  };
  return defineScenario({
    name: "canary-sums",
    title: "Sums for a guest that is saved and restored half way",
    partitions: { guest: RAM },
    drivers: { vsp: { serves: "guest", driver: vsp }, vsc: { in: "guest", driver: vsc } },
    faults: [{ do: "guestRestored" }],
    workload: (world) => world.until(() => world.driver("vsc").sums.length === SUM_COUNT),
    end: async (world) => {
      const { sums } = world.driver("vsc");
      if (sums.length < SUM_COUNT) {
        world.fail("every sum comes", `${sums.length} of ${SUM_COUNT} came`);
      }
      await closeAll(world, ["vsc", "vsp"]);
    },
  });
}
