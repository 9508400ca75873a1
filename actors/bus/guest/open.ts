/**
 * What a guest's client brings to the open of its channel: rings in fresh pages, and MMIO (kmcl.md
 * section 5, wire.md 4.5).
 *
 * @module
 */

import {
  type OfferChannel,
  type OpenChannel,
  USER_DATA_BYTES,
} from "../../../core/control/messages.ts";
import { writeMmioPlacement } from "../../../core/control/user_data.ts";
import type { GuestBuffer, GuestRam } from "../../../core/memory/guest_memory.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import type { Rings } from "../../channel/bus_port.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import { smallestRingPages } from "../../channel/ring_size.ts";
import { ringsOf } from "../rings.ts";
import type { ClientChannel, TakenChannel } from "./guest_channel.ts";
import { mmioChoices } from "./offers.ts";

/** Data pages of a client's rings: at least the smallest that carry a packet at its own bounds. */
function ringPagesOf({ configuration, runtime }: Endpoint): { incoming: number; outgoing: number } {
  const { incomingRingPages, outgoingRingPages } = configuration;
  const smallest = smallestRingPages(configuration, runtime.codec);
  return {
    incoming: Math.max(incomingRingPages, smallest),
    outgoing: Math.max(outgoingRingPages, smallest),
  };
}

/** Page of a client's ring pages at which the ring begins that the host writes. */
function downstreamPageOffsetOf(client: Endpoint): number {
  return ringPagesOf(client).outgoing + 1;
}

/** Pages for the rings of a client; null where the guest has no room. */
export function allocateRingPages(client: Endpoint, memory: GuestRam): GuestBuffer | null {
  const { incoming, outgoing } = ringPagesOf(client);
  return memory.tryAllocate((incoming + outgoing + 2) * PAGE_BYTES);
}

/** The rings of a client in their pages, as its configuration divides those; null where it divides others. */
export function clientRings(
  client: Endpoint,
  memory: GuestRam,
  { byteCount, pfns }: GuestBuffer,
): Rings | null {
  const { incoming, outgoing } = ringPagesOf(client);
  if (byteCount !== (incoming + outgoing + 2) * PAGE_BYTES) return null;
  const ranges = [{ byteOffset: 0, byteCount, pfns }];
  const rings = ringsOf(memory, ranges, downstreamPageOffsetOf(client));
  if (rings === null) return null;
  return { incoming: rings.downstream, outgoing: rings.upstream, hasPendingSendSize: true };
}

/** Reserves the channel's MMIO: all that is offered, or at least the required part. */
export function reserveMmio(
  memory: GuestRam,
  channel: ClientChannel,
  offer: OfferChannel,
): boolean {
  for (const byteCount of mmioChoices(offer)) {
    if (byteCount === 0) return true;
    const gpa = memory.reserveMmio(byteCount);
    if (gpa === null) continue;
    channel.mmio = { gpa, byteCount };
    return true;
  }
  return false;
}

/** The open request of a client that is interrupted on virtual processor `targetVp`. */
export function openMessageOf(taken: TakenChannel, targetVp: number): OpenChannel {
  const { client, channel, openId, ringGpadlId } = taken;
  const { channelId, mmio } = channel;
  const userData = new Uint8Array(USER_DATA_BYTES);
  if (mmio !== null) writeMmioPlacement(userData, mmio.gpa, mmio.byteCount);
  const downstreamPageOffset = downstreamPageOffsetOf(client);
  return {
    message: "openChannel",
    channelId,
    openId,
    ringGpadlId,
    targetVp,
    downstreamPageOffset,
    userData,
  };
}
