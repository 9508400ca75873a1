/**
 * A channel from first to last: allocate, enable, start, pause, disable, clean up (kmcl.md section 3).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { giveUpServer } from "../actors/channel/server_image.ts";
import type { Side } from "../actors/channel/types.ts";
import type { DeviceTarget } from "../actors/partition/loaded_driver.ts";
import { isU32 } from "../core/units.ts";
import { isStateChangeOf } from "../actors/channel/state_changes.ts";
import { currentFrame, KeGetCurrentIrql, PASSIVE_LEVEL } from "../actors/runtime/irql.ts";
import type { Device, VMBCHANNEL } from "../actors/runtime/handle.ts";
import { booleanOf, bytesOf } from "../core/arguments.ts";
import { holdsBytes, wholeOf } from "../core/bytes.ts";
import {
  type NtStatus,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_4,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { Driver } from "./driver.ts";
import { isExhaustedFor } from "./exhausted.ts";
import { noteEnd } from "./ends.ts";
import type { FunctionName } from "./function_names.ts";
import { endpointOf, type Kmcl, refuseWhereRefused, requireEndpoint, waiting } from "./resolve.ts";
import { isPassive, mayBlock } from "./levels.ts";
import { resolveHandle } from "./handles.ts";
import { initializeChannel } from "./initialized_packets.ts";

/** Bytes of a channel in memory of the caller. */
const CHANNEL_BYTES = 1024;

/** What VmbChannelAllocate gives, and VmbChannelInitialize. */
export interface AllocateResult {
  /**
   * STATUS_SUCCESS, _1 for a bad device, _2 for no BOOLEAN or a side that it cannot have,
   * INSUFFICIENT_RESOURCES where a simulation lets it fail. VmbChannelInitialize: _3 no buffer, or something that is in
   * use lies in it; _4 fewer bytes than VmbSizeofChannel, or more than the buffer has.
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
  const failed = (status: NtStatus) => ({ status, channel: null });
  const place = placeFor(kmcl, parentDeviceObject, isServer);
  if (typeof place === "number") return failed(place);
  if (!isPassive(kmcl.runtime, "VmbChannelAllocate")) return failed(STATUS_INVALID_DEVICE_REQUEST);
  const { driver, partition } = place.target;
  if (isExhaustedFor(kmcl.runtime.faults, driver?.guest ?? partition, null, "channel")) {
    return failed(STATUS_INSUFFICIENT_RESOURCES);
  }
  return { status: STATUS_SUCCESS, channel: makeChannel(kmcl, place) };
}

/**
 * The same in memory of the caller. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X11}
 */
export function VmbChannelInitialize(
  kmcl: Kmcl,
  parentDeviceObject: Device | null,
  isServer: boolean | 0 | 1,
  vmbChannel: ArrayBufferView | null,
  byteCount: number,
): AllocateResult {
  const failed = (status: NtStatus) => ({ status, channel: null });
  const place = placeFor(kmcl, parentDeviceObject, isServer);
  if (typeof place === "number") return failed(place);
  const buffer = bytesOf(vmbChannel);
  if (buffer === null) return failed(STATUS_INVALID_PARAMETER_3);
  const isLarge = isU32(byteCount) && byteCount >= CHANNEL_BYTES && holdsBytes(buffer, byteCount);
  if (!isLarge) return failed(STATUS_INVALID_PARAMETER_4);
  if (!isPassive(kmcl.runtime, "VmbChannelInitialize")) {
    return failed(STATUS_INVALID_DEVICE_REQUEST);
  }
  const memory = wholeOf(buffer);
  const make = () => makeChannel(kmcl, place);
  const channel = initializeChannel(kmcl.runtime, memory, CHANNEL_BYTES, make);
  return channel === null
    ? failed(STATUS_INVALID_PARAMETER_3)
    : { status: STATUS_SUCCESS, channel };
}

/**
 * Bytes of the buffer that VmbChannelInitialize needs. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X11}
 */
export function VmbSizeofChannel(kmcl: Kmcl): number {
  refuseWhereRefused(kmcl);
  return CHANNEL_BYTES;
}

/** For whom a channel is made, and which end it is to be. */
interface ChannelMaker {
  readonly target: DeviceTarget;
  readonly side: Side;
}

/** The maker of a channel, or the status that says why there can be none: a bad device, or a side that it cannot have. */
function placeFor(kmcl: Kmcl, device: unknown, isServer: unknown): ChannelMaker | NtStatus {
  refuseWhereRefused(kmcl);
  const target = resolveHandle(device, "DEVICE");
  if (target === null || target.partition.runtime !== kmcl.runtime || !target.partition.isAlive) {
    return STATUS_INVALID_PARAMETER_1;
  }
  const { partition } = target;
  const asServer = booleanOf(isServer);
  const isAllowed = asServer !== null &&
    (asServer ? partition.hasServers : !partition.isRoot || mayBeLoopback(kmcl));
  return isAllowed ? { target, side: asServer ? "server" : "client" } : STATUS_INVALID_PARAMETER_2;
}

function makeChannel({ runtime }: Kmcl, { target, side }: ChannelMaker): VMBCHANNEL {
  return new Driver(runtime.createEndpoint(target, side)).channel;
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
