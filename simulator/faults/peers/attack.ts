/**
 * What the opposite side of a driver can do to it that no honest one does.
 *
 * @module
 */

import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { Direction } from "../../../actors/bus/link.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { Chance } from "../../../core/chance.ts";
import { RawRings, type RingName } from "../../peers/raw_rings.ts";

/** Who does it: a guest to the host's drivers, or the host to those of a guest. */
export type Attacker = "guest" | "host";

/** Each of them. */
export const ATTACKERS: readonly Attacker[] = ["guest", "host"];

/** Where what an attacker says goes. */
export const DIRECTION_OF: Readonly<Record<Attacker, Direction>> = {
  guest: "toHost",
  host: "toGuest",
};

/** The ring that an attacker writes. */
export const RING_OF: Readonly<Record<Attacker, RingName>> = {
  guest: "upstream",
  host: "downstream",
};

/** Something that can be done now. */
export interface Attack {
  /** What it is, in words. */
  readonly what: string;
  /** Does it; what is free to vary is drawn from `chance`. */
  make(chance: Chance): void;
}

/** An open channel, as whoever attacks one of its ends sees it. */
export interface OpenChannel {
  /** The guest. */
  readonly guest: PartitionObject;
  /** Its number on the guest's bus. */
  readonly channelId: number;
  /** Its rings. */
  readonly rings: RawRings;
  /** The host's end. */
  readonly server: Endpoint;
  /** The guest's end. */
  readonly client: Endpoint;
}

/** The channels of `guest` that are open on both sides, in the order of their numbers. */
export function openChannelsOf(guest: PartitionObject): readonly OpenChannel[] {
  const { host, guest: end } = guest.bus;
  return host.known.flatMap((channel) => {
    const { channelId, ring, endpoint: server, downstreamPageOffset } = channel;
    if (channelId === null || ring === null || server === null || server.rings === null) return [];
    const client = end.byId.get(channelId)?.taken?.client ?? null;
    if (client === null || client.rings === null) return [];
    const { pfns } = ring.ranges[0]!;
    const rings = new RawRings(guest.memory, pfns, downstreamPageOffset);
    return [{ guest, channelId, rings, server, client }];
  }).sort((a, b) => a.channelId - b.channelId);
}

/** The endpoint that `by` attacks, and the one in whose place it speaks. */
export function endsOf(
  { server, client }: OpenChannel,
  by: Attacker,
): { readonly victim: Endpoint; readonly own: Endpoint } {
  return by === "guest" ? { victim: server, own: client } : { victim: client, own: server };
}

/** Has the victim look at its rings. */
export function signalVictim({ guest, channelId }: OpenChannel, by: Attacker): void {
  guest.bus.interrupt(DIRECTION_OF[by], channelId);
}
