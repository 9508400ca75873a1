/**
 * A hostile guest, and what the host's driver sees of it. The guest has no VSC: it writes rings and
 * control messages by hand, and lies in them. The host takes what is sound, stops at the first lie and
 * names it; its other guests go on. What the numbers mean is in docs/wire.md.
 * `deno run examples/hostile_guest.ts` prints:
 *
 * ```text
 * 1. Lies in control messages
 * refused: messageTooSmall of a message without a name
 * refused: badGpadl of gpadlHeader
 * refused: unexpectedMessage of openChannel
 * host server enabled, fault null
 * 2. A lie in the ring
 * host: Opened
 * host: Started
 * host got 8 bytes: harmless
 * host: Suspend
 * host server opened, fault invalidDescriptorLengths
 * 3. The others go on
 * honest guest got: STATUS_SUCCESS
 * host: Closed
 * host server disabled, fault null
 * ```
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { openMessage, RawGuest, wholePages } from "../simulator/peers/mod.ts";
import { allocatePair, allocateServer, close, open, toBytes, toText } from "./set_up.ts";

// The codec that lays packets out as Hyper-V does, so that the bytes below are the true ones.
await using fabric = vmbus.createFabric({ seed: 6, codec: "vmbus" });
const honest = fabric.createPartition({ name: "honest", memoryPages: 512 });
const hostile = fabric.createPartition({ name: "hostile", memoryPages: 512 });
const guest = new RawGuest(hostile); // its drivers, if it had any, would hear nothing any more

// -- The host: one server for each guest. The drivers know nothing of hostile guests.

const pair = allocatePair(fabric, honest);
const { vsp } = pair;
const { server } = allocateServer(fabric, hostile);

function processPacket(
  _channel: vmbus.VMBCHANNEL,
  packet: vmbus.VMBPACKETCOMPLETION,
  buffer: Uint8Array,
  bufferLength: number,
): void {
  console.log(`host got ${bufferLength} bytes: ${toText(buffer.subarray(0, bufferLength))}`);
  vsp.VmbChannelPacketComplete(packet, null, 0);
}

function printServer(): void {
  const { lifecycle, fault } = vmbus.inspectChannel(server);
  console.log(`host server ${lifecycle}, fault ${fault}`);
}

vmbus.expectSuccess(vsp.VmbChannelInitSetProcessPacketCallbacks(server, processPacket));
vmbus.expectSuccess(vsp.VmbChannelInitSetStateChangeCallbacks(server, {
  ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
  EvtChannelOpened: () => {
    console.log("host: Opened");
    return vmbus.STATUS_SUCCESS;
  },
  EvtChannelStarted: () => console.log("host: Started"),
  EvtChannelSuspend: () => console.log("host: Suspend"),
  EvtChannelClosed: () => console.log("host: Closed"),
}));
vmbus.expectSuccess(vsp.VmbChannelEnable(server));
vsp.VmbChannelStart(server);

// -- The hostile guest.

/** Any number will do: handles of GPADLs are the guest's. */
const RING_GPADL_ID = 0xe1e10;

console.log("1. Lies in control messages");
await fabric.settle();
const { channelId } = guest.offers[0]!;
guest.postBytes(new Uint8Array(7)); // less than a header
guest.describe(channelId, 1, [wholePages([hostile.memory.pageCount])]); // no such page
guest.post(openMessage(1000, 1, 2)); // nobody offered that one
await fabric.settle();
for (const { faults } of fabric.inspect().partitions) {
  for (const { fault, message } of faults) {
    console.log(`refused: ${fault} of ${message ?? "a message without a name"}`);
  }
}
printServer();

console.log("2. A lie in the ring");
const rings = guest.makeRings(1, 1);
rings.put("upstream", { body: toBytes("harmless") });
// Half a megabyte, it says: far more than the ring holds.
rings.put("upstream", { length: 0xffff * 8, body: toBytes("a lie!!!") });
guest.open(rings, channelId, RING_GPADL_ID);
await fabric.settle(); // the host looks into the ring as soon as the channel is open
printServer();

console.log("3. The others go on");
vmbus.expectSuccess(
  vsp.VmbChannelInitSetProcessPacketCallbacks(pair.server, (_channel, packet) => {
    vsp.VmbChannelPacketComplete(packet, null, 0);
  }),
);
await open(fabric, pair);
const { status } = await pair.vsc.VmbChannelSendSynchronousRequest(
  pair.client,
  toBytes("hello"),
  5,
  null,
  vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
  null,
  0,
  null,
);
console.log(`honest guest got: ${vmbus.ntStatusName(status)}`);

// The host never waits for a guest: its driver gets rid of the channel whatever that one does.
await vsp.VmbChannelDisable(server);
printServer();
vsp.VmbChannelCleanup(server);
hostile.destroy();

await close(pair);
