/** A host that says anything on the bus of its guest, in any order. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Chance } from "../../core/chance.ts";
import { encodeControlMessage } from "../../core/control/codec.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import * as vmbus from "../../mod.ts";
import { corruptMessage, openMessage, u32Bytes } from "../../simulator/peers/mod.ts";
import { closePair, makePair, openPair, type Pair, PAIR_TYPE } from "../support/connected_pair.ts";
import { request } from "../support/driving.ts";
import { times } from "../support/long.ts";

const MESSAGES = times(1_300, 20_000);
/** After so many the host takes everything back, and the guest begins anew. */
const MESSAGES_PER_EPOCH = 200;
const PAIRS = 3;
/** Channel ids that the host speaks of. */
const CHANNEL_IDS = 7;

/** What the callbacks of a client may be, in their order (kmcl.md S3, S4, S7, S10). */
const WORD = /^(?:Opened (?:Started (?:PostStarted )?Suspend )*Closed )*$/;

/** Clients that share a buffer, and lose their channels all the time. */
class MessageAttack {
  readonly pairs: readonly Pair[];
  messages = 0;
  opens = 0;
  refusals = 0;
  readonly #fabric: vmbus.Fabric;
  readonly #guest: vmbus.Partition;
  readonly #chance: Chance;
  readonly #said: Uint8Array[] = [];
  readonly #buffer: vmbus.GuestBuffer;
  readonly #gpadls = new Map<vmbus.VMBCHANNEL, number>();
  /** Clients that may send. */
  readonly #running = new Set<vmbus.VMBCHANNEL>();
  /** The latest GPADL handle that a driver got: those of rings are near. */
  #handle = 0xe1e10;

  constructor(fabric: vmbus.Fabric, guest: vmbus.Partition, chance: Chance) {
    this.#fabric = fabric;
    this.#guest = guest;
    this.#chance = chance;
    this.#buffer = guest.memory.allocate(4096);
    this.pairs = Array.from({ length: PAIRS }, (_, index) => this.#makePair(index));
    for (const { vsp, server } of this.pairs) {
      assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
      vsp.VmbChannelStart(server);
    }
  }

  #makePair(index: number): Pair {
    const pair: Pair = makePair({
      within: { fabric: this.#fabric, guest: this.#guest },
      instance: `00000000-0000-0000-0000-00000000000${index}`,
      ringPages: [2, 2],
      clientCallbacks: {
        EvtChannelOpened: (channel) => this.#share(pair, channel),
        EvtChannelClosed: (channel) => this.#unshare(pair, channel),
        EvtChannelStarted: (channel) => void this.#running.add(channel),
        EvtChannelSuspend: (channel) => void this.#running.delete(channel),
      },
      onPnpFailure: () => void this.refusals++,
    });
    return pair;
  }

  #share({ vsc }: Pair, channel: vmbus.VMBCHANNEL): vmbus.NtStatus {
    this.opens++;
    const made = vsc.VmbChannelCreateGpadlFromBuffer(channel, 0, this.#buffer, 4096);
    if (made.gpadlHandle === null) return vmbus.STATUS_SUCCESS; // the host does not know the channel
    this.#gpadls.set(channel, made.gpadlHandle);
    this.#handle = Math.max(this.#handle, made.gpadlHandle);
    return vmbus.STATUS_SUCCESS;
  }

  async #unshare({ vsc }: Pair, channel: vmbus.VMBCHANNEL): Promise<void> {
    const handle = this.#gpadls.get(channel);
    this.#gpadls.delete(channel);
    if (this.#chance.below(3) === 0) await this.#fabric.delay(1);
    // A host that lies may have let go of it before it was asked.
    const known = vmbus.inspectChannel(channel).gpadls.some((gpadl) => gpadl.handle === handle);
    if (handle !== undefined && known) await vsc.VmbChannelDeleteGpadl(channel, handle);
  }

  #say(bytes: Uint8Array): void {
    this.messages++;
    this.#guest.postControlMessage("toGuest", bytes);
    if (this.#said.length < 100) this.#said.push(bytes);
    else this.#said[this.#chance.below(100)] = bytes;
  }

  speak(): void {
    const chance = this.#chance;
    const bytes = encodeControlMessage(this.#think());
    this.#say(chance.below(3) === 0 ? corruptMessage(chance, bytes) : bytes);
    if (chance.below(8) === 0) this.#say(chance.bytes(chance.below(250)));
    if (chance.below(8) === 0) {
      this.#say(this.#said[chance.below(this.#said.length)] ?? u32Bytes(1));
    }
  }

  #think(): ControlMessage {
    const chance = this.#chance;
    const channelId = 1 + chance.below(CHANNEL_IDS);
    const gpadlId = this.#handle + 2 - chance.below(8);
    const status = chance.below(2) === 0 ? 0 : 0xc000_0001;
    switch (chance.below(8)) {
      case 0:
        return this.#offer(channelId);
      case 1:
      case 2:
        return { message: "openResult", channelId, openId: 1 + chance.below(40), status };
      case 3:
        return { message: "gpadlCreated", channelId, gpadlId, status };
      case 4:
        return { message: "gpadlTorndown", gpadlId };
      case 5:
        return { message: "rescindChannelOffer", channelId };
      case 6:
        return openMessage(channelId, gpadlId, 2);
      default:
        return { message: "allOffersDelivered" };
    }
  }

  #offer(channelId: number): ControlMessage {
    const chance = this.#chance;
    return {
      message: "offerChannel",
      interfaceId: PAIR_TYPE,
      instanceId: `00000000-0000-0000-0000-00000000000${chance.below(PAIRS + 1)}`,
      flags: chance.below(4) === 0 ? 0x10 : 0,
      mmioMegabytes: chance.below(4) === 0 ? 0xffff : 0,
      userData: new Uint8Array(120),
      subchannelIndex: 0,
      mmioMegabytesOptional: chance.below(200),
      channelId,
      monitorId: 0xff,
      monitorAllocated: false,
      isDedicated: true,
      connectionId: 0x2000 | channelId,
    };
  }

