/**
 * How servers get onto the bus and off it: which of them may be offered, what the guest is told of, and when that is
 * taken back (wire.md 4.5, 5.2, 6; kmcl.md S2, S11, S14).
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import type { OfferOrder } from "../../../core/control/dialect.ts";
import {
  type NtStatus,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_OBJECT_NAME_COLLISION,
  STATUS_SUCCESS,
} from "../../../core/ntstatus.ts";
import type { ChannelKey, ServerTarget } from "../../channel/configuration.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import { OfferedChannel } from "./offered_channel.ts";
import type { ConnectionEvent, ConnectionTag } from "./types.ts";
import type { ClaimingEnd, UnclaimedChannels } from "./unclaimed_channels.ts";

/** The host's end, as its offers need it. */
export interface OfferingEnd extends ClaimingEnd {
  /** The chart of the connection. */
  readonly actor: ChartActor<ConnectionEvent, ConnectionTag>;
  /** Channels of a restored guest that no server has claimed. */
  readonly unclaimed: UnclaimedChannels;
  /** What its offers are sorted by when the guest asks for them. */
  readonly offerOrder: OfferOrder;
}

/** The offers of one guest's servers. */
export class Offering {
  readonly #end: OfferingEnd;

  /** Those of `end`. */
  constructor(end: OfferingEnd) {
    this.#end = end;
  }

  /** See {@linkcode BusPort.admit}. */
  admit(endpoint: Endpoint): NtStatus {
    const { isLoopback } = endpoint.configuration;
    const serverKey = this.#keyFor(endpoint);
    const { guest, offered, unclaimed } = this.#end;
    if (serverKey === null || !guest.isPresent || isLoopback !== guest.isRoot) {
      return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (offered.isOffered(serverKey)) return STATUS_OBJECT_NAME_COLLISION;
    if (!this.#hasPrimary(serverKey)) return STATUS_INVALID_DEVICE_REQUEST;
    // A restored server had its place when it was saved: an id of its own, or one that is to come free.
    const hadPlace = endpoint.restored !== null || unclaimed.has(serverKey);
    if (!hadPlace && offered.isFull) return STATUS_INSUFFICIENT_RESOURCES;
    endpoint.configuration.subchannelIndex = serverKey.subchannelIndex;
    return STATUS_SUCCESS;
  }

  /** What a server is to offer; as any sub-channel the first that is not offered, unless it was restored (kmcl.md X9). */
  #keyFor({ configuration, restored }: Endpoint): ChannelKey | null {
    const { serverKey, isAnySubchannel } = configuration;
    if (serverKey === null || !isAnySubchannel || restored !== null) return serverKey;
    const key = { ...serverKey, subchannelIndex: 1 };
    const { offered, unclaimed } = this.#end;
    while (offered.isOffered(key) || unclaimed.has(key)) key.subchannelIndex++;
    return key;
  }

  /** Whether a sub-channel has the primary that it belongs to; that of a restored guest may still be unclaimed. */
  #hasPrimary(key: ChannelKey): boolean {
    if (key.subchannelIndex === 0) return true;
    const { offered, unclaimed } = this.#end;
    return offered.hasPrimary(key) || unclaimed.has({ ...key, subchannelIndex: 0 });
  }

  /** See {@linkcode BusPort.join}. */
  join(endpoint: Endpoint): void {
    const { unclaimed, actors, steps, offered } = this.#end;
    if (unclaimed.claim(endpoint)) return;
    const { serverKey } = endpoint.configuration;
    assert(serverKey !== null, "a server that is enabled says what it offers");
    const channel = new OfferedChannel(actors, steps, serverKey);
    channel.endpoint = endpoint;
    offered.add(endpoint, channel);
    endpoint.join(channel);
    if (!this.#isForGuest(endpoint)) return;
    const left = offered.leftBy(serverKey);
    if (left === null) offered.queueOffer(channel);
    else {
      left.successor = channel;
      channel.predecessor = left;
      left.actor.send({ type: "reoffer" });
    }
    this.offerQueued();
  }

  /** Whether the guest is told of a server: of those of its own trust level (kmcl.md S14). */
  #isForGuest({ configuration }: Endpoint): boolean {
    return configuration.targetVtl === this.#end.guest.vtl;
  }

  /**
   * Tells the guest of the channels that it does not know yet, if it has asked for them. Where every id
   * is in use, the rest waits for the guest to release one.
   */
  offerQueued(): void {
    const { actor, offered } = this.#end;
    if (!actor.is("offering")) return;
    if (!this.#end.protocol.hasSubchannels) offered.offerPrimariesAlone();
    for (const channel of offered.giveIds()) channel.actor.send({ type: "offered" });
  }

  /** The guest asks for the offers; false where it may not (wire.md 4.5). */
  offerAll(): boolean {
    const { actor, offered } = this.#end;
    if (!actor.can("requestOffers")) return false;
    actor.send({ type: "requestOffers" });
    for (const channel of offered.standing) {
      const { endpoint } = channel;
      const isUnknown = channel.actor.is("released") && channel.channelId === null;
      // What it has released, it hears of again.
      if (isUnknown && endpoint !== null && this.#isForGuest(endpoint)) offered.queueOffer(channel);
    }
    offered.sortOffers(this.#end.offerOrder);
    this.offerQueued();
    this.#end.post({ message: "allOffersDelivered" });
    return true;
  }

  /** See {@linkcode SteppingEnd.handOver}. */
  handOver(channelId: number, successor: OfferedChannel): void {
    const { actor, offered } = this.#end;
    if (!actor.is("offering")) return offered.queueOffer(successor);
    successor.channelId = channelId;
    offered.keep(successor);
    successor.actor.send({ type: "offered" });
  }

  /**
   * Takes the offer back, after those of its sub-channels (wire.md 6); the guest owns the id until it releases it.
   */
  rescind(endpoint: Endpoint): void {
    const { offered } = this.#end;
    const key = offered.of(endpoint)?.key ?? null;
    if (key?.subchannelIndex === 0) this.takeBackSubchannels(key);
    offered.withdraw(endpoint)?.actor.send({ type: "revoke" });
  }

  /** The primary of an instance goes: so do its sub-channels, before it. */
  takeBackSubchannels(device: ServerTarget): void {
    for (const { endpoint } of this.#end.offered.subchannelsOf(device)) {
      if (endpoint !== null) this.#takeBack(endpoint);
    }
  }

  /** See {@linkcode HostEnd.takeBack}. */
  takeBack(endpoint: Endpoint): boolean {
    if (this.#end.offered.of(endpoint) === null || endpoint.is("leaving")) return false;
    this.#takeBack(endpoint);
    return true;
  }

  #takeBack(endpoint: Endpoint): void {
    const channel = this.#end.offered.of(endpoint);
    this.rescind(endpoint);
    if (channel !== null) this.#end.steps.tellPeerClosed(channel);
  }

  /** Whether a server whose offer was taken back could be offered again. */
  canOfferAgain(endpoint: Endpoint): boolean {
    const { offered } = this.#end;
    const { serverKey } = endpoint.configuration;
    const isFree = offered.of(endpoint) === null && serverKey !== null &&
      !offered.isOffered(serverKey) && this.#hasPrimary(serverKey);
    return isFree && !endpoint.is("rings") && !endpoint.is("leaving");
  }
}
