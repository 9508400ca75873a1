// Images of endpoints, taken after every work item of a busy channel (docs/saved-state.md).

import { assert, assertEquals } from "@std/assert";
import type { Rings } from "../../../actors/channel/bus_port.ts";
import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import { CHANNEL_ACTORS } from "../../../actors/channel/actor_kinds.ts";
import {
  CLIENT,
  type ClientImage,
  imageOfClient,
  prepareClient,
  resumeClient,
} from "../../../actors/channel/client_image.ts";
import { readServer, saveServer } from "../../../actors/channel/server_image.ts";
import { stateWith } from "../../../actors/chart/persisted.ts";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import type { RuntimePort } from "../../../actors/runtime/runtime_port.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { Chance } from "../../../core/chance.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import { encodePlainData } from "../../../core/saved/plain_data.ts";
import { decodePlainData } from "../../../core/saved/plain_data_reader.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair, type Pair } from "../../support/connected_pair.ts";
import { times } from "../../support/long.ts";
import { endpointOf } from "../../support/saving_server.ts";

const WANTS = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** A pair with little rings, whose drivers hold, defer, complete and transfer as chance has it. */
function busyPair(chance: Chance, interpreter: vmbus.Interpreter): Pair {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const receive =
    (kmcl: () => vmbus.KmclClientInterfaceV1): vmbus.EvtChannelProcessPacket =>
    (_channel, packet, buffer, length) => {
      const way = chance.below(4);
      if (way === 0) {
        held.push(packet);
        if (length % 4 === 0) (buffer.buffer as ArrayBuffer).transfer(); // to a worker, say
      } else if (way === 1 && vmbus.KeGetCurrentIrql() === 2) {
        return kmcl().VmbChannelPacketDeferToPassive(packet);
      } else kmcl().VmbChannelPacketComplete(packet, buffer, length);
      for (const one of held.splice(0, chance.below(3))) {
        kmcl().VmbChannelPacketComplete(one, null, 0);
      }
    };
  // A driver that is told to Suspend completes what it has.
  const finish = (kmcl: () => vmbus.KmclClientInterfaceV1) => () => {
    for (const one of held.splice(0)) kmcl().VmbChannelPacketComplete(one, null, 0);
  };
  const pair: Pair = makePair({
    fabric: { interpreter, trace: "off", verifier: "record" },
    partition: { memoryPages: 64, mmioMegabytes: 4 },
    ringPages: [1, 1],
    server: (vsp, channel) => {
      vsp.VmbServerChannelInitSetMmioMegabytes(channel, 1, 0);
      vsp.VmbChannelSetTransactionQuota(channel, 3);
    },
    client: (vsc, channel) => {
      vsc.VmbChannelInitSetMaximumExternalData(channel, 8192, 2);
      vsc.VmbChannelSetTransactionQuota(channel, 3);
    },
    onServerPacket: receive(() => pair.vsp),
    onClientPacket: receive(() => pair.vsc),
    serverCallbacks: { EvtChannelSuspend: finish(() => pair.vsp) },
    clientCallbacks: { EvtChannelSuspend: finish(() => pair.vsc) },
  });
  return pair;
}

/** Does something that a driver may do. */
function act(pair: Pair, chance: Chance): void {
  const { vsp, vsc, server, client, guest } = pair;
  const isServer = chance.below(2) === 0;
  const kmcl = isServer ? vsp : vsc;
  const channel = isServer ? server : client;
  const payload = chance.bytes(chance.below(1500));
  switch (chance.below(12)) {
    case 0:
      if (vmbus.inspectChannel(client)?.lifecycle !== "opened") break;
      vsc.VmbChannelSetInterruptLatency(client, chance.below(2) * 500);
      break;
    case 1:
      vsc.VmbPacketAllocate(client); // kept
      break;
    case 2: {
      const mdl = vmbus.IoAllocateMdl(guest.memory, 4096 * chance.below(50) + 10, 5000);
      vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), payload, 5, mdl, WANTS);
      break;
    }
    default: {
      const packet = kmcl.VmbPacketAllocate(channel);
      kmcl.VmbPacketSend(packet, payload, payload.length, null, chance.below(2) * WANTS);
    }
  }
}

