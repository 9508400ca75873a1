/**
 * Configuration of either endpoint, while it is Disabled and initializing (kmcl.md section 5, I1–I6).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { Side } from "../actors/channel/types.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import {
  type NtStatus,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { copyMembers } from "../core/structures.ts";
import {
  type EvtChannelProcessingComplete,
  type EvtChannelProcessPacket,
  STATE_CHANGE_CALLBACKS_SIZE,
  STATE_CHANGE_CALLBACKS_VERSION,
  type StateChangeCallbacks,
  VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT,
} from "./callbacks.ts";
import { driverOf } from "./driver.ts";
import { endpointOf, type Kmcl } from "./resolve.ts";

const STATE_CHANGE_MEMBERS = Object.keys(
  VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
) as (keyof StateChangeCallbacks)[];

/** Configures an endpoint, of `side` where that says one: `_1` for any that is not initializing (kmcl.md I1–I3). */
export function configure(
  kmcl: Kmcl,
  channel: unknown,
  side: Side | null,
  set: (endpoint: Endpoint) => NtStatus,
): NtStatus {
  const endpoint = endpointOf(kmcl, channel);
  return isConfigurable(endpoint, side) ? set(endpoint) : STATUS_INVALID_PARAMETER_1;
}

/** Whether it is an endpoint of `side`, either where that is null, that is Disabled and initializing. */
export function isConfigurable(
  endpoint: Endpoint | null,
  side: Side | null,
): endpoint is Endpoint {
  return endpoint !== null && endpoint.is("configurable") &&
    (side === null || endpoint.side === side);
}

/** Whether `value` is a function, or absent. */
export function isCallback(value: unknown): boolean {
  return value === null || value === undefined || typeof value === "function";
}

/**
 * Sets the largest size ever given to VmbPacketSend, in bytes.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_maximum_packet_size | VmbChannelInitSetMaximumPacketSize}
 */
export function VmbChannelInitSetMaximumPacketSize(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  packetSize: number,
): NtStatus {
  return configure(
    kmcl,
    channel,
    null,
    ({ configuration }) => configuration.setMaximumPacketSize(packetSize),
  );
}

/**
 * Sets the bounds of external data, sent and received.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_maximum_external_data | VmbChannelInitSetMaximumExternalData}
 */
export function VmbChannelInitSetMaximumExternalData(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  dataSize: number,
  chainLength: number,
): NtStatus {
  return configure(
    kmcl,
    channel,
    null,
    ({ configuration }) => configuration.setMaximumExternalData(dataSize, chainLength),
  );
}

/**
 * Sets the bytes of driver context that come with each incoming packet.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_client_context_size | VmbChannelInitSetClientContextSize}
 */
export function VmbChannelInitSetClientContextSize(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  contextSize: number,
): NtStatus {
  return configure(
    kmcl,
    channel,
    null,
    ({ configuration }) => configuration.setClientContextSize(contextSize),
  );
}

/**
 * Sets what is called for each packet, and at the end of each batch.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_process_packet_callbacks | VmbChannelInitSetProcessPacketCallbacks}
 */
export function VmbChannelInitSetProcessPacketCallbacks(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  processPacketCallback: EvtChannelProcessPacket,
  processingCompleteCallback?: EvtChannelProcessingComplete | null,
): NtStatus {
  return configure(
    kmcl,
    channel,
    null,
    (endpoint) =>
      setProcessPacketCallbacks(endpoint, processPacketCallback, processingCompleteCallback),
  );
}

/** Does what VmbChannelInitSetProcessPacketCallbacks does, for an endpoint that was checked. */
export function setProcessPacketCallbacks(
  endpoint: Endpoint,
  processPacket: EvtChannelProcessPacket,
  processingComplete?: EvtChannelProcessingComplete | null,
): NtStatus {
  if (typeof processPacket !== "function") return STATUS_INVALID_PARAMETER_2;
  if (!isCallback(processingComplete)) return STATUS_INVALID_PARAMETER_3;
  const driver = driverOf(endpoint);
  driver.onProcessPacket = processPacket;
  driver.onProcessingComplete = processingComplete ?? null;
  return STATUS_SUCCESS;
}

/**
 * Sets the state change callbacks.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_state_change_callbacks | VmbChannelInitSetStateChangeCallbacks}
 */
export function VmbChannelInitSetStateChangeCallbacks(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  stateChangeCallbacks: StateChangeCallbacks | null,
): NtStatus {
  const copy = copyStateChangeCallbacks(stateChangeCallbacks);
  return configure(kmcl, channel, null, (endpoint) => setStateChangeCallbacks(endpoint, copy));
}

/** An unchecked copy of the structure that a driver gave; null where it cannot be read (kmcl.md I6). */
export function copyStateChangeCallbacks(callbacks: unknown): StateChangeCallbacks | null {
  const copy = copyMembers(callbacks, STATE_CHANGE_MEMBERS);
  if (copy === null) return null;
  for (const key of STATE_CHANGE_MEMBERS) copy[key] ??= null;
  return copy as unknown as StateChangeCallbacks;
}

/**
 * Does what VmbChannelInitSetStateChangeCallbacks does, for an endpoint that was checked and the copy of
 * a structure.
 */
export function setStateChangeCallbacks(
  endpoint: Endpoint,
  copy: StateChangeCallbacks | null,
): NtStatus {
  if (copy === null) return STATUS_INVALID_PARAMETER_2;
  const { Version, Size, ...functions } = copy;
  const isRight = Version === STATE_CHANGE_CALLBACKS_VERSION &&
    Size === STATE_CHANGE_CALLBACKS_SIZE;
  if (!isRight || !Object.values(functions).every(isCallback)) return STATUS_INVALID_PARAMETER_2;
  driverOf(endpoint).stateChange = copy;
  return STATUS_SUCCESS;
}

/**
 * Sets a short name for debugging and counters.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_friendly_name | VmbChannelInitSetFriendlyName}
 */
export function VmbChannelInitSetFriendlyName(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  name: string,
): NtStatus {
  return configure(
    kmcl,
    channel,
    null,
    ({ configuration }) => configuration.setFriendlyName(name),
  );
}

/**
 * Sets the channel's flags.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_init_set_flags | VmbChannelInitSetFlags}
 */
export function VmbChannelInitSetFlags(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  flags: number,
): NtStatus {
  return configure(
    kmcl,
    channel,
    null,
    ({ configuration }) => configuration.setFlags(flags),
  );
}
