/**
 * The channels of one bus, as who hears all that is said on it knows them: each may be in the states of the host's own
 * chart that fit what was said (wire.md 5.2).
 *
 * @module
 */

import { type Row, tableOf } from "../../actors/chart/compile.ts";
import { createOfferedChannelChart } from "../../actors/bus/host/offered_channel_machine.ts";
import {
  CHANNEL_ID_MAX,
  type ControlMessage,
  type OfferChannel,
  type OpenResult,
} from "../../core/control/messages.ts";
import { NT_SUCCESS } from "../../core/ntstatus.ts";
import type { BrokenSentence } from "../checkers/seen_bus.ts";
import { allRows, PossibleStates } from "./possible_states.ts";

/** The host's own chart of a channel. */
const CHART = createOfferedChannelChart();

/** What happens at the host that nobody hears of: rings get free, a device comes back or goes again, a change of processors ends. */
const UNHEARD = ["ringsFree", "reoffer", "withdraw", "modified"] as const;

/** Channels that are remembered: a bus has no more, but ids of any size may be said. */
const CHANNELS_MAX = 2 * CHANNEL_ID_MAX;

/**
 * The states that `row` leads to unheard; one that waits for its rings to be opened again opens when they are free. Rings of
 * a channel that is open, or being opened, do not get free before it is closed, refused or taken back.
 */
function silent(row: Row): readonly Row[] {
  const { closing, released, revoked } = row.tags;
  return UNHEARD.flatMap((event) => {
    const step = row.step(event);
    const isHeld = event === "ringsFree" && !closing && !released && !revoked;
    if (step === undefined || isHeld) return [];
    const isAgain = step.effects?.includes("openAgain") === true;
    return [isAgain ? step.row.step("open")!.row : step.row];
  });
}

/** A channel. */
interface SeenChannel {
  states: PossibleStates;
  /** Whether its offer was seen, and so all that was said of it since. */
  readonly isWhole: boolean;
  /** Its device, where its offer was seen. */
  readonly device: string | null;
  /** Whether the guest has been told that it is taken back. */
  isRescindHeard: boolean;
}

const CHANNEL = "wire.md 5.2: what a channel's state allows";
const RESCIND = "wire.md 4.5: what follows a rescind";
const OFFER = "wire.md 4.4: what an offer holds";

/** What each message of the guest's is to the chart. */
const EVENTS: Readonly<Partial<Record<ControlMessage["message"], readonly string[]>>> = {
  openChannel: ["open", "reopen"],
  openReservedChannel: ["openReserved"],
  closeChannel: ["close"],
  closeReservedChannel: ["closeReserved"],
  modifyChannel: ["modify", "modifyLater"],
  relIdReleased: ["relIdReleased"],
};

/** The channels of a bus. */
export class SeenChannels {
  readonly #chart = tableOf(CHART);
  readonly #channels = new Map<number, SeenChannel>();

  /** Whether the guest has a channel, and all that was said of it was seen. */
  isWhole(channelId: number): boolean {
    const channel = this.#channels.get(channelId);
    return channel?.isWhole === true && !channel.states.must("released");
  }

  /** Whether a channel is open, or being opened, wherever it may be; and is not taken back. */
  isInUse(channelId: number): boolean {
    const states = this.#channels.get(channelId)?.states;
    return states?.must("rings") === true && !states.must("closing");
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#channels.clear();
  }

  /** The guest has been told that a channel is taken back: from now on it knows. */
  rescindHeard(channelId: number): void {
    const channel = this.#channels.get(channelId);
    if (channel !== undefined) channel.isRescindHeard = true;
  }

