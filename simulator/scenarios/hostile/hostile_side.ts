/**
 * What either side of a bus does when it is hostile: by turns it is honest, so that packets flow, and lies.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import { forgedMessages } from "../../faults/peers/message_forgery.ts";
import {
  CORRUPTIONS,
  corruptRings,
  drawPacket,
  encodePacket,
  type RawRings,
} from "../../peers/mod.ts";
import type { Codec } from "../../codec.ts";

const PACKET_COMPLETION = 11;

/** A channel that is open. */
export interface OpenChannel {
  /** Its id. */
  readonly channelId: number;
  /** Its rings. */
  readonly rings: RawRings;
}

/** A hostile side of the bus of one guest. */
export abstract class HostileSide {
  /** The guest: itself, or the one that it is the host of. */
  protected readonly partition: PartitionObject;
  readonly #side: "guest" | "host";
  readonly #codec: Codec;

  /** One that plays `side` on the bus of `partition`. */
  constructor(side: "guest" | "host", partition: PartitionObject, codec: Codec) {
    this.#side = side;
    this.partition = partition;
    this.#codec = codec;
  }

  /** One of the channels that are open; null where none is. */
  protected abstract one(chance: Chance): OpenChannel | null;

  /** Interrupts the opposite side for a channel. */
  protected abstract signal(channelId: number): void;

  /** The ring that it writes. */
  get #own(): "upstream" | "downstream" {
    return this.#side === "guest" ? "upstream" : "downstream";
  }

  /** The ring that it reads. */
  get #opposite(): "upstream" | "downstream" {
    return this.#side === "guest" ? "downstream" : "upstream";
  }

  /** Sends packets that an honest side might send. */
  send(chance: Chance): void {
    const one = this.one(chance);
    if (one === null) return;
    for (let packets = 1 + chance.below(4); packets > 0; packets--) {
      one.rings.put(this.#own, drawPacket(chance, this.#codec));
    }
    this.signal(one.channelId);
  }

  /** Takes what the opposite side has sent, and completes most of it, now and then twice or wrongly. */
  answer(chance: Chance): void {
    const one = this.one(chance);
    if (one === null) return;
    const { packets } = one.rings.take(this.#opposite, this.#codec);
    for (const { completionRequested, transactionId } of packets) {
      if (!completionRequested || chance.below(4) === 0) continue;
      for (let times = chance.below(8) === 0 ? 2 : 1; times > 0; times--) {
        const payload = chance.bytes(8 * chance.below(4));
        const completion = { type: PACKET_COMPLETION, transactionId, payload } as const;
        one.rings.put(this.#own, encodePacket(this.#codec, completion));
      }
    }
    this.signal(one.channelId);
  }

  /** Tells a lie in a ring that has a name. */
  lie(chance: Chance): void {
    const one = this.one(chance);
    // None of the channels is a stream of bytes.
    const lies = CORRUPTIONS.filter(({ codec, pipeMode }) =>
      (codec ?? this.#codec) === this.#codec && pipeMode !== "bytes"
    );
    const lie = lies[chance.below(lies.length)]!;
    if (one === null) return;
    const ring = lie.ring ?? (chance.below(3) > 0 ? this.#own : this.#opposite);
    lie.apply(one.rings, ring, chance);
    this.signal(one.channelId);
  }

  /** Writes something into a ring that does not belong there. */
  scribble(chance: Chance): void {
    const one = this.one(chance);
    if (one === null) return;
    corruptRings(chance, one.rings);
    this.signal(one.channelId);
  }

  /** Says something that it has no right to say, or not now. */
  forge(chance: Chance): void {
    const forged = forgedMessages(this.partition, this.#side);
    forged[chance.below(forged.length)]!.make(chance);
  }
}
