/**
 * A small guest that is saved at a moment when it has something in every stage.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import { encodeControlMessage } from "../../core/control/codec.ts";
import * as vmbus from "../../mod.ts";
import {
  RICH,
  type RichGuest,
  richGuestDriver,
  type RichHost,
  richHostDriver,
} from "./rich_drivers.ts";
import { byteOf } from "./treatment.ts";
import { resolveHandle } from "../../kmcl/handles.ts";

/** The drivers of the guest, for a restore. */
export const RICH_DRIVERS = { guestDrivers: [richGuestDriver], hostDrivers: [richHostDriver] };

/** A fabric for it: as cheap as may be, and it continues after misuse. */
export function richFabric(trace: "digest" | "full" = "digest"): FabricRuntime {
  const fabric = vmbus.createFabric({ verifier: "record", trace });
  assert(fabric instanceof FabricRuntime);
  return fabric;
}

function endpointOf(channel: vmbus.VMBCHANNEL): Endpoint {
  return resolveHandle(channel, "VMBCHANNEL")!;
}

interface Stage {
  readonly world: FabricRuntime;
  readonly guest: PartitionObject;
  readonly clients: RichGuest["channels"];
  readonly servers: RichHost["channels"];
}

async function until({ world }: Stage, isReached: () => boolean): Promise<void> {
  assert(await world.loop.driveUntil("until", isReached, 1000), `${isReached} is reached`);
}

/** Root work alone: the guest stands still. */
async function settleHost({ world, guest }: Stage): Promise<void> {
  guest.pause();
  await world.settle();
}

/** Channels that are there, with what has no end yet: held, queued, awaited, shared. */
async function fill(stage: Stage): Promise<void> {
  const { clients, servers, world, guest } = stage;
  const { busy, lent, halted } = RICH;
  await world.settle();
  const [client, server] = [clients[busy]!, servers[busy]!];
  for (let count = 0; count < 2; count++) server.send("hold");
  await world.settle();
  client.send("hold"); // the server's quota
  await world.settle();
  client.spare();
  client.sendInitialized();
  clients[lent]!.lend();
  clients[lent]!.gpadls.push(clients[lent]!.share());
  const callers = [busy, halted].map((index) => {
    const { kmcl, channel } = clients[index]!;
    const payload = Uint8Array.of(byteOf("hold"));
    return kmcl.VmbChannelSendSynchronousRequest(channel, payload, 1, null, 1, null, 0);
  });
  for (const caller of callers) caller.catch(() => {});
  await world.settle();
  await clients[halted]!.kmcl.VmbChannelPause(clients[halted]!.channel);
  clients[halted]!.send("complete");
  const header = { message: "gpadlHeader", channelId: 1, gpadlId: 77, readOnly: false } as const;
  const rest = { byteLength: 64, rangeCount: 1, words: new Uint8Array(8) };
  guest.postControlMessage("toHost", encodeControlMessage({ ...header, ...rest }));
  await world.settle();
}

/** The moment: everything is due at once, and the guest stands still. */
async function pile(stage: Stage): Promise<void> {
  const { clients, servers, guest } = stage;
  const at = (index: number) => endpointOf(clients[index]!.channel);
  await settleHost(stage);
  servers[RICH.opening]!.begin(null);
  await settleHost(stage);
  guest.resume();
  await until(stage, () => at(RICH.opening).changes.current === "opened");
  await settleHost(stage);
  servers[RICH.connecting]!.begin(null);
  servers[RICH.lent]!.send("defer");
  await settleHost(stage);
  guest.resume();
  await until(
    stage,
    () => at(RICH.connecting).is("connecting") && at(RICH.lent).incoming.progress.isHeadPassive,
  );
  await settleHost(stage);
  const lent = clients[RICH.lent]!;
  lent.delete(lent.share());
  lent.kmcl.VmbChannelSetInterruptLatency(lent.channel, 5000);
  lent.send("complete", 0);
  const client = clients[RICH.busy]!;
  client.send("complete", 0, null, false);
  for (let count = 0; count < 6; count++) client.send("complete", count % 2);
  client.complete(client.held.shift());
  guest.postControlMessage("toGuest", Uint8Array.of(99, 1, 2)); // a host may say anything
  await settleHost(stage);
}

/** A saved rich guest, with what it was saved from. */
export async function saveRichGuest(): Promise<{
  readonly bytes: Uint8Array;
  readonly stage: Stage;
  readonly summary: vmbus.SaveSummary;
}> {
  const world = richFabric();
  const guest = world.createPartition({
    name: "rich",
    memoryPages: 40,
    mmioMegabytes: 2,
    processors: 2,
  });
  assert(guest instanceof PartitionObject);
  const { channels: servers } = vmbus.loadHostDriver(guest, richHostDriver);
  const { channels: clients } = vmbus.loadGuestDriver(guest, richGuestDriver);
  const stage = { world, guest, clients, servers };
  await fill(stage);
  await pile(stage);
  const { bytes, reason, summary } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  return { bytes: bytes!, stage, summary: summary! };
}
