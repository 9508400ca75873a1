/**
 * A guest that says what it may say in orders in which it may not, across channels: each message is
 * answered or named as a fault, and nothing waits for ever.
 */
import { assert, assertEquals } from "@std/assert";
import type { HostGpadl } from "../../actors/bus/host/gpadl.ts";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { Chance } from "../../core/chance.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import type * as vmbus from "../../mod.ts";
import { gpadlMessages, openMessage, RawGuest, wholePages } from "../../simulator/peers/mod.ts";
import { serverTable } from "../support/connected_pair.ts";
import { makeCrossingServer } from "../support/crossing_server.ts";
import { createFabric } from "../support/fabric.ts";

const SEEDS = 25;
const MESSAGES = 120;
const SERVERS = 3;
const GPADL_IDS = 2;

/** What came of one kind of message. */
class Tally {
  readonly said = new Map<string, number>();
  readonly heard = new Map<string, number>();
  /** GPADLs whose description the guest ended by itself: it is owed no answer any more (wire.md 5.3). */
  dropped = 0;

  of(counts: Map<string, number>, message: ControlMessage["message"]): number {
    return counts.get(message) ?? 0;
  }

  add(counts: Map<string, number>, { message }: ControlMessage): void {
    counts.set(message, (counts.get(message) ?? 0) + 1);
  }
}

class Orders {
  readonly guest: RawGuest;
  readonly servers: readonly vmbus.VMBCHANNEL[];
  readonly tally = new Tally();
  readonly #fabric: vmbus.Fabric;
  readonly #vsp: vmbus.KmclServerInterfaceV1;
  readonly #chance: Chance;
  /** Bodies that belong to headers that were said. */
  readonly #bodies: ControlMessage[] = [];
  /** Whether servers come and go. */
  readonly #changes: boolean;
  /** Ids that it was offered, the latest last. */
  readonly #channelIds: number[] = [];
  /** Refusals by the name of the message and the fault. */
  readonly #refused = new Map<string, number>();

  constructor(seed: number, changes: boolean) {
    this.#changes = changes;
    this.#chance = Chance.fromSeed(seed);
    this.#fabric = createFabric({ trace: "off", schedule: "random", seed, codec: "vmbus" });
    this.guest = new RawGuest(
      this.#fabric.createPartition({ name: "hostile", memoryPages: 64 }),
      (message) => {
        this.tally.add(this.tally.heard, message);
        if (message.message === "offerChannel") this.#channelIds.push(message.channelId);
      },
    );
    this.#vsp = serverTable(this.#fabric);
    this.#watchRefusals();
    this.servers = Array.from(
      { length: SERVERS },
      (_, index) =>
        makeCrossingServer(this.#vsp, this.#fabric, this.guest.partition, this.#chance, index),
    );
  }

  get #bus() {
    return (this.guest.partition as PartitionObject).bus;
  }

