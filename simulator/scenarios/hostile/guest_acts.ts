/**
 * What a hostile guest does: by turns it is honest, so that channels open and packets flow, and lies.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import { gpadlLies } from "../../faults/peers/gpadl_lies.ts";
import { forgedMessages } from "../../faults/peers/message_forgery.ts";
import {
  controlMessageBytes,
  CORRUPTIONS,
  corruptMessage,
  corruptRings,
  drawControlMessage,
  drawPacket,
  encodePacket,
  openMessage,
  RawGuest,
  type RawRings,
} from "../../peers/mod.ts";
import type { Codec } from "../../testing/options.ts";

/** Rings that it has open at once, so that its memory lasts. */
const RINGS_MAX = 6;
const PACKET_COMPLETION = 11;

/** A channel that it has opened. */
interface Opened {
  readonly channelId: number;
  readonly gpadlId: number;
  readonly rings: RawRings;
}

/** A hostile guest. */
export class HostileGuest {
  /** Itself. */
  readonly guest: RawGuest;
  readonly #partition: PartitionObject;
  readonly #codec: Codec;
  readonly #opened: Opened[] = [];
  /** Rings that no channel has: they are handed over again. */
  readonly #free: RawRings[] = [];
  #gpadlId = 0;

  /** The guest whose memory and bus those of `guest` are. */
  constructor(guest: PartitionObject, codec: Codec) {
    this.guest = new RawGuest(guest);
    this.#partition = guest;
    this.#codec = codec;
  }

  #one(chance: Chance): Opened | null {
    return this.#opened[chance.below(Math.max(this.#opened.length, 1))] ?? null;
  }

  #takeRings(): RawRings | null {
    const rings = this.#free.pop();
    if (rings !== undefined) rings.reset();
    else if (this.#opened.length >= RINGS_MAX) return null;
    return rings ?? this.guest.makeRings(1, 1);
  }

  // -- What it does

  /** Opens a channel that is offered, as an honest guest does. */
  open(chance: Chance): void {
    const offers = this.guest.offers;
    const offer = offers[chance.below(Math.max(offers.length, 1))];
    const rings = offer === undefined ? null : this.#takeRings();
    if (offer === undefined || rings === null) return;
    const { channelId } = offer;
    const gpadlId = ++this.#gpadlId;
    if (chance.below(4) === 0) corruptRings(chance, rings);
    this.guest.open(rings, channelId, gpadlId);
    this.#opened.push({ channelId, gpadlId, rings });
  }

  /** Sends packets that an honest guest might send. */
  send(chance: Chance): void {
    const one = this.#one(chance);
    if (one === null) return;
    for (let packets = 1 + chance.below(4); packets > 0; packets--) {
      one.rings.put("upstream", drawPacket(chance, this.#codec));
    }
    this.guest.signal(one.channelId);
  }

  /** Takes what the host has sent, and completes it, or as good as that. */
  answer(chance: Chance): void {
    const one = this.#one(chance);
    if (one === null) return;
    const { packets } = one.rings.take("downstream", this.#codec);
    for (const { completionRequested, transactionId } of packets) {
      if (!completionRequested || chance.below(4) === 0) continue;
      for (let times = chance.below(8) === 0 ? 2 : 1; times > 0; times--) {
        const payload = chance.bytes(8 * chance.below(4));
        const completion = { type: PACKET_COMPLETION, transactionId, payload } as const;
        one.rings.put("upstream", encodePacket(this.#codec, completion));
      }
    }
    this.guest.signal(one.channelId);
  }

  /** Tells a lie in a ring that has a name. */
  lie(chance: Chance): void {
    const one = this.#one(chance);
    const lies = CORRUPTIONS.filter(({ codec }) => (codec ?? this.#codec) === this.#codec);
    const lie = lies[chance.below(lies.length)]!;
    if (one === null) return;
    const ring = lie.ring ?? (chance.below(3) > 0 ? "upstream" : "downstream");
    lie.apply(one.rings, ring, chance);
    this.guest.signal(one.channelId);
  }

  /** Writes something into a ring that does not belong there. */
  scribble(chance: Chance): void {
    const one = this.#one(chance);
    if (one === null) return;
    corruptRings(chance, one.rings);
    this.guest.signal(one.channelId);
  }

  /** Says something that it has no right to say, or not now. */
  forge(chance: Chance): void {
    const forged = forgedMessages(this.#partition, "guest");
    forged[chance.below(forged.length)]!.make(chance);
  }

  /** Lies about memory. */
  lieAboutMemory(chance: Chance): void {
    const lies = gpadlLies(this.#partition, "guest");
    lies[chance.below(Math.max(lies.length, 1))]?.make(chance);
  }

  /** Says anything at all, or something that is almost right. */
  babble(chance: Chance): void {
    if (chance.below(2) === 0) return this.guest.post(drawControlMessage(chance));
    const id = this.#one(chance)?.channelId ?? 1;
    const message = controlMessageBytes(openMessage(id, this.#gpadlId, 2));
    this.guest.postBytes(corruptMessage(chance, message));
  }

  /** Closes a channel, and wants its rings back; now and then it does half of that. */
  close(chance: Chance): void {
    const one = this.#one(chance);
    if (one === null) return;
    const { channelId, gpadlId, rings } = one;
    this.#opened.splice(this.#opened.indexOf(one), 1);
    this.#free.push(rings);
    if (chance.below(4) > 0) this.guest.post({ message: "closeChannel", channelId });
    if (chance.below(4) > 0) this.guest.post({ message: "gpadlTeardown", channelId, gpadlId });
  }

  /** Gives up a channel whose offer was taken back, or any other. */
  release(chance: Chance): void {
    this.guest.release(this.#one(chance)?.channelId ?? 1 + chance.below(4));
  }
}
