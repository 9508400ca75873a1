/** A guest that may write anything into its memory and onto its bus, at any time. */
import { assert, assertEquals } from "@std/assert";
import { Chance } from "../../core/chance.ts";
import * as vmbus from "../../mod.ts";
import {
  corruptRings,
  drawPacket,
  foreignWrite,
  GuardPages,
  RawGuest,
  RawRings,
} from "../../simulator/peers/mod.ts";
import {
  notedCallbacks,
  openPair,
  type Pair,
  PAIR_INSTANCE,
  PAIR_TYPE,
  serverTable,
  setVmbus,
} from "../support/connected_pair.ts";
import { request } from "../support/driving.ts";
import { times } from "../support/long.ts";

/** Corruptions of rings in each encoding; the messages' own test adds to these. */
const CORRUPTIONS = times(1_200, 22_000);
/** A channel is closed after so many steps at the latest. */
const STEPS_MAX = 40;
const RING_PAGES = 12;
const MEMORY_PAGES = 64;
/** External data of honest packets. */
const PAGE_40 = { byteOffset: 0, byteCount: 8, pfns: [40] };

/** A server under attack, step by step. */
class RingAttack {
  readonly fabric: vmbus.Fabric;
  readonly faults = new Map<string, number>();
  corruptions = 0;
  opens = 0;
  received = 0;
  readonly #codec: "msgpack" | "vmbus";
  readonly #chance: Chance;
  readonly #guest: RawGuest;
  readonly #guard: GuardPages;
  readonly #pages: readonly number[];
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  readonly #calls: string[] = [];
  readonly #held: vmbus.VMBPACKETCOMPLETION[] = [];
  #isQuiet = false;
  #server: vmbus.VMBCHANNEL;
  #rings: RawRings;
  #other: Pair | null = null;