function must<T>(read: () => T): T {
  const outcome = readSaved(read);
  if (outcome instanceof SavedStateFault) throw new Error(outcome.message);
  return outcome;
}

/** A client of `partition` that is what was saved, as whoever restores the partition makes it. */
function restoreClient(
  partition: PartitionObject,
  image: ClientImage,
  rings: Rings | null,
  driverCallbacks: Endpoint["driverCallbacks"],
): Endpoint {
  const { channelId } = image.traffic;
  const { memory } = partition;
  const chart = partition.runtime.actors.chart(CHANNEL_ACTORS.client);
  const state = stateWith(chart, image.traffic.state.value);
  const endpoint = FabricRuntime.of(partition.runtime).createEndpoint(
    { partition, driver: null },
    "client",
    state,
  );
  endpoint.driverCallbacks = { ...driverCallbacks, freed: () => {} };
  prepareClient(endpoint, image);
  const none = {
    instance: null,
    memory,
    mmio: null,
    rings: null,
    targetVp: 0,
    doorbell: null,
    monitored: null,
    isRingConfidential: false,
    isMemoryConfidential: false,
  };
  if (channelId !== null) endpoint.join({ ...none, channelId });
  resumeClient(endpoint, image, rings);
  if (image.signalAfter100ns !== null) endpoint.signal.arm(image.signalAfter100ns);
  return endpoint;
}

function bytesOf(client: Endpoint): Uint8Array {
  return encodePlainData(CLIENT.save(imageOfClient(client)));
}

/** The image of a client comes back from its bytes, and a client made of it has the same image. */
function checkClient(endpoint: Endpoint, other: PartitionObject): Uint8Array {
  const bytes = bytesOf(endpoint);
  const image = must(() => CLIENT.read(decodePlainData(bytes), () => "client"));
  const copy = must(() => restoreClient(other, image, endpoint.rings, endpoint.driverCallbacks));
  assertEquals(copy.actor.snapshot.value, endpoint.actor.snapshot.value);
  assertEquals(bytesOf(copy), bytes);
  // What it pinned is let go of; the rest of it has no hold on anything.
  for (const packet of copy.outgoing.packets.live) {
    for (const { pfns } of packet.ranges) other.memory.unpin(pfns);
  }
  copy.cleanUp();
  return bytes;
}

/** What may be saved of a server is taken by a server like it. */
function checkServer(endpoint: Endpoint): boolean {
  if (!endpoint.actor.can("saveBegin")) return false;
  const chunks = saveServer(endpoint).map(({ chunk }) => {
    const { type, data } = chunk(new Uint8Array(0));
    return { type, data: decodePlainData(encodePlainData(data)) };
  });
  must(() => readServer(chunks, endpoint));
  return true;
}

/** Runs one work item at a time, and hands the world over after each. */
function stepThrough(runtime: RuntimePort, after: () => void): void {
  const world = FabricRuntime.of(runtime);
  for (let item = world.scheduler.next(); item !== null; item = world.scheduler.next()) {
    world.runItem(item);
    after();
  }
}

