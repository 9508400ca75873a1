/** A host that may write anything into the rings of its guest, at any time. */
import { assert, assertEquals } from "@std/assert";
import { Chance } from "../../core/chance.ts";
import * as vmbus from "../../mod.ts";
import {
  corruptRings,
  foreseenRings,
  GuardPages,
  type RawRings,
} from "../../simulator/peers/mod.ts";
import { makePair, type Pair } from "../support/connected_pair.ts";
import { request } from "../support/driving.ts";
import { times } from "../support/long.ts";

/** Corruptions of rings in each encoding; the messages' own test adds to these. */
const CORRUPTIONS = times(600, 10_000);
/** A channel is closed after so many steps at the latest. */
const STEPS_MAX = 30;
const MEMORY_PAGES = 64;
const GUARD_PAGES = 40;

type Side = vmbus.Side;

/** A client and its server, between which memory changes. */
class RingAttack {
  readonly pair: Pair;
  readonly faults = new Map<string, number>();
  corruptions = 0;
  opens = 0;
  received = 0;
  readonly #chance: Chance;
  readonly #guest: vmbus.Partition;
  readonly #guard: GuardPages;
  readonly #buffer: vmbus.GuestBuffer;
  readonly #quiet: Record<Side, boolean> = { server: true, client: true };
  /** Whether memory changes in callbacks as well. */
  #isAtIt = false;
  #gpadlHandle: number | null = null;
  #rings: RawRings;

  constructor(codec: "msgpack" | "vmbus", chance: Chance) {
    this.#chance = chance;
    const fabric = vmbus.createFabric({ codec, trace: "off", schedule: "random", seed: 6 });
    this.#guest = fabric.createPartition({ name: "guest", memoryPages: MEMORY_PAGES });
    this.#guard = new GuardPages(this.#guest.memory, GUARD_PAGES, chance.fork("guard"));
    this.#buffer = this.#guest.memory.allocate(4096);
    this.#rings = foreseenRings(this.#guest.memory, 4, 4);
    this.pair = makePair({
      within: { fabric, guest: this.#guest },
      serverCallbacks: this.#callbacks("server"),
      clientCallbacks: { ...this.#callbacks("client"), ...this.#sharing() },
      onServerPacket: (_channel, packet, buffer) => this.#take("server", packet, buffer),
      onClientPacket: (_channel, packet, buffer) => this.#take("client", packet, buffer),
    });
    assertEquals(this.pair.vsp.VmbChannelEnable(this.pair.server), vmbus.STATUS_SUCCESS);
    this.pair.vsp.VmbChannelStart(this.pair.server);
  }

  #callbacks(side: Side): Record<"EvtChannelStarted" | "EvtChannelSuspend", () => void> {
    return {
      EvtChannelStarted: () => {
        this.#quiet[side] = false;
        this.#maybeCorrupt();
      },
      EvtChannelSuspend: () => {
        this.#quiet[side] = true;
        this.#maybeCorrupt();
      },
    };
  }

  /** The client shares a buffer from Opened to Closed. */
  #sharing() {
    return {
      EvtChannelOpened: (channel: vmbus.VMBCHANNEL) => {
        const { vsc } = this.pair;
        const made = vsc.VmbChannelCreateGpadlFromBuffer(channel, 0, this.#buffer, 4096);
        this.#gpadlHandle = vmbus.expectSuccess(made).gpadlHandle;
        return vmbus.STATUS_SUCCESS;
      },
      EvtChannelClosed: async (channel: vmbus.VMBCHANNEL) => {
        this.#maybeCorrupt();
        await this.pair.vsc.VmbChannelDeleteGpadl(channel, this.#gpadlHandle ?? 0);
        this.#maybeCorrupt();
      },
    };
  }

  #take(side: Side, packet: vmbus.VMBPACKETCOMPLETION, buffer: Uint8Array): void {
    this.received++;
    const [table] = this.#end(side);
    if (this.#chance.below(16) === 0 && vmbus.KeGetCurrentIrql() === 2) {
      return table.VmbChannelPacketDeferToPassive(packet);
    }
    table.VmbChannelPacketComplete(packet, buffer, Math.min(buffer.length, 64));
  }

  #end(side: Side): readonly [vmbus.KmclClientInterfaceV1, vmbus.VMBCHANNEL] {
    const { vsp, vsc, server, client } = this.pair;
    return side === "server" ? [vsp, server] : [vsc, client];
  }

  #maybeCorrupt(): void {
    if (this.#isAtIt && this.#chance.below(3) === 0) this.#corrupt();
  }

  #corrupt(): void {
    this.corruptions++;
    corruptRings(this.#chance, this.#rings);
  }

