/**
 * All channels on the host's end of a bus.
 *
 * @module
 */

import type { OfferOrder } from "../../../core/control/dialect.ts";
import { addTo, takeFrom } from "../../../core/keyed_sets.ts";
import { CHANNEL_ID_MAX } from "../../../core/control/messages.ts";
import {
  type ChannelKey,
  isSameDevice,
  isSameKey,
  type ServerTarget,
} from "../../channel/configuration.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { OfferedChannel } from "./offered_channel.ts";

/**
 * The channels of one guest: whose offer stands, which ids are in use, and which channels the guest is to
 * be told of (wire.md 4.5, 5.2).
 */
export class OfferedChannels {
  /** The channels whose offers stand, in the order of the offers. */
  readonly #byEndpoint = new Map<Endpoint, OfferedChannel>();
  /** The same by their instances: a guest may have thousands of channels, and few of one instance. */
  readonly #byInstance = new Map<string, Set<OfferedChannel>>();
  /** The channels whose ids the guest has not released. */
  readonly #byId = new Map<number, OfferedChannel>();
  /** The channels that the guest is to be told of, once it asks and there is an id. */
  readonly #toOffer = new Set<OfferedChannel>();

  /** The channel that the guest calls `channelId`. */
  at(channelId: number): OfferedChannel | null {
    return this.#byId.get(channelId) ?? null;
  }

  /** The channel that `endpoint` offers. */
  of(endpoint: Endpoint): OfferedChannel | null {
    return this.#byEndpoint.get(endpoint) ?? null;
  }

  /** All whose ids the guest has not released, in the order in which they were given out. */
  get known(): readonly OfferedChannel[] {
    return [...this.#byId.values()];
  }

  /** All whose offers stand, in the order of the offers. */
  get standing(): readonly OfferedChannel[] {
    return [...this.#byEndpoint.values()];
  }

  /** All that the guest is to be told of, in order. */
  get toOffer(): readonly OfferedChannel[] {
    return [...this.#toOffer];
  }

  /**
   * Whether such a channel is offered already. Of primaries each instance is offered once, whatever its interface
   * (kmcl.md section 5, VmbChannelEnable).
   */
  isOffered(key: ChannelKey): boolean {
    return this.#ofInstance(key).some((other) =>
      key.subchannelIndex === 0
        ? other.key.subchannelIndex === 0 && other.key.instance === key.instance
        : isSameKey(other.key, key)
    );
  }

  /** Whether the primary of an instance is offered. */
  hasPrimary(device: ServerTarget): boolean {
    return this.isOffered({ ...device, subchannelIndex: 0 }) && this.#channelsOf(device).length > 0;
  }

  /** The sub-channels of an instance whose offers stand, in the order of the offers. */
  subchannelsOf(device: ServerTarget): readonly OfferedChannel[] {
    return this.#channelsOf(device).filter(({ key }) => key.subchannelIndex > 0);
  }

  #channelsOf(device: ServerTarget): readonly OfferedChannel[] {
    return this.#ofInstance(device).filter(({ key }) => isSameDevice(key, device));
  }

  #ofInstance({ instance }: ServerTarget): readonly OfferedChannel[] {
    return [...this.#byInstance.get(instance) ?? []];
  }

  /** The channel with this key whose offer was taken back and whose id the guest has not released; null: none. */
  leftBy(key: ChannelKey): OfferedChannel | null {
    return this.known.find(({ key: left, actor }) =>
      actor.can("reoffer") && isSameKey(left, key)
    ) ??
      null;
  }

  /** Whether each id is in use, or will be when the guest was told of all that it is to be told of. */
  get isFull(): boolean {
    return this.#byId.size + this.#toOffer.size >= CHANNEL_ID_MAX;
  }

  /** The offer of `endpoint` stands from now on. */
  add(endpoint: Endpoint, channel: OfferedChannel): void {
    this.#byEndpoint.set(endpoint, channel);
    addTo(this.#byInstance, channel.key.instance, channel);
  }

  /** The offer of `endpoint` does not stand any more; the guest keeps its id. Null where none stood. */
  withdraw(endpoint: Endpoint): OfferedChannel | null {
    const channel = this.of(endpoint);
    if (channel === null) return null;
    this.#byEndpoint.delete(endpoint);
    this.#toOffer.delete(channel);
    takeFrom(this.#byInstance, channel.key.instance, channel);
    const { predecessor: before } = channel;
    if (before?.successor !== channel) return channel;
    before.successor = null;
    before.actor.send({ type: "withdraw" });
    return channel;
  }

  /** The guest knows `channel` by the id that it has. */
  keep(channel: OfferedChannel): void {
    if (channel.channelId !== null) this.#byId.set(channel.channelId, channel);
  }

  /** An id is nobody's any more. */
  free(channelId: number): void {
    this.#byId.delete(channelId);
  }

  /** The guest is to be told of `channel`. */
  queueOffer(channel: OfferedChannel): void {
    this.#toOffer.add(channel);
  }

  /** The guest is not told of sub-channels (wire.md 4.3). */
  offerPrimariesAlone(): void {
    for (const channel of this.toOffer) {
      if (channel.key.subchannelIndex > 0) this.#toOffer.delete(channel);
    }
  }

  /** The guest does not ask for offers any more. */
  offerNothing(): void {
    this.#toOffer.clear();
  }

  /**
   * Sorts those that the guest is to be told of by interface, order and instance, or by order first, so that ids stay
   * stable; one that says no order comes behind those that do, a sub-channel behind its primary (wire.md 5.2).
   */
  sortOffers(offerOrder: OfferOrder): void {
    const inOrder = [...this.#toOffer].sort(COMPARE_OFFERS[offerOrder]);
    this.#toOffer.clear();
    for (const channel of inOrder) this.#toOffer.add(channel);
  }

  /** Gives ids to channels that the guest is to be told of, one after the other, as long as there are ids. */
  *giveIds(): Generator<OfferedChannel> {
    for (const channel of this.#toOffer) {
      const channelId = this.#freeId();
      if (channelId === null) return;
      this.#toOffer.delete(channel);
      channel.channelId = channelId;
      this.keep(channel);
      yield channel;
    }
  }

  /** The lowest id that nobody has (wire.md 5.2); null where there is none. */
  #freeId(): number | null {
    for (let id = 1; id <= CHANNEL_ID_MAX; id++) if (!this.#byId.has(id)) return id;
    return null;
  }
}

function compareInterfaces({ key: one }: OfferedChannel, { key: other }: OfferedChannel): number {
  return compareTexts(one.interfaceType, other.interfaceType);
}

function compareOrders(one: OfferedChannel, other: OfferedChannel): number {
  return one.offerOrder - other.offerOrder;
}

function compareInstances({ key: one }: OfferedChannel, { key: other }: OfferedChannel): number {
  return compareTexts(one.instance, other.instance) || one.subchannelIndex - other.subchannelIndex;
}

/** What comes first of two offers. */
const COMPARE_OFFERS: Readonly<
  Record<OfferOrder, (one: OfferedChannel, other: OfferedChannel) => number>
> = {
  interface: (one, other) =>
    compareInterfaces(one, other) || compareOrders(one, other) || compareInstances(one, other),
  absolute: (one, other) =>
    compareOrders(one, other) || compareInterfaces(one, other) || compareInstances(one, other),
};

/** GUIDs in lower case compare as their fields do. */
function compareTexts(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