  constructor(codec: "msgpack" | "vmbus", chance: Chance) {
    this.#codec = codec;
    this.#chance = chance;
    this.fabric = vmbus.createFabric({ codec, trace: "off", schedule: "random", seed: 5 });
    this.#guest = new RawGuest(
      this.fabric.createPartition({ name: "hostile", memoryPages: MEMORY_PAGES }),
    );
    this.#vsp = serverTable(this.fabric);
    this.#server = this.#makeServer();
    const { memory } = this.#guest.partition;
    this.#pages = memory.allocate(RING_PAGES * 4096).pfns;
    this.#guard = new GuardPages(memory, MEMORY_PAGES - RING_PAGES, chance.fork("guard"));
    this.#rings = this.#layOut();
  }

  #makeServer(): vmbus.VMBCHANNEL {
    const vsp = this.#vsp;
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(this.fabric.root.device, true));
    setVmbus(vsp, channel, this.#guest.partition);
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE);
    vsp.VmbChannelInitSetStateChangeCallbacks(
      channel,
      notedCallbacks(this.#calls, "server", {
        EvtChannelStarted: () => this.#setQuiet(false),
        EvtChannelSuspend: () => this.#setQuiet(true),
        EvtChannelClosed: () => this.#setQuiet(false),
      }),
    );
    vsp.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (_channel, packet, buffer, length, flags) => {
        this.received++;
        return this.#process(packet, buffer, length, flags);
      },
    );
    return channel;
  }

  /** Another guest's channel: whatever happens, it must work. */
  async addOther(): Promise<void> {
    const guest = this.fabric.createPartition({ name: "other", memoryPages: 64 });
    this.#other = await openPair({ within: { fabric: this.fabric, guest } });
  }

  // -- The driver

  #process(
    packet: vmbus.VMBPACKETCOMPLETION,
    buffer: Uint8Array,
    length: number,
    flags: number,
  ): void {
    const vsp = this.#vsp;
    if (flags !== 0) {
      const { status, mdl } = vsp.VmbChannelPacketGetExternalData(packet, 0);
      for (const view of vmbus.mdlSegments(mdl)) assert(view.length > 0);
      const isKnown = status === vmbus.STATUS_SUCCESS ||
        status === vmbus.STATUS_INVALID_BUFFER_SIZE;
      assert(isKnown, vmbus.ntStatusName(status));
    }
    switch (this.#chance.below(8)) {
      case 0:
        this.#held.push(packet);
        return;
      case 1:
        if (vmbus.KeGetCurrentIrql() === 2) return vsp.VmbChannelPacketDeferToPassive(packet);
    }
    vsp.VmbChannelPacketComplete(packet, buffer, Math.min(length, 100));
    if (this.#chance.below(16) === 0) this.#send();
  }

  #setQuiet(isQuiet: boolean): void {
    this.#isQuiet = isQuiet;
    if (isQuiet) this.#retire();
  }

  #retire(): void {
    for (const packet of this.#held.splice(0)) this.#vsp.VmbChannelPacketComplete(packet, null, 0);
  }

  #send(): vmbus.NtStatus {
    const vsp = this.#vsp;
    if (this.#isQuiet) return vmbus.STATUS_SUCCESS; // between Suspend and Started
    const packet = vsp.VmbPacketAllocate(this.#server);
    const payload = this.#chance.bytes(this.#chance.below(300));
    const flags = this.#chance.below(2);
    const status = vsp.VmbPacketSend(packet, payload, payload.length, null, flags);
    if (status !== vmbus.STATUS_SUCCESS) vsp.VmbPacketFree(packet);
    return status;
  }

  // -- The guest

  /** Rings of any size on any of the pages. */
  #layOut(): RawRings {
    const chance = this.#chance;
    const pfns = [...this.#pages];
    if (chance.below(2) === 0) { // scattered
      for (let at = pfns.length - 1; at > 0; at--) {
        const other = chance.below(at + 1);
        [pfns[at], pfns[other]] = [pfns[other] ?? 0, pfns[at] ?? 0];
      }
    }
    const upstreamPages = 2 + chance.below(3);
    const downstreamPages = 2 + chance.below(3);
    const all = pfns.slice(0, upstreamPages + downstreamPages);
    return new RawRings(this.#guest.partition.memory, all, upstreamPages);
  }

  async #open(): Promise<void> {
    const chance = this.#chance;
    this.opens++;
    this.#rings = this.#layOut();
    this.#rings.reset(8 * chance.below(512));
    if (vmbus.inspectChannel(this.#server).lifecycle === "disabled") {
      assertEquals(this.#vsp.VmbChannelEnable(this.#server), vmbus.STATUS_SUCCESS);
      this.#vsp.VmbChannelStart(this.#server);
    }
    const isSpoiled = chance.below(8) === 0;
    if (isSpoiled) this.#corrupt();
    this.#guest.open(this.#rings);
    await this.fabric.settle();
    const { lifecycle, fault } = vmbus.inspectChannel(this.#server);
    if (isSpoiled) return;
    assertEquals([lifecycle, fault], ["opened", null]);
    assertEquals(this.#calls, ["server Opened", "server Started", "server PostStarted"]);
  }

  /** Takes what the host has sent, as a good guest does. */
  #read(): void {
    this.#rings.store("downstream", "readIndex", this.#rings.load("downstream", "writeIndex"));
  }

  #corrupt(): void {
    this.corruptions++;
    corruptRings(this.#chance, this.#rings);
  }

  /** A few steps at once, between which nothing runs; then everything does. */
  async #step(): Promise<void> {
    const chance = this.#chance;
    for (let packets = chance.below(4); packets > 0; packets--) {
      this.#rings.put("upstream", drawPacket(chance, this.#codec, [PAGE_40]));
    }
    if (chance.below(3) === 0) this.#read();
    for (let changes = chance.below(3); changes > 0; changes--) this.#corrupt();
    if (chance.below(4) === 0) this.#send();
    if (chance.below(6) === 0) this.#retire();
    if (chance.below(16) === 0) return await this.#pauseAndStart();
    const before = this.#rings.copyAll();
    this.#guest.signal();
    await this.fabric.settle();
    assertEquals(foreignWrite(this.#rings, before, "server"), null);
  }

  async #pauseAndStart(): Promise<void> {
    await this.#vsp.VmbChannelPause(this.#server);
    if (this.#chance.below(2) === 0) this.#corrupt();
    this.#vsp.VmbChannelStart(this.#server);
    await this.fabric.settle();
  }

  /** One life of the channel, from open to close. */
  async runOnce(): Promise<void> {
    await this.#open();
    for (let steps = 0; steps < STEPS_MAX && this.#isSound; steps++) await this.#step();
    const { fault, lifecycle } = vmbus.inspectChannel(this.#server);
    if (fault !== null) this.#checkStopped(fault);
    await this.#close(lifecycle === "opened");
    this.#calls.length = 0;
    if (this.opens % 50 === 0) await this.#checkOthers();
  }

  get #isSound(): boolean {
    const { fault, lifecycle } = vmbus.inspectChannel(this.#server);
    return fault === null && lifecycle === "opened";
  }

  #checkStopped(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    const started = this.#calls.filter((call) => call === "server Started").length;
    const suspended = this.#calls.filter((call) => call === "server Suspend").length;
    assertEquals(suspended, started, "each Started has had its Suspend");
    const packet = this.#vsp.VmbPacketAllocate(this.#server);
    assertEquals(this.#vsp.VmbPacketSend(packet, null, 0, null, 0), vmbus.STATUS_DEVICE_REMOVED);
    this.#vsp.VmbPacketFree(packet);
    assertEquals(vmbus.inspectChannel(this.#server).outstanding, 0);
  }

  /** The guest closes, or the server leaves, while memory still changes. */
  async #close(isOpen: boolean): Promise<void> {
    const chance = this.#chance;
    if (chance.below(2) === 0) this.#corrupt();
    const closes = isOpen && chance.below(4) > 0;
    if (closes) this.#guest.close();
    else this.#guest.post({ message: "gpadlTeardown", channelId: 1, gpadlId: 1 });
    if (chance.below(2) === 0) this.#corrupt();
    if (!closes || chance.below(4) === 0) {
      await this.#vsp.VmbChannelDisable(this.#server);
      this.#guest.post({ message: "gpadlTeardown", channelId: 1, gpadlId: 1 });
      this.#guest.post({ message: "relIdReleased", channelId: 1 });
    }
    await this.fabric.settle();
    const state = vmbus.inspectChannel(this.#server);
    assertEquals([state.fault, state.queued, state.outstanding], [null, 0, 0]);
    assertEquals(state.packets, []);
    assert(state.lifecycle === "closed" || state.lifecycle === "disabled", state.lifecycle);
    if (state.lifecycle === "closed" || chance.below(2) === 0) return;
    this.#vsp.VmbChannelCleanup(this.#server);
    this.#server = this.#makeServer();
  }

  /** Nothing but the rings was written, and the other guest's channel works. */
  async #checkOthers(): Promise<void> {
    assertEquals(this.#guard.changedAt(), null);
    if (this.#other === null) return;
    assertEquals((await request(this.#other)).status, vmbus.STATUS_SUCCESS);
    assertEquals(vmbus.inspectChannel(this.#other.server).fault, null);
  }

  async end(): Promise<void> {
    await this.#checkOthers();
    await this.#vsp.VmbChannelDisable(this.#server);
    this.#vsp.VmbChannelCleanup(this.#server);
    this.#guest.partition.destroy();
    if (this.#other !== null) {
      const { vsc, vsp, client, server } = this.#other;
      await vsc.VmbChannelDisable(client);
      await vsp.VmbChannelDisable(server);
      vsc.VmbChannelCleanup(client);
      vsp.VmbChannelCleanup(server);
    }
    assertEquals(this.fabric.violations, []);
    assertEquals(this.fabric.leaks(), []);
  }
}

for (const codec of ["vmbus", "msgpack"] as const) {
  // kmcl.md S13, wire.md 1.9
  Deno.test(`hostile guest: no corruption of its rings harms the host (${codec})`, async () => {
    const attack = new RingAttack(codec, Chance.fromSeed(20_260_807).fork(codec));
    await attack.addOther();
    while (attack.corruptions < CORRUPTIONS) await attack.runOnce();
    await attack.end();
    // It would prove little if nothing was ever found, or if nothing ever got through.
    const found = [...attack.faults.keys()].join();
    assert(
      attack.opens > CORRUPTIONS / 11 && attack.received > CORRUPTIONS / 2.2,
      `${attack.opens}, ${attack.received}`,
    );
    assert(attack.faults.size >= times(10, 13), found);
  });
}
