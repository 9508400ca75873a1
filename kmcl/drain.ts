/**
 * A help for drivers that close a channel and want what they sent last to arrive.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { AwaitedPromise } from "../actors/runtime/awaited_promise.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import {
  type NtStatus,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { copyMembers } from "../core/structures.ts";
import { isUint } from "../core/units.ts";
import { canWait } from "./channel_lifecycle.ts";
import { endpointIn, traced } from "./own_calls.ts";
import { waiting } from "./resolve.ts";
import type { KmclClientInterfaceV1 } from "./tables.ts";

/** How a channel is drained. */
export interface DrainOptions {
  /** The longest that it may take, in 100 ns of virtual time: a whole number from 0 on. */
  readonly timeout100ns: number;
}

/**
 * VmbChannelDisable, once what was sent on the channel has been read ([kmcl.md S16](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)): every packet and
 * completion that the driver sent before the call was taken by the opposite side, which must be open and
 * running, and each transaction has ended; packets that had arrived were given to the driver. Then
 * EvtChannelSuspend is called, the driver retires what it holds, and the opposite side reads those
 * completions, too. When the time is up, the channel is disabled as it is, by VmbChannelDisable with
 * all that this waits for: a server does not wait for its guest, a client waits until the host has closed.
 *
 * Statuses: SUCCESS what was sent before the call was read; CANCELLED the time was up before that;
 * DEVICE_REMOVED the channel closed or failed before that. Where nothing was done: `_1` no live channel,
 * `_2` a bad timeout, INVALID_DEVICE_REQUEST where VmbChannelDisable must not be called. The first and the
 * last of these are violations of VmbChannelDisable.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 *
 * const fabric = vmbus.createFabric();
 * const { kmcl } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
 *   fabric.root.device, vmbus.KMCL_SERVER_INTERFACE_TYPE, vmbus.KMCL_SERVER_INTERFACE_V1_SIZE, 1));
 * const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(fabric.root.device, true));
 * const status = await vmbus.drainAndDisable(kmcl, channel, { timeout100ns: 10_000_000 });
 * console.log(vmbus.ntStatusName(status)); // STATUS_SUCCESS
 * kmcl.VmbChannelCleanup(channel);
 * ```
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md S16}
 */
export function drainAndDisable(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  options: DrainOptions,
): Promise<NtStatus> {
  return waiting(() => {
    const timeout100ns = copyMembers(options, ["timeout100ns"])?.timeout100ns;
    const endpoint = endpointIn(kmcl, channel);
    return traced(
      kmcl,
      "drainAndDisable",
      [channel, timeout100ns],
      () => drain(kmcl, channel, endpoint, timeout100ns),
    );
  });
}

function drain(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  endpoint: Endpoint | null,
  timeout100ns: unknown,
): Promise<NtStatus> {
  if (endpoint !== null && !isUint(timeout100ns, Number.MAX_SAFE_INTEGER)) {
    return Promise.resolve(STATUS_INVALID_PARAMETER_2);
  }
  const hasTraffic = endpoint !== null && endpoint.partition.isAlive &&
    endpoint.restored === null && !endpoint.is("disabled");
  if (hasTraffic && canWait(endpoint)) {
    const deadline100ns = endpoint.runtime.clock.now100ns + (timeout100ns as number);
    return endpoint.drainAndDisable(Math.min(deadline100ns, Number.MAX_SAFE_INTEGER));
  }
  // Only that call remains to be waited for, or a misuse to be reported.
  const disabled: unknown = kmcl.VmbChannelDisable(channel);
  const statusOfRest = hasTraffic ? STATUS_INVALID_DEVICE_REQUEST : STATUS_SUCCESS;
  const status: NtStatus = endpoint === null ? STATUS_INVALID_PARAMETER_1 : statusOfRest;
  const isOver = () => {
    if (endpoint !== null) tellOver(endpoint, status);
    return status;
  };
  return disabled instanceof AwaitedPromise
    ? disabled.map(isOver)
    : Promise.resolve(disabled).then(isOver);
}

/** Tells the trace how a call ended for which no wait of its own has begun. */
function tellOver({ id, runtime: { recorder, clock } }: Endpoint, status: NtStatus): void {
  const details = { call: "drainAndDisable", status };
  recorder.imply(clock.now100ns, "waitEnded", id, { details });
}
