/**
 * Configuration that the wire knows and version 1 of KMCL's tables has no function for: sub-channels, the order of
 * offers, flags of offers, and the processor of a client (wire.md 4.2, 4.4, 5.2, 6; kmcl.md section 5). These are the
 * package's own.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { Side } from "../actors/channel/types.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import {
  type NtStatus,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { isConfigurable } from "./channel_init.ts";
import type { CallName } from "./call_parameters.ts";
import { endpointIn, traced } from "./own_calls.ts";
import type { KmclClientInterfaceV1 } from "./tables.ts";

/** Configures an endpoint of `side`, either where that is null, while it is Disabled and initializing (kmcl.md I1–I5). */
function configure(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  value: unknown,
  { name, side }: { readonly name: CallName; readonly side: Side | null },
  set: (endpoint: Endpoint) => NtStatus,
): NtStatus {
  const endpoint = endpointIn(kmcl, channel);
  return traced(
    kmcl,
    name,
    [channel, value],
    () => isConfigurable(endpoint, side) ? set(endpoint) : STATUS_INVALID_PARAMETER_1,
  );
}

/**
 * Sets which channel of its interface and instance an endpoint is: 0 for the primary, which it is without this call, or
 * more for a sub-channel ([wire.md 6](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). A server of a sub-channel is offered beside the primary of the same interface and
 * instance, which has to be offered already; a client with an index takes the offer with that index, and one without
 * takes primaries alone. Each channel has its own rings, processor and drivers' callbacks.
 *
 * Statuses, as of the `*Init*` functions of the tables: SUCCESS; `_1` no live channel, or not initializing any more; `_2` no u16.
 * VmbChannelEnable of a server: INVALID_DEVICE_REQUEST where the primary is not offered, OBJECT_NAME_COLLISION where the index is.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 *
 * // A client that has the primary open asks for a second channel of the same device, on its second processor.
 * export function openSecond(kmcl: vmbus.KmclClientInterfaceV1, guest: vmbus.Partition, primary: vmbus.VMBCHANNEL, type: string) {
 *   const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(guest.device, false));
 *   kmcl.VmbClientChannelInitSetTargetPnp(channel, type, kmcl.VmbChannelGetInterfaceInstance(primary));
 *   vmbus.expectSuccess(vmbus.initSetSubchannelIndex(kmcl, channel, 1));
 *   vmbus.expectSuccess(vmbus.initSetTargetProcessor(kmcl, channel, 1));
 *   return channel;
 * }
 * ```
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md section 5}
 */
export function initSetSubchannelIndex(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  subchannelIndex: number,
): NtStatus {
  const call = { name: "initSetSubchannelIndex", side: null } as const;
  return configure(
    kmcl,
    channel,
    subchannelIndex,
    call,
    ({ configuration }) => configuration.setSubchannelIndex(subchannelIndex),
  );
}

/**
 * Sets where a server stands among the offers of its interface when a guest asks for them: the lower, the earlier, and
 * so the lower its channel's number; servers that say nothing come last ([wire.md 5.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
 *
 * Statuses: SUCCESS; `_1` no live channel of a server, or not initializing any more; `_2` no u32.
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md section 5}
 */
export function initSetOfferOrder(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  offerOrder: number,
): NtStatus {
  const call = { name: "initSetOfferOrder", side: "server" } as const;
  return configure(
    kmcl,
    channel,
    offerOrder,
    call,
    ({ configuration }) => configuration.setOfferOrder(offerOrder),
  );
}

/**
 * Sets the flags of a server's offer that no function of the tables sets ([wire.md 4.4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)): 0x2 confidential ring, 0x4
 * confidential external memory, 0x8 pinned external memory. The guest sees those that it has said it knows.
 *
 * Statuses: SUCCESS; `_1` no live channel of a server, or not initializing any more; `_2` other bits.
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md section 5}
 */
export function initSetOfferFlags(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  flags: number,
): NtStatus {
  const call = { name: "initSetOfferFlags", side: "server" } as const;
  return configure(
    kmcl,
    channel,
    flags,
    call,
    ({ configuration }) => configuration.setOfferFlags(flags),
  );
}

/**
 * Sets the virtual processor on which a client is interrupted, where its callbacks run, from its next open on; `null`:
 * the host never interrupts it, and it looks at its rings by {@linkcode pollChannel}. A client that says nothing has
 * one by its channel's number.
 *
 * Statuses: SUCCESS; `_1` no live channel of a client, or not initializing any more; `_2` no processor of the guest.
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md section 5}
 */
export function initSetTargetProcessor(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  processorIndex: number | null,
): NtStatus {
  const call = { name: "initSetTargetProcessor", side: "client" } as const;
  return configure(
    kmcl,
    channel,
    processorIndex,
    call,
    ({ configuration, partition }) =>
      configuration.setTargetProcessor(processorIndex, partition.processorCount),
  );
}

/**
 * Has the host interrupt an open client on another processor of its guest (ModifyChannel, [wire.md 4.5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). Its callbacks run
 * there once the host has said so, in versions before 5.3 at once. The next open has what {@linkcode initSetTargetProcessor} said.
 *
 * Statuses, in this order: `_1` no live channel of a client; INVALID_DEVICE_STATE it is not open, or the host has not
 * answered the last change; `_2` no processor of the guest; NOT_SUPPORTED in versions before 4.1;
 * INVALID_DEVICE_REQUEST it was opened without interrupts; SUCCESS the host was asked.
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md section 5}
 */
export function setTargetProcessor(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  processorIndex: number,
): NtStatus {
  const endpoint = endpointIn(kmcl, channel);
  return traced(kmcl, "setTargetProcessor", [channel, processorIndex], () => {
    if (endpoint === null || endpoint.side !== "client") return STATUS_INVALID_PARAMETER_1;
    if (!endpoint.is("rings")) return STATUS_INVALID_DEVICE_STATE;
    return endpoint.partition.bus.ownGuest?.setTargetVp(endpoint, processorIndex) ??
      STATUS_INVALID_DEVICE_STATE;
  });
}

/**
 * Has an endpoint look at its rings as if the opposite side had signalled: for a client that is never interrupted.
 *
 * Statuses: `_1` no live channel; INVALID_DEVICE_STATE it has no rings; SUCCESS it will look.
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md section 5}
 */
export function pollChannel(kmcl: KmclClientInterfaceV1, channel: VMBCHANNEL | null): NtStatus {
  const endpoint = endpointIn(kmcl, channel);
  return traced(kmcl, "pollChannel", [channel], () => {
    if (endpoint === null) return STATUS_INVALID_PARAMETER_1;
    if (!endpoint.is("rings")) return STATUS_INVALID_DEVICE_STATE;
    endpoint.work.scheduleInterrupt();
    return STATUS_SUCCESS;
  });
}
