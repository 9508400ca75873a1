/**
 * A machine with several trust levels, at each of which the loadable pair talks.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { type TalkGuest, talkGuestDriver, type TalkOptions } from "./talk_client.ts";
import { type TalkHost, talkHostDriver } from "./talk_server.ts";
import { finishTalk, TALK_DRIVERS, type TalkOutcome, type TalkStage } from "./talk_stage.ts";

/** Options of one level; `of` is the name of the level that it is made beside. */
export type LevelSpec = Omit<vmbus.PartitionOptions, "vtlOf"> & { readonly of?: string };

const PAGES = { memoryPages: 40, mmioMegabytes: 0 };

/** Machines, by what is special of each: the first level of each is the machine. */
export const MACHINES: Readonly<Record<string, readonly LevelSpec[]>> = {
  "a paravisor that shares its memory": [
    { name: "paravisor", vtl: 2, ...PAGES, memoryPages: 80 },
    { name: "guest", of: "paravisor", redirect: true },
  ],
  "a paravisor with memory of its own": [
    { name: "paravisor", vtl: 2, ...PAGES, processors: 2 },
    { name: "guest", of: "paravisor", redirect: true, ...PAGES },
  ],
  "two levels that the host serves": [
    { name: "guest", ...PAGES, memoryPages: 80 },
    { name: "above", of: "guest", vtl: 1 },
  ],
  "a paravisor of a paravisor": [
    { name: "top", vtl: 2, ...PAGES },
    { name: "middle", of: "top", vtl: 1, redirect: true, ...PAGES },
    { name: "guest", of: "middle", redirect: true, ...PAGES },
  ],
  "a level beside a paravisor": [
    { name: "paravisor", vtl: 2, ...PAGES, memoryPages: 120 },
    { name: "guest", of: "paravisor", redirect: true },
    { name: "beside", of: "guest", vtl: 1 },
  ],
};

/** What a level has beside its pair's. */
export interface LevelStage {
  readonly fabric: vmbus.Fabric;
  /** A talk at each level, in their order. */
  readonly talks: readonly TalkStage[];
}

/** Makes a machine, with a pair at each level; nothing has run yet. */
export function startLevels(
  specs: readonly LevelSpec[],
  options: vmbus.FabricOptions = {},
  talk: TalkOptions = { channels: 1, count: 4 },
): LevelStage {
  const fabric = vmbus.createFabric(options);
  const made = new Map<string, vmbus.Partition>();
  const talks = specs.map(({ of, ...spec }): TalkStage => {
    const vtlOf = of === undefined ? null : made.get(of)!;
    const guest = fabric.createPartition({ ...spec, vtlOf });
    made.set(spec.name, guest);
    const host = vmbus.loadHostDriver(guest, talkHostDriver, talk);
    const client = vmbus.loadGuestDriver(guest, talkGuestDriver, talk);
    return { fabric, guest, host, client };
  });
  return { fabric, talks };
}

/** Builds a saved machine again in `fabric`; it stands still. */
export function restoreLevels(fabric: vmbus.Fabric, bytes: Uint8Array): LevelStage {
  const result = vmbus.restorePartition(fabric, bytes, TALK_DRIVERS);
  assertEquals([vmbus.ntStatusName(result.status), result.reason], ["STATUS_SUCCESS", null]);
  const { levels, loaded } = result;
  const of = <T>(guest: vmbus.Partition, kind: "guest" | "host") =>
    loaded.find((one) => one.level === guest && one.kind === kind)!.instance as T;
  const talks = levels.map((guest): TalkStage => ({
    fabric,
    guest,
    host: of<TalkHost>(guest, "host"),
    client: of<TalkGuest>(guest, "guest"),
  }));
  return { fabric, talks };
}

/** Runs all talks to their ends, and tells what became of each. */
export async function finishLevels({ talks }: LevelStage): Promise<readonly TalkOutcome[]> {
  const outcomes: TalkOutcome[] = [];
  for (const talk of talks) outcomes.push(await finishTalk(talk));
  return outcomes;
}
