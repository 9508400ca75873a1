/**
 * A channel from first to last: allocate, enable, start, pause, disable, clean up (kmcl.md section 3).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { giveUpServer } from "../actors/channel/server_image.ts";
import { isStateChangeOf } from "../actors/channel/state_changes.ts";
import { currentFrame, KeGetCurrentIrql, PASSIVE_LEVEL } from "../actors/runtime/irql.ts";
import type { Device, VMBCHANNEL } from "../actors/runtime/handle.ts";
import { booleanOf } from "../core/arguments.ts";
import {
  type NtStatus,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { Driver } from "./driver.ts";
import { isExhaustedFor } from "./exhausted.ts";
import { noteEnd } from "./ends.ts";
import type { FunctionName } from "./function_names.ts";
import { endpointOf, type Kmcl, refuseWhereRefused, requireEndpoint, waiting } from "./resolve.ts";
import { isPassive, mayBlock } from "./levels.ts";
import { resolveHandle } from "./handles.ts";

/** What VmbChannelAllocate gives. */
export interface AllocateResult {
  /**
   * STATUS_SUCCESS, _1 for a bad device, _2 for no BOOLEAN or a side that it cannot have,
   * INSUFFICIENT_RESOURCES where a simulation lets it fail.
   */
  readonly status: NtStatus;
  /** The channel; null on failure. */
  readonly channel: VMBCHANNEL | null;
}

/**
 * Makes a channel endpoint, Disabled and initializing, with the defaults of kmcl.md S1.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_allocate | VmbChannelAllocate}
 */
export function VmbChannelAllocate(
  kmcl: Kmcl,
  parentDeviceObject: Device | null,
  isServer: boolean | 0 | 1,
): AllocateResult {
  refuseWhereRefused(kmcl);
  const target = resolveHandle(parentDeviceObject, "DEVICE");
  if (target === null || target.partition.runtime !== kmcl.runtime || !target.partition.isAlive) {
    return { status: STATUS_INVALID_PARAMETER_1, channel: null };
  }
  const { partition } = target;
  const asServer = booleanOf(isServer);
  const isAllowed = asServer !== null &&
    (asServer ? partition.hasServers : !partition.isRoot || mayBeLoopback(kmcl));
  if (!isAllowed) return { status: STATUS_INVALID_PARAMETER_2, channel: null };
  if (!isPassive(kmcl.runtime, "VmbChannelAllocate")) {
    return { status: STATUS_INVALID_DEVICE_REQUEST, channel: null };
  }
  if (isExhaustedFor(kmcl.runtime.faults, target.driver?.guest ?? partition, null, "channel")) {
    return { status: STATUS_INSUFFICIENT_RESOURCES, channel: null };
  }
  const endpoint = kmcl.runtime.createEndpoint(target, asServer ? "server" : "client");
  return { status: STATUS_SUCCESS, channel: new Driver(endpoint).channel };
}

/**
 * Whether a client may be allocated in the root: it is for loopback offers, so only through the client
 * table or where such an offer exists.
 */
function mayBeLoopback({ table, runtime }: Kmcl): boolean {
  return table === "client" ||
    [...runtime.root.endpoints].some((endpoint) => endpoint.configuration.isLoopback);
}

/**
 * Frees a Disabled channel.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_cleanup | VmbChannelCleanup}
 */
export function VmbChannelCleanup(kmcl: Kmcl, channel: VMBCHANNEL | null): void {
  const call = "VmbChannelCleanup";
  const endpoint = requireEndpoint(kmcl, call, channel);
  if (endpoint === null || !endpoint.partition.isAlive) return;
  const { verifier } = kmcl.runtime;
  if (!endpoint.is("disabled")) {
    const about = { channel: endpoint.place };
    return verifier.report("Cleanup while not Disabled", call, "it is not Disabled", about);
  }
  const { packets } = endpoint.outgoing;
  const left = packets.live.filter((packet) =>
    packet.actor.is("inFlight") || packet.kind === "lookaside"
  );
  if (left.length > 0) {
    const rule = "Cleanup with packets of the channel in flight or not freed";
    const packets = left.map(({ slot }) => slot).join(", ");
    const about = { channel: endpoint.place };
    const what = left.length === 1 ? "1 packet is" : `${left.length} packets are`;
    verifier.report(rule, call, `${what} left: ${packets}`, about);
  }
  noteEnd(kmcl.runtime, channel, call, endpoint);
  endpoint.cleanUp();
}

