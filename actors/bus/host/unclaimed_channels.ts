/**
 * Channels that a restored guest knows and no server has claimed yet: restoring a partition leaves its
 * host channels so, and each server that its driver restores and enables finds its own (kmcl.md V8, V10).
 *
 * The guest must not run meanwhile: what it said about such a channel would be lost. Whoever restores a
 * partition adds its channels here, has the drivers restore their servers, and rescinds what is left, all
 * in one work item.
 *
 * @module
 */

import {
  type ChannelKey,
  isSameDevice,
  SERVER_FLAG_FORCE_NEW_CHANNEL,
  type ServerTarget,
} from "../../channel/configuration.ts";
import type { Rings } from "../../channel/bus_port.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import { hasTag, type TrafficImage } from "../../channel/image.ts";
import { abandonServer, resumeServer } from "../../channel/server_image.ts";
import { fitsRings } from "../../channel/under_way.ts";
import { OfferedChannel, type OfferedChannelOwner } from "./offered_channel.ts";
import type { HostGpadl } from "./gpadl.ts";
import type { HostGpadls } from "./gpadls.ts";
import type { HostPort } from "./host_port.ts";
import { acceptsMmio } from "./open.ts";
import { ringsOf } from "../rings.ts";

/** What unclaimed channels need of the host's end. */
export interface ClaimingEnd extends HostPort {
  /** The guest's GPADLs. */
  readonly gpadls: HostGpadls;
  /** What the steps of its channels do. */
  readonly steps: OfferedChannelOwner;
  /** The primary of an instance goes: so do the sub-channels that servers have claimed, before it. */
  takeBackSubchannels(device: ServerTarget): void;
}

/** The unclaimed channels of one guest. */
export class UnclaimedChannels {
  readonly #end: ClaimingEnd;
  /** By {@linkcode nameOf}, in the order in which they came: each has an id, and no endpoint. */
  readonly #channels = new Map<string, OfferedChannel>();

  /** No channel. */
  constructor(end: ClaimingEnd) {
    this.#end = end;
  }

  /** All of them. */
  get all(): readonly OfferedChannel[] {
    return [...this.#channels.values()];
  }

  /** Whether the guest knows such a channel which no server has claimed. */
  has(key: ChannelKey): boolean {
    return this.#channels.has(nameOf(key));
  }

  /** A restored guest has this channel. Its key, its id and its ring GPADL are its alone. */
  add(channel: OfferedChannel): void {
    this.#channels.set(nameOf(channel.key), channel);
    this.#end.offered.keep(channel);
  }

  /** A restored guest knows this channel. It has it closed, or the offer was taken back before the save. */
  restoreChannel(channelId: number, key: ChannelKey, isRevoked: boolean): OfferedChannel {
    const { actors, steps, offered } = this.#end;
    const channel = new OfferedChannel(actors, steps, key);
    channel.channelId = channelId;
    offered.keep(channel);
    channel.actor.send({ type: isRevoked ? "resumeRevoked" : "resumeClosed" });
    return channel;
  }

  /** The restored guest has the channel open, over these rings; `type` tells how. */
  restoreRing(
    channel: OfferedChannel,
    ring: HostGpadl,
    type: "resumeOpen" | "resumeModifying" | "resumeReserved" = "resumeOpen",
  ): void {
    channel.ring = ring;
    ring.actor.send({ type: "useAsRing" });
    channel.actor.send({ type });
  }

  /** The rings of an unclaimed channel that a saved server can continue with; null where it has none, or others. */
  ringsFor(channel: OfferedChannel, saved: TrafficImage): Rings | null {
    if (channel.ring === null) return null;
    const { memory, signals: { hasPendingSendSize } } = this.#end;
    const both = ringsOf(memory, channel.ring.ranges, channel.downstreamPageOffset);
    if (both === null) return null;
    const { upstream, downstream } = both;
    const rings = { incoming: upstream, outgoing: downstream, hasPendingSendSize };
    return fitsRings(saved, rings) ? rings : null;
  }

  /** Whether the server that was saved as `saved` and is `endpoint` now can continue with `channel`. */
  fits(channel: OfferedChannel, endpoint: Endpoint, saved: TrafficImage): boolean {
    const { configuration } = endpoint;
    const { serverFlags, serverTarget, targetVtl } = configuration;
    const hasRoom = () =>
      this.ringsFor(channel, saved) !== null &&
      acceptsMmio(configuration, channel.mmio?.byteCount ?? 0);
    const isOpen = hasTag(saved.state, "opened");
    return targetVtl === this.#end.guest.vtl &&
      (serverFlags & SERVER_FLAG_FORCE_NEW_CHANNEL) === 0 &&
      serverTarget?.interfaceType === channel.key.interfaceType &&
      saved.channelId === channel.channelId &&
      (isOpen ? hasRoom() : channel.ring === null);
  }

  /** Whether what was saved as `saved` can be the server of the guest's channel, as far as there is one. */
  admits(endpoint: Endpoint, saved: TrafficImage, subchannelIndex: number): boolean {
    const channel = this.#channelFor(endpoint, subchannelIndex);
    const isResumed = (endpoint.configuration.serverFlags & SERVER_FLAG_FORCE_NEW_CHANNEL) === 0;
    return channel === null || !isResumed || this.fits(channel, endpoint, saved);
  }

  #channelFor({ configuration }: Endpoint, subchannelIndex: number): OfferedChannel | null {
    const { serverKey } = configuration;
    if (serverKey === null) return null;
    return this.#channels.get(nameOf({ ...serverKey, subchannelIndex })) ?? null;
  }

