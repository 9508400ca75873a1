/**
 * What is alive and should not be at the end (kmcl.md section 9, last paragraph).
 *
 * @module
 */

import { hex } from "../../core/memory/memory_checks.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import { PartitionObject } from "../partition/partition_object.ts";
import type { Leak } from "./leak.ts";
import type { InspectedFabric } from "./inspect.ts";

/** Everything in `runtime` that still lives. */
export function findLeaks(runtime: InspectedFabric): Leak[] {
  const leaks = runtime.partitions.filter((partition) => partition.isAlive).flatMap(
    leaksOfPartition,
  );
  for (const { description } of runtime.waits.all) {
    leaks.push({ kind: "caller", owner: "fabric", message: description });
  }
  return leaks;
}

function leaksOfPartition(partition: PartitionObject): Leak[] {
  const owner = partition.name;
  const leaks = [...partition.endpoints].flatMap(leaksOfEndpoint);
  for (let count = partition.kernelHandles.size; count > 0; count--) {
    leaks.push({
      kind: "kernelHandle",
      owner,
      message: "a kernel handle was not closed by ZwClose",
    });
  }
  if (partition.sharesMemory) return leaks; // the memory is another level's
  const sharing = partition.levels.filter(({ memory }) => memory === partition.memory);
  const known = new Set(sharing.flatMap(pagesOfBus));
  for (const buffer of partition.memory.buffers.values()) {
    if (known.has(buffer)) continue;
    const message = `${buffer.byteCount} bytes at ${hex(buffer.gpa)} were not freed`;
    leaks.push({ kind: "memory", owner, message });
  }
  return leaks;
}

/**
 * Buffers that no driver frees: those of rings, also where the host has not confirmed them, pages for signals, and
 * bounce buffers.
 */
function pagesOfBus({ bus: { ownGuest, ownHost }, endpoints }: PartitionObject) {
  const taken = ownGuest?.channels.map((channel) => channel.taken?.ringPages) ?? [];
  const forsaken = ownGuest?.gpadls.all.map(({ pages }) => pages) ?? [];
  const bounce = [...endpoints].flatMap((endpoint) => endpoint.bounce?.buffers ?? []);
  const signals = [...ownGuest?.signals.buffers ?? [], ownHost?.signals.hostPage];
  return [...taken, ...forsaken, ...signals, ...bounce];
}

function leaksOfEndpoint(endpoint: Endpoint): Leak[] {
  const owner = `${endpoint.name} in ${endpoint.partition.name}`;
  const leaks: Leak[] = [{ kind: "channel", owner, message: "it was not cleaned up" }];
  for (const packet of endpoint.outgoing.packets.live) {
    const isInFlight = packet.actor.is("inFlight");
    if (packet.kind !== "lookaside" && !isInFlight) continue;
    const message = `packet ${packet.slot} is ${isInFlight ? "in flight" : "not freed"}`;
    leaks.push({ kind: "packet", owner, message });
  }
  const { ownGuest } = PartitionObject.of(endpoint.partition).bus;
  for (const gpadl of ownGuest?.gpadls.of(endpoint) ?? []) {
    leaks.push({ kind: "gpadl", owner, message: `GPADL ${gpadl.handle} was not deleted` });
  }
  return leaks;
}
