/**
 * A program of its own, run with `--v8-flags=--expose-gc`: does cycles of what drivers and programs do again
 * and again, and prints by how many bytes the heap has grown for each, as one line of JSON.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import {
  clientTable,
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  serverTable,
} from "../support/connected_pair.ts";
import { lifeGuestDriver } from "../support/life_drivers.ts";

/** What is done again and again; `count` is how often. */
type Cycle = (count: number) => Promise<void> | void;

/** How often cycles are done that take microseconds, and those that take a part of a millisecond. */
const MANY = 10_000;
const SOME = 400;
const FEW = 250;

const PAGE_BYTES = 4096;

/** Bytes of all live objects, buffers included. */
async function liveBytes(): Promise<number> {
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    (globalThis as unknown as { gc(): void }).gc();
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Bytes that stay for each time that `cycle` is done, once all that grows to a size of its own has done so. */
async function growth(cycle: Cycle, count: number): Promise<number> {
  await cycle(count);
  let least = Infinity;
  let before = await liveBytes();
  for (let round = 0; round < 4 && least > 20; round++) {
    await cycle(count);
    const after = await liveBytes();
    least = Math.min(least, (after - before) / count);
    before = after;
  }
  return least;
}

/** A guest with a client that is allocated and not enabled. */
function makeClient(): Pick<Pair, "fabric" | "guest" | "vsc" | "client"> {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const vsc = clientTable(guest);
  return { fabric, guest, vsc, client: vsc.VmbChannelAllocate(guest.device, false).channel! };
}

/** Creates guests, uses a page of each and a channel with packets, and ends each as told. */
function guests(ends: readonly ("crash" | "destroy")[], hasChannel: boolean): Cycle {
  const fabric = vmbus.createFabric({ rootMemoryPages: 1 });
  return async (count) => {
    for (let at = 0; at < count; at++) {
      const guest = fabric.createPartition({ name: "guest", memoryPages: 4 });
      guest.memory.write(0, Uint8Array.of(1));
      if (hasChannel) {
        const vsc = clientTable(guest);
        const { channel } = vsc.VmbChannelAllocate(guest.device, false);
        for (let packet = 0; packet < 4; packet++) vsc.VmbPacketAllocate(channel);
      }
      for (const end of ends) guest[end]();
    }
    await fabric.settle();
  };
}

/** A step on a pair that is open. */
async function onOpenPair(step: (pair: Pair) => Promise<void> | void): Promise<Cycle> {
  const pair = await openPair();
  return async (count) => {
    for (let at = 0; at < count; at++) await step(pair);
    await pair.fabric.settle();
  };
}

function repeatedly(step: () => Promise<void> | void): Cycle {
  return async (count) => {
    for (let at = 0; at < count; at++) await step();
  };
}

/** Opens and closes channels of one guest, each allocated and cleaned up. */
function channels(): Cycle {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 256 });
  return repeatedly(async () => {
    const pair = makePair({ within: { fabric, guest } });
    enablePair(pair);
    await fabric.settle();
    await closePair(pair);
    pair.calls.length = 0;
  });
}

/** A client that opens a channel whose server refuses it each time. */
function refusedOpens(): Cycle {
  const pair = makePair({ serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_UNSUCCESSFUL } });
  const { vsc, vsp, client, server, fabric, calls } = pair;
  vsp.VmbChannelEnable(server);
  return repeatedly(async () => {
    vsc.VmbChannelEnable(client);
    await fabric.settle();
    await vsc.VmbChannelDisable(client);
    calls.length = 0;
  });
}

/** A server that takes its offer back and makes it again, while its client waits for the next. */
async function rescinds(): Promise<Cycle> {
  const { vsp, server, fabric, calls } = await openPair();
  return repeatedly(async () => {
    await vsp.VmbChannelDisable(server);
    await fabric.settle();
    vsp.VmbChannelEnable(server);
    await fabric.settle();
    calls.length = 0;
  });
}

