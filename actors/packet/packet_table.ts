/**
 * The packet objects of one channel: their slots, which are their transaction ids, and the lookaside
 * list of those that were freed.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import { NO_RANGES } from "../../core/packet/packet.ts";
import type { PacketKind, PacketObject } from "./packet_object.ts";
import type { PacketStore } from "./packet_store.ts";

/** Slots of one channel; a restored packet takes the one that it had, and leaves holes before it. */
export const PACKET_SLOTS_MAX = 2 ** 24;
/** Events that carry nothing: one object serves all packets. */
const ALLOCATE = { type: "allocate" } as const;
const FREE = { type: "free" } as const;

/** All packet objects of one channel. */
export class PacketTable {
  #store: PacketStore;
  /** By slot; a slot may be empty. */
  readonly #slots: (PacketObject | undefined)[] = [];
  /** The slots of freed packet objects, the next one last. Each is empty, unless somebody looks at its actor. */
  readonly #lookaside: number[] = [];
  /** Packet objects that drivers have: all but those of requests. */
  #drivers = 0;
  /** No slot before this one is empty. */
  #firstHole = 0;

  /** An empty table; `store` has the packet objects that nobody has. */
  constructor(store: PacketStore) {
    this.#store = store;
  }

  /** Gives out a packet object with the next number of the lookaside list, or with a new one where that is empty. */
  allocate(kind: PacketKind): PacketObject {
    const packet = this.#packetAt(this.#lookaside.pop() ?? this.#freeSlot());
    packet.kind = kind;
    if (kind !== "request") this.#drivers++;
    packet.actor.send(ALLOCATE);
    return packet;
  }

  /** Puts a packet object that is in no transaction on the lookaside list. */
  free(packet: PacketObject): void {
    packet.actor.send(FREE);
    if (packet.kind !== "request") this.#drivers--;
    packet.pointer = null;
    packet.routine = null;
    packet.routineContext = null;
    if (packet.hasContext) packet.dropContext(false);
    packet.request = null;
    packet.ranges = NO_RANGES;
    packet.transfer = null;
    this.#lookaside.push(packet.slot);
    if (packet.actor.isShown) return; // who looks at it sees the same channel's packets
    this.#slots[packet.slot] = undefined;
    this.#store.keep(packet);
  }

  #packetAt(slot: number): PacketObject {
    const kept = this.#slots[slot];
    if (kept !== undefined) return kept;
    const packet = this.#store.take();
    packet.slot = slot;
    this.#slots[slot] = packet;
    return packet;
  }

  #freeSlot(): number {
    while (this.#slots[this.#firstHole] !== undefined) this.#firstHole++;
    return this.#firstHole;
  }

  /** Gives `packet` the slot that it had before a restore; one that is there takes its slot instead. */
  move(packet: PacketObject, slot: number): void {
    assert(slot < PACKET_SLOTS_MAX, "a slot that is restored was checked");
    const other = this.#slots[slot];
    const from = packet.slot;
    this.#slots[slot] = packet;
    packet.slot = slot;
    const pooledAt = this.#lookaside.indexOf(slot);
    if (pooledAt >= 0) this.#lookaside[pooledAt] = from;
    if (other === undefined) {
      delete this.#slots[from]; // where it is on the lookaside list now, nobody looks at a hole before that is empty
      this.#firstHole = Math.min(this.#firstHole, from);
    } else {
      this.#slots[from] = other;
      other.slot = from;
    }
  }

  /** The slots of the packet objects that wait to be handed out again: the last one is the next. */
  get pooledSlots(): readonly number[] {
    return [...this.#lookaside];
  }

  /** The packet object of a transaction id that the peer named; null where there is none. */
  at(slot: number): PacketObject | null {
    return this.#slots[slot] ?? null;
  }

  /** How many its driver has. */
  get driversCount(): number {
    return this.#drivers;
  }

  /** All packet objects that are here, those on the lookaside list whose actors somebody looks at as well. */
  get all(): readonly PacketObject[] {
    // Not by index: the slots of restored packets may lie far apart.
    return Object.values(this.#slots).filter((packet) => packet !== undefined);
  }

  /** The packet objects that are not on the lookaside list. */
  get live(): readonly PacketObject[] {
    return this.all.filter((packet) => !packet.actor.is("pooled"));
  }

  /** Packet objects on the lookaside list. */
  get pooledCount(): number {
    return this.#lookaside.length;
  }

  /**
   * Ends every actor; the packet objects stay what they are. The driver of a guest that was destroyed may
   * go on with its channel: what it allocates from now on has an actor that has ended, too.
   */
  stopActors(): void {
    for (const packet of this.all) packet.actor.stop();
    this.#store = this.#store.ended();
  }

  /** The channel is gone, its actors ended: so are its packet objects. */
  stop(): void {
    assert(this.#lookaside.length <= this.#slots.length, "a packet is on the lookaside list once");
    this.#slots.length = 0;
    this.#firstHole = 0;
    this.#lookaside.length = 0;
    this.#drivers = 0;
  }
}
