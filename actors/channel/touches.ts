/**
 * What the work of an endpoint touches beside itself and its processor: which orders of work items are worth
 * trying (`schedule: "pos"`).
 *
 * @module
 */

import type { Touch } from "../runtime/chooser.ts";
import type { BusChannel } from "./bus_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import type { PartitionPort } from "./partition_port.ts";

/** The part of a guest's memory, which stands for its bus, that says all channels and offers of the bus. */
export const WHOLE_BUS = "bus";

/** What an endpoint says of where it is. */
export interface PlacedEndpoint extends EndpointPort {
  /** The channel that it is on; null while it is on none. */
  readonly channel: BusChannel | null;
  /** Server: the partition that its offer is for; null where nobody said. */
  readonly guest: PartitionPort | null;
}

/**
 * Its channel's rings, which the opposite endpoint has as well; what is said on its bus; and the endpoint,
 * which has workers of two kinds. What a driver does to other channels of its, or to variables that its
 * callbacks share, is not foreseen.
 */
export function touchesOf(endpoint: PlacedEndpoint): readonly Touch[] {
  const { channel, guest, partition, side } = endpoint;
  const own: Touch = { of: endpoint, part: "", writes: true };
  const bus = channel?.memory ?? (side === "client" ? partition : guest)?.memory ?? null;
  if (bus === null) return [own];
  const id = channel?.channelId ?? null;
  return [
    own,
    { of: bus, part: WHOLE_BUS, writes: false },
    { of: bus, part: side === "client" ? "toHost" : "toGuest", writes: true },
    ...id === null ? [] : [{ of: bus, part: id, writes: true }],
  ];
}

/** What a step between an endpoint and its rings touches, in which no driver's code runs and nothing is said. */
export function ringTouchesOf(endpoint: PlacedEndpoint): readonly Touch[] {
  const { channel } = endpoint;
  const own: Touch = { of: endpoint, part: "", writes: false };
  if (channel === null) return [own];
  return [own, { of: channel.memory, part: channel.channelId ?? "", writes: true }];
}
