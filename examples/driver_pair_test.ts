/**
 * A driver pair under test: how to write a `deno test` for drivers of your own. The pair is a counter.
 * The guest sends amounts; the host, which is slow, adds them up and answers with the sum.
 *
 * Five things make such tests worth having. Fabrics are cheap: each test makes its own. `testFabric` fails a
 * test that leaves something behind, and disposes of its fabrics. The verifier throws where a kernel would
 * have crashed. One test runs in as many orders as there are seeds, and each can be had again. And a guest
 * may be crashed at any moment, which is hard to do to a real one.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import * as vmbus from "../mod.ts";
import { testFabric } from "../simulator/testing/mod.ts";
import { allocatePair, close, open, type Pair } from "./set_up.ts";

// -- The drivers. Yours are in files of their own, which know nothing of tests.

/** The host's driver. It takes a millisecond for each amount. */
function counterServer(fabric: vmbus.Fabric, { vsp, server }: Pair): void {
  let sum = 0;
  vsp.VmbChannelSetIncomingProcessingAtPassive(server, true);
  vmbus.expectSuccess(
    vsp.VmbChannelInitSetProcessPacketCallbacks(
      server,
      async (_channel, packet, buffer, bufferLength) => {
        if (bufferLength !== 8) return vsp.VmbChannelPacketFail(packet);
        await fabric.delay(1);
        const view = new DataView(buffer.buffer, buffer.byteOffset, bufferLength);
        sum += view.getUint32(0, true);
        vsp.VmbChannelPacketComplete(packet, new Uint8Array(Uint32Array.of(sum, 0).buffer), 8);
      },
    ),
  );
}

/** What the guest's driver asks of the host's: adds `amount`, and returns the sum. */
async function add({ vsc, client }: Pair, amount: number): Promise<number> {
  const answer = new Uint8Array(8);
  const { status } = await vsc.VmbChannelSendSynchronousRequest(
    client,
    new Uint8Array(Uint32Array.of(amount, 0).buffer),
    8,
    null,
    vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
    answer,
    answer.length,
    null,
  );
  vmbus.expectSuccess(status, "VmbChannelSendSynchronousRequest");
  return new DataView(answer.buffer).getUint32(0, true);
}

/** The pair, open. */
async function openCounter(
  fabric: vmbus.Fabric,
): Promise<{ guest: vmbus.Partition; pair: Pair }> {
  const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });
  const pair = allocatePair(fabric, guest);
  counterServer(fabric, pair);
  await open(fabric, pair);
  return { guest, pair };
}

// -- What they do

Deno.test("counter: answers with the sum so far, in either codec", () =>
  testFabric({ codecs: "both" }, async (fabric) => {
    const { pair } = await openCounter(fabric);
    assertEquals(await add(pair, 2), 2);
    assertEquals(await add(pair, 40), 42);
    assertEquals(fabric.now(), 2); // each took the host its millisecond
    await close(pair);
  })); // at the end of each run: it settles, and throws if anything is left

Deno.test("counter: adds every amount once, in whatever order work runs", async () => {
  const digests = new Set<string>();
  await testFabric({ seeds: 20 }, async (fabric) => {
    const { pair } = await openCounter(fabric);
    const sums = await Promise.all([1, 2, 4, 8].map((amount) => add(pair, amount)));
    assertEquals(sums, [1, 3, 7, 15]); // a failure names the seed
    await close(pair);
    digests.add(fabric.traceDigest());
  });
  assert(digests.size > 1, "the seeds gave different runs");
});

// A test that fails names its seed, and with the seed the same run comes again, event for event.
Deno.test("counter: runs the same way with the same seed", async () => {
  async function digestOf(seed: number): Promise<string> {
    const fabric = vmbus.createFabric({ seed, schedule: "random" });
    const { pair } = await openCounter(fabric);
    await Promise.all([1, 2, 4, 8].map((amount) => add(pair, amount)));
    await close(pair);
    return fabric.traceDigest();
  }
  assertEquals(await digestOf(3), await digestOf(3));
  assertNotEquals(await digestOf(3), await digestOf(4));
});

// -- When things go wrong

Deno.test("counter: a guest that crashes gets no answer, and its server closes", () =>
  testFabric({}, async (fabric) => {
    const { guest, pair } = await openCounter(fabric);
    const sum = add(pair, 1);
    const refused = assertRejects(() => sum, vmbus.KmclError, "STATUS_DEVICE_REMOVED");
    await fabric.settle(); // the host has the packet now, and takes its time
    assertEquals(vmbus.inspectChannel(pair.server).outstanding, 1);
    guest.crash();
    await refused;
    await fabric.advance(1); // the host's driver completes what it held
    assertEquals(vmbus.inspectChannel(pair.server).lifecycle, "closed");
    await pair.vsp.VmbChannelDisable(pair.server);
    pair.vsp.VmbChannelCleanup(pair.server); // nothing of a crashed guest is a leak
  }));

Deno.test("verifier: throws where a kernel would have crashed", async () => {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });
  const pair = allocatePair(fabric, guest);
  // A bug: this driver completes each packet twice.
  vmbus.expectSuccess(
    pair.vsp.VmbChannelInitSetProcessPacketCallbacks(pair.server, (_channel, packet) => {
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    }),
  );
  await open(fabric, pair);
  const packet = pair.vsc.VmbPacketAllocate(pair.client);
  vmbus.expectSuccess(pair.vsc.VmbPacketSend(packet, null, 0, null, 0));
  const error = await assertRejects(() => fabric.settle(), vmbus.VerifierError);
  assertEquals(
    error.violation.rule,
    "PacketComplete, Defer or Fail of a context that is retired or handed back",
  );
  assertEquals(error.violation.call, "VmbChannelPacketComplete");
  assertEquals(error.violation.first?.call, "VmbChannelPacketComplete"); // and when, and in which callback
  assertEquals(fabric.violations, [error.violation]);
});

Deno.test("leaks: name what a driver forgot", async () => {
  const fabric = vmbus.createFabric();
  const { guest, pair } = await openCounter(fabric);
  const forgotten = guest.memory.allocate(100);
  await pair.vsc.VmbChannelDisable(pair.client);
  await pair.vsp.VmbChannelDisable(pair.server);
  pair.vsp.VmbChannelCleanup(pair.server); // and the client's?
  assertEquals(fabric.leaks().map(({ kind, owner }) => `${kind} of ${owner}`), [
    "channel of channel 1 (client) in guest",
    "memory of guest",
  ]);
  // This is what `await using` does at the end of a block, and testFabric at the end of a run.
  const disposal = async () => await fabric[Symbol.asyncDispose]();
  await assertRejects(disposal, Error, "100 bytes at");
  guest.memory.free(forgotten);
  pair.vsc.VmbChannelCleanup(pair.client);
  await disposal();
});
