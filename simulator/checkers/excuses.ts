/**
 * What excuses an endpoint from being measured by what its opposite side did: somebody has changed its rings
 * or messages behind the back of both.
 *
 * @module
 */

import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import type { Observation, ObservationOf, ObservedEndpoint } from "./checker.ts";
import { endpointOf, guestOf } from "../endpoints.ts";

/** Channels that were tampered with, and what was not. */
export class Excuses {
  readonly #runtime: FabricRuntime;
  /** Guests in which anything may be. */
  readonly #guests = new Set<string>();
  /** Channels, by guest and number, until they are opened anew. */
  readonly #channels = new Map<string, Set<number>>();

  /** Nothing in the fabric was tampered with so far. */
  constructor(runtime: FabricRuntime) {
    this.#runtime = runtime;
  }

  /** Looks whether something excuses somebody. */
  see(observation: Observation): void {
    switch (observation.kind) {
      case "channelTampered":
        return this.#tampered(observation.partition, observation.channelId);
      case "memoryWritten":
        return this.#written(observation);
      case "ringsAttached":
        if (!observation.isResumed) this.#renewed(observation.endpoint);
    }
  }

  /** Whether `endpoint` is excused. */
  has(endpoint: ObservedEndpoint): boolean {
    if (this.#guests.size === 0 && this.#channels.size === 0) return false;
    const guest = guestOf(endpoint);
    const { channelId } = endpointOf(endpoint);
    if (guest === null) return false;
    return this.#guests.has(guest) ||
      channelId !== null && this.#channels.get(guest)?.has(channelId) === true;
  }

  #tampered(guest: string, channelId: number | null): void {
    if (channelId === null) return void this.#guests.add(guest);
    const channels = this.#channels.get(guest) ?? new Set();
    channels.add(channelId);
    this.#channels.set(guest, channels);
  }

  /** A program that writes to the pages of a ring is no honest writer. */
  #written({ partition, gpa, byteCount }: ObservationOf<"memoryWritten">): void {
    const guest = this.#runtime.partitions.find(({ name }) => name === partition);
    const first = Math.floor(gpa / PAGE_BYTES);
    const last = Math.floor((gpa + Math.max(byteCount, 1) - 1) / PAGE_BYTES);
    for (const { isRing, channelId, ranges } of guest?.bus.ownGuest?.gpadls.all ?? []) {
      const isHit = isRing &&
        ranges.some(({ pfns }) => pfns.some((pfn) => pfn >= first && pfn <= last));
      if (isHit) this.#tampered(partition, channelId);
    }
  }

  /** The channel has new rings: what was done to the old ones is past. */
  #renewed(endpoint: ObservedEndpoint): void {
    const guest = guestOf(endpoint);
    const { channelId } = endpointOf(endpoint);
    if (guest !== null && channelId !== null) this.#channels.get(guest)?.delete(channelId);
  }
}
