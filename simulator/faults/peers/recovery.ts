/**
 * What an operator does about an attack that nobody inside is bound to end: a device is reset, or a virtual
 * machine turned off. Then everybody who waits is answered, as documented (kmcl.md S10, S13, S15).
 *
 * @module
 */

import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { OpenChannel } from "./attack.ts";

/** Resets one end of a channel, where it is still the driver's. */
export function resetEndpoint(endpoint: Endpoint): void {
  const { partition } = endpoint;
  if (!partition.isAlive || !endpoint.actor.can("disable")) return;
  endpoint.tell({ type: "disable" });
}

/** Resets both ends of a channel. */
export function resetChannel({ server, client }: Pick<OpenChannel, "server" | "client">): void {
  resetEndpoint(server);
  resetEndpoint(client);
}

/** Turns a guest off, if it is there. */
export function turnOff(guest: PartitionObject): void {
  if (guest.isAlive) guest.crash();
}
