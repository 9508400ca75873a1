/**
 * A channel on the host's end of a bus, all of them together, and how one is offered (wire.md 4.4).
 *
 * @module
 */

import {
  CHANNEL_ID_MAX,
  MONITOR_ID_NONE,
  OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  OFFER_FLAG_LOOPBACK,
  OFFER_FLAG_NAMED_PIPE,
  OFFER_FLAG_TLNPI_PROVIDER,
  type OfferChannel,
  type OpenChannel,
  USER_DATA_BYTES,
} from "../../../core/control/messages.ts";
import { pipeUserData } from "../../../core/control/user_data.ts";
import { assert } from "../../../core/assert.ts";
import {
  type ChannelConfiguration,
  SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  SERVER_FLAG_LOOPBACK_OFFER,
  SERVER_FLAG_TLNPI_PROVIDER_OFFER,
} from "../../channel/configuration.ts";
import type { Doorbell } from "../../channel/bus_port.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { HostGpadl } from "./gpadl.ts";

/** How the server's flags read on the wire (kmcl.md section 5, wire.md 4.4); the pipe's comes on top. */
const OFFER_FLAGS: readonly (readonly [server: number, offer: number])[] = [
  [SERVER_FLAG_LOOPBACK_OFFER, OFFER_FLAG_LOOPBACK],
  [SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE, OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE],
  [SERVER_FLAG_TLNPI_PROVIDER_OFFER, OFFER_FLAG_TLNPI_PROVIDER],
];

/** A channel as the host knows it. Which state it is in, its endpoint's chart knows. */
export class HostChannel {
  /** The server; null in an unclaimed channel, and once the offer is rescinded and the guest has not released the id. */
  endpoint: Endpoint | null;
  /** The id that the guest knows it by; null before it was told. */
  channelId: number | null = null;
  /** The ring GPADL, while the channel is open. */
  ring: HostGpadl | null = null;
  /** Where in the ring GPADL the ring begins that the host writes, in pages. */
  downstreamPageOffset = 0;
  /** What the guest calls the open that is under way. */
  openId = 0;
  /** Whether the guest wants to be interrupted. */
  hasInterrupts = true;
  /** Interrupts the guest, while the channel is open and the guest wants that. */
  doorbell: Doorbell | null = null;
  /** The guest has released the id, but the server still has the rings. */
  isReleased = false;
  /** An open request that came while the last close was under way (wire.md 5.2, ClosingReopen). */
  reopen: OpenChannel | null = null;

  /** A channel that was never told to the guest. */
  constructor(endpoint: Endpoint | null) {
    this.endpoint = endpoint;
  }
}

/**
 * The channels of one guest: whose offer stands, which ids are in use, and which channels the guest is to
 * be told of (wire.md 4.5, 5.2).
 */
export class HostChannels {
  /** The channels whose offers stand, in the order of the offers. */
  readonly #byEndpoint = new Map<Endpoint, HostChannel>();
  /** The channels whose ids the guest has not released. */
  readonly #byId = new Map<number, HostChannel>();
  readonly #instances = new Set<string>();
  /** The channels that the guest is to be told of, once it asks and there is an id. */
  readonly #toOffer = new Set<HostChannel>();

  /** The channel that the guest calls `channelId`. */
  at(channelId: number): HostChannel | null {
    return this.#byId.get(channelId) ?? null;
  }

  /** The channel that `endpoint` offers. */
  of(endpoint: Endpoint): HostChannel | null {
    return this.#byEndpoint.get(endpoint) ?? null;
  }

  /** All whose ids the guest has not released, in the order in which they were given out. */
  get known(): readonly HostChannel[] {
    return [...this.#byId.values()];
  }

  /** All whose offers stand, in the order of the offers. */
  get standing(): readonly HostChannel[] {
    return [...this.#byEndpoint.values()];
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
  add(endpoint: Endpoint, channel: HostChannel): void {
    const instance = endpoint.configuration.serverTarget?.instance ?? null;
    this.#byEndpoint.set(endpoint, channel);
    if (instance !== null) this.#instances.add(instance);
    endpoint.activeInstance = instance;
  }

  /** The offer of `endpoint` does not stand any more; the guest keeps its id. Null where none stood. */
  withdraw(endpoint: Endpoint): HostChannel | null {
    const channel = this.of(endpoint);
    if (channel === null) return null;
    channel.endpoint = null;
    this.#byEndpoint.delete(endpoint);
    this.#instances.delete(endpoint.configuration.serverTarget?.instance ?? "");
    this.#toOffer.delete(channel);
    return channel;
  }

  /** The guest knows `channel` by the id that it has. */
  keep(channel: HostChannel): void {
    if (channel.channelId !== null) this.#byId.set(channel.channelId, channel);
  }

  /** An id is nobody's any more. */
  free(channelId: number): void {
    this.#byId.delete(channelId);
  }

  /** The guest is to be told of `channel`. */
  queueOffer(channel: HostChannel): void {
    this.#toOffer.add(channel);
  }

  /** Sorts those that the guest is to be told of by their GUIDs, so that ids stay stable (wire.md 5.2). */
  sortOffers(): void {
    const key = ({ endpoint }: HostChannel) => {
      const target = endpoint?.configuration.serverTarget;
      return `${target?.interfaceType} ${target?.instance}`;
    };
    const inOrder = [...this.#toOffer].sort((a, b) => (key(a) < key(b) ? -1 : 1));
    this.#toOffer.clear();
    for (const channel of inOrder) this.#toOffer.add(channel);
  }

  /** Gives ids to channels that the guest is to be told of, one after the other, as long as there are ids. */
  *giveIds(): Generator<HostChannel> {
    for (const channel of this.#toOffer) {
      const channelId = this.#freeId();
      if (channelId === null) return;
      this.#toOffer.delete(channel);
      channel.channelId = channelId;
      if (channel.endpoint !== null) channel.endpoint.channelId = channelId;
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

/** The offer that tells a guest of a server as it is configured. */
export function offerOf(configuration: ChannelConfiguration, channelId: number): OfferChannel {
  const { serverTarget, serverFlags, isPipe, mmioMegabytes, mmioMegabytesOptional } = configuration;
  assert(serverTarget !== null, "a server that is enabled says what it offers");
  return {
    message: "offerChannel",
    interfaceId: serverTarget.interfaceType,
    instanceId: serverTarget.instance,
    flags: OFFER_FLAGS.reduce(
      (flags, [server, offer]) => serverFlags & server ? flags | offer : flags,
      isPipe ? OFFER_FLAG_NAMED_PIPE : 0,
    ),
    mmioMegabytes,
    userData: isPipe ? pipeUserData("message") : new Uint8Array(USER_DATA_BYTES),
    subchannelIndex: 0,
    mmioMegabytesOptional,
    channelId,
    monitorId: MONITOR_ID_NONE,
    monitorAllocated: false,
    isDedicated: true,
    connectionId: 0x2000 | channelId,
  };
}
