/**
 * Transactions by the package itself, through its public door.
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { type Exchange, type ExchangeOptions, Requester } from "./exchange.ts";
import { Stage } from "./stage.ts";

/** The settings that bars are measured with. */
export const BARE = { verifier: "off", trace: "off" } as const;

/** Data pages of each ring: the default of a channel, and room for 15 requests of 4 KiB. */
export const RING_PAGES = 16;

/** A VSC that sends, and a VSP that answers from within its callback. */
export class KmclExchange implements Exchange {
  /** See {@linkcode Exchange.requester}. */
  readonly requester: Requester;
  readonly #stage: Stage;
  readonly #vsc: vmbus.KmclClientInterfaceV1;
  /** Packets of the requester that are not under way. */
  readonly #idle: vmbus.VMBPACKET[] = [];

  private constructor(stage: Stage, options: ExchangeOptions) {
    this.requester = new Requester(options.payloadBytes);
    this.#stage = stage;
    const { vsc, client } = stage.pairs[0]!;
    this.#vsc = vsc;
    for (let i = 0; i < options.inFlight; i++) {
      const packet = vsc.VmbPacketAllocate(client);
      if (packet === null) throw new Error("Cannot measure: a packet could not be allocated");
      vsc.VmbPacketSetCompletionRoutine(packet, (ended, status, answer, answerBytes) => {
        if (status !== vmbus.STATUS_SUCCESS) vmbus.expectSuccess(status, "VmbPacketSend");
        this.requester.answered(answer, answerBytes);
        if (!this.#send(ended)) this.#idle.push(ended);
      });
      this.#idle.push(packet);
    }
  }

  /** An exchange in a fabric with `settings`; none means the defaults. */
  static async open(
    options: ExchangeOptions,
    settings: vmbus.FabricOptions,
  ): Promise<KmclExchange> {
    const stage = await Stage.open({
      fabric: { seed: 1, codec: options.codec, ...settings },
      channels: 1,
      guests: 1,
      packetBytes: options.payloadBytes,
      ringPages: RING_PAGES,
      onRequest: (table) => (_channel, packet, buffer, bufferLength) => {
        table.VmbChannelPacketComplete(packet, buffer, bufferLength);
      },
    });
    return new KmclExchange(stage, options);
  }

  /** See {@linkcode Exchange.run}. */
  async run(count: number): Promise<void> {
    this.requester.want(count);
    for (let packet = this.#idle.pop(); packet !== undefined; packet = this.#idle.pop()) {
      if (this.#send(packet)) continue;
      this.#idle.push(packet);
      break;
    }
    await this.#stage.fabric.settle();
  }

  #send(packet: vmbus.VMBPACKET): boolean {
    const { requester } = this;
    if (!requester.next()) return false;
    const { payload } = requester;
    const wait = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
    const status = this.#vsc.VmbPacketSend(packet, payload, payload.length, null, wait);
    if (status !== vmbus.STATUS_SUCCESS) vmbus.expectSuccess(status, "VmbPacketSend");
    return true;
  }

  /** See {@linkcode Exchange.close}. */
  async close(): Promise<void> {
    for (const packet of this.#idle.splice(0)) this.#vsc.VmbPacketFree(packet);
    await this.#stage.close();
  }
}
