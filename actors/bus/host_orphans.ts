/**
 * Channels that a restored guest knows and no server has taken up yet: restoring a partition leaves its
 * host channels so, and each server that its driver restores and enables finds its own (kmcl.md V8, V10).
 *
 * The guest must not run meanwhile: what it said about such a channel would be lost. Whoever restores a
 * partition puts the orphans in, has the drivers restore their servers, and rescinds what is left, all in
 * one go.
 *
 * @module
 */

import { SERVER_FLAG_FORCE_NEW_CHANNEL } from "../channel/configuration.ts";
import type { Endpoint, Rings } from "../channel/endpoint.ts";
import { fitsRings, hasTag, type TrafficImage } from "../channel/persist.ts";
import { abandonServer, resumeServer } from "../channel/persist_server.ts";
import type { HostChannel } from "./host_channel.ts";
import type { HostEnd } from "./host_end.ts";
import { acceptsMmio } from "./host_open.ts";
import { ringsOf } from "./rings.ts";

/** A channel without a server. */
export interface HostOrphan {
  /** Interface type of its offer. */
  readonly interfaceType: string;
  /** Interface instance of its offer. */
  readonly instance: string;
  /** What the host knows of it; it has an id, and its endpoint is null. */
  readonly channel: HostChannel;
  /** Where its MMIO lies in the guest's address space, if it has some. */
  readonly mmio: { readonly gpa: number; readonly byteCount: number } | null;
}

/** The orphans of one guest. */
export class HostOrphans {
  readonly #end: HostEnd;
  /** By instance, in the order in which they came. */
  readonly #orphans = new Map<string, HostOrphan>();

  /** No orphan. */
  constructor(end: HostEnd) {
    this.#end = end;
  }

  /** All of them. */
  get all(): readonly HostOrphan[] {
    return [...this.#orphans.values()];
  }

  /** Whether the guest knows a channel of that instance which no server has taken up. */
  has(instance: string): boolean {
    return this.#orphans.has(instance);
  }

  /** A restored guest has this channel. Its instance, its id and its ring GPADL are its alone. */
  add(orphan: HostOrphan): void {
    this.#orphans.set(orphan.instance, orphan);
    this.#end.keepId(orphan.channel);
  }

  /** The rings of an orphan that a saved server can go on with; null where it has none, or others. */
  ringsFor({ channel }: HostOrphan, saved: TrafficImage): Rings | null {
    if (channel.ring === null) return null;
    const { memory } = this.#end;
    const both = ringsOf(memory, channel.ring.ranges, channel.downstreamPageOffset);
    if (both === null) return null;
    const rings = { incoming: both.upstream, outgoing: both.downstream };
    return fitsRings(saved, rings) ? rings : null;
  }

  /** Whether the server that was saved as `saved` and is `endpoint` now can go on with `orphan`. */
  fits(orphan: HostOrphan, endpoint: Endpoint, saved: TrafficImage): boolean {
    const { configuration } = endpoint;
    const { serverFlags, serverTarget, targetVtl } = configuration;
    const { channel, mmio } = orphan;
    const hasRoom = () =>
      this.ringsFor(orphan, saved) !== null && acceptsMmio(configuration, mmio?.byteCount ?? 0);
    const isOpen = hasTag(saved.state, "opened");
    return targetVtl === this.#end.bus.partition.vtl &&
      (serverFlags & SERVER_FLAG_FORCE_NEW_CHANNEL) === 0 &&
      serverTarget?.interfaceType === orphan.interfaceType &&
      saved.channelId === channel.channelId &&
      (isOpen ? hasRoom() : channel.ring === null);
  }

  /** Whether what was saved as `saved` can be the server of the guest's channel, as far as there is one. */
  admits(endpoint: Endpoint, saved: TrafficImage): boolean {
    const { serverFlags, serverTarget } = endpoint.configuration;
    const orphan = this.#orphans.get(serverTarget?.instance ?? "");
    const isResumed = (serverFlags & SERVER_FLAG_FORCE_NEW_CHANNEL) === 0;
    return orphan === undefined || !isResumed || this.fits(orphan, endpoint, saved);
  }

  /** A server is enabled. True: it goes on with a channel of the guest's. False: it is to be offered. */
  takeUp(endpoint: Endpoint): boolean {
    const saved = endpoint.restored;
    endpoint.restored = null;
    const instance = endpoint.configuration.serverTarget?.instance ?? "";
    const orphan = this.#orphans.get(instance);
    this.#orphans.delete(instance);
    const isFound = orphan !== undefined && saved !== null && this.fits(orphan, endpoint, saved);
    if (isFound) {
      this.#end.adopt(orphan.channel, endpoint, orphan.mmio);
      resumeServer(endpoint, saved, this.ringsFor(orphan, saved));
    } else {
      if (orphan !== undefined) this.#rescind(orphan);
      if (saved !== null) abandonServer(endpoint, saved);
    }
    if (endpoint.endings.isDue) endpoint.work.scheduleCompletions();
    return isFound;
  }

  /** Nobody will take up what is left: the guest is told that it is gone. */
  rescindAll(): void {
    for (const orphan of this.#orphans.values()) this.#rescind(orphan);
    this.#orphans.clear();
  }

  /** The guest is gone, and everything that it knew. */
  clear(): void {
    this.#orphans.clear();
  }

  #rescind({ channel, mmio }: HostOrphan): void {
    if (mmio !== null) this.#end.memory.removeMmio(mmio.gpa);
    this.#end.disown(channel);
  }

  /**
   * Takes the server away from its channel without a word to the guest, as the end of its host would;
   * null where the guest was never told of it. For those who stand in for the restore of a partition.
   */
  part(endpoint: Endpoint): HostOrphan | null {
    const { serverTarget } = endpoint.configuration;
    if (endpoint.channelId !== null) this.#end.gpadls.forgetMappings(endpoint.channelId);
    const channel = this.#end.release(endpoint);
    const { mmio } = endpoint;
    endpoint.mmio = null;
    if (serverTarget === null || channel === null || channel.channelId === null) return null;
    return { ...serverTarget, channel, mmio };
  }
}
