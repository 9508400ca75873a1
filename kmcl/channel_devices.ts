/**
 * The devices of a channel (kmcl.md X4, X5).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { createDevice, LoadedDriver } from "../actors/partition/loaded_driver.ts";
import { PartitionObject } from "../actors/partition/partition_object.ts";
import type { Device, VMBCHANNEL } from "../actors/runtime/handle.ts";
import { type Kmcl, requireEndpoint } from "./resolve.ts";

/**
 * The device that the channel was allocated for. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X4}
 */
export function VmbChannelGetParentDeviceObject(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
): Device | null {
  const endpoint = requireEndpoint(kmcl, "VmbChannelGetParentDeviceObject", channel);
  if (endpoint === null) return null;
  return LoadedDriver.of(endpoint)?.device ?? PartitionObject.of(endpoint.partition).device;
}

/**
 * The device on the VMBus of the channel's own partition over which it reaches the opposite side. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X5}
 */
export function VmbChannelGetTargetDeviceObject(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
): Device | null {
  const endpoint = requireEndpoint(kmcl, "VmbChannelGetTargetDeviceObject", channel);
  if (endpoint === null || !hasTarget(endpoint)) return null;
  const partition = PartitionObject.of(endpoint.partition);
  return endpoint.targetDevice ??= createDevice({ partition, driver: LoadedDriver.of(endpoint) });
}

/** Whether there is somebody to reach: a guest that the server is for, an offer that the client took. */
function hasTarget(endpoint: Endpoint): boolean {
  if (!endpoint.partition.isAlive) return false;
  return endpoint.side === "server" ? endpoint.guest !== null : endpoint.channel !== null;
}
