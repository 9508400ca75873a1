/**
 * Guests whose signals go through pages (wire.md section 6).
 *
 * @module
 */

import { assert } from "@std/assert";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { VmbusVersion } from "../../core/control/versions.ts";
import type { MonitorPage } from "../../core/signals/monitor_page.ts";
import type { Fabric, Partition, PartitionOptions } from "../../mod.ts";

/** The package's own object behind a partition. */
export function partitionBehind(partition: Partition): PartitionObject {
  assert(partition instanceof PartitionObject);
  return partition;
}

/** A guest that speaks `version`, and brings monitor pages or not. */
export function pagedGuest(
  fabric: Fabric,
  version: VmbusVersion,
  hasMonitorPages: boolean,
  options: Partial<PartitionOptions> = {},
): Partition {
  return fabric.createPartition({
    name: "guest",
    memoryPages: 512,
    vmbusVersion: version,
    monitorPages: hasMonitorPages ? "guest" : "none",
    ...options,
  });
}

/** The monitor page of a guest that has one. */
export function monitorPageOf(guest: Partition): MonitorPage {
  const { page } = partitionBehind(guest).bus.host.signals.monitor;
  assert(page !== null);
  return page;
}
