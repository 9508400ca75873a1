/** A guest that says anything on its bus, in any order: the host's drivers must not notice more than they can. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Chance } from "../../core/chance.ts";
import { encodeControlMessage } from "../../core/control/codec.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import * as vmbus from "../../mod.ts";
import {
  corruptMessage,
  gpadlMessages,
  GuardPages,
  openMessage,
  RawGuest,
  u32Bytes,
  wholePages,
} from "../../simulator/peers/mod.ts";
import {
  closePair,
  notedCallbacks,
  openPair,
  PAIR_TYPE,
  serverTable,
  setVmbus,
} from "../support/connected_pair.ts";
import { request } from "../support/driving.ts";
import { times } from "../support/long.ts";

const MESSAGES = times(2_000, 30_000);
/** After so many the guest is destroyed, and another one takes its place. */
const MESSAGES_PER_GUEST = 2000;
const SERVERS = 4;
const MEMORY_PAGES = 64;
const GPADL_IDS = 8;

/** What the callbacks of a server may be, in their order (kmcl.md S3, S4, S7, S10). */
const WORD = /^(?:Opened (?:refused|(?:Started (?:PostStarted )?Suspend )*Closed) )*$/;

/** A server that maps what it can, and lets go of it when it must. */
class Server {
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  readonly #fabric: vmbus.Fabric;
  readonly #index: number;
  readonly #chance: Chance;
  readonly #calls: string[] = [];
  readonly #mapped = new Set<number>();
  channel: vmbus.VMBCHANNEL;
  opens = 0;
  maps = 0;

  constructor(fabric: vmbus.Fabric, guest: vmbus.Partition, index: number, chance: Chance) {
    this.#fabric = fabric;
    this.#vsp = serverTable(fabric);
    this.#index = index;
    this.#chance = chance;
    this.channel = this.#make(guest);
    this.enable();
  }

