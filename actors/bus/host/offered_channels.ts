/**
 * All channels on the host's end of a bus.
 *
 * @module
 */

import { CHANNEL_ID_MAX } from "../../../core/control/messages.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { OfferedChannel } from "./offered_channel.ts";

/**
 * The channels of one guest: whose offer stands, which ids are in use, and which channels the guest is to
 * be told of (wire.md 4.5, 5.2).
 */
export class OfferedChannels {
  /** The channels whose offers stand, in the order of the offers. */
  readonly #byEndpoint = new Map<Endpoint, OfferedChannel>();
  /** The channels whose ids the guest has not released. */
  readonly #byId = new Map<number, OfferedChannel>();
  readonly #instances = new Set<string>();
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

  /** Whether an instance is offered already. */
  isOffered(instance: string): boolean {
    return this.#instances.has(instance);
  }

  /** Whether each id is in use, or will be when the guest was told of all that it is to be told of. */
  get isFull(): boolean {
    return this.#byId.size + this.#toOffer.size >= CHANNEL_ID_MAX;
  }

  /** The offer of `endpoint` stands from now on. */
  add(endpoint: Endpoint, channel: OfferedChannel): void {
    const instance = endpoint.configuration.serverTarget?.instance ?? null;
    this.#byEndpoint.set(endpoint, channel);
    if (instance !== null) this.#instances.add(instance);
  }

  /** The offer of `endpoint` does not stand any more; the guest keeps its id. Null where none stood. */
  withdraw(endpoint: Endpoint): OfferedChannel | null {
    const channel = this.of(endpoint);
    if (channel === null) return null;
    this.#byEndpoint.delete(endpoint);
    this.#instances.delete(endpoint.configuration.serverTarget?.instance ?? "");
    this.#toOffer.delete(channel);
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

  /** Sorts those that the guest is to be told of by their GUIDs, so that ids stay stable (wire.md 5.2). */
  sortOffers(): void {
    const key = ({ endpoint }: OfferedChannel) => {
      const target = endpoint?.configuration.serverTarget;
      return `${target?.interfaceType} ${target?.instance}`;
    };
    const inOrder = [...this.#toOffer].sort((a, b) => (key(a) < key(b) ? -1 : 1));
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
