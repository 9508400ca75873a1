/**
 * A hostile guest, and what the host's driver sees of it. The guest has no VSC: it writes rings and
 * control messages by hand, byte for byte, and lies in them. The host takes what is sound, stops at the
 * first lie and names it; its other guests go on. Offsets are those of docs/wire.md.
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
import { allocatePair, allocateServer, close, open, toBytes, toText } from "./set_up.ts";

const PAGE_BYTES = 4096;

// The codec that lays packets out as Hyper-V does, so that the bytes below are the true ones.
await using fabric = vmbus.createFabric({ seed: 6, codec: "vmbus" });
const honest = fabric.createPartition({ name: "honest", memoryPages: 512 });
const hostile = fabric.createPartition({ name: "hostile", memoryPages: 512 });

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

/** wire.md 4.2: the numbers of the messages. */
const OPEN_CHANNEL = 5;
const GPADL_HEADER = 8;
/** wire.md 5.2: ids count from 1. The true guest reads the id in the offer. */
const CHANNEL_ID = 1;
/** Any number will do: handles of GPADLs are the guest's. */
const RING_GPADL_ID = 0xe1e10;

/** Sends what `fill` writes into a message of `byteCount` bytes. All numbers are little-endian. */
function post(byteCount: number, fill: (view: DataView) => void): void {
  const view = new DataView(new ArrayBuffer(byteCount));
  fill(view);
  hostile.postControlMessage("toHost", new Uint8Array(view.buffer));
}

/** wire.md 3.2: GpadlHeader, with one range of whole pages. */
function describePages(gpadlId: number, pfns: readonly number[]): void {
  const words = 1 + pfns.length;
  post(20 + words * 8, (view) => {
    view.setUint32(0, GPADL_HEADER, true);
    view.setUint32(8, CHANNEL_ID, true);
    view.setUint32(12, gpadlId, true);
    view.setUint16(16, words * 8, true); // bytes of all words
    view.setUint16(18, 1, true); // ranges
    view.setUint32(20, pfns.length * PAGE_BYTES, true); // wire.md 3.1: byte count, offset 0
    pfns.forEach((pfn, at) => view.setBigUint64(28 + at * 8, BigInt(pfn), true));
  });
}

/** wire.md 4.2: OpenChannel. */
function openChannel(channelId: number): void {
  post(148, (view) => {
    view.setUint32(0, OPEN_CHANNEL, true);
    view.setUint32(8, channelId, true);
    view.setUint32(12, 1, true); // the guest's name of this open
    view.setUint32(16, RING_GPADL_ID, true);
    view.setUint32(20, 0, true); // interrupts go to processor 0
    view.setUint32(24, 2, true); // the host's ring begins at the third page
  });
}

console.log("1. Lies in control messages");
await fabric.settle();
post(7, () => {}); // less than a header
describePages(1, [hostile.memory.pageCount]); // the first page that does not exist
openChannel(1000); // nobody offered that one
await fabric.settle();
for (const partition of fabric.inspect().partitions) {
  for (const { direction, fault, message } of partition.faults) {
    if (direction !== "toHost") continue; // the host's answers also reach a guest that ignores them
    console.log(`refused: ${fault} of ${message ?? "a message without a name"}`);
  }
}
printServer();

console.log("2. A lie in the ring");
/** wire.md 1.1: control page and data page of the guest's ring, then those of the host's. */
const rings = hostile.memory.allocate(4 * PAGE_BYTES);

/** wire.md 2.1: a descriptor of an in-band packet, then its payload. */
function writePacket(at: number, length8: number, payload: string): void {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint16(0, 6, true); // in-band
  view.setUint16(2, 2, true); // the payload begins after 2 words of 8 bytes
  view.setUint16(4, length8, true); // descriptor and payload in words
  hostile.memory.write(rings.gpa + PAGE_BYTES + at, new Uint8Array(view.buffer));
  hostile.memory.write(rings.gpa + PAGE_BYTES + at + 16, toBytes(payload));
}

writePacket(0, 3, "harmless"); // 16 + 8 bytes, and 8 of trailer
writePacket(32, 0xffff, "a lie!!!"); // half a megabyte, it says: far more than the ring holds
// wire.md 1.2: the write index is the first word of the control page. Both packets are in the ring.
hostile.memory.write(rings.gpa, new Uint8Array(Uint32Array.of(64).buffer));
describePages(RING_GPADL_ID, rings.pfns);
openChannel(CHANNEL_ID);
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
