/**
 * A pipe: a channel without transactions. Each send is one datagram of at most 16 384 bytes, each
 * ProcessPacket call brings one, and nothing is answered. Whoever wants an answer sends one.
 * `deno run examples/pipe.ts` prints:
 *
 * ```text
 * host got: one
 * host got: two, and longer than the first
 * guest got: ONE
 * guest got: TWO, AND LONGER THAN THE FIRST
 * a datagram with WAIT_FOR_COMPLETION: STATUS_NOT_SUPPORTED
 * a client that does not ask for a pipe: STATUS_NOT_SUPPORTED
 * ```
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { allocatePair, close, INTERFACE_TYPE, open, toBytes, toText } from "./set_up.ts";

await using fabric = vmbus.createFabric({ seed: 2 });
const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });
const pair = allocatePair(fabric, guest);
const { vsp, server, vsc, client } = pair;

/** Sends one datagram. The packet's default completion routine frees it once it is in the ring. */
function write(kmcl: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL, text: string): void {
  const datagram = toBytes(text);
  const packet = kmcl.VmbPacketAllocate(channel);
  vmbus.expectSuccess(kmcl.VmbPacketSend(packet, datagram, datagram.length, null, 0));
}

// Host: the offer says that it is a pipe, which makes the server one as well.
vmbus.expectSuccess(
  vsp.VmbServerChannelInitSetFlags(server, vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE),
);
vmbus.expectSuccess(
  vsp.VmbChannelInitSetProcessPacketCallbacks(server, (channel, packet, buffer, bufferLength) => {
    const text = toText(buffer.subarray(0, bufferLength));
    console.log(`host got: ${text}`);
    // On a pipe this sends nothing. It says that the driver is done with the datagram.
    vsp.VmbChannelPacketComplete(packet, null, 0);
    write(vsp, channel, text.toUpperCase());
  }),
);

// Guest: a client of a pipe must say so, too.
vmbus.expectSuccess(
  vsc.VmbChannelInitSetFlags(client, vmbus.VMBUS_CHANNEL_INIT_FLAG_IS_PIPE),
);
vmbus.expectSuccess(
  vsc.VmbChannelInitSetProcessPacketCallbacks(client, (_channel, packet, buffer, bufferLength) => {
    console.log(`guest got: ${toText(buffer.subarray(0, bufferLength))}`);
    vsc.VmbChannelPacketComplete(packet, null, 0);
  }),
);

await open(fabric, pair);
write(vsc, client, "one");
write(vsc, client, "two, and longer than the first");
await fabric.settle();

// There are no transactions, so there is nothing that a sender could wait for.
const packet = vsc.VmbPacketAllocate(client);
const wait = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
const refused = vsc.VmbPacketSend(packet, toBytes("three"), 5, null, wait);
console.log(`a datagram with WAIT_FOR_COMPLETION: ${vmbus.ntStatusName(refused)}`);
vsc.VmbPacketFree(packet); // a refused packet is as it was before the call
await vsc.VmbChannelDisable(client);

// A client that does not ask for a pipe does not get to open one.
const { channel: plain } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
vmbus.expectSuccess(
  vsc.VmbClientChannelInitSetTargetPnp(plain, INTERFACE_TYPE, null, (_channel, status) => {
    console.log(`a client that does not ask for a pipe: ${vmbus.ntStatusName(status)}`);
  }),
);
vmbus.expectSuccess(
  vsc.VmbChannelInitSetProcessPacketCallbacks(plain, (_channel, incoming) => {
    vsc.VmbChannelPacketComplete(incoming, null, 0);
  }),
);
vmbus.expectSuccess(vsc.VmbChannelEnable(plain));
await fabric.settle();
vsc.VmbChannelCleanup(plain);

await close(pair);