/** Saves a guest, destroys it, and restores it, over and over. */
function saves(): Cycle {
  const fabric = vmbus.createFabric();
  let guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  vmbus.loadGuestDriver(guest, lifeGuestDriver, {});
  return repeatedly(async () => {
    const { bytes } = vmbus.expectSuccess(await vmbus.savePartition(guest));
    guest.destroy();
    const options = { guestDrivers: [lifeGuestDriver] };
    guest = vmbus.expectSuccess(vmbus.restorePartition(fabric, bytes, options)).partition;
    guest.resume();
    await fabric.settle();
  });
}

function packetsInitialized(): Cycle {
  const { vsc, client } = makeClient();
  const byteCount = vsc.VmbChannelSizeofPacket(client);
  const pool = new Uint8Array(4 * byteCount);
  let at = 0;
  return repeatedly(() => {
    const memory = pool.subarray(at++ % 4 * byteCount);
    vmbus.expectSuccess(vsc.VmbPacketInitialize(client, memory, byteCount));
  });
}

function packetsAllocated(): Cycle {
  const { vsc, client } = makeClient();
  return repeatedly(() => vsc.VmbPacketFree(vsc.VmbPacketAllocate(client)));
}

function kernelHandles(): Cycle {
  const fabric = vmbus.createFabric();
  const vsp = serverTable(fabric);
  const { vmbusHandle } = fabric.createPartition({ name: "guest", memoryPages: 1 });
  return repeatedly(() => {
    vmbus.ZwClose(vsp.VmbConvertVmbusHandleToKernelHandle(vmbusHandle).kernelHandle);
  });
}

function gpadls(): Promise<Cycle> {
  return onOpenPair(async ({ vsc, vsp, client, server, guest, fabric }) => {
    const buffer = guest.memory.allocate(2 * PAGE_BYTES);
    const created = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, buffer.byteCount);
    const { gpadlHandle } = vmbus.expectSuccess(created);
    await fabric.settle();
    vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, gpadlHandle));
    vsp.VmbChannelUnmapGpadl(server, gpadlHandle);
    await vsc.VmbChannelDeleteGpadl(client, gpadlHandle);
    guest.memory.free(buffer);
  });
}

function waits(): Cycle {
  const fabric = vmbus.createFabric();
  return repeatedly(async () => {
    const delay = fabric.delay(1);
    await Promise.all([fabric.advance(1), delay]);
  });
}

function outside(): Cycle {
  const fabric = vmbus.createFabric();
  return repeatedly(() => fabric.outside(() => Promise.resolve()));
}

function inspections(): Promise<Cycle> {
  return onOpenPair(({ fabric, guest }) => {
    const stop = fabric.inspectActors(() => {});
    guest.pause();
    guest.resume();
    stop();
  });
}

/** Whole worlds, disposed of or not. */
function worlds(isDisposed: boolean): Cycle {
  return repeatedly(async () => {
    const pair = await openPair({ partition: { memoryPages: 64 } });
    if (isDisposed) pair.fabric.dispose();
  });
}

const CYCLES: readonly (readonly [string, number, () => Cycle | Promise<Cycle>])[] = [
  ["guests that are destroyed", MANY, () => guests(["destroy"], false)],
  ["guests that crash and are destroyed", MANY, () => guests(["crash", "destroy"], false)],
  ["guests with a channel that are destroyed", SOME, () => guests(["destroy"], true)],
  ["packets initialized in the same memory", MANY, packetsInitialized],
  ["packets allocated and freed", MANY, packetsAllocated],
  ["kernel handles converted and closed", MANY, kernelHandles],
  ["GPADLs created, mapped and deleted", SOME, gpadls],
  ["channels opened and cleaned up", SOME, channels],
  ["opens that are refused", SOME, refusedOpens],
  ["offers rescinded and made again", SOME, rescinds],
  ["guests saved, destroyed and restored", SOME, saves],
  ["delays", SOME, waits],
  ["work outside", SOME, outside],
  ["inspectors added and removed", SOME, inspections],
  ["worlds that are disposed of", FEW, () => worlds(true)],
  ["worlds that are let go of", FEW, () => worlds(false)],
];

const grown: Record<string, number> = {};
for (const [name, count, make] of CYCLES) grown[name] = await growth(await make(), count);
console.log(JSON.stringify(grown));
