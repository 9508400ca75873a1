/**
 * A quota at work: the server takes at most four packets at once. The rest stays in the ring, the ring
 * fills, and what has no room waits on the client's queue. A slow host slows its guest down, and a guest
 * that sends without end takes no memory of the host. `deno run examples/quota.ts` prints:
 *
 * ```text
 * guest sends 40 requests
 *   host has 4, ring 4032 bytes, guest queues 18, answered 0
 * host answers one
 *   host has 4, ring 4032 bytes, guest queues 17, answered 1
 * host raises its quota to 8
 *   host has 4, ring 4032 bytes, guest queues 17, answered 1
 * host answers one
 *   host has 8, ring 4032 bytes, guest queues 12, answered 2
 * host answers all
 *   host has 0, ring 0 bytes, guest queues 0, answered 40
 * in the order sent: true
 * ```
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { allocatePair, close, open } from "./set_up.ts";

const REQUESTS = 40;
const REQUEST_BYTES = 200;

// The codec that lays packets out as Hyper-V does: a request takes 16 + 200 + 8 bytes of the ring.
await using fabric = vmbus.createFabric({ seed: 4, codec: "vmbus" });
const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });
const pair = allocatePair(fabric, guest);
const { vsp, server, vsc, client } = pair;

// Host: packets that are with the driver, the oldest first.
const held: vmbus.VMBPACKETCOMPLETION[] = [];
vmbus.expectSuccess(
  vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet) => {
    held.push(packet); // to be completed later
  }),
);
vsp.VmbChannelSetTransactionQuota(server, 4);

/** Completes the oldest packet that the driver has. */
async function answerOne(): Promise<void> {
  const packet = held.shift();
  if (packet !== undefined) vsp.VmbChannelPacketComplete(packet, null, 0);
  await fabric.settle();
}

// Guest: small packets without external data, so that one page of ring is enough.
vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(client, REQUEST_BYTES));
vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(client, 1, 1));
vmbus.expectSuccess(vsc.VmbClientChannelInitSetRingBufferPageCount(client, 1, 1));
/** Numbers of the requests that were answered. */
const answered: number[] = [];

function send(number: number): void {
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (done) => {
    answered.push(number);
    vsc.VmbPacketFree(done);
  });
  const wait = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  // A full ring is no error: the packet waits, and goes out in its turn.
  vmbus.expectSuccess(
    vsc.VmbPacketSend(packet, new Uint8Array(REQUEST_BYTES), REQUEST_BYTES, null, wait),
  );
}

function report(what: string): void {
  const { outstanding, incomingRing } = vmbus.inspectChannel(server);
  const { queued } = vmbus.inspectChannel(client);
  const ring = `ring ${incomingRing?.usedBytes} bytes`;
  console.log(what);
  console.log(
    `  host has ${outstanding}, ${ring}, guest queues ${queued}, answered ${answered.length}`,
  );
}

await open(fabric, pair);
for (let number = 0; number < REQUESTS; number++) send(number);
await fabric.settle();
report(`guest sends ${REQUESTS} requests`);

await answerOne();
report("host answers one");

// A queue that the quota has stopped stays stopped until a packet is completed.
vsp.VmbChannelSetTransactionQuota(server, 8);
await fabric.settle();
report("host raises its quota to 8");

await answerOne();
report("host answers one");

while (held.length > 0) await answerOne();
report("host answers all");
console.log(`in the order sent: ${answered.every((number, at) => number === at)}`);

await close(pair);
