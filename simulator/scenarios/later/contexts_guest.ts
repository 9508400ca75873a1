/**
 * The guest's driver of the scenario contexts: it sends numbers, and wants each back.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { clientFunctions, identityOf } from "../protocols/set_up.ts";

/** The device. */
export const IDENTITY = identityOf("b7a1c0de-0002-4d6e-9a3b-5f0c1d2e3a42");
const NUMBER_MAX = 0xff;

const must = vmbus.expectSuccess;
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** The driver at work. */
class Asker implements vmbus.GuestDriverInstance {
  /** Answers that have come. */
  answered = 0;
  /** Answers that were another request's. */
  wrong = 0;
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;
  /** Numbers that were sent, and are not back, by packet. */
  readonly #asked = new Map<vmbus.VMBPACKET, number>();

  private constructor(
    kmcl: vmbus.KmclClientInterfaceV1,
    channel: vmbus.VMBCHANNEL,
  ) {
    this.#kmcl = kmcl;
    this.#channel = channel;
  }

  /** Looks for the offer, and opens the channel. */
  static start({ device }: vmbus.GuestContext): Asker {
    const kmcl = clientFunctions(device);
    const { channel } = must(kmcl.VmbChannelAllocate(device, false));
    const { type, instance } = IDENTITY;
    must(kmcl.VmbClientChannelInitSetTargetPnp(channel, type, instance));
    must(kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1));
    must(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}));
    must(kmcl.VmbChannelEnable(channel));
    return new Asker(kmcl, channel);
  }

  /** Whether packets move. */
  get flows(): boolean {
    const state = vmbus.inspectChannel(this.#channel);
    return state !== null && state.lifecycle === "opened" && state.flow === "active";
  }

  /** Sends so many requests at once. */
  askAll(count: number): void {
    const kmcl = this.#kmcl;
    for (let number = 1; number <= count; number++) {
      const packet = kmcl.VmbPacketAllocate(this.#channel);
      if (packet === null) throw new Error("Cannot ask: there is no packet object");
      kmcl.VmbPacketSetCompletionRoutine(packet, this.#onEnd);
      this.#asked.set(packet, number);
      must(kmcl.VmbPacketSend(packet, Uint8Array.of(number), 1, null, WAIT));
    }
  }

  readonly #onEnd: vmbus.EvtPacketCompletionRoutine = (packet, status, [answer]) => {
    const number = this.#asked.get(packet);
    this.#asked.delete(packet);
    this.#kmcl.VmbPacketFree(packet);
    if (status !== vmbus.STATUS_SUCCESS) return;
    this.answered++;
    if (answer !== number) this.wrong++;
  };

  /** Closes the channel, and frees it. */
  async close(): Promise<void> {
    await this.#kmcl.VmbChannelDisable(this.#channel);
    this.#kmcl.VmbChannelCleanup(this.#channel);
  }

  /** See {@linkcode vmbus.GuestDriverInstance.save}. */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return {
      channel: tokens.of(this.#channel),
      answered: this.answered,
      wrong: this.wrong,
      asked: [...this.#asked].map(([packet, number]) => ({ packet: tokens.of(packet), number })),
    };
  }

  /** Takes up what {@linkcode Asker.save} told. */
  static restore(context: vmbus.GuestRestoreContext, data: vmbus.PlainData): Asker {
    return vmbus.readRecord(data, "contexts vsc", (saved) => {
      const kmcl = clientFunctions(context.device);
      const asker = new Asker(
        kmcl,
        context.attachChannel(saved.text("channel"), { processPacket: () => {} }),
      );
      asker.answered = saved.uint("answered");
      asker.wrong = saved.uint("wrong");
      saved.records("asked", (each) => {
        const callbacks = { completionRoutine: asker.#onEnd };
        const packet = context.attachPacket(each.text("packet"), callbacks);
        asker.#asked.set(packet, each.uint("number", NUMBER_MAX));
      });
      return asker;
    });
  }
}

/** The driver. */
export const contextsGuest: vmbus.GuestDriver<Asker> = {
  name: "contexts vsc",
  start: (context) => Asker.start(context),
  restore: (context, data) => Asker.restore(context, data),
};
