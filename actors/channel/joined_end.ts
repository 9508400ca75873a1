/**
 * Which end of a bus an endpoint joins when it is enabled.
 *
 * @module
 */

import { NT_SUCCESS, type NtStatus, STATUS_INVALID_DEVICE_REQUEST } from "../../core/ntstatus.ts";
import type { BusPort, PartitionOnBus } from "./bus_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";

/** What has to be known of the endpoint. */
export interface JoiningEndpoint extends EndpointPort {
  /** The partition of its driver. */
  readonly partition: PartitionOnBus;
  /** Server: the partition that its offer is for; null: nobody said. */
  readonly guest: PartitionOnBus | null;
  /** Server: the same as the driver says it. */
  offeredTo: PartitionOnBus | null;
  /** What its driver has set. */
  readonly driverCallbacks: { readonly takesPackets: boolean };
}

/** The end of the bus that takes `endpoint`, which is to be enabled; or why there is none. */
export function admittingEnd(endpoint: JoiningEndpoint): BusPort | NtStatus {
  const end = endOf(endpoint);
  if (!endpoint.driverCallbacks.takesPackets || end === null) return STATUS_INVALID_DEVICE_REQUEST;
  const status = end.admit(endpoint);
  return NT_SUCCESS(status) ? end : status;
}

/**
 * The end of the bus that `endpoint` joins; null: there is none. A server is offered to that trust level of its
 * guest's machine which it is for, from then on, if that level is served where the server runs (kmcl.md S14).
 */
function endOf(endpoint: JoiningEndpoint): BusPort | null {
  if (endpoint.side === "client") return endpoint.partition.bus.ownGuest;
  const level = endpoint.guest?.levelAt(endpoint.configuration.targetVtl) ?? null;
  if (level === null || level.root !== endpoint.partition) return null;
  if (endpoint.offeredTo !== null) endpoint.offeredTo = level;
  return level.bus.ownHost;
}
