/**
 * What a guest's client brings to the open of its channel: rings in fresh pages, and MMIO (kmcl.md
 * section 5, wire.md 4.5).
 *
 * @module
 */

import {
  type OfferChannel,
  type OpenChannel,
  type OpenChannel2,
  TARGET_VP_NO_INTERRUPTS,
  USER_DATA_BYTES,
} from "../../../core/control/messages.ts";
import type { Protocol } from "../../../core/control/versions.ts";
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

/**
 * The rings of a client in their pages, as its configuration divides those; null where it divides others.
 * `hasPendingSendSize`: whether they have that, as from version 2.4 on.
 */
export function clientRings(
  client: Endpoint,
  memory: GuestRam,
  { byteCount, pfns }: GuestBuffer,
  hasPendingSendSize: boolean,
): Rings | null {
  const { incoming, outgoing } = ringPagesOf(client);
  if (byteCount !== (incoming + outgoing + 2) * PAGE_BYTES) return null;
  const ranges = [{ byteOffset: 0, byteCount, pfns }];
  const rings = ringsOf(memory, ranges, downstreamPageOffsetOf(client));
  if (rings === null) return null;
  return { incoming: rings.downstream, outgoing: rings.upstream, hasPendingSendSize };
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

/**
 * Where the callbacks of a client run, and where it has the host interrupt it: on the processor that its driver has
 * chosen, or one that its channel's number gives. A client without interrupts has a processor all the same.
 */
export function placeClient(client: Endpoint, own: ClientChannel): void {
  const chosen = client.configuration.targetProcessor;
  const given = own.channelId % client.partition.processorCount;
  own.targetVp = chosen ?? given;
  client.work.setProcessor(processorOf(own, given));
}

/** The processor on which a client looks at its rings, which has `given` where it has no interrupts. */
export function processorOf({ targetVp }: ClientChannel, given: number): number {
  return targetVp === TARGET_VP_NO_INTERRUPTS ? given : targetVp;
}

/** The open request of a client, in what both ends have agreed on. */
export function openMessageOf(taken: TakenChannel, protocol: Protocol): OpenChannel | OpenChannel2 {
  const { client, channel, openId, ringGpadlId } = taken;
  const { channelId, mmio, targetVp, offer: { connectionId } } = channel;
  const userData = new Uint8Array(USER_DATA_BYTES);
  if (mmio !== null) writeMmioPlacement(userData, mmio.gpa, mmio.byteCount);
  const message: OpenChannel = {
    message: "openChannel",
    channelId,
    openId,
    ringGpadlId,
    targetVp,
    downstreamPageOffset: downstreamPageOffsetOf(client),
    userData,
  };
  if (!protocol.hasOpenChannel2) return message;
  return { ...message, connectionId, eventFlag: channelId, openFlags: 0 };
}
