/**
 * What an operator does about an attack that nobody inside is bound to end: a device is reset, or a virtual
 * machine turned off. Then everybody who waits is answered, as documented (kmcl.md S10, S13, S15).
 *
 * @module
 */

import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { FaultyWorld } from "../faulty_world.ts";

/** Resets one end of a channel, where it is still the driver's. */
function resetEndpoint(endpoint: Endpoint): void {
  const { partition } = endpoint;
  if (!partition.isAlive || !endpoint.actor.can("disable")) return;
  endpoint.tell({ type: "disable" });
}

/**
 * Resets both ends of channel `channelId` of the guest called `name`, or, where that is null, turns the guest off. It
 * may have moved since it was attacked, so that it is another object now.
 */
export function recover(world: FaultyWorld, name: string, channelId: number | null): void {
  for (const { guest } of world.living(name)) {
    if (channelId === null) guest.crash();
    else for (const endpoint of endsOf(guest, channelId)) resetEndpoint(endpoint);
  }
}

/** The ends of a channel, the server first. */
function endsOf(guest: PartitionObject, channelId: number): readonly Endpoint[] {
  const servers = [...guest.root.endpoints].filter((server) => server.guest === guest);
  return [...servers, ...guest.endpoints].filter((endpoint) => endpoint.channelId === channelId);
}
