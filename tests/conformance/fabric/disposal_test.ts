// api.md sections 3 and 4: how a fabric ends, and what is left of it.
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { lifeGuestDriver } from "../../support/life_drivers.ts";

const GONE = "the fabric was disposed of";
const KMCL_GONE = "Cannot call KMCL functions of a fabric that was disposed of";
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** Lets everything go on that is due. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Views of all of a new buffer of `guest`, filled. */
function keepViews(guest: vmbus.Partition): Uint8Array[] {
  const { gpa, byteCount } = guest.memory.allocate(3 * 4096);
  const views = vmbus.mdlSegments(vmbus.IoAllocateMdl(guest.memory, gpa, byteCount));
  for (const view of views) view.fill(7);
  return views;
}

function lengthsOf(views: readonly Uint8Array[]): number[] {
  return views.map((view) => view.length + view.buffer.byteLength);
}

Deno.test("Fabric.dispose: guest memory is given back at once, and kept views are detached", async () => {
  const { fabric, guest } = await openPair();
  const views = [...keepViews(guest), ...keepViews(fabric.root)];
  fabric.dispose();
  assertEquals(lengthsOf(views), [0, 0]);
  const next = await openPair(); // of the same sizes: what it is given must not show through
  keepViews(next.guest);
  assertEquals(views.map((view) => view[0]), [undefined, undefined]);
  next.fabric.dispose();
});

Deno.test("Fabric.dispose: every use of the fabric and of its partitions throws from then on", async () => {
  const { fabric, guest } = await openPair();
  const buffer = guest.memory.allocate(1);
  fabric.dispose();
  assertEquals(fabric.partitions, []);
  const uses: readonly (() => unknown)[] = [
    () => fabric.createPartition({ name: "guest" }),
    () => fabric.settle(),
    () => fabric.advance(1),
    () => fabric.run(),
    () => fabric.delay(1),
    () => fabric.outside(() => Promise.resolve()),
    () => fabric.inspect(),
    () => fabric.inspectActors(() => {}),
    () => vmbus.restorePartition(fabric, new Uint8Array(8)),
    ...[fabric.root, guest].flatMap((partition) => [
      () => partition.pause(),
      () => partition.resume(),
      () => partition.postControlMessage("toHost", new Uint8Array(8)),
      () => partition.postInterrupt("toHost", 1),
    ]),
    () => guest.crash(),
    () => guest.destroy(),
  ];
  for (const use of uses) assertThrows(use, Error, GONE, String(use));
  const memoryUses = [
    () => guest.memory.read(0, 1),
    () => guest.memory.write(0, new Uint8Array(1)),
    () => guest.memory.allocate(1),
    () => guest.memory.free(buffer),
    () => fabric.root.memory.read(0, 1),
  ];
  for (const use of memoryUses) {
    assertThrows(use, Error, "Cannot use guest memory that was given back", String(use));
  }
  assertEquals((await vmbus.savePartition(guest)).status, vmbus.STATUS_DEVICE_REMOVED);
  assertThrows(() => vmbus.loadGuestDriver(guest, lifeGuestDriver, {}), Error, "is gone");
});

Deno.test("Fabric.dispose: KMCL functions throw from then on, and no handle is good", async () => {
  let held: vmbus.VMBPACKETCOMPLETION | null = null;
  const pair = await openPair({ onServerPacket: (_channel, packet) => void (held = packet) });
  const { fabric, guest, vsc, vsp, client, server } = pair;
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), Uint8Array.of(1), 1, null, WAIT);
  await fabric.settle();
  fabric.dispose();
  const calls: readonly (() => unknown)[] = [
    () => vsc.VmbPacketAllocate(client),
    () => vsc.VmbPacketFree(packet),
    () => vsc.VmbPacketSend(packet, Uint8Array.of(1), 1, null, WAIT),
    () => vsp.VmbChannelPacketComplete(held, Uint8Array.of(1), 1),
    () => vsp.VmbChannelStart(server),
    () => vsc.VmbChannelEnable(client),
    () => vsc.VmbChannelAllocate(guest.device, false),
  ];
  for (const call of calls) assertThrows(call, Error, KMCL_GONE, String(call));
  for (const call of [() => vsc.VmbChannelDisable(client), () => vsp.VmbChannelPause(server)]) {
    await assertRejects(call, Error, KMCL_GONE);
  }
  assertStrictEquals(vmbus.inspectChannel(client), null);
  const { status } = vmbus.WdfFdoQueryForInterface(
    guest.device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    1,
  );
  assertEquals(status, vmbus.STATUS_NOT_FOUND);
});

