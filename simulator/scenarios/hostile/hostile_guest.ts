/**
 * A hostile guest: by turns it is honest, so that channels open, and lies.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import type { OpenChannel } from "../../../core/control/messages.ts";
import { FEATURES_KNOWN, VERSIONS } from "../../../core/control/versions.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import { gpadlLies } from "../../faults/peers/gpadl_lies.ts";
import {
  controlMessageBytes,
  corruptMessage,
  corruptRings,
  drawControlMessage,
  openMessage,
  RawGuest,
  type RawRings,
} from "../../peers/mod.ts";
import type { Codec } from "../../codec.ts";
import { HostileSide, type OpenChannel as ChannelOfPeer } from "./hostile_side.ts";

/** Rings that it has open at once, so that its memory lasts. */
const RINGS_MAX = 6;

/** A channel that it has opened. */
interface Opened extends ChannelOfPeer {
  readonly gpadlId: number;
}

/** A hostile guest. */
export class HostileGuest extends HostileSide {
  /** Itself. */
  readonly #guest: RawGuest;
  readonly #opened: Opened[] = [];
  /** Rings that no channel has: they are handed over again. */
  readonly #free: RawRings[] = [];
  #gpadlId = 0;
  #contacts = 0;

  /** The guest whose memory and bus those of `guest` are. */
  constructor(guest: PartitionObject, codec: Codec) {
    super("guest", guest, codec);
    this.#guest = new RawGuest(guest);
  }

  /** See {@linkcode HostileSide.one}. */
  protected one(chance: Chance): Opened | null {
    return this.#opened[chance.below(Math.max(this.#opened.length, 1))] ?? null;
  }

  /** See {@linkcode HostileSide.signal}. */
  protected signal(channelId: number): void {
    this.#guest.signal(channelId);
  }

  /** Whether the host has taken a contact that it made by itself. */
  get isConnectedAnew(): boolean {
    return this.#contacts > 0 && this.#guest.agreed !== null;
  }

  #takeRings(): RawRings | null {
    const rings = this.#free.pop();
    if (rings !== undefined) rings.reset();
    else if (this.#opened.length >= RINGS_MAX) return null;
    return rings ?? this.#guest.makeRings(1, 1);
  }

  // -- What it does

  /** Opens a channel that is offered, as an honest guest does. */
  open(chance: Chance): void {
    const offers = this.#guest.offers;
    const offer = offers[chance.below(Math.max(offers.length, 1))];
    const rings = offer === undefined ? null : this.#takeRings();
    if (offer === undefined || rings === null) return;
    const { channelId } = offer;
    const gpadlId = ++this.#gpadlId;
    if (chance.below(4) === 0) corruptRings(chance, rings);
    this.#guest.open(rings, channelId, gpadlId, this.openChanges());
    this.#opened.push({ channelId, gpadlId, rings });
  }

  /**
   * Makes contact anew, in any version and with any features, and asks for the offers, as an honest guest does; now
   * and then it leaves first.
   */
  connect(chance: Chance): void {
    if (chance.below(2) === 0) this.#guest.unload();
    const version = chance.below(2) === 0 ? "6.0" : VERSIONS[chance.below(VERSIONS.length)]!;
    this.#contacts++;
    this.#guest.contact(version, {
      features: chance.below(FEATURES_KNOWN + 1),
      interruptPageGpa: (this.partition.memory.pageCount - 1) * PAGE_BYTES,
    });
    this.#guest.post({ message: "requestOffers" });
    // What was open is no more, whether the host has understood or not.
    for (const { rings } of this.#opened.splice(0)) this.#free.push(rings);
  }

  /** What its open requests say beside. */
  protected openChanges(): Partial<OpenChannel> {
    return {};
  }

  /** Lies about memory. */
  lieAboutMemory(chance: Chance): void {
    const lies = gpadlLies(this.partition, "guest");
    lies[chance.below(Math.max(lies.length, 1))]?.make(chance);
  }

  /** Says anything at all, or something that is almost right. */
  babble(chance: Chance): void {
    if (chance.below(2) === 0) return this.#guest.post(drawControlMessage(chance));
    const id = this.one(chance)?.channelId ?? 1;
    const message = controlMessageBytes(openMessage(id, this.#gpadlId, 2));
    this.#guest.postBytes(corruptMessage(chance, message));
  }

  /** Closes a channel, and wants its rings back; now and then it does half of that. */
  close(chance: Chance): void {
    const one = this.one(chance);
    if (one === null) return;
    const { channelId, gpadlId, rings } = one;
    this.#opened.splice(this.#opened.indexOf(one), 1);
    this.#free.push(rings);
    if (chance.below(4) > 0) this.#guest.post({ message: "closeChannel", channelId });
    if (chance.below(4) > 0) this.#guest.post({ message: "gpadlTeardown", channelId, gpadlId });
  }

  /** Gives up a channel whose offer was taken back, or any other. */
  release(chance: Chance): void {
    this.#guest.release(this.one(chance)?.channelId ?? 1 + chance.below(4));
  }
}