  /** Clients that lost their channel try again; some leave, some send. */
  async live(): Promise<void> {
    const chance = this.#chance;
    for (const { vsc, client } of this.pairs) {
      const { lifecycle, fault } = vmbus.inspectChannel(client);
      if (lifecycle === "disabled") {
        assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
      } else if (this.#running.has(client) && fault === null && chance.below(2) === 0) {
        const packet = vsc.VmbPacketAllocate(client);
        assertEquals(vsc.VmbPacketSend(packet, u32Bytes(1, 2), 8, null, 1), vmbus.STATUS_SUCCESS);
      } else if (fault !== null || chance.below(8) === 0) {
        void vsc.VmbChannelDisable(client); // it may have to wait for what the host says next
      }
    }
    this.#guest.postInterrupt("toGuest", 1 + chance.below(CHANNEL_IDS));
    if (chance.below(8) === 0) await this.#fabric.advance(1);
    else await this.#fabric.settle();
  }

  /** Servers leave, clients leave; what the host has denied so far it now lets go of. */
  async end(): Promise<void> {
    const fabric = this.#fabric;
    for (const { vsp, server } of this.pairs) await vsp.VmbChannelDisable(server);
    const left = this.pairs.map(({ vsc, client }) => vsc.VmbChannelDisable(client));
    await fabric.advance(2);
    for (let handle = this.#handle - 50; handle < this.#handle + 20; handle++) {
      const message = encodeControlMessage({ message: "gpadlTorndown", gpadlId: handle });
      this.#guest.postControlMessage("toGuest", message);
    }
    for (let channelId = 1; channelId <= 64; channelId++) {
      const message = encodeControlMessage({ message: "rescindChannelOffer", channelId });
      this.#guest.postControlMessage("toGuest", message);
    }
    await fabric.advance(2);
    await Promise.all(left);
    for (const { vsp, vsc, server, client, calls } of this.pairs) {
      const { lifecycle, fault, gpadls, packets } = vmbus.inspectChannel(client);
      assertEquals([lifecycle, fault, gpadls, packets], ["disabled", null, [], []]);
      vsp.VmbChannelCleanup(server);
      vsc.VmbChannelCleanup(client);
      const words = calls.filter((call) => /^client (?!Pnp)/.test(call));
      assertMatch(words.map((call) => `${call.slice("client ".length)} `).join(""), WORD);
    }
    this.#guest.memory.free(this.#buffer);
    assertEquals(fabric.inspect().partitions.find(({ name }) => name === "guest")?.pinnedPages, 0);
    assertEquals(fabric.leaks(), []);
    assertEquals(fabric.violations, []);
  }
}

// kmcl.md S10, S11, S14, wire.md 3.4, 5.6
Deno.test("hostile host: no control message harms the guest", async () => {
  const chance = Chance.fromSeed(20_260_810);
  const sums = { messages: 0, opens: 0, refusals: 0 };
  while (sums.messages < MESSAGES) {
    const fabric = vmbus.createFabric({
      trace: "off",
      schedule: "random",
      seed: 9,
      codec: "vmbus",
    });
    const guest = fabric.createPartition({ name: "guest", memoryPages: 128 });
    for (let epoch = 0; epoch < 5; epoch++) {
      const attack = new MessageAttack(fabric, guest, chance);
      while (attack.messages < MESSAGES_PER_EPOCH) {
        attack.speak();
        if (chance.below(3) > 0) await attack.live();
      }
      await attack.end();
      sums.messages += attack.messages;
      sums.opens += attack.opens;
      sums.refusals += attack.refusals;
    }
    const fresh = await openPair({ within: { fabric, guest } });
    assertEquals((await request(fresh)).status, vmbus.STATUS_SUCCESS);
    await closePair(fresh);
  }
  // It would prove little if nothing ever got through.
  assert(sums.opens > MESSAGES / 40 && sums.refusals > MESSAGES / 40, JSON.stringify(sums));
});
