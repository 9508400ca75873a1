/**
 * What the host checks and takes when a guest opens a channel: every number in it is the guest's
 * (wire.md 1.1, 4.2; kmcl.md section 5).
 *
 * @module
 */

import {
  CHANNEL_ID_MAX,
  OPEN_FLAG_REDIRECT_INTERRUPT,
  type OpenChannel,
  type OpenChannel2,
  TARGET_VP_NO_INTERRUPTS,
} from "../../../core/control/messages.ts";
import { readMmioPlacement } from "../../../core/control/user_data.ts";
import { type GuestRam, MEGABYTE_BYTES } from "../../../core/memory/guest_memory.ts";
import {
  type NtStatus,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_PARAMETER,
  STATUS_SUCCESS,
} from "../../../core/ntstatus.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import type { ChannelConfiguration } from "../../channel/configuration.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { OfferedChannel } from "./offered_channel.ts";
import type { HostGpadls } from "./gpadls.ts";
import type { HostPort } from "./host_port.ts";
import { ringsOf } from "../rings.ts";

/** Attaches `endpoint` to the rings that the guest describes, and places its MMIO; or refuses. */
export function prepareOpen(
  end: HostPort,
  gpadls: HostGpadls,
  channel: OfferedChannel,
  endpoint: Endpoint,
  request: OpenChannel | OpenChannel2,
): NtStatus {
  const { guest, memory, signals: { hasPendingSendSize } } = end;
  const ring = gpadls.ringCandidate(request.channelId, request.ringGpadlId);
  if (ring === null) return STATUS_INVALID_PARAMETER;
  const rings = ringsOf(memory, ring.ranges, request.downstreamPageOffset);
  if (rings === null) return STATUS_INVALID_PARAMETER;
  const { targetVp } = request;
  const isVpKnown = targetVp < guest.processorCount;
  if (targetVp !== TARGET_VP_NO_INTERRUPTS && !isVpKnown) return STATUS_INVALID_PARAMETER;
  if (!takeSignals(end, channel, request)) return STATUS_INVALID_PARAMETER;
  if (!placeMmio(memory, channel, endpoint.configuration, request)) {
    return STATUS_INSUFFICIENT_RESOURCES;
  }
  const { upstream, downstream } = rings;
  channel.rings = { incoming: upstream, outgoing: downstream, hasPendingSendSize };
  if (!endpoint.attach(channel.rings)) {
    channel.rings = null;
    removeMmio(memory, channel);
    return STATUS_INVALID_PARAMETER;
  }
  ring.actor.send({ type: "useAsRing" });
  channel.ring = ring;
  channel.downstreamPageOffset = request.downstreamPageOffset;
  channel.targetVp = targetVp;
  return STATUS_SUCCESS;
}

/**
 * By what guest and host signal the channel: what a guest says that may say so, else what the offer says (wire.md 4.2,
 * 5.2). False where such a flag cannot be set, or another channel is signalled by that connection.
 */
function takeSignals(
  { protocol, offered }: HostPort,
  channel: OfferedChannel,
  request: OpenChannel | OpenChannel2,
): boolean {
  channel.connectionId = null;
  channel.eventFlag = null;
  channel.isRedirected = false;
  if (!("openFlags" in request)) return true;
  if (protocol.hasInterruptRedirection) {
    channel.isRedirected = (request.openFlags & OPEN_FLAG_REDIRECT_INTERRUPT) !== 0;
  }
  if (!protocol.hasGuestSpecifiedSignals) return true;
  const { connectionId, eventFlag } = request;
  const isTaken = offered.known.some(({ heardAs }) => heardAs?.connectionId === connectionId);
  if (isTaken || eventFlag === 0 || eventFlag > CHANNEL_ID_MAX) return false;
  channel.connectionId = connectionId;
  channel.eventFlag = eventFlag;
  return true;
}

/** Whether so much MMIO, in whole pages, is what a server asks for: at least the required part. */
export function acceptsMmio(configuration: ChannelConfiguration, byteCount: number): boolean {
  const { mmioMegabytes, mmioMegabytesOptional } = configuration;
  const largestBytes = (mmioMegabytes + mmioMegabytesOptional) * MEGABYTE_BYTES;
  return byteCount >= mmioMegabytes * MEGABYTE_BYTES && byteCount <= largestBytes &&
    byteCount % PAGE_BYTES === 0;
}

/** Places the channel's MMIO where the guest reserved it: at least the required part. */
function placeMmio(
  memory: GuestRam,
  channel: OfferedChannel,
  configuration: ChannelConfiguration,
  request: OpenChannel,
): boolean {
  const { mmioMegabytes, mmioMegabytesOptional } = configuration;
  if (mmioMegabytes + mmioMegabytesOptional === 0) return true;
  const { gpa, byteCount } = readMmioPlacement(request.userData);
  if (!acceptsMmio(configuration, byteCount)) return false;
  if (byteCount === 0) return true;
  if (!memory.placeMmio(gpa, byteCount)) return false;
  channel.mmio = { gpa, byteCount };
  return true;
}

/** Takes the channel's MMIO out of the guest's address space, as far as the host holds it. */
export function removeMmio(memory: GuestRam, channel: OfferedChannel): void {
  if (channel.mmio !== null) memory.removeMmio(channel.mmio.gpa);
  channel.mmio = null;
}