async function walk(
  interpreter: vmbus.Interpreter,
  seed: number,
  rounds: number,
): Promise<string[]> {
  const chance = Chance.fromSeed(seed);
  const pair = busyPair(chance, interpreter);
  const { vsp, vsc, server, client } = pair;
  const endpoints = [endpointOf(client), endpointOf(server)] as const;
  const { runtime: world } = endpoints[0];
  const other = pair.fabric.createPartition({ name: "other", memoryPages: 64 }) as PartitionObject;
  const states = new Set<string>();
  const check = () => {
    checkClient(endpoints[0], other);
    const isSaved = checkServer(endpoints[1]);
    const { value } = endpoints[0].actor.snapshot;
    states.add(JSON.stringify([value, isSaved]));
  };
  check();
  enablePair(pair);
  check();
  for (let round = 0; round < rounds; round++) {
    stepThrough(world, check);
    const way = chance.below(10);
    const [kmcl, channel] = chance.below(2) === 0 ? [vsp, server] as const : [vsc, client] as const;
    if (way === 0) void kmcl.VmbChannelPause(channel);
    else if (way === 1) kmcl.VmbChannelStart(channel);
    else if (way === 2 && round % 3 === 0) void vsc.VmbChannelDisable(client);
    else if (way === 3 && endpoints[0].is("disabled")) vsc.VmbChannelEnable(client);
    else for (let acts = chance.below(6); acts > 0; acts--) act(pair, chance);
    check();
    if (endpoints[0].is("disabled")) vsc.VmbChannelEnable(client);
  }
  stepThrough(world, check);
  await pair.fabric.advance(1);
  check();
  return [...states];
}

for (const interpreter of ["compiled", "stock"] as const) {
  Deno.test(`CLIENT: takes every image that a busy client can have (${interpreter})`, async () => {
    const states = new Set<string>();
    const [seeds, rounds] = interpreter === "stock" ? [1, 20] : [times(3, 12), 60];
    for (let seed = 0; seed < seeds; seed++) {
      for (const state of await walk(interpreter, seed, rounds)) states.add(state);
    }
    if (interpreter === "compiled") assert(states.size > 25, `${states.size} states`);
  });
}

Deno.test("imageOfClient: why an open was refused is kept until the driver knows", async () => {
  const pair = makePair({
    fabric: { trace: "off" },
    serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_ACCESS_DENIED },
  });
  enablePair(pair);
  const endpoint = endpointOf(pair.client);
  const other = pair.fabric.createPartition({ name: "other" }) as PartitionObject;
  let dueCount = 0;
  stepThrough(endpoint.runtime, () => {
    checkClient(endpoint, other);
    if (endpoint.changes.untoldRefusal === vmbus.STATUS_ACCESS_DENIED) dueCount++;
  });
  assert(dueCount > 0);
  assertEquals(pair.calls.at(-1), "client PnpFailure STATUS_ACCESS_DENIED");
  await pair.fabric.settle();
});

Deno.test("resumeClient: a signal that is due comes after the time that was left", async () => {
  const pair = makePair();
  enablePair(pair);
  await pair.fabric.settle();
  const { vsc, client, fabric } = pair;
  await fabric.advance(7);
  vsc.VmbChannelSetInterruptLatency(client, 50_000); // 5 ms
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, 0);
  await fabric.advance(2);
  const endpoint = endpointOf(client);
  const image = must(() => CLIENT.read(CLIENT.save(imageOfClient(endpoint)), () => "client"));
  assertEquals([image.latency100ns, image.signalAfter100ns], [50_000, 30_000]);
  const elsewhere = makePair();
  await elsewhere.fabric.advance(1);
  const guest = elsewhere.guest as PartitionObject;
  const copy = restoreClient(guest, image, endpoint.rings, endpoint.driverCallbacks);
  assertEquals([copy.latency100ns, copy.signal.remaining100ns], [50_000, 30_000]);
  await elsewhere.fabric.advance(2);
  assertEquals(copy.signal.remaining100ns, 10_000);
  await elsewhere.fabric.advance(2);
  assertEquals(copy.signal.remaining100ns, null);
  await fabric.advance(10);
  await closePair(pair);
});

Deno.test("saveServer: a channel without traffic is small", async () => {
  const pair = makePair();
  enablePair(pair);
  await pair.fabric.settle();
  await pair.vsp.VmbChannelPause(pair.server);
  const chunks = saveServer(endpointOf(pair.server));
  assertEquals(chunks.map(({ chunk }) => chunk(new Uint8Array(0)).type), [1, 2]);
  assert(bytesOf(endpointOf(pair.client)).length < 1024);
  await closePair(pair);
});