// D169: with handles that were good, and with arguments that never were.
Deno.test("Fabric.dispose: no function of a table is called from then on, or comes on the record", async () => {
  const fabricOptions = { verifier: "record", trace: "full" } as const;
  const { fabric, guest, vsc, vsp, client, server } = await openPair({ fabric: fabricOptions });
  const packet = vsc.VmbPacketAllocate(client);
  fabric.dispose();
  const left = () => [fabric.traceDigest(), fabric.trace.length, fabric.violations.length];
  const before = left();
  const gone: (readonly [string, unknown])[] = [];
  for (const [name, member] of [...Object.entries(vsc), ...Object.entries(vsp)]) {
    if (typeof member !== "function") continue;
    const call = member as (...given: unknown[]) => unknown;
    for (const given of [client, server, packet, guest.vmbusHandle, vsc.Context, null]) {
      try {
        await call(given, new Uint8Array(8), 8, null, WAIT);
        gone.push([name, given]);
      } catch (error) {
        assertEquals((error as Error).message, KMCL_GONE, name);
      }
    }
  }
  assertEquals(gone, []);
  await assertRejects(
    () => vmbus.drainAndDisable(vsc, client, { timeout100ns: 1 }),
    Error,
    KMCL_GONE,
  );
  assertEquals(left(), before);
});

Deno.test("Fabric.dispose: what the run has left can still be read, and a second one does nothing", async () => {
  const { fabric, vsc, client } = await openPair({ fabric: { verifier: "record", trace: "full" } });
  vsc.VmbChannelCleanup(client); // a violation, as it is open
  await fabric.advance(5);
  const left = () => [
    fabric.now(),
    fabric.traceDigest(),
    fabric.trace.length,
    fabric.violations.map(({ rule }) => rule),
    fabric.leaks().map(({ kind }) => kind),
  ];
  const before = left();
  fabric.dispose();
  fabric.dispose();
  await fabric[Symbol.asyncDispose]();
  assertEquals(left(), before);
  assertEquals(before.slice(3), [["Cleanup while not Disabled"], ["channel", "channel"]]);
});

Deno.test("Fabric.dispose: throws inside a callback and inside a guest driver's save", async () => {
  const texts: string[] = [];
  const attempt = (fabric: vmbus.Fabric) => {
    texts.push(assertThrows(() => fabric.dispose(), Error).message);
  };
  const pair: Pair = await openPair({ onServerPacket: () => attempt(pair.fabric) });
  pair.vsc.VmbPacketSend(pair.vsc.VmbPacketAllocate(pair.client), null, 0, null, 0);
  await pair.fabric.settle();
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  const driver: vmbus.GuestDriver<vmbus.GuestDriverInstance> = {
    name: "disposer",
    start: () => ({
      save() {
        attempt(fabric);
        return null;
      },
    }),
    restore: () => ({ save: () => null }),
  };
  vmbus.loadGuestDriver(guest, driver);
  assertEquals((await vmbus.savePartition(guest)).status, vmbus.STATUS_SUCCESS);
  assertEquals(texts, [
    "Cannot dispose inside a callback: EvtChannelProcessPacket of channel 1 (server) runs",
    "Cannot dispose inside a guest driver's save",
  ]);
  guest.memory.write(0, Uint8Array.of(1)); // nothing was ended
});

Deno.test("Fabric.dispose: rejects who drives the loop, and lets work outside end on its own", async () => {
  const log: string[] = [];
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const pair: Pair = makePair({
    serverCallbacks: {
      EvtChannelStarted: async (channel) => {
        log.push("begins");
        await pair.fabric.outside(() => promise);
        log.push("continues");
        pair.vsp.VmbChannelSetPointer(channel, null);
        log.push("is at its end");
      },
    },
  });
  enablePair(pair);
  const driving = [pair.fabric.settle(), pair.fabric.run()].map((drive) =>
    assertRejects(() => drive, Error, `Cannot go on waiting: ${GONE}`)
  );
  while (log.length === 0) await turn();
  pair.fabric.dispose();
  await Promise.all(driving);
  release();
  await turn();
  await turn();
  assertEquals(log, ["begins", "continues"]); // its next KMCL function throws, which concerns nobody
  assertEquals(pair.fabric.violations, []);
});

Deno.test("Fabric.dispose: rejects a waiting call that drives; no other waiting call continues", async () => {
  const log: string[] = [];
  const pair: Pair = makePair({
    onServerPacket: () => {}, // never answers
    serverCallbacks: {
      EvtChannelStarted: async () => {
        await pair.fabric.delay(1000);
        log.push("the callback went on");
      },
    },
  });
  const { fabric, vsc, client } = pair;
  enablePair(pair);
  fabric.delay(5000).then(() => log.push("the delay ended"));
  await fabric.settle(); // the program drives: that delay drives no more
  const asked = vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, null, 0);
  const rejected = assertRejects(() => asked, Error, `Cannot go on waiting: ${GONE}`);
  fabric.dispose();
  await rejected;
  await turn();
  assertEquals(log, []);
});