  /** A server is enabled. True: it continues with a channel of the guest's. False: it is to be offered. */
  claim(endpoint: Endpoint): boolean {
    const saved = endpoint.restored;
    endpoint.restored = null;
    const channel = this.#channelFor(endpoint, endpoint.configuration.subchannelIndex);
    const isFound = channel !== null && saved !== null && this.fits(channel, endpoint, saved);
    if (isFound) {
      this.#channels.delete(nameOf(channel.key));
      channel.rings = this.ringsFor(channel, saved);
      this.#attach(channel, endpoint);
      resumeServer(endpoint, saved, channel.rings);
    } else {
      if (channel !== null) this.#rescind(channel);
      if (saved !== null) abandonServer(endpoint, saved);
    }
    if (endpoint.completions.isDue) endpoint.work.scheduleCompletions();
    return isFound;
  }

  /** Nobody will claim what is left: the guest is told that it is gone. */
  rescindAll(): void {
    for (const channel of this.#channels.values()) this.#rescind(channel);
  }

  /** Nobody claims `channel`, nor will its sub-channels be there any more, which go before it (wire.md 6). */
  #rescind(channel: OfferedChannel): void {
    const { key } = channel;
    if (!this.#channels.delete(nameOf(key))) return;
    if (key.subchannelIndex === 0) {
      const others = this.all.filter((other) => isSameDevice(other.key, key));
      for (const other of others) this.#rescind(other);
      this.#end.takeBackSubchannels(key);
    }
    channel.revoke();
  }

  /** The guest is gone, and everything that it knew. */
  clear(): void {
    this.#channels.clear();
  }

  /** A restored server claims an unclaimed channel; the guest need not know. */
  #attach(channel: OfferedChannel, endpoint: Endpoint): void {
    channel.endpoint = endpoint;
    endpoint.join(channel);
    this.#end.offered.add(endpoint, channel);
    if (channel.ring === null) return;
    this.#end.signals.resume(channel, endpoint);
    if (channel.actor.is("modifying")) this.#end.steps.beginModify(channel); // it is carried out anew (wire.md 5.5)
  }

  /** Takes the channel of `endpoint` off the bus without a word to the guest. */
  #detach(endpoint: Endpoint): OfferedChannel | null {
    const { offered, signals } = this.#end;
    const channel = offered.withdraw(endpoint);
    if (channel === null) return null;
    channel.endpoint = null;
    if (channel.channelId !== null) offered.free(channel.channelId);
    signals.detach(channel);
    return channel;
  }

  /**
   * Takes the server away from its channel without a word to the guest, as the end of its host would;
   * null where the guest was never told of it. For those who stand in for the restore of a partition.
   */
  part(endpoint: Endpoint): OfferedChannel | null {
    if (endpoint.channelId !== null) this.#end.gpadls.forgetMappings(endpoint.channelId);
    const channel = this.#detach(endpoint);
    return channel === null || channel.channelId === null ? null : channel;
  }
}

/** What servers of a saved guest find their channels by: whose interface is another one takes its place. */
function nameOf({ instance, subchannelIndex }: ChannelKey): string {
  return `${instance} ${subchannelIndex}`;
}