  #send(side: Side): void {
    if (this.#quiet[side]) return;
    const [table, channel] = this.#end(side);
    const packet = table.VmbPacketAllocate(channel);
    const payload = this.#chance.bytes(this.#chance.below(this.#chance.below(8) > 0 ? 300 : 4000));
    const isClient = side === "client" && this.#chance.below(4) === 0;
    const mdl = isClient ? vmbus.IoAllocateMdl(this.#guest.memory, this.#buffer.gpa, 100) : null;
    const flags = isClient ? 1 : this.#chance.below(2);
    const status = table.VmbPacketSend(packet, payload, payload.length, mdl, flags);
    if (status !== vmbus.STATUS_SUCCESS) table.VmbPacketFree(packet);
    const isOver = vmbus.inspectChannel(channel).fault !== null;
    assertEquals(status, isOver ? vmbus.STATUS_DEVICE_REMOVED : vmbus.STATUS_SUCCESS);
  }

  async #open(): Promise<void> {
    const { fabric, vsc, client, vsp, server } = this.pair;
    this.opens++;
    this.pair.calls.length = 0;
    this.#rings = foreseenRings(this.#guest.memory, 4, 4);
    if (vmbus.inspectChannel(server).lifecycle === "disabled") {
      assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
      vsp.VmbChannelStart(server);
    }
    assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
    await fabric.settle();
    for (const channel of [server, client]) {
      const { lifecycle, fault } = vmbus.inspectChannel(channel);
      assertEquals([lifecycle, fault], ["opened", null]);
    }
    assertEquals((await request(this.pair)).status, vmbus.STATUS_SUCCESS);
    const writeIndex = vmbus.inspectChannel(client).outgoingRing?.writeIndex;
    assertEquals(this.#rings.load("upstream", "writeIndex"), writeIndex, "the rings are foreseen");
  }

  async #step(): Promise<void> {
    const chance = this.#chance;
    for (let packets = chance.below(6); packets > 0; packets--) {
      this.#send(chance.below(2) === 0 ? "server" : "client");
    }
    for (let changes = chance.below(3); changes > 0; changes--) this.#corrupt();
    const side: Side = chance.below(4) === 0 ? "server" : "client";
    this.#guest.postInterrupt(side === "server" ? "toHost" : "toGuest", 1);
    await this.pair.fabric.settle();
    if (chance.below(12) > 0) return;
    const [table, channel] = this.#end(side);
    await table.VmbChannelPause(channel);
    this.#corrupt();
    table.VmbChannelStart(channel);
    await this.pair.fabric.settle();
  }

  get #isSound(): boolean {
    const { server, client } = this.pair;
    return [server, client].every((channel) => vmbus.inspectChannel(channel).fault === null);
  }

  /** One life of the channel, from open to close. */
  async runOnce(): Promise<void> {
    await this.#open();
    this.#isAtIt = true;
    for (let steps = 0; steps < STEPS_MAX && this.#isSound; steps++) await this.#step();
    for (const side of ["server", "client"] as const) await this.#checkStopped(side);
    await this.#close();
    this.#isAtIt = false;
    if (this.opens % 20 === 0) assertEquals(this.#guard.changedAt(), null);
  }

  async #checkStopped(side: Side): Promise<void> {
    const { fault, outstanding } = vmbus.inspectChannel(this.#end(side)[1]);
    if (fault === null) return;
    const key = `${side} ${fault}`;
    this.faults.set(key, (this.faults.get(key) ?? 0) + 1);
    const { calls } = this.pair;
    const times = (name: string) => calls.filter((call) => call === `${side} ${name}`).length;
    assertEquals(times("Suspend"), times("Started"), "each Started has had its Suspend");
    assertEquals(outstanding, 0);
    if (side === "server") return;
    assertEquals((await request(this.pair)).status, vmbus.STATUS_DEVICE_REMOVED);
  }

  /** Either side leaves; both come to rest, and nothing of the channel is left. */
  async #close(): Promise<void> {
    const { fabric, vsp, vsc, server, client, calls } = this.pair;
    if (this.#chance.below(3) === 0) await vsp.VmbChannelDisable(server);
    else await vsc.VmbChannelDisable(client);
    await fabric.settle();
    for (const side of ["server", "client"] as const) {
      const { fault, packets, queued, gpadls, incomingRing } = vmbus.inspectChannel(
        this.#end(side)[1],
      );
      assertEquals({ fault, packets, queued, gpadls, incomingRing }, {
        fault: null,
        packets: [],
        queued: 0,
        gpadls: [],
        incomingRing: null,
      });
      assertEquals(calls.filter((call) => call === `${side} Closed`).length, 1);
    }
    assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled");
    assertEquals(fabric.inspect().partitions[1]?.pinnedPages, 0);
  }

  async end(): Promise<void> {
    const { fabric, vsp, vsc, server, client } = this.pair;
    await vsp.VmbChannelDisable(server);
    vsp.VmbChannelCleanup(server);
    vsc.VmbChannelCleanup(client);
    assertEquals(this.#guard.changedAt(), null);
    this.#guard.free();
    this.#guest.memory.free(this.#buffer);
    assertEquals(fabric.violations, []);
    assertEquals(fabric.leaks(), []);
  }
}

for (const codec of ["vmbus", "msgpack"] as const) {
  // wire.md 1.9, kmcl.md S10, S11
  Deno.test(`hostile host: no corruption of its rings harms the guest (${codec})`, async () => {
    const attack = new RingAttack(codec, Chance.fromSeed(20_260_809).fork(codec));
    while (attack.corruptions < CORRUPTIONS) await attack.runOnce();
    await attack.end();
    const clientFaults = [...attack.faults.keys()].filter((key) => key.startsWith("client"));
    assert(clientFaults.length >= 8, clientFaults.join());
    assert(
      attack.opens > CORRUPTIONS / 10 && attack.received > CORRUPTIONS / 2,
      `${attack.opens}, ${attack.received}`,
    );
  });
}