// api.md sections 1 and 4: nothing that is awaited is a silence. Promise.all awaits a microtask later.
Deno.test("Fabric.dispose: a wait that drives no more rejects whoever awaits it then", async () => {
  const calls: readonly ((pair: Pair) => Promise<unknown>)[] = [
    ({ fabric }) => fabric.delay(5000),
    ({ vsc, client }) => vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, null, 0),
    ({ vsp, server }) => vsp.VmbChannelPause(server),
    ({ vsp, server }) => vsp.VmbChannelDisable(server),
    ({ vsp, server }) => vmbus.drainAndDisable(vsp, server, { timeout100ns: 5e7 }),
  ];
  for (const call of calls) {
    const pair = await openPair({ onServerPacket: () => {} });
    pair.vsc.VmbPacketSend(pair.vsc.VmbPacketAllocate(pair.client), null, 0, null, WAIT);
    await pair.fabric.settle();
    const wait = call(pair);
    await pair.fabric.settle();
    const all = assertRejects(() => Promise.all([wait]), Error, `Cannot go on waiting: ${GONE}`);
    pair.fabric.dispose();
    await all;
    await assertRejects(() => wait, Error, `Cannot go on waiting: ${GONE}`);
  }
});

Deno.test("Fabric.dispose: ends a wait for real time", async () => {
  const fabric = createFabric({ clock: "real" });
  const far = assertRejects(() => fabric.advance(1e6), Error, GONE);
  await new Promise((resolve) => setTimeout(resolve, 1));
  fabric.dispose();
  await far; // else the test's timers tell
});

Deno.test("Fabric.Symbol.asyncDispose: settles, and gives guest memory back", async () => {
  const pair = await openPair();
  const { memory } = pair.fabric.root;
  const buffer = memory.allocate(4096);
  const views = vmbus.mdlSegments(vmbus.IoAllocateMdl(memory, buffer.gpa, 4096));
  {
    await using _ = pair.fabric;
    memory.free(buffer);
    await closePair(pair);
    assertEquals(views[0]?.length, 4096);
  }
  assertEquals(lengthsOf(views), [0]);
  assertThrows(() => pair.fabric.settle(), Error, GONE);
});

Deno.test("Fabric.Symbol.asyncDispose: what leaks can be mended, and the fabric disposed of again", async () => {
  const pair = await openPair();
  const { fabric, guest } = pair;
  const buffer = guest.memory.allocate(100);
  await assertRejects(() => fabric[Symbol.asyncDispose](), Error, "100 bytes at");
  guest.memory.free(buffer);
  await closePair(pair);
  await fabric[Symbol.asyncDispose]();
  assertThrows(() => guest.memory.read(0, 1), Error, "given back");
});

Deno.test("Fabric.Symbol.asyncDispose: rejects with what a driver threw, and has ended nothing then", async () => {
  const reason = new Error("of the driver");
  const pair = await openPair({
    onServerPacket: () => {
      throw reason;
    },
  });
  pair.vsc.VmbPacketSend(pair.vsc.VmbPacketAllocate(pair.client), null, 0, null, 0);
  const error = await assertRejects(() => pair.fabric[Symbol.asyncDispose](), Error);
  assertStrictEquals(error.cause, reason);
  await pair.fabric.settle();
  pair.fabric.dispose();
});

Deno.test("Fabric.dispose: inside a driver's restore it ends the fabric, and the restore comes to nothing", async () => {
  const source = createFabric();
  const guest = source.createPartition({ name: "guest" });
  const fabric = createFabric();
  const driver: vmbus.GuestDriver<vmbus.GuestDriverInstance> = {
    name: "disposer",
    start: () => ({ save: () => null }),
    restore: () => {
      fabric.dispose();
      return { save: () => null };
    },
  };
  vmbus.loadGuestDriver(guest, driver);
  const { bytes } = vmbus.expectSuccess(await vmbus.savePartition(guest));
  const restore = () => vmbus.restorePartition(fabric, bytes, { guestDrivers: [driver] });
  assertThrows(restore, Error, GONE);
  assertEquals(fabric.partitions, []);
});

Deno.test("createFabric: the root is as large as it is told, and others do not notice", async () => {
  for (const rootMemoryPages of [1, 256, undefined]) {
    const fabric = createFabric(rootMemoryPages === undefined ? {} : { rootMemoryPages });
    assertEquals(fabric.root.memory.pageCount, rootMemoryPages ?? 4096);
    const guest = fabric.createPartition({ name: "guest" });
    assertEquals(guest.memory.pageCount, 4096);
    await closePair(await openPair({ within: { fabric, guest } }));
    await fabric[Symbol.asyncDispose]();
  }
});
