/**
 * A device protocol that asks for sub-channels: the client opens the primary and asks for more, the server offers
 * them and says how many there are, and the client opens each as what it is, on a processor of its own. When the
 * server takes the primary back, the sub-channels go first. `deno run examples/sub_channels.ts` prints:
 *
 * ```text
 * guest asks for 2 sub-channels, gets 2
 * channel 0 on processor 1: hello, channel 0
 * channel 1 on processor 2: hello, channel 1
 * channel 2 on processor 3: hello, channel 2
 * channel 1 moves to processor 0: 0
 * client of channel 1 is closed
 * client of channel 2 is closed
 * client of channel 0 is closed
 * ```
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { allocatePair, open, type Pair, toBytes, toText } from "./set_up.ts";

const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
/** The most sub-channels that this device has. */
const SUBCHANNELS_MAX = 4;
/** The first byte of a request for sub-channels; the second one says how many. Anything else is to be sent back. */
const ASK = 0;

await using fabric = vmbus.createFabric({ seed: 1 });
const guest = fabric.createPartition({ name: "guest", memoryPages: 512, processors: 4 });

// Each channel has rings, callbacks and a processor of its own; what is said on it, its server sends back.
const pairs: Pair[] = [];

/** A server and a client of the channel with that index, which are not enabled. */
function allocate(index: number): Pair {
  const pair = allocatePair(fabric, guest);
  const { vsp, server, vsc, client } = pair;
  vmbus.expectSuccess(vmbus.initSetSubchannelIndex(vsp, server, index));
  vmbus.expectSuccess(vmbus.initSetSubchannelIndex(vsc, client, index));
  vmbus.expectSuccess(vmbus.initSetTargetProcessor(vsc, client, (index + 1) % 4));
  vmbus.expectSuccess(
    vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet, buffer, length) => {
      const isAsking = index === 0 && length === 2 && buffer[0] === ASK;
      const answer = isAsking ? Uint8Array.of(offerMore(buffer[1] ?? 0)) : buffer;
      vsp.VmbChannelPacketComplete(packet, answer, isAsking ? answer.length : length);
    }),
  );
  vsp.VmbChannelSetIncomingProcessingAtPassive(server, true); // a channel is made at PASSIVE_LEVEL alone
  const callbacks = vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT();
  callbacks.EvtChannelClosed = () => console.log(`client of channel ${index} is closed`);
  vmbus.expectSuccess(vsc.VmbChannelInitSetStateChangeCallbacks(client, callbacks));
  pairs[index] = pair;
  return pair;
}

// Host: how many the guest may have is the device's to say, whatever the guest asks for.
function offerMore(count: number): number {
  const granted = Math.min(count, SUBCHANNELS_MAX);
  for (let index = 1; index <= granted; index++) {
    const { vsp, server } = allocate(index);
    vmbus.expectSuccess(vsp.VmbChannelEnable(server));
    vsp.VmbChannelStart(server);
  }
  return granted;
}

/** Sends `payload` on a channel; what its server answers. */
async function ask({ vsc, client }: Pair, payload: Uint8Array): Promise<Uint8Array> {
  const answer = new Uint8Array(64);
  const { status, completionBufferSize } = await vsc.VmbChannelSendSynchronousRequest(
    client, payload, payload.length, null, WAIT, answer, answer.length, null);
  vmbus.expectSuccess(status);
  return answer.slice(0, completionBufferSize ?? 0);
}

// Guest: the primary first, as any channel; then as many more as the device grants.
const primary = allocate(0);
await open(fabric, primary);
const [granted = 0] = await ask(primary, Uint8Array.of(ASK, 2));
console.log(`guest asks for 2 sub-channels, gets ${granted}`);
for (const { vsc, client } of pairs.slice(1)) vmbus.expectSuccess(vsc.VmbChannelEnable(client));
await fabric.settle();

for (const [index, pair] of pairs.entries()) {
  const text = toText(await ask(pair, toBytes(`hello, channel ${index}`)));
  const { targetProcessor } = vmbus.inspectChannel(pair.client);
  console.log(`channel ${index} on processor ${targetProcessor}: ${text}`);
}

// A client may move while it is open: its callbacks run there once the host has said so.
const [, moving] = pairs;
if (moving !== undefined) {
  vmbus.expectSuccess(vmbus.setTargetProcessor(moving.vsc, moving.client, 0));
  await fabric.settle();
  console.log(`channel 1 moves to processor 0: ${vmbus.inspectChannel(moving.client).targetProcessor}`);
}

// The server gives the primary up: the offers of the sub-channels are taken back before it.
await primary.vsp.VmbChannelDisable(primary.server);
await fabric.settle();
for (const { vsp, server, vsc, client } of pairs) {
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  vsc.VmbChannelCleanup(client);
}
