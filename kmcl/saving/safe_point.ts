/**
 * The moments at which a guest, or one trust level of it, can be saved: no callback of its drivers or its servers' is
 * unfinished, and, once it stands still, nothing is left to do for it where its servers run.
 *
 * @module
 */

import { Endpoint } from "../../actors/channel/endpoint.ts";
import type { PendingCallback } from "../../actors/runtime/driver_calls.ts";
import { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";

/** The endpoints of the root, or of its paravisor, that are offered to `guest`, or are to be. */
export function serversOf(guest: PartitionObject): readonly Endpoint[] {
  const { endpoints } = guest.root;
  return [...endpoints].filter((endpoint) => endpoint.guest === guest);
}

/**
 * The oldest unfinished callback of the guest's drivers, or of those that serve it; null where all have
 * ended.
 */
export function unfinishedCallback(guest: PartitionObject): PendingCallback | null {
  for (const pending of guest.runtime.callbacks.pending) {
    const { partition, owner } = pending.frame;
    const isServers = owner instanceof Endpoint && owner.guest === guest;
    const isDrivers = owner instanceof LoadedDriver && owner.guest === guest;
    if (partition === guest || isServers || isDrivers) return pending;
  }
  return null;
}

/** Whether nothing more is to be done for `guest`, whose processors stand still, where its servers run. */
export function hasSettled(guest: PartitionObject): boolean {
  return unfinishedCallback(guest) === null && unsettled(guest) === null;
}

/** What must still be done for `guest` where its servers run, in words; null: nothing. */
function unsettled(guest: PartitionObject): string | null {
  if (guest.bus.isBusy("toHost")) {
    return `${guest.name} has sent messages that the host has not taken`;
  }
  const servers = serversOf(guest);
  const { processors } = guest.root;
  const busy = new Set(
    processors.flatMap((processor) => processor.list().map(({ worker }) => worker.traceId)),
  );
  for (const server of servers) {
    if (busy.has(server.id)) return `${server.name} has work to do`;
    if (server.is("callOpened")) return `${server.name} is opening`;
    if (server.is("leaving")) {
      const { outstanding } = server.incoming.outstandingPackets;
      return `${server.name} is closing, and its driver holds ${outstanding} packets`;
    }
  }
  return null;
}

/** What `answer` gives of the first of `levels` of which it gives something. */
function firstOf<T>(
  levels: readonly PartitionObject[],
  answer: (level: PartitionObject) => T | null,
): T | null {
  for (const level of levels) {
    const given = answer(level);
    if (given !== null) return given;
  }
  return null;
}

/** Why there is no safe point: the callback that does not end, or what the servers cannot finish. */
export function whyNotSafe(levels: readonly PartitionObject[]): string {
  const pending = firstOf(levels, unfinishedCallback);
  if (pending === null) return firstOf(levels, unsettled) ?? "too many steps were needed";
  const { name, ownerName } = pending.frame;
  const waits = levels[0]!.runtime.waits.of(pending).map(
    ({ options: { call, what, heldUpBy } }) => {
      const heldUp = heldUpBy();
      return `${call} for ${what}${heldUp === null ? "" : ` (${heldUp.text})`}`;
    },
  );
  const blocked = waits.length === 0 ? "" : `: it waits in ${waits.join(" and in ")}`;
  return `${name} of ${ownerName} does not end${blocked}`;
}