  #make(guest: vmbus.Partition): vmbus.VMBCHANNEL {
    const vsp = this.#vsp;
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(this.#fabric.root.device, true));
    setVmbus(vsp, channel, guest);
    const instance = `00000000-0000-0000-0000-00000000000${this.#index}`;
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, instance);
    if (this.#index === 2) vsp.VmbServerChannelInitSetFlags(channel, 4); // a pipe
    if (this.#index === 3) vsp.VmbServerChannelInitSetMmioMegabytes(channel, 0, 1);
    vsp.VmbChannelInitSetStateChangeCallbacks(
      channel,
      notedCallbacks(this.#calls, "server", {
        EvtChannelOpened: () => this.#opened(),
        EvtChannelClosed: () => this.#closed(),
      }),
    );
    vsp.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet, buffer) => {
      vsp.VmbChannelPacketComplete(packet, buffer, buffer.length);
    });
    return channel;
  }

  enable(): void {
    assertEquals(this.#vsp.VmbChannelEnable(this.channel), vmbus.STATUS_SUCCESS);
    if (this.#index !== 1) this.#vsp.VmbChannelStart(this.channel);
  }

  async #opened(): Promise<vmbus.NtStatus> {
    this.opens++;
    if (this.#chance.below(3) === 0) await this.#fabric.delay(1);
    this.map();
    if (this.#chance.below(5) > 0) return vmbus.STATUS_SUCCESS;
    this.#unmap();
    this.#calls.push("server refused");
    return vmbus.STATUS_INSUFFICIENT_RESOURCES;
  }

  async #closed(): Promise<void> {
    if (this.#chance.below(3) === 0) await this.#fabric.delay(1);
    this.#unmap();
  }

  map(): void {
    for (let gpadlId = 1; gpadlId < GPADL_IDS; gpadlId++) {
      const { status, mdl } = this.#vsp.VmbChannelMapGpadl(this.channel, 0, gpadlId);
      if (status !== vmbus.STATUS_SUCCESS) continue;
      this.maps++;
      this.#mapped.add(gpadlId);
      assert(vmbus.mdlSegments(mdl).every((view) => view.length > 0));
    }
  }

  #unmap(): void {
    for (const gpadlId of this.#mapped) this.#vsp.VmbChannelUnmapGpadl(this.channel, gpadlId);
    this.#mapped.clear();
  }

  /** kmcl.md S11: it never waits for the guest. */
  async disable(): Promise<void> {
    await this.#vsp.VmbChannelDisable(this.channel);
    const { lifecycle, fault, gpadls, packets } = vmbus.inspectChannel(this.channel);
    assertEquals({ lifecycle, fault, gpadls, packets }, {
      lifecycle: "disabled",
      fault: null,
      gpadls: [],
      packets: [],
    });
    const word = this.#calls.splice(0).map((call) => `${call.slice("server ".length)} `).join("");
    assertMatch(word, WORD);
  }

  cleanUp(): void {
    this.#vsp.VmbChannelCleanup(this.channel);
  }
}

/** Says things. */
class MessageAttack {
  readonly servers: readonly Server[];
  readonly guest: RawGuest;
  messages = 0;
  readonly #fabric: vmbus.Fabric;
  readonly #chance: Chance;
  readonly #pages: readonly number[];
  readonly #said: Uint8Array[] = [];

  constructor(fabric: vmbus.Fabric, chance: Chance) {
    this.#fabric = fabric;
    this.#chance = chance;
    this.guest = new RawGuest(
      fabric.createPartition({ name: "hostile", memoryPages: MEMORY_PAGES }),
      (message) => {
        // Else each server that starts anew would be one more channel.
        if (message.message === "rescindChannelOffer") this.guest.release(message.channelId);
      },
    );
    this.#pages = this.guest.partition.memory.allocate(16 * 4096).pfns;
    this.servers = Array.from(
      { length: SERVERS },
      (_, index) => new Server(fabric, this.guest.partition, index, chance),
    );
  }

  #say(bytes: Uint8Array): void {
    this.messages++;
    this.guest.postBytes(bytes);
    if (this.#said.length < 200) this.#said.push(bytes);
    else this.#said[this.#chance.below(200)] = bytes;
  }

  /** Several messages that belong together, or one that does not. */
  speak(): void {
    const chance = this.#chance;
    const messages = this.#think().map(encodeControlMessage);
    for (const bytes of messages) {
      if (chance.below(4) === 0) this.#say(corruptMessage(chance, bytes));
      if (chance.below(8) > 0) this.#say(bytes);
    }
    if (chance.below(8) === 0) this.#say(chance.bytes(chance.below(250)));
    if (chance.below(8) === 0) {
      this.#say(this.#said[chance.below(this.#said.length)] ?? u32Bytes(1));
    }
  }

  #think(): ControlMessage[] {
    const chance = this.#chance;
    const channelId = 1 + chance.below(SERVERS + 1);
    const gpadlId = 1 + chance.below(GPADL_IDS - 1);
    switch (chance.below(10)) {
      case 0:
        return [{ message: "closeChannel", channelId }];
      case 1: // what is released is not offered again before its server starts anew
        if (chance.below(6) > 0) return [{ message: "gpadlTeardown", channelId, gpadlId }];
        return [{ message: "relIdReleased", channelId }];
      case 2:
      case 3:
        return [{ message: "gpadlTeardown", channelId, gpadlId }];
      case 4:
        return [openMessage(channelId, gpadlId, 1 + chance.below(8))];
      case 5: // a long GPADL, whose bodies may never come
        return gpadlMessages(channelId, gpadlId, [
          wholePages(Array.from({ length: 80 }, (_, at) => at % MEMORY_PAGES)),
        ]).slice(0, 1 + chance.below(3));
      case 6:
        return gpadlMessages(channelId, gpadlId, [
          {
            byteOffset: chance.below(5000),
            byteCount: chance.below(9000),
            pfns: this.#somePages(3),
          },
          wholePages(this.#somePages(1)),
        ]);
      case 7:
        return [this.#misplaced(channelId, gpadlId)];
      default: { // an open that is right, or a little wrong
        const pfns = this.#somePages(4 + chance.below(3));
        this.#writeRings(pfns);
        return [
          ...gpadlMessages(channelId, gpadlId, [wholePages(pfns)]),
          openMessage(channelId, gpadlId, 2),
        ];
      }
    }
  }

  #misplaced(channelId: number, gpadlId: number): ControlMessage {
    const lies: readonly ControlMessage[] = [
      { message: "requestOffers" },
      { message: "allOffersDelivered" },
      { message: "rescindChannelOffer", channelId },
      { message: "openResult", channelId, openId: 7, status: 0 },
      { message: "gpadlCreated", channelId, gpadlId, status: 0 },
      { message: "gpadlTorndown", gpadlId },
    ];
    return lies[this.#chance.below(lies.length)] ?? { message: "requestOffers" };
  }

  #somePages(count: number): number[] {
    const first = this.#chance.below(this.#pages.length - count + 1);
    return this.#pages.slice(first, first + count);
  }

  /** Control pages that are empty rings, or what was there before. */
  #writeRings(pfns: readonly number[]): void {
    if (this.#chance.below(4) === 0) return;
    for (const pfn of [pfns[0] ?? 0, pfns[2] ?? 0]) {
      this.guest.partition.memory.write(pfn * 4096, new Uint8Array(128));
    }
  }

  /** Everything that was said is dealt with, and nothing else was touched. */
  async settle(): Promise<void> {
    const chance = this.#chance;
    if (chance.below(3) === 0) this.guest.signal(1 + chance.below(SERVERS));
    if (chance.below(3) === 0) this.servers[chance.below(SERVERS)]?.map();
    if (chance.below(8) === 0) await this.#fabric.advance(1);
    else await this.#fabric.settle();
    const state = this.#fabric.inspect().partitions.find(({ name }) => name === "hostile");
    assertEquals([state?.messagesToHost, state?.messagesToGuest], [0, 0]);
  }

  async restartServer(): Promise<void> {
    const server = this.servers[this.#chance.below(SERVERS)];
    await server?.disable();
    server?.enable();
  }

  async end(): Promise<void> {
    if (this.#chance.below(2) === 0) this.guest.partition.destroy();
    for (const server of this.servers) {
      await server.disable();
      server.cleanUp();
    }
    this.guest.partition.destroy();
    assertEquals(this.#fabric.violations, []);
  }
}

// kmcl.md S11, S13, wire.md 3.4, 5.2, 5.3
Deno.test("hostile guest: no control message harms the host", async () => {
  const chance = Chance.fromSeed(20_260_808);
  const fabric = vmbus.createFabric({ trace: "off", schedule: "random", seed: 8, codec: "vmbus" });
  const guest = fabric.createPartition({ name: "other", memoryPages: 64 });
  const other = await openPair({ within: { fabric, guest } });
  // A guest may describe all of its own memory, and so have it written; never anybody else's.
  const guards = [guest, fabric.root].map(({ memory }) => new GuardPages(memory, 48, chance));
  const sums = { messages: 0, opens: 0, maps: 0 };
  while (sums.messages < MESSAGES) {
    const attack = new MessageAttack(fabric, chance);
    for (let round = 0; attack.messages < MESSAGES_PER_GUEST; round++) {
      attack.speak();
      if (chance.below(3) > 0) await attack.settle();
      if (round % 30 === 29) await attack.restartServer();
    }
    assertEquals((await request(other)).status, vmbus.STATUS_SUCCESS);
    for (const guard of guards) assertEquals(guard.changedAt(), null);
    await attack.end();
    sums.messages += attack.messages;
    for (const { opens, maps } of attack.servers) {
      sums.opens += opens;
      sums.maps += maps;
    }
  }
  // It would prove little if nothing ever got through.
  assert(sums.opens > MESSAGES / 60 && sums.maps > MESSAGES / 60, JSON.stringify(sums));
  for (const guard of guards) guard.free();
  await closePair(other);
});
