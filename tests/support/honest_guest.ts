/**
 * A guest without drivers that keeps to the protocol: it says only what it may say by what it has heard,
 * so that whatever crosses on the bus is nobody's fault (wire.md 3.3, 3.4, 4.5).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { Chance } from "../../core/chance.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import type * as vmbus from "../../mod.ts";
import { gpadlMessages, openMessage, RawGuest, wholePages } from "./raw_guest.ts";

/** Has `hear` take what the host says in the place of the guest's own end of the bus. */
export function listen(guest: vmbus.Partition, hear: (message: ControlMessage) => void): void {
  const { bus } = guest as PartitionObject;
  bus.guest.receive = (message) => {
    hear(message);
    return null;
  };
}

/** A GPADL as the guest has it. */
interface Gpadl {
  readonly id: number;
  /** What is left to be said of it. */
  readonly messages: ControlMessage[];
  readonly isRing: boolean;
  stage: "describing" | "created" | "tearingDown";
}

/** A channel that the guest was offered, and has not released. */
class Channel {
  readonly id: number;
  readonly gpadls = new Map<number, Gpadl>();
  /** Ring of the open that was asked for, until its close. */
  ring: Gpadl | null = null;
  isOpen = false;
  isRescinded = false;

  constructor(id: number) {
    this.id = id;
  }

  /** Whether the host owes it an answer; what was merely created is none (wire.md section 8, 56). */
  get isWaiting(): boolean {
    return [...this.gpadls.values()].some(({ stage }) => stage !== "created");
  }

  /** Whether the host has not accepted all that was described to it. */
  get isDescribing(): boolean {
    return [...this.gpadls.values()].some(({ stage }) => stage === "describing");
  }
}

/** GPADL ids that the guest uses: few, so that channels share them. */
const GPADL_IDS = 4;

/** The guest. */
export class HonestGuest {
  readonly raw: RawGuest;
  /** What it has said and heard, in numbers. */
  readonly counts = { headers: 0, created: 0, teardowns: 0, torndown: 0, opens: 0, releases: 0 };
  readonly #chance: Chance;
  readonly #channels = new Map<number, Channel>();
  readonly #pages: readonly number[];
  /** It does not wait for Torndown of a rescinded channel, as Linux has it, and takes a new id each time. */
  readonly #isHasty: boolean;
  #lastId = 0xe1e10;

