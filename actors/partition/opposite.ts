/**
 * Which two endpoints belong together.
 *
 * @module
 */

import type { Endpoint } from "../channel/endpoint.ts";
import { PartitionObject } from "./partition_object.ts";

/**
 * The endpoint at the other end of a channel; null while there is none. While both close, the bus has
 * parted them already, and one may wait for the other all the same: then the channel's number tells.
 */
export function oppositeOf(endpoint: Endpoint): Endpoint | null {
  const { channelId, side } = endpoint;
  const isClient = side === "client";
  const guest = isClient ? endpoint.partition : endpoint.guest;
  if (channelId === null || guest === null) return null;
  const { bus, root, endpoints } = PartitionObject.of(guest);
  const joined = isClient
    ? bus.ownHost?.channel(channelId)?.endpoint
    : bus.ownGuest?.byId.get(channelId)?.taken?.client;
  if (joined) return joined;
  const isOpposite = (other: Endpoint) =>
    other.side !== side && other.channelId === channelId &&
    (!isClient || other.guest === guest);
  return [...(isClient ? root.endpoints : endpoints)].find(isOpposite) ?? null;
}
