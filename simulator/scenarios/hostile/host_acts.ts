/**
 * What a hostile host does to the drivers of a guest: by turns it is honest, so that channels open and packets
 * flow, and lies.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import { forgedMessages } from "../../faults/peers/message_forgery.ts";
import {
  controlMessageBytes,
  CORRUPTIONS,
  corruptMessage,
  corruptRings,
  drawControlMessage,
  drawPacket,
  encodePacket,
  offerMessage,
  RawHost,
  type RawRings,
} from "../../peers/mod.ts";
import type { Codec } from "../../testing/options.ts";

const PACKET_COMPLETION = 11;

/** What a device is known by. */
export interface Device {
  /** Its interface type. */
  readonly interfaceId: string;
  /** Its interface instance. */
  readonly instanceId: string;
}

/** A hostile host, of one guest. */
export class HostileHost {
  /** Itself. */
  readonly host: RawHost;
  readonly #guest: PartitionObject;
  readonly #codec: Codec;
  readonly #devices: readonly Device[];
  /** Whether it answers as any host must. */
  isHonest = true;
  /** Ids of channels from which it has not heard that they are free. */
  readonly #ids = new Set<number>();

  /** The host of `guest`, which has drivers for `devices`; how it answers them, `drawChance` gives the chance for. */
  constructor(
    guest: PartitionObject,
    codec: Codec,
    devices: readonly Device[],
    drawChance: () => Chance,
  ) {
    this.host = new RawHost(guest, (message) => this.#answer(message, drawChance));
    this.#guest = guest;
    this.#codec = codec;
    this.#devices = devices;
  }

  #answer(message: ControlMessage, drawChance: () => Chance): readonly ControlMessage[] | null {
    if (message.message === "relIdReleased") this.#ids.delete(message.channelId);
    if (this.isHonest) return null;
    const chance = drawChance();
    if (chance.below(4) > 0) return null;
    return Array.from({ length: chance.below(3) }, () => this.#wrongAnswer(message, chance));
  }

  /** What an answer might be, to another question. */
  #wrongAnswer(message: ControlMessage, chance: Chance): ControlMessage {
    const { channelId, gpadlId } = { channelId: 1, gpadlId: 1, ...message };
    const status = [0, 0x8000_ffff, 0xc000_0001][chance.below(3)]!;
    const answers: readonly ControlMessage[] = [
      { message: "gpadlCreated", channelId, gpadlId: gpadlId + chance.below(2), status },
      { message: "gpadlTorndown", gpadlId: gpadlId + chance.below(2) },
      { message: "openResult", channelId, openId: chance.below(4), status },
      { message: "rescindChannelOffer", channelId },
      { message: "allOffersDelivered" },
      drawControlMessage(chance),
    ];
    return answers[chance.below(answers.length)]!;
  }

  #one(chance: Chance): { readonly channelId: number; readonly rings: RawRings } | null {
    const open = [...this.#ids].flatMap((channelId) => {
      const rings = this.host.ringsOf(channelId);
      return rings === null ? [] : [{ channelId, rings }];
    });
    return open[chance.below(Math.max(open.length, 1))] ?? null;
  }

  // -- What it does

  /** Offers a device, as any host may. */
  offer(chance: Chance): void {
    const device = this.#devices[chance.below(Math.max(this.#devices.length, 1))];
    if (device === undefined) return;
    let channelId = 1;
    while (this.#ids.has(channelId)) channelId++;
    this.#ids.add(channelId);
    this.host.offer(device.interfaceId, device.instanceId, { channelId });
  }

  /** Takes an offer back. */
  rescind(chance: Chance): void {
    const ids = [...this.#ids];
    if (ids.length > 0) this.host.rescind(ids[chance.below(ids.length)]!);
  }

  /** Sends packets that an honest host might send. */
  send(chance: Chance): void {
    const one = this.#one(chance);
    if (one === null) return;
    for (let packets = 1 + chance.below(4); packets > 0; packets--) {
      one.rings.put("downstream", drawPacket(chance, this.#codec));
    }
    this.host.signal(one.channelId);
  }

  /** Takes what the guest has sent, and completes it, or as good as that. */
  answerPackets(chance: Chance): void {
    const one = this.#one(chance);
    if (one === null) return;
    const { packets } = one.rings.take("upstream", this.#codec);
    for (const { completionRequested, transactionId } of packets) {
      if (!completionRequested || chance.below(4) === 0) continue;
      for (let times = chance.below(8) === 0 ? 2 : 1; times > 0; times--) {
        const payload = chance.bytes(8 * chance.below(4));
        const completion = { type: PACKET_COMPLETION, transactionId, payload } as const;
        one.rings.put("downstream", encodePacket(this.#codec, completion));
      }
    }
    this.host.signal(one.channelId);
  }

  /** Tells a lie in a ring that has a name. */
  lie(chance: Chance): void {
    const one = this.#one(chance);
    const lies = CORRUPTIONS.filter(({ codec }) => (codec ?? this.#codec) === this.#codec);
    const lie = lies[chance.below(lies.length)]!;
    if (one === null) return;
    const ring = lie.ring ?? (chance.below(3) > 0 ? "downstream" : "upstream");
    lie.apply(one.rings, ring, chance);
    this.host.signal(one.channelId);
  }

  /** Writes something into a ring that does not belong there. */
  scribble(chance: Chance): void {
    const one = this.#one(chance);
    if (one === null) return;
    corruptRings(chance, one.rings);
    this.host.signal(one.channelId);
  }

  /** Says something that it has no right to say, or not now. */
  forge(chance: Chance): void {
    const forged = forgedMessages(this.#guest, "host");
    forged[chance.below(forged.length)]!.make(chance);
  }

  /** Says anything at all, or something that is almost right. */
  babble(chance: Chance): void {
    if (chance.below(2) === 0) return this.host.post(drawControlMessage(chance));
    const [device] = this.#devices;
    if (device === undefined) return;
    const message = controlMessageBytes(offerMessage(device.interfaceId, device.instanceId));
    this.host.postBytes(corruptMessage(chance, message));
  }

  /** From now on it answers as any host must, or as it likes. */
  turn(chance: Chance): void {
    this.isHonest = chance.below(2) === 0;
  }
}
