/**
 * A hostile host: by turns it is honest, so that the guest's drivers open their channels, and lies.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import {
  controlMessageBytes,
  corruptMessage,
  drawControlMessage,
  offerMessage,
  RawHost,
} from "../../peers/mod.ts";
import type { Codec } from "../../codec.ts";
import { HostileSide, type OpenChannel } from "./hostile_side.ts";

/** What a device is known by. */
export interface Device {
  /** Its interface type. */
  readonly interfaceId: string;
  /** Its interface instance. */
  readonly instanceId: string;
  /** Megabytes of MMIO that its offers ask for. Default: none. */
  readonly mmioMegabytes?: number;
}

/** A hostile host, of one guest. */
export class HostileHost extends HostileSide {
  /** Itself. */
  readonly #host: RawHost;
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
    super("host", guest, codec);
    this.#host = new RawHost(guest, (message) => this.#answerTo(message, drawChance));
    this.#devices = devices;
  }

  #answerTo(message: ControlMessage, drawChance: () => Chance): readonly ControlMessage[] | null {
    this.hear(message);
    if (message.message === "relIdReleased") this.#ids.delete(message.channelId);
    if (this.isHonest) return null;
    const chance = drawChance();
    if (chance.below(4) > 0) return null;
    return Array.from({ length: chance.below(3) }, () => this.#wrongAnswer(message, chance));
  }

  /** Hears what the guest says, before it is answered. */
  protected hear(_message: ControlMessage): void {}

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

  /** See {@linkcode HostileSide.signal}. */
  protected signal(channelId: number): void {
    this.#host.signal(channelId);
  }

  /** See {@linkcode HostileSide.one}. */
  protected one(chance: Chance): OpenChannel | null {
    const open = [...this.#ids].flatMap((channelId) => {
      const rings = this.#host.ringsOf(channelId);
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
    const { interfaceId, instanceId, mmioMegabytes = 0 } = device;
    this.#host.offer(interfaceId, instanceId, { channelId, mmioMegabytes });
  }

  /** Takes an offer back. */
  rescind(chance: Chance): void {
    const ids = [...this.#ids];
    if (ids.length > 0) this.#host.rescind(ids[chance.below(ids.length)]!);
  }

  /** Says anything at all, or something that is almost right. */
  babble(chance: Chance): void {
    if (chance.below(2) === 0) return this.#host.post(drawControlMessage(chance));
    const [device] = this.#devices;
    if (device === undefined) return;
    const message = controlMessageBytes(offerMessage(device.interfaceId, device.instanceId));
    this.#host.postBytes(corruptMessage(chance, message));
  }

  /** From now on it answers as any host must, or as it likes. */
  turn(chance: Chance): void {
    this.isHonest = chance.below(2) === 0;
  }
}
