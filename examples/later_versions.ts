/**
 * The functions that versions 2 to 5 of the tables add, in use (kmcl.md, "Later versions": our reading of their names).
 * An isolated guest, whose memory the host cannot read, has two channels of one device: a primary, and a sub-channel
 * that finds its index by itself. Data goes through bounce buffers. The server inverts what it is shown.
 * `deno run examples/later_versions.ts` prints:
 *
 * ```text
 * version 5: 57 functions for a client, 72 for a server
 * primary, index 0: opened on processor 0
 * sub-channel, index 1: opened on processor 1
 * primary: a third packet object is null
 * request 1, its own memory: STATUS_SUCCESS, 0xff, packet 1 of primary
 * request 2, shared memory: STATUS_SUCCESS, 0xff, packet 2 of primary
 * sub-channel: a third packet object is null
 * request 1, its own memory: STATUS_SUCCESS, 0xff, packet 1 of sub-channel
 * request 2, shared memory: STATUS_SUCCESS, 0xff, packet 2 of sub-channel
 * the second page of the list begins with 0xaa
 * copied: 8192 bytes, to the host and back
 * ```
 *
 * What to look at: nothing is copied for memory that the guest has shared; each callback has the context of its
 * channel, each packet object one of its own, and each packet an area of the receiver's. And the host would have seen
 * nothing of the guest's own memory: what it finds there without bounce buffers is a violation.
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { INTERFACE_TYPE } from "./set_up.ts";

const INTERFACE_INSTANCE = "5b9d0c1e-7a43-4f6b-8e21-90c4d5a6f714";
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
const PAGE = 4096;

await using fabric = vmbus.createFabric({ seed: 1 });
const guest = fabric.createPartition({ name: "guest", memoryPages: 256, processors: 2, isolated: true });

// By version 5 a table has the functions of all versions before it.
const { kmcl: vsp } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
  fabric.root.device, vmbus.KMCL_SERVER_INTERFACE_TYPE,
  vmbus.KMCL_SERVER_INTERFACE_V5_SIZE, vmbus.KMCL_SERVER_INTERFACE_VERSION_V5));
const { kmcl: vsc } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
  guest.device, vmbus.KMCL_CLIENT_INTERFACE_TYPE,
  vmbus.KMCL_CLIENT_INTERFACE_V5_SIZE, vmbus.KMCL_CLIENT_INTERFACE_VERSION_V5));
const count = (table: object) => Object.keys(table).filter((name) => name.startsWith("Vmb")).length;
console.log(`version 5: ${count(vsc)} functions for a client, ${count(vsp)} for a server`);

/** What the server's callbacks know of a channel. */
interface Queue {
  readonly name: string;
  taken: number;
}

/** A server in memory of the driver's own: the primary, or a sub-channel of one. */
function offer(name: string, primary: vmbus.VMBCHANNEL | null): vmbus.VMBCHANNEL {
  const memory = new Uint8Array(vsp.VmbSizeofChannel());
  const { channel } = vmbus.expectSuccess(
    vsp.VmbChannelInitialize(fabric.root.device, true, memory, memory.length));
  if (primary === null) {
    const { kernelHandle } = vmbus.expectSuccess(
      vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle));
    vmbus.expectSuccess(vsp.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle));
    vmbus.expectSuccess(vmbus.ZwClose(kernelHandle));
    vmbus.expectSuccess(
      vsp.VmbServerChannelInitSetTargetInterfaceId(channel, INTERFACE_TYPE, INTERFACE_INSTANCE));
  } else {
    // It takes what the offer says from its primary, and the first index that is free when it is enabled.
    vmbus.expectSuccess(vsp.VmbChannelInitSetPrimaryChannel(channel, primary));
  }
  vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumExternalData(channel, PAGE, 1));
  vmbus.expectSuccess(vsp.VmbChannelInitSetClientContextSize(channel, 1));
  const queue: Queue = { name, taken: 0 };
  vmbus.expectSuccess(
    vsp.VmbChannelInitSetProcessPacketCallbacksEx(channel, invert, null, queue));
  vmbus.expectSuccess(vsp.VmbChannelEnable(channel));
  vsp.VmbChannelSetAllowableDpcCpuUsage(channel, 50); // the other half of a flood is taken at PASSIVE_LEVEL
  vsp.VmbChannelStart(channel);
  return channel;
}

/** The server's ProcessPacket: inverts what the packet describes, and answers which packet of which channel it was. */
function invert(
  _channel: vmbus.VMBCHANNEL, packet: vmbus.VMBPACKETCOMPLETION,
  _buffer: Uint8Array, _length: number, _flags: number, context: unknown,
): void {
  const queue = context as Queue;
  const { mdl } = vmbus.expectSuccess(vsp.VmbChannelPacketGetExternalData(packet, 0));
  for (const view of vmbus.mdlSegments(mdl)) view.forEach((byte, at) => view[at] = ~byte);
  // The packet's area is the driver's until the packet is completed, and may be the answer.
  const area = vsp.VmbChannelPacketGetClientContext(packet)!;
  area[0] = ++queue.taken;
  vsp.VmbChannelPacketComplete(packet, area, area.length);
}

