/**
 * A guest without drivers that keeps to the protocol: it says only what it may say by what it has heard,
 * so that whatever crosses on the bus is nobody's fault (wire.md 3.3, 3.4, 4.5).
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import { STATUS_SUCCESS } from "../../core/ntstatus.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import type { Partition } from "../../mod.ts";
import { TakenEnd } from "./bus_end.ts";
import { requireChance, requireObject } from "./checks.ts";
import { gpadlMessages, openMessage } from "./messages.ts";
import { wholePages } from "./ranges.ts";

/** GPADL ids that a guest uses which waits for its answers: few, so that channels share them. */
const GPADL_IDS = 4;
/** Pages that it describes as GPADLs, over and over. */
const PAGES = 100;
/** Most pages of a GPADL that is no ring: it takes a header and several bodies. */
const GPADL_PAGES_MAX = 90;
/** Pages of a ring GPADL, and where in it the downstream ring begins. */
const RING_PAGES = 4;
const DOWNSTREAM_PAGE_OFFSET = 2;
/** Bytes of a control page that are an empty ring, whatever else is there. */
const CONTROL_BYTES = 128;
/** The last id before those of a guest that takes a new one each time, as Linux does (wire.md 3.3). */
const FIRST_GPADL_ID = 0xe1e10;

/** How an {@linkcode HonestGuest} behaves. */
export interface HonestGuestOptions {
  /**
   * Whether it waits for no GpadlTorndown of a channel that was rescinded, and takes a new GPADL id each
   * time, as Linux does. Default false.
   */
  readonly isHasty?: boolean;
}

/** What an {@linkcode HonestGuest} has said and heard, in numbers. */
export interface HonestGuestCounts {
  /** GPADLs that it has begun to describe. */
  headers: number;
  /** Of these, those that the host has taken. */
  created: number;
  /** GPADLs that it wanted back. */
  teardowns: number;
  /** Of these, those that it got. */
  torndown: number;
  /** Channels that it wanted opened. */
  opens: number;
  /** Channels that it has released. */
  releases: number;
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

  /** Whether a GPADL of the channel is at one of these stages. */
  has(...stages: readonly Gpadl["stage"][]): boolean {
    return [...this.gpadls.values()].some(({ stage }) => stages.includes(stage));
  }
}

/**
 * A guest that does all that a guest may do, in any order that its chance draws, and nothing else: it
 * describes and wants back memory, opens, closes and releases whatever channels it is offered. So whatever
 * its host refuses is the host's mistake, and whatever the host says that no host may say is a complaint.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 * import { Chance, HonestGuest } from "@vmbus/kmcl/peers";
 *
 * await using fabric = vmbus.createFabric({ codec: "vmbus" });
 * const partition = fabric.createPartition({ name: "honest", memoryPages: 128 });
 * const guest = new HonestGuest(partition, Chance.fromSeed(7));
 * // Here servers for the partition come and go meanwhile.
 * for (let round = 0; round < 100; round++) {
 *   guest.speak();
 *   await fabric.settle();
 * }
 * console.log(guest.complaints); // []
 * partition.destroy();
 * ```
 */
