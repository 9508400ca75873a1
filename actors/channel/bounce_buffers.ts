/**
 * Bounce buffers of a client: pages that its guest shares for as long as the channel is there. External data that an
 * isolated guest has not shared goes through copies in them; others its driver asks for (kmcl.md X18 to X20).
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import type { GuestBuffer, GuestRam } from "../../core/memory/guest_memory.ts";
import { shareRanges, unshareRanges } from "../../core/memory/isolation.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { ChannelConfiguration } from "./configuration.ts";

/** The bounce buffers of a client, for people who look. */
export interface BounceState {
  /** Pages for copies of external data. */
  readonly pages: number;
  /** Those of them that no packet uses. */
  readonly freePages: number;
  /** Bytes of buffers that the driver has asked for. */
  readonly driverBytes: number;
  /** Packets whose external data went through copies, so far. */
  readonly packetsCopied: number;
  /** Bytes that were copied for them, in and out. */
  readonly bytesCopied: number;
  /** How often a packet found too few pages, and waited. */
  readonly waits: number;
}

/** Where the buffers of a saved client lie. */
export interface SavedBounce {
  /** Address of the pages for copies; null: it has none. */
  readonly pagesGpa: number | null;
  /** Addresses of the driver's buffers, in the order in which it asked for them. */
  readonly driverGpas: readonly number[];
}

/** What they need of the client. */
interface BouncingClient {
  /** What its driver has set. */
  readonly configuration: ChannelConfiguration;
}

/** The bounce buffers of one client, from when it has a channel until it has left that. */
export class BounceBuffers {
  readonly #client: BouncingClient;
  readonly #memory: GuestRam;
  /** Whether the host, which reads nothing else, has to read them. */
  readonly #isShared: boolean;
  /** The pages for copies; null: none, as all that the client describes can be read. */
  #pages: GuestBuffer | null = null;
  /** Those that no packet uses; the last one is taken next. */
  #free: number[] = [];
  /** What the driver has asked for. */
  readonly #ofDriver: GuestBuffer[] = [];
  #driverBytes = 0;
  /** Shared memory of packets that ended without a completion: the host may have them until the rings are gone. */
  readonly #left: (readonly GpaRange[])[] = [];
  /** A packet waits for pages. */
  isAwaited = false;
  #packetsCopied = 0;
  #bytesCopied = 0;
  #waits = 0;

  /** Those of `client`, in `memory`; `isPrivate` where whoever serves it reads what it has not shared. */
  constructor(client: BouncingClient, memory: GuestRam, isPrivate: boolean) {
    this.#client = client;
    this.#memory = memory;
    this.#isShared = memory.isolation !== null && !isPrivate;
  }

  /** See {@linkcode BounceState}. */
  get state(): BounceState {
    return {
      pages: this.#pages?.pfns.length ?? 0,
      freePages: this.#free.length,
      driverBytes: this.#driverBytes,
      packetsCopied: this.#packetsCopied,
      bytesCopied: this.#bytesCopied,
      waits: this.#waits,
    };
  }

  /** The pages for copies, which no driver sees; null: there are none. */
  get pages(): GuestBuffer | null {
    return this.#pages;
  }

  /** What its driver has asked for, in that order. */
  get driverBuffers(): readonly GuestBuffer[] {
    return this.#ofDriver;
  }

  /** All of them. */
  get buffers(): readonly GuestBuffer[] {
    return this.#pages === null ? this.#ofDriver : [this.#pages, ...this.#ofDriver];
  }

  /** Their pages, for who checks what is pinned and shared. */
  get pfns(): readonly number[] {
    return this.buffers.flatMap(({ pfns }) => pfns);
  }

  /** Those of them that the host can read. */
  get sharedPfns(): readonly number[] {
    return this.#isShared ? this.pfns : [];
  }

  /** Pages that stay shared for packets which ended without a completion. */
  get leftPfns(): readonly number[] {
    return this.#left.flatMap((ranges) => ranges.flatMap(({ pfns }) => pfns));
  }

  // -- Buffers