/**
 * Enables a Disabled channel, and returns at once.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_enable | VmbChannelEnable}
 */
export function VmbChannelEnable(kmcl: Kmcl, channel: VMBCHANNEL | null): NtStatus {
  const endpoint = endpointOf(kmcl, channel);
  return endpoint === null ? STATUS_INVALID_PARAMETER_1 : endpoint.enable();
}

/**
 * Disables a channel.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_disable | VmbChannelDisable}
 */
export function VmbChannelDisable(kmcl: Kmcl, channel: VMBCHANNEL | null): Promise<void> {
  const call = "VmbChannelDisable";
  return waiting(() => {
    const endpoint = requireEndpoint(kmcl, call, channel);
    if (endpoint === null || !endpoint.partition.isAlive) return;
    if (endpoint.restored !== null) giveUpServer(endpoint);
    if (endpoint.hasEnded) return;
    return mayWait(kmcl, call, endpoint) ? endpoint.disable() : undefined;
  });
}

/**
 * Lets packets flow.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_start | VmbChannelStart}
 */
export function VmbChannelStart(kmcl: Kmcl, channel: VMBCHANNEL | null): void {
  const call = "VmbChannelStart";
  const endpoint = requireEndpoint(kmcl, call, channel);
  if (endpoint === null || !endpoint.partition.isAlive) return;
  if (isInsideStateChange(kmcl, call, endpoint)) return;
  if (endpoint.is("disabled")) {
    const about = { channel: endpoint.place };
    return kmcl.runtime.verifier.report("Start in Disabled", call, "it is Disabled", about);
  }
  endpoint.start();
}

/**
 * Stops the flow of packets.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_pause | VmbChannelPause}
 */
export function VmbChannelPause(kmcl: Kmcl, channel: VMBCHANNEL | null): Promise<void> {
  const call = "VmbChannelPause";
  return waiting(() => {
    const endpoint = requireEndpoint(kmcl, call, channel);
    if (endpoint === null || !endpoint.partition.isAlive) return;
    if (isInsideStateChange(kmcl, call, endpoint)) return;
    const mayPause = endpoint.is("atRest") || mayWait(kmcl, call, endpoint);
    return mayPause ? endpoint.pause() : undefined;
  });
}

function isInsideStateChange(kmcl: Kmcl, call: FunctionName, endpoint: Endpoint): boolean {
  const frame = currentFrame();
  if (!isStateChangeOf(frame, endpoint)) return false;
  const rule = "Start or Pause inside a state change callback";
  const about = { channel: endpoint.place };
  kmcl.runtime.verifier.report(rule, call, `its ${frame?.name} is running`, about);
  return true;
}

/** Whether the running code may wait for `endpoint` to change its state: the wait could end. */
export function canWait(endpoint: Endpoint): boolean {
  return KeGetCurrentIrql() === PASSIVE_LEVEL && !isStateChangeOf(currentFrame(), endpoint);
}

/** The same for `call`, which is a violation where it may not wait. */
function mayWait(kmcl: Kmcl, call: FunctionName, endpoint: Endpoint): boolean {
  if (!mayBlock(kmcl.runtime, call)) return false;
  const frame = currentFrame();
  if (!isStateChangeOf(frame, endpoint)) return true;
  // What tells of a refused open holds nothing of its teardown up (kmcl.md S11).
  if (frame?.name === "EvtChannelPnpFailure" && endpoint.is("tearingDown")) return true;
  const name = `${frame?.name} of ${endpoint.name}`;
  const message = `${name} waits for ${endpoint.name} to be Disabled, but has to return first`;
  kmcl.runtime.verifier.report("selfWait", call, message, { channel: endpoint.place });
  return false;
}
