/**
 * Configuration of a client endpoint, while it is Disabled and initializing (kmcl.md section 5).
 *
 * @module
 */

import type { VMBCHANNEL } from "../actors/handles.ts";
import { parseGuid } from "../core/guid.ts";
import {
  type NtStatus,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_4,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { isU32 } from "../core/units.ts";
import { driverOf, type EvtChannelPnpFailure } from "./callbacks.ts";
import { configurable, isCallback } from "./channel_init.ts";
import type { Kmcl } from "./kmcl.ts";

/** Pages that one GPADL can describe: both rings with their control pages (wire.md 3.3). */
const RING_GPADL_PAGES_MAX = 8190;

/**
 * Sets the data pages of both rings.
 *
 * @see nf-vmbuskernelmodeclientlibapi-vmbclientchannelinitsetringbufferpagecount
 */
export function VmbClientChannelInitSetRingBufferPageCount(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  incoming: number,
  outgoing: number,
): NtStatus {
  const endpoint = configurable(kmcl, channel, "client");
  if (endpoint === null) return STATUS_INVALID_PARAMETER_1;
  // Each is wrong by itself where no partner would do; the second one where only the sum is too large.
  const fits = (count: number, other: number) => count + other + 2 <= RING_GPADL_PAGES_MAX;
  if (!isU32(incoming) || incoming === 0 || !fits(incoming, 1)) return STATUS_INVALID_PARAMETER_2;
  if (!isU32(outgoing) || outgoing === 0 || !fits(incoming, outgoing)) {
    return STATUS_INVALID_PARAMETER_3;
  }
  endpoint.configuration.incomingRingPages = incoming;
  endpoint.configuration.outgoingRingPages = outgoing;
  return STATUS_SUCCESS;
}

/**
 * Sets which offer the client takes.
 *
 * @see nf-vmbuskernelmodeclientlibapi-vmbclientchannelinitsettargetpnp
 */
export function VmbClientChannelInitSetTargetPnp(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  interfaceType: string,
  interfaceInstance?: string | null,
  pnpFailure?: EvtChannelPnpFailure | null,
): NtStatus {
  const endpoint = configurable(kmcl, channel, "client");
  if (endpoint === null) return STATUS_INVALID_PARAMETER_1;
  const type = parseGuid(interfaceType);
  const isAny = interfaceInstance === null || interfaceInstance === undefined;
  const instance = parseGuid(interfaceInstance);
  if (type === null) return STATUS_INVALID_PARAMETER_2;
  if (!isAny && instance === null) return STATUS_INVALID_PARAMETER_3;
  if (!isCallback(pnpFailure)) return STATUS_INVALID_PARAMETER_4;
  endpoint.configuration.clientTarget = { interfaceType: type, instance };
  driverOf(endpoint).onPnpFailure = pnpFailure ?? null;
  return STATUS_SUCCESS;
}