  /** Whether external data has to go through copies, unless it is shared. */
  get #isNeeded(): boolean {
    return this.#isShared && !this.#client.configuration.isPipe;
  }

  /** Provides the pages for copies, where they are needed; false where the guest has no room. */
  open(): boolean {
    const { bouncePacketBytes } = this.#client.configuration;
    if (!this.#isNeeded || bouncePacketBytes === 0) return true;
    const pages = this.#memory.tryAllocate(bouncePacketBytes);
    if (pages !== null) this.#keepPages(pages);
    return pages !== null;
  }

  #keepPages(pages: GuestBuffer): void {
    this.#keep(pages);
    this.#pages = pages;
    this.#free = [...pages.pfns].reverse(); // the lowest one is taken first
  }

  #keepForDriver(buffer: GuestBuffer): void {
    this.#keep(buffer);
    this.#ofDriver.push(buffer);
    this.#driverBytes += buffer.byteCount;
  }

  #keep({ pfns }: GuestBuffer): void {
    this.#memory.pin(pfns);
    if (this.#isShared) this.#memory.isolation?.share(pfns);
  }

  #drop(buffer: GuestBuffer): void {
    if (this.#isShared) this.#memory.isolation?.unshare(buffer.pfns);
    this.#memory.unpin(buffer.pfns);
    this.#memory.free(buffer);
  }

  /** A buffer for the driver, which it has until the channel is gone; null: beyond its bound, or no room. */
  allocate(byteCount: number): GuestBuffer | null {
    const { bounceDriverBytes } = this.#client.configuration;
    if (this.#driverBytes + byteCount > bounceDriverBytes) return null;
    const buffer = this.#memory.tryAllocate(byteCount);
    if (buffer !== null) this.#keepForDriver(buffer);
    return buffer;
  }

  /** The channel is gone, and the host has let go of what it could read: all of it is the guest's again. */
  release(): void {
    for (const ranges of this.#left.splice(0)) unshareRanges(this.#memory, ranges);
    for (const buffer of this.#ofDriver.splice(0)) this.#drop(buffer);
    if (this.#pages !== null) this.#drop(this.#pages);
    this.#pages = null;
    this.#free = [];
    this.#driverBytes = 0;
    this.isAwaited = false;
  }

  // -- External data

  /** Whether there are ever enough pages for copies of what a packet describes. */
  canHold({ ranges }: PacketObject): boolean {
    return !this.#isNeeded || this.#isReachable(ranges) ||
      pagesOf(ranges) <= (this.#pages?.pfns.length ?? 0);
  }

  #isReachable(ranges: readonly GpaRange[]): boolean {
    const { isolation } = this.#memory;
    return ranges.every(({ pfns }) => isolation?.areShared(pfns) !== false);
  }

  /**
   * The packet is about to enter the ring: what it describes is shared until it ends, or it describes pages for copies
   * instead, of the same shape.
   */
  take(packet: PacketObject): "ok" | "noPages" | "tooLarge" {
    const hasWaited = this.isAwaited;
    this.isAwaited = false;
    const { ranges } = packet;
    if (ranges.length === 0 || !this.#isNeeded) return "ok";
    if (this.#isReachable(ranges)) {
      shareRanges(this.#memory, ranges);
      packet.ownRanges = ranges;
      return "ok";
    }
    if (!this.canHold(packet)) return "tooLarge";
    if (pagesOf(ranges) > this.#free.length) {
      this.isAwaited = true;
      if (!hasWaited) this.#waits++;
      return "noPages";
    }
    packet.ownRanges = ranges;
    packet.ranges = ranges.map(({ byteOffset, byteCount, pfns }) => (
      { byteOffset, byteCount, pfns: pfns.map(() => this.#free.pop()!) }
    ));
    return "ok";
  }

  /** The packet is in the ring, where nobody has seen it yet: its copies are made. */
  entered(packet: PacketObject): void {
    if (packet.ownRanges === null || packet.ownRanges === packet.ranges) return;
    this.#packetsCopied++;
    this.#copy(packet.ownRanges, packet.ranges);
  }

  /** The packet found no room in the ring: it describes its driver's memory again. */
  undo(packet: PacketObject): void {
    this.#giveBack(packet, null);
  }

  /** The transaction is over; where it was completed, the driver finds in its memory what the opposite side wrote. */
  end(packet: PacketObject, isCompleted: boolean): void {
    const { ownRanges, ranges } = packet;
    if (isCompleted && ownRanges !== null && ownRanges !== ranges) this.#copy(ranges, ownRanges);
    this.#giveBack(packet, isCompleted ? null : this.#left);
  }

  #giveBack(packet: PacketObject, left: (readonly GpaRange[])[] | null): void {
    const { ownRanges, ranges } = packet;
    if (ownRanges === null) return;
    packet.ownRanges = null;
    packet.ranges = ownRanges;
    if (ranges !== ownRanges) {
      for (const { pfns } of [...ranges].reverse()) {
        for (let at = pfns.length - 1; at >= 0; at--) this.#free.push(pfns[at]!);
      }
    } else if (left === null) unshareRanges(this.#memory, ranges);
    else left.push(ranges);
  }

  #copy(from: readonly GpaRange[], to: readonly GpaRange[]): void {
    const targets = this.#memory.pieces(to);
    let [target, at] = [targets.shift(), 0];
    for (const source of this.#memory.pieces(from)) {
      this.#bytesCopied += source.length;
      for (let done = 0; done < source.length;) {
        assert(target !== undefined, "copies have the shape of what they are of");
        const byteCount = Math.min(source.length - done, target.length - at);
        target.set(source.subarray(done, done + byteCount), at);
        done += byteCount;
        at += byteCount;
        if (at === target.length) [target, at] = [targets.shift(), 0];
      }
    }
  }

  // -- Saving

  /** Where they lie. */
  get image(): SavedBounce {
    return {
      pagesGpa: this.#pages?.gpa ?? null,
      driverGpas: this.#ofDriver.map(({ gpa }) => gpa),
    };
  }

  /** They are where they were, and `packets` use what they did; false where that cannot be. */
  restore({ pagesGpa, driverGpas }: SavedBounce, packets: readonly PacketObject[]): boolean {
    const { buffers } = this.#memory;
    const { bouncePacketBytes, bounceDriverBytes } = this.#client.configuration;
    if ((pagesGpa !== null) !== (this.#isNeeded && bouncePacketBytes > 0)) return false;
    const all = pagesGpa === null ? driverGpas : [pagesGpa, ...driverGpas];
    if (new Set(all).size !== all.length || !all.every((gpa) => buffers.has(gpa))) return false;
    const pages = pagesGpa === null ? null : buffers.get(pagesGpa)!;
    if (pages !== null && pages.byteCount !== bouncePacketBytes) return false;
    for (const gpa of driverGpas) this.#keepForDriver(buffers.get(gpa)!);
    if (pages !== null) this.#keepPages(pages);
    if (this.#driverBytes > bounceDriverBytes) return false;
    const free = new Set(this.#free);
    const areGood = packets.every((packet) => this.#resume(packet, free));
    this.#free = [...free];
    return areGood;
  }

  /** Gives a packet in flight the pages that it had; false where they are not of those that are `free`. */
  #resume(packet: PacketObject, free: Set<number>): boolean {
    const { ownRanges, ranges, actor: { tags } } = packet;
    const isSent = tags.awaiting || tags.withdrawn;
    if (ownRanges === null) {
      if (!isSent || ranges.length === 0 || !this.#isNeeded) return true;
      const copies = new Set(this.#pages?.pfns);
      const isOfCopies = ranges.some(({ pfns }) => pfns.some((pfn) => copies.has(pfn)));
      if (isOfCopies || !this.#isReachable(ranges)) return false;
      shareRanges(this.#memory, ranges);
      packet.ownRanges = ranges;
      return true;
    }
    return isSent && this.#isNeeded && haveSameShape(ranges, ownRanges) &&
      ranges.every(({ pfns }) => pfns.every((pfn) => free.delete(pfn)));
  }
}

/** Pages that ranges touch; one that two of them touch counts twice. */
function pagesOf(ranges: readonly GpaRange[]): number {
  return ranges.reduce((sum, { pfns }) => sum + pfns.length, 0);
}

/** Whether two lists of ranges differ in nothing but the pages. */
function haveSameShape(some: readonly GpaRange[], others: readonly GpaRange[]): boolean {
  return some.length === others.length && some.every(({ byteOffset, byteCount, pfns }, at) => {
    const other = others[at]!;
    return byteOffset === other.byteOffset && byteCount === other.byteCount &&
      pfns.length === other.pfns.length;
  });
}