  #watchRefusals(): void {
    const bus = this.#bus;
    const refuse = bus.refuse.bind(bus);
    bus.refuse = (direction, message, fault) => {
      const key = `${message} ${fault}`;
      this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1);
      refuse(direction, message, fault);
    };
  }

  enable(server: vmbus.VMBCHANNEL): void {
    assertEquals(this.#vsp.VmbChannelEnable(server), 0);
    this.#vsp.VmbChannelStart(server);
  }

  refusals(message: ControlMessage["message"], fault: vmbus.ChannelFault): number {
    return this.#refused.get(`${message} ${fault}`) ?? 0;
  }

  /** GPADLs whose bodies the host awaits. */
  incomplete(belongs: (gpadl: HostGpadl) => boolean = () => true): number {
    const { gpadls } = this.#bus.host;
    return gpadls.all.filter((gpadl) => gpadls.assembler(gpadl) !== null && belongs(gpadl)).length;
  }

  /** Says something, and has the host take it. */
  async say(): Promise<void> {
    const message = this.#think();
    const { channelId = 0, gpadlId = 0 } = message as { channelId?: number; gpadlId?: number };
    const mine = this.incomplete((gpadl) =>
      gpadl.channelId === channelId &&
      (message.message === "relIdReleased" || gpadl.gpadlId === gpadlId)
    );
    const before = this.#bus.faultCount;
    this.tally.add(this.tally.said, message);
    this.guest.post(message);
    await (this.#chance.below(3) === 0 ? this.#fabric.advance(1) : this.#fabric.settle());
    assertEquals(this.#bus.pending("toHost").length, 0);
    const isRefused = this.#bus.faultCount > before;
    const ends = message.message === "relIdReleased" || message.message === "gpadlTeardown";
    if (ends && !isRefused) this.tally.dropped += mine;
  }

  #think(): ControlMessage {
    const chance = this.#chance;
    const recent = this.#channelIds.slice(-4);
    const channelId = recent[chance.below(recent.length + 1)] ?? 1;
    const gpadlId = 1 + chance.below(GPADL_IDS);
    switch (chance.below(12)) {
      case 0:
      case 1:
      case 2:
        return this.#header(channelId, gpadlId, chance.below(2) === 0 ? 4 : 1 + chance.below(90));
      case 3:
      case 4:
        return this.#bodies.splice(chance.below(this.#bodies.length + 1), 1)[0] ??
          { message: "gpadlBody", messageNumber: 0, gpadlId, words: new Uint8Array(8) };
      case 5:
      case 6:
        return { message: "gpadlTeardown", channelId, gpadlId };
      case 7:
      case 8:
        return openMessage(channelId, gpadlId, 2);
      case 9:
      case 10:
        return { message: "closeChannel", channelId };
      default:
        // What is released is not offered again before its server starts anew.
        if (chance.below(10) > 0 && !this.#changes) return { message: "closeChannel", channelId };
        return { message: "relIdReleased", channelId };
    }
  }

  #header(channelId: number, gpadlId: number, pageCount: number): ControlMessage {
    const first = this.#chance.below(8);
    const pfns = Array.from({ length: pageCount }, (_, at) => (first + at) % 64);
    for (const pfn of [0, 2]) {
      this.guest.partition.memory.write(((first + pfn) % 64) * 4096, new Uint8Array(64));
    }
    const [header, ...bodies] = gpadlMessages(channelId, gpadlId, [wholePages(pfns)]);
    assert(header !== undefined);
    this.#bodies.push(...bodies);
    return header;
  }

  /** Servers come and go. */
  async change(): Promise<void> {
    const server = this.servers[this.#chance.below(SERVERS)]!;
    await this.#vsp.VmbChannelDisable(server);
    this.enable(server);
  }

  async end(): Promise<void> {
    for (const server of this.servers) {
      await this.#vsp.VmbChannelDisable(server);
      this.#vsp.VmbChannelCleanup(server);
    }
    await this.#fabric.settle();
  }

  finish(): void {
    this.guest.partition.destroy();
    assertEquals([this.#fabric.leaks(), this.#fabric.violations], [[], []]);
  }
}

// wire.md 3.4, 5.2, 5.3
for (const changes of [false, true]) {
  const what = changes ? "come and go" : "stand";
  Deno.test(`bus: a guest that says things in a wrong order is answered or named, while offers ${what}`, async () => {
    const sums = { created: 0, torndown: 0, opened: 0, dropped: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const orders = new Orders(seed, changes);
      for (const server of orders.servers) orders.enable(server);
      for (let said = 0; said < MESSAGES; said++) {
        await orders.say();
        if (changes && said % 10 === 9) await orders.change();
      }
      const { tally } = orders;
      const said = (message: ControlMessage["message"]) => tally.of(tally.said, message);
      await orders.end();
      const heard = (message: ControlMessage["message"]) => tally.of(tally.heard, message);
      assertEquals(
        heard("gpadlCreated") + tally.dropped + orders.incomplete(),
        said("gpadlHeader"),
        `headers, seed ${seed}`,
      );
      const unasked = orders.refusals("gpadlTeardown", "badGpadl") +
        orders.refusals("gpadlTeardown", "unexpectedMessage");
      assertEquals(
        heard("gpadlTorndown") + unasked,
        said("gpadlTeardown"),
        `teardowns, seed ${seed}`,
      );
      const refusedOpens = orders.refusals("openChannel", "unexpectedMessage");
      if (!changes) {
        // What was opening when the servers left was told by the rescind.
        const untold = said("openChannel") - heard("openResult") - refusedOpens;
        assert(untold >= 0 && untold <= SERVERS, `opens, seed ${seed}`);
      }
      sums.created += heard("gpadlCreated");
      sums.torndown += heard("gpadlTorndown");
      sums.opened += heard("openResult");
      sums.dropped += tally.dropped;
      orders.finish();
    }
    assert(Object.values(sums).every((sum) => sum > 0), JSON.stringify(sums));
  });
}
