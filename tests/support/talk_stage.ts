/**
 * A guest and its server with the loadable pair between them, from its beginning through any number of
 * saves and restores to its end.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import * as vmbus from "../../mod.ts";
import { type TalkGuest, talkGuestDriver, type TalkOptions } from "./talk_client.ts";
import { type TalkHost, talkHostDriver } from "./talk_server.ts";

/** A talk under way. */
export interface TalkStage {
  readonly fabric: vmbus.Fabric;
  readonly guest: vmbus.Partition;
  readonly host: TalkHost;
  readonly client: TalkGuest;
}

/** What the pair's drivers are called, for a restore. */
export const TALK_DRIVERS = { guestDrivers: [talkGuestDriver], hostDrivers: [talkHostDriver] };

/** What became of a talk: the same whatever the schedule, and however often it was saved. */
export interface TalkOutcome {
  readonly clients: readonly unknown[];
  readonly servers: readonly unknown[];
}

/** How a talk begins. */
export interface StartOptions {
  readonly fabric?: vmbus.FabricOptions;
  /** A fabric that is there already: making one takes longer than a talk. */
  readonly within?: vmbus.Fabric;
  readonly talk?: Partial<TalkOptions>;
  readonly memoryPages?: number;
  readonly processors?: number;
  /** More options of the guest. */
  readonly partition?: Partial<vmbus.PartitionOptions>;
}

/** Loads both drivers into a new guest; nothing has run yet. */
export function startTalk(options: StartOptions = {}): TalkStage {
  const fabric = options.within ?? vmbus.createFabric(options.fabric ?? {});
  const talk = { channels: 3, count: 12, ...options.talk };
  const guest = fabric.createPartition({
    name: "talking",
    memoryPages: options.memoryPages ?? 64,
    mmioMegabytes: 0,
    processors: options.processors ?? 1,
    ...options.partition,
  });
  const host = vmbus.loadHostDriver(guest, talkHostDriver, talk);
  const client = vmbus.loadGuestDriver(guest, talkGuestDriver, talk);
  return { fabric, guest, host, client };
}

/** Lets `items` steps of the loop pass; false where nothing is left to do. */
export async function step({ fabric }: TalkStage, items: number): Promise<void> {
  if (!(fabric instanceof FabricRuntime)) {
    throw new TypeError("Cannot step through another's fabric");
  }
  await fabric.loop.driveUntil("step", () => false, items);
}

/** Whether the talk is over. */
export function isOver({ host, client }: TalkStage): boolean {
  return [...host.channels, ...client.channels].every((channel) => channel.isDone());
}

/** Runs a talk to its end, checks that it went well, and tells what became of it. */
export async function finishTalk(stage: TalkStage): Promise<TalkOutcome> {
  const { fabric, host, client } = stage;
  await fabric.run();
  assertEquals(fabric.violations, []);
  const said = ({ state }: { state: { outcomes: unknown; received: unknown } }) => ({
    outcomes: state.outcomes,
    received: state.received,
  });
  const outcome = {
    clients: client.channels.map((channel) => ({ ...said(channel), counted: channel.counted })),
    servers: host.channels.map(said),
  };
  if (!isOver(stage)) throw new Error("Cannot finish the talk: it is stuck");
  return outcome;
}

/** Saves the guest; it must work out. */
export async function saveTalk(
  { guest }: TalkStage,
): Promise<{ bytes: Uint8Array; summary: vmbus.SaveSummary }> {
  const { status, bytes, reason, summary } = await vmbus.savePartition(guest);
  assertEquals([vmbus.ntStatusName(status), reason], ["STATUS_SUCCESS", null]);
  return { bytes: bytes!, summary: summary! };
}

/** Builds a saved guest again in `fabric`; it stands still. */
export function restoreTalk(fabric: vmbus.Fabric, bytes: Uint8Array): TalkStage {
  const { status, reason, partition, loaded } = vmbus.restorePartition(fabric, bytes, TALK_DRIVERS);
  assertEquals([vmbus.ntStatusName(status), reason], ["STATUS_SUCCESS", null]);
  const [host, client] = loaded.map(({ instance }) => instance);
  return {
    fabric,
    guest: partition!,
    host: host as TalkHost,
    client: client as TalkGuest,
  };
}

/** Has the guest go on in `fabric`, and be gone where it was. */
export async function migrateTalk(stage: TalkStage, fabric: vmbus.Fabric): Promise<TalkStage> {
  const { bytes } = await saveTalk(stage);
  stage.guest.destroy();
  const next = restoreTalk(fabric, bytes);
  next.guest.resume();
  return next;
}