  /**
   * Takes note of what is said; answers with the sentence that it breaks, null for none.
   *
   * @param isWhole Whether all of the message was seen: Linux deals with an offer and with the rescind of the same device
   * in turns of their own, and tells of them in either order.
   */
  take(message: ControlMessage, isWhole: boolean): BrokenSentence | null {
    const { message: name } = message;
    if (name === "offerChannel") return this.#offered(message, isWhole);
    if (name === "rescindChannelOffer") return this.#rescinded(message.channelId);
    if (name === "openResult") return this.#answered(message);
    const events = EVENTS[name];
    return events === undefined || !("channelId" in message) ? null : this.#said(message, events);
  }

  #of(channelId: number): SeenChannel {
    let channel = this.#channels.get(channelId);
    if (channel === undefined) {
      const states = new PossibleStates(allRows(this.#chart), silent);
      channel = { states, isWhole: false, device: null, isRescindHeard: false };
      this.#keep(channelId, channel);
    }
    return channel;
  }

  #keep(channelId: number, channel: SeenChannel): void {
    const [oldest] = this.#channels.keys();
    if (this.#channels.size >= CHANNELS_MAX) this.#channels.delete(oldest!);
    this.#channels.set(channelId, channel);
  }

  #offered(offer: OfferChannel, isWhole: boolean): BrokenSentence | null {
    const { channelId, interfaceId, instanceId, subchannelIndex } = offer;
    const device = `${interfaceId} ${instanceId} ${subchannelIndex}`;
    const [other] = [...this.#channels].filter(([id, known]) =>
      id !== channelId && known.device === device && !known.states.must("revoked") &&
      !known.states.must("released")
    );
    const states = new PossibleStates([this.#chart.first.step("offered")!.row], silent);
    this.#channels.delete(channelId);
    this.#keep(channelId, { states, isWhole: true, device, isRescindHeard: false });
    if (channelId === 0 || channelId > CHANNEL_ID_MAX) {
      return { rule: OFFER, what: `channelId ${channelId} is not in 1..${CHANNEL_ID_MAX}` };
    }
    if (other === undefined || !isWhole) return null;
    const key = `interface ${interfaceId}, instance ${instanceId}, sub-channel ${subchannelIndex}`;
    return { rule: CHANNEL, what: `${key} is offered as channel ${channelId}, and is ${other[0]}` };
  }

  #rescinded(channelId: number): null {
    const channel = this.#of(channelId);
    if (channel.states.take(["revoke"], "sendRescind")) return null;
    // Whether it may be taken back is for who knows of the whole bus to say: the guest may have released it meanwhile.
    channel.states = new PossibleStates(allRows(this.#chart), silent);
    channel.states.take(["revoke"], "sendRescind");
    return null;
  }

  #answered(result: OpenResult): BrokenSentence | null {
    if (NT_SUCCESS(result.status)) return this.#happens(result, ["opened"]);
    const broken = this.#happens(result, ["refused"]);
    this.#of(result.channelId).states.may("ringsFree");
    return broken;
  }

  #said(
    message: ControlMessage & { readonly channelId: number },
    events: readonly string[],
  ): BrokenSentence | null {
    const { states, isRescindHeard } = this.#of(message.channelId);
    const isOpen = events.includes("open") || events.includes("openReserved");
    if (events.includes("relIdReleased") || !states.must("revoked")) {
      return this.#happens(message, events);
    }
    // The host pays no attention to it (wire.md 5.2), and the guest may not have heard.
    if (!isOpen || !isRescindHeard) return null;
    const what = `${message.message} of channel ${message.channelId}, which was taken back`;
    return { rule: RESCIND, what };
  }

  #happens(
    message: ControlMessage & { readonly channelId: number },
    events: readonly string[],
  ): BrokenSentence | null {
    const { channelId, message: name } = message;
    const { states } = this.#of(channelId);
    if (states.take(events)) return null;
    const what = `${name} of channel ${channelId}, which is ${states.names.join(" or ")}`;
    // Whoever it was said to has paid attention or has not: one mistake is told once.
    states.orAfter(allRows(this.#chart), events);
    return { rule: CHANNEL, what };
  }
}
