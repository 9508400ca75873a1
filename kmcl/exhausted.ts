/**
 * Allocations that a simulation lets fail (docs/simulator.md).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { FaultPort, FaultyGuest } from "../actors/runtime/fault_port.ts";

/** What is allocated. */
type Allocated = "channel" | "packet" | "request";

/** Whether nothing is left for what `endpoint` allocates now. */
export function isExhausted(endpoint: Endpoint, what: Allocated): boolean {
  const { faults } = endpoint.runtime;
  if (faults === null) return false;
  return isExhaustedFor(faults, endpoint.guest ?? endpoint.partition, endpoint.channelId, what);
}

/** The same for the drivers of `guest` and those that serve it. */
export function isExhaustedFor(
  faults: FaultPort | null,
  guest: FaultyGuest,
  channelId: number | null,
  what: Allocated,
): boolean {
  if (faults === null) return false;
  return faults.fails("allocation", { guest, channelId, direction: null, what });
}