  constructor(fabric: vmbus.Fabric, chance: Chance, isHasty = false) {
    this.#isHasty = isHasty;
    this.raw = new RawGuest(fabric, "honest", 128);
    this.#chance = chance;
    this.#pages = this.raw.partition.memory.allocate(100 * 4096).pfns;
    listen(this.raw.partition, (message) => this.#hear(message));
  }

  /** Channels that it has not released. */
  get channelCount(): number {
    return this.#channels.size;
  }

  #hear(message: ControlMessage): void {
    switch (message.message) {
      case "offerChannel": {
        assert(!this.#channels.has(message.channelId), "an id is offered once it was released");
        this.#channels.set(message.channelId, new Channel(message.channelId));
        break;
      }
      case "rescindChannelOffer":
        this.#at(message.channelId).isRescinded = true;
        break;
      case "gpadlCreated": {
        const gpadl = this.#at(message.channelId).gpadls.get(message.gpadlId);
        assertEquals([gpadl?.stage, gpadl?.messages.length, message.status], ["describing", 0, 0]);
        gpadl!.stage = "created";
        this.counts.created++;
        break;
      }
      case "gpadlTorndown": {
        const found = [...this.#channels.values()].filter(({ gpadls }) =>
          gpadls.get(message.gpadlId)?.stage === "tearingDown"
        );
        assertEquals(found.length, this.#isHasty && found.length === 0 ? 0 : 1);
        found[0]?.gpadls.delete(message.gpadlId);
        this.counts.torndown++;
        break;
      }
      case "openResult": {
        const channel = this.#at(message.channelId);
        assert(channel.ring !== null && !channel.isOpen);
        if (message.status === 0) channel.isOpen = true;
        else channel.ring = null;
        break;
      }
      default:
        assertEquals(message.message, "allOffersDelivered");
    }
  }

  #at(channelId: number): Channel {
    const channel = this.#channels.get(channelId);
    assert(channel !== undefined, "the host speaks of a channel that the guest has");
    return channel;
  }

  #stages(gpadlId: number): string[] {
    const all = [...this.#channels.values()].map(({ gpadls }) => gpadls.get(gpadlId)?.stage);
    return all.filter((stage) => stage !== undefined);
  }

  /** Says one thing that it may say. */
  speak(): void {
    const channels = [...this.#channels.values()];
    const channel = channels[this.#chance.below(Math.max(channels.length, 1))];
    if (channel === undefined) return;
    const gpadls = [...channel.gpadls.values()];
    const gpadl = gpadls[this.#chance.below(Math.max(gpadls.length, 1))];
    switch (this.#chance.below(8)) {
      case 0:
        return this.#create(channel, this.#chance.below(2) === 0);
      case 1:
      case 2:
        return gpadl === undefined ? undefined : this.#goOn(gpadl);
      case 3:
        return gpadl === undefined ? undefined : this.#tearDown(channel, gpadl);
      case 4:
      case 5:
      case 6:
        return channel.ring === null ? this.#open(channel) : this.#close(channel);
      default:
        return this.#release(channel);
    }
  }

  /** An id is incomplete once in the whole guest, and unique on its channel (wire.md 3.3, 3.4). */
  #create(channel: Channel, isRing: boolean): void {
    const id = this.#isHasty ? ++this.#lastId : 1 + this.#chance.below(GPADL_IDS);
    if (channel.isRescinded || channel.gpadls.has(id)) return;
    if (this.#stages(id).some((stage) => stage !== "created")) return;
    const pageCount = isRing ? 4 : 1 + this.#chance.below(90);
    const first = this.#chance.below(this.#pages.length - pageCount + 1);
    const pfns = this.#pages.slice(first, first + pageCount);
    if (isRing) {
      for (const pfn of pfns) this.raw.partition.memory.write(pfn * 4096, new Uint8Array(64));
    }
    const messages = gpadlMessages(channel.id, id, [wholePages(pfns)]);
    const gpadl: Gpadl = { id, messages, isRing, stage: "describing" };
    channel.gpadls.set(id, gpadl);
    this.counts.headers++;
    this.#goOn(gpadl);
  }

  /** The next of the messages that describe a GPADL, whatever else was said in between. */
  #goOn({ messages }: Gpadl): void {
    const message = messages.shift();
    if (message !== undefined) this.raw.post(message);
  }

  /** Torndown carries no channel id, so one GPADL of that id is torn down at a time. */
  #tearDown(channel: Channel, gpadl: Gpadl): void {
    if (gpadl.stage !== "created" || channel.ring === gpadl) return;
    if (this.#stages(gpadl.id).includes("tearingDown")) return;
    gpadl.stage = "tearingDown";
    this.counts.teardowns++;
    this.raw.post({ message: "gpadlTeardown", channelId: channel.id, gpadlId: gpadl.id });
  }

  #open(channel: Channel): void {
    const rings = [...channel.gpadls.values()].filter(({ isRing, stage }) =>
      isRing && stage === "created"
    );
    const ring = rings[0];
    if (ring === undefined || channel.isRescinded) return;
    channel.ring = ring;
    this.counts.opens++;
    this.raw.post(openMessage(channel.id, ring.id, 2));
  }

  #close(channel: Channel): void {
    // Where the open was not answered, a rescind is: then there is nothing to be closed.
    if (channel.isOpen) this.raw.post({ message: "closeChannel", channelId: channel.id });
    else if (!channel.isRescinded) return;
    channel.isOpen = false;
    channel.ring = null;
  }

  #release(channel: Channel): void {
    const isWaiting = this.#isHasty ? channel.isDescribing : channel.isWaiting;
    if (!channel.isRescinded || channel.ring !== null || isWaiting) return;
    this.#channels.delete(channel.id);
    this.counts.releases++;
    this.raw.post({ message: "relIdReleased", channelId: channel.id });
  }

  /** Says all that is left to be said of channels that were rescinded, as far as it may by now. */
  finish(): void {
    for (const channel of this.#channels.values()) {
      for (const gpadl of channel.gpadls.values()) {
        while (gpadl.messages.length > 0) this.#goOn(gpadl);
      }
      if (!channel.isRescinded) continue;
      if (channel.ring !== null) this.#close(channel);
      this.#release(channel);
    }
  }
}
