/**
 * Configuration of a client endpoint, while it is Disabled and initializing (kmcl.md section 5).
 *
 * @module
 */

import { clientTargetOf } from "../actors/channel/configuration.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import { type NtStatus, STATUS_INVALID_PARAMETER_4, STATUS_SUCCESS } from "../core/ntstatus.ts";
import type { EvtChannelPnpFailure } from "./callbacks.ts";
import { configure, isCallback } from "./channel_init.ts";
import { driverOf } from "./driver.ts";
import type { Kmcl } from "./resolve.ts";

/**
 * Sets the data pages of both rings.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_client_channel_init_set_ring_buffer_page_count | VmbClientChannelInitSetRingBufferPageCount}
 */
export function VmbClientChannelInitSetRingBufferPageCount(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  incomingPageCount: number,
  outgoingPageCount: number,
): NtStatus {
  return configure(
    kmcl,
    channel,
    "client",
    ({ configuration }) => configuration.setRingPages(incomingPageCount, outgoingPageCount),
  );
}

/**
 * Sets which offer the client takes.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_client_channel_init_set_target_pnp | VmbClientChannelInitSetTargetPnp}
 */
export function VmbClientChannelInitSetTargetPnp(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  interfaceType: string,
  interfaceInstance?: string | null,
  pnpFailureCallback?: EvtChannelPnpFailure | null,
): NtStatus {
  return configure(kmcl, channel, "client", (endpoint) => {
    const target = clientTargetOf(interfaceType, interfaceInstance);
    if (typeof target === "number") return target;
    if (!isCallback(pnpFailureCallback)) return STATUS_INVALID_PARAMETER_4;
    endpoint.configuration.clientTarget = target;
    driverOf(endpoint).onPnpFailure = pnpFailureCallback ?? null;
    return STATUS_SUCCESS;
  });
}