export class HonestGuest {
  /** The partition. */
  readonly partition: Partition;
  /** What it has said and heard, in numbers. */
  readonly counts: Readonly<HonestGuestCounts>;
  /** What the host said that no host may say, in words, in order. */
  readonly complaints: string[] = [];
  readonly #counts: HonestGuestCounts = {
    headers: 0,
    created: 0,
    teardowns: 0,
    torndown: 0,
    opens: 0,
    releases: 0,
  };
  readonly #end: TakenEnd;
  readonly #chance: Chance;
  readonly #channels = new Map<number, Channel>();
  readonly #pages: readonly number[];
  readonly #isHasty: boolean;
  #lastId = FIRST_GPADL_ID;

  /**
   * Takes the guest's end of the bus of `partition`, and 100 pages of its memory.
   *
   * @throws {TypeError} `partition` is no Partition, `chance` no Chance, or `options` no object.
   * @throws {RangeError} So many pages are not free in a row.
   */
  constructor(partition: Partition, chance: Chance, options: HonestGuestOptions = {}) {
    requireChance("make an honest guest", chance);
    requireObject("make an honest guest", "options", options);
    this.#end = new TakenEnd(partition, "guest", (message) => this.#hear(message));
    this.partition = partition;
    this.counts = this.#counts;
    this.#isHasty = options.isHasty ?? false;
    this.#chance = chance;
    this.#pages = partition.memory.allocate(PAGES * PAGE_BYTES).pfns;
  }

  /** Channels that it was offered, and has not released. */
  get channelCount(): number {
    return this.#channels.size;
  }

  // -- What the host says

  #hear(message: ControlMessage): void {
    const complaint = this.#take(message);
    if (complaint !== null) this.complaints.push(`${message.message}: ${complaint}`);
  }

  /** Takes a message; answers with what is wrong with it, null where nothing is. */
  #take(message: ControlMessage): string | null {
    switch (message.message) {
      case "offerChannel": {
        const { channelId } = message;
        if (this.#channels.has(channelId)) return `channel ${channelId} was not released`;
        this.#channels.set(channelId, new Channel(channelId));
        return null;
      }
      case "rescindChannelOffer": {
        const channel = this.#channels.get(message.channelId);
        if (channel === undefined) return `there is no channel ${message.channelId}`;
        channel.isRescinded = true;
        return null;
      }
      case "gpadlCreated":
        return this.#created(message.channelId, message.gpadlId, message.status);
      case "gpadlTorndown":
        return this.#torndown(message.gpadlId);
      case "openResult":
        return this.#opened(message.channelId, message.status);
      case "allOffersDelivered":
        return null;
      default:
        return "only a guest says this";
    }
  }

  #created(channelId: number, gpadlId: number, status: number): string | null {
    const gpadl = this.#channels.get(channelId)?.gpadls.get(gpadlId);
    if (gpadl?.stage !== "describing") return `GPADL ${gpadlId} awaits none`;
    if (gpadl.messages.length > 0) return `GPADL ${gpadlId} is not described to its end`;
    if (status !== STATUS_SUCCESS) return `GPADL ${gpadlId} is refused with status ${status}`;
    gpadl.stage = "created";
    this.#counts.created++;
    return null;
  }

  #torndown(gpadlId: number): string | null {
    const found = [...this.#channels.values()].filter(({ gpadls }) =>
      gpadls.get(gpadlId)?.stage === "tearingDown"
    );
    this.#counts.torndown++;
    found[0]?.gpadls.delete(gpadlId);
    // A hasty guest may have released the channel before.
    if (found.length === 1 || (this.#isHasty && found.length === 0)) return null;
    return `GPADL ${gpadlId} is wanted back by ${found.length} channels`;
  }

  #opened(channelId: number, status: number): string | null {
    const channel = this.#channels.get(channelId);
    if (channel === undefined) return `there is no channel ${channelId}`;
    if (channel.ring === null || channel.isOpen) return `channel ${channelId} awaits none`;
    if (status === STATUS_SUCCESS) channel.isOpen = true;
    else channel.ring = null;
    return null;
  }

  // -- What it says

  /** Says one thing that it may say, or nothing. */
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
        return gpadl === undefined ? undefined : this.#describe(gpadl);
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

  /** The stages of all GPADLs with that id. */
  #stages(gpadlId: number): Gpadl["stage"][] {
    const all = [...this.#channels.values()].map(({ gpadls }) => gpadls.get(gpadlId)?.stage);
    return all.filter((stage) => stage !== undefined);
  }

  /** An id is incomplete once in the whole guest, and unique on its channel (wire.md 3.3, 3.4). */
  #create(channel: Channel, isRing: boolean): void {
    const id = this.#isHasty ? ++this.#lastId : 1 + this.#chance.below(GPADL_IDS);
    if (channel.isRescinded || channel.gpadls.has(id)) return;
    if (this.#stages(id).some((stage) => stage !== "created")) return;
    const pageCount = isRing ? RING_PAGES : 1 + this.#chance.below(GPADL_PAGES_MAX);
    const first = this.#chance.below(this.#pages.length - pageCount + 1);
    const pfns = this.#pages.slice(first, first + pageCount);
    if (isRing) {
      const empty = new Uint8Array(CONTROL_BYTES);
      for (const pfn of pfns) this.partition.memory.write(pfn * PAGE_BYTES, empty);
    }
    const messages = gpadlMessages(channel.id, id, [wholePages(pfns)]);
    const gpadl: Gpadl = { id, messages, isRing, stage: "describing" };
    channel.gpadls.set(id, gpadl);
    this.#counts.headers++;
    this.#describe(gpadl);
  }

  /** The next of the messages that describe a GPADL, whatever else was said in between. */
  #describe({ messages }: Gpadl): void {
    const message = messages.shift();
    if (message !== undefined) this.#end.post(message);
  }

  /** Torndown carries no channel id, so one GPADL of that id is torn down at a time. */
  #tearDown(channel: Channel, gpadl: Gpadl): void {
    if (gpadl.stage !== "created" || channel.ring === gpadl) return;
    if (this.#stages(gpadl.id).includes("tearingDown")) return;
    gpadl.stage = "tearingDown";
    this.#counts.teardowns++;
    this.#end.post({ message: "gpadlTeardown", channelId: channel.id, gpadlId: gpadl.id });
  }

  #open(channel: Channel): void {
    const ring = [...channel.gpadls.values()].find(({ isRing, stage }) =>
      isRing && stage === "created"
    );
    if (ring === undefined || channel.isRescinded) return;
    channel.ring = ring;
    this.#counts.opens++;
    this.#end.post(openMessage(channel.id, ring.id, DOWNSTREAM_PAGE_OFFSET));
  }

  #close(channel: Channel): void {
    // Where the open was not answered, a rescind is: then there is nothing to be closed.
    if (channel.isOpen) this.#end.post({ message: "closeChannel", channelId: channel.id });
    else if (!channel.isRescinded) return;
    channel.isOpen = false;
    channel.ring = null;
  }

  /** The host owes an answer to what is described or wanted back, and to nothing else (wire.md section 8, 56). */
  #release(channel: Channel): void {
    const isOwed = this.#isHasty
      ? channel.has("describing")
      : channel.has("describing", "tearingDown");
    if (!channel.isRescinded || channel.ring !== null || isOwed) return;
    this.#channels.delete(channel.id);
    this.#counts.releases++;
    this.#end.post({ message: "relIdReleased", channelId: channel.id });
  }

  /** Says all that is left to be said of channels that were rescinded, as far as it may by now. */
  finish(): void {
    for (const channel of this.#channels.values()) {
      for (const gpadl of channel.gpadls.values()) {
        while (gpadl.messages.length > 0) this.#describe(gpadl);
      }
      if (!channel.isRescinded) continue;
      if (channel.ring !== null) this.#close(channel);
      this.#release(channel);
    }
  }
}