/** A client in memory of its driver's own. */
function take(primary: vmbus.VMBCHANNEL | null, processor: number): vmbus.VMBCHANNEL {
  const memory = new Uint8Array(vsc.VmbSizeofChannel());
  const device = primary === null ? guest.device : vsc.VmbChannelGetParentDeviceObject(primary);
  const { channel } = vmbus.expectSuccess(
    vsc.VmbChannelInitialize(device, false, memory, memory.length));
  vmbus.expectSuccess(
    primary === null
      ? vsc.VmbClientChannelInitSetTargetPnp(channel, INTERFACE_TYPE, INTERFACE_INSTANCE)
      : vsc.VmbChannelInitSetPrimaryChannel(channel, primary));
  vmbus.expectSuccess(vsc.VmbClientChannelInitSetTargetProcessorIndex(channel, processor));
  vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(channel, PAGE, 1));
  // A page for KMCL's copies, and a page that the driver may ask for.
  vmbus.expectSuccess(vsc.VmbChannelInitSetBounceBufferSizes(channel, PAGE, PAGE));
  vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketCount(channel, 2));
  vmbus.expectSuccess(vsc.VmbChannelInitSetInlinePacketContextSize(channel, 1));
  vmbus.expectSuccess(vsc.VmbChannelInitSetProcessPacketCallbacksEx(channel, (_channel, packet) =>
    vsc.VmbChannelPacketComplete(packet, null, 0)));
  vmbus.expectSuccess(vsc.VmbChannelEnable(channel));
  return channel;
}

const servers = [offer("primary", null)];
servers.push(offer("sub-channel", servers[0]!));
const clients = [take(null, 0)];
await fabric.settle(); // a client can be followed once it has an offer
clients.push(take(clients[0]!, 1));
await fabric.settle();
const NAMES = ["primary", "sub-channel"];
for (const [at, client] of clients.entries()) {
  const { subchannelIndex, lifecycle, targetProcessor } = vmbus.inspectChannel(client)!;
  console.log(`${NAMES[at]}, index ${subchannelIndex}: ${lifecycle} on processor ${targetProcessor}`);
}

for (const [at, client] of clients.entries()) {
  const own = guest.memory.allocate(PAGE);
  const { buffer: shared } = vmbus.expectSuccess(vsc.VmbChannelAllocateBounceBuffer(client, PAGE));
  const kinds = [["its own memory", own], ["shared memory", shared!]] as const;
  for (const [number, [what, { gpa }]] of kinds.entries()) {
    const packet = vsc.VmbPacketAllocate(client)!;
    vsc.VmbPacketGetInlinePacketContextPointer(packet)![0] = number + 1;
    vsc.VmbPacketSetCompletionRoutineEx(packet, (ended, status, answer, _length, context) => {
      const request = vsc.VmbPacketGetInlinePacketContextPointer(ended)![0];
      const found = `0x${guest.memory.read(gpa, 1)[0]!.toString(16)}`;
      const name = vmbus.ntStatusName(status);
      console.log(`request ${request}, ${what}: ${name}, ${found}, packet ${answer[0]} of ${context}`);
      vsc.VmbPacketFree(ended);
    }, NAMES[at]);
    const mdl = vmbus.IoAllocateMdl(guest.memory, gpa, PAGE);
    vmbus.expectSuccess(vsc.VmbPacketSend(packet, null, 0, mdl, WAIT));
  }
  console.log(`${NAMES[at]}: a third packet object is ${vsc.VmbPacketAllocate(client)}`);
  await fabric.settle();
  guest.memory.free(own);
}

// Pages by number, in whatever order: the server maps them as they stand in the list.
const pages = guest.memory.allocate(2 * PAGE);
guest.memory.write(pages.gpa, Uint8Array.of(0xaa));
const { gpadlHandle } = vmbus.expectSuccess(
  vsc.VmbChannelCreateGpadlFromPfnList(clients[0]!, 0, pages.pfns.toReversed(), 2));
const { mdl } = vmbus.expectSuccess(vsp.VmbChannelMapGpadl(servers[0]!, 0, gpadlHandle!));
const [, second] = vmbus.mdlSegments(mdl);
console.log(`the second page of the list begins with 0x${second![0]!.toString(16)}`);
vsp.VmbChannelUnmapGpadl(servers[0]!, gpadlHandle!);
await vsc.VmbChannelDeleteGpadl(clients[0]!, gpadlHandle!);
guest.memory.free(pages);

const copied = clients.map((client) => vmbus.inspectChannel(client)!.bounceBuffers!.bytesCopied);
console.log(`copied: ${copied[0]} bytes, to the host and back`);

// Bounce buffers go with their channel; the driver's memory of a channel is its own again after Cleanup.
for (const client of clients.toReversed()) {
  await vsc.VmbChannelDisable(client);
  vsc.VmbChannelCleanup(client);
}
for (const server of servers.toReversed()) {
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
}
