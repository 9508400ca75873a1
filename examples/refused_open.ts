/**
 * A server that fails an open, and recovers: it has no disk yet, so its EvtChannelOpened refuses. The
 * client hears why, and is Disabled. The offer stands, so that the client may try again.
 * `deno run examples/refused_open.ts` prints:
 *
 * ```text
 * host refuses: no disk yet
 * guest could not connect: STATUS_INSUFFICIENT_RESOURCES
 * server enabled, client disabled
 * host opens: the disk is there
 * server opened, client opened
 * host closes
 * server closed, client disabled
 * ```
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { allocatePair, close, INTERFACE_TYPE, open } from "./set_up.ts";

await using fabric = vmbus.createFabric({ seed: 3 });
const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });
const pair = allocatePair(fabric, guest);
const { vsp, server, vsc, client } = pair;

function printStates(): void {
  const { lifecycle } = vmbus.inspectChannel(server);
  console.log(`server ${lifecycle}, client ${vmbus.inspectChannel(client).lifecycle}`);
}

// Host.
let hasDisk = false;
vmbus.expectSuccess(
  vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet) => {
    vsp.VmbChannelPacketComplete(packet, null, 0);
  }),
);
vmbus.expectSuccess(vsp.VmbChannelInitSetStateChangeCallbacks(server, {
  ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
  EvtChannelOpened: () => {
    console.log(hasDisk ? "host opens: the disk is there" : "host refuses: no disk yet");
    return hasDisk ? vmbus.STATUS_SUCCESS : vmbus.STATUS_INSUFFICIENT_RESOURCES;
  },
  // Called for an open that succeeded. After a refused one there is nothing to close.
  EvtChannelClosed: () => console.log("host closes"),
}));

// Guest: the status that the host's callback returned crosses to the client.
vmbus.expectSuccess(
  vsc.VmbClientChannelInitSetTargetPnp(client, INTERFACE_TYPE, null, (_channel, status) => {
    console.log(`guest could not connect: ${vmbus.ntStatusName(status)}`);
  }),
);

await open(fabric, pair);
printStates();

// The host gets its disk; the guest's driver tries once more.
hasDisk = true;
vmbus.expectSuccess(vsc.VmbChannelEnable(client));
await fabric.settle();
printStates();

// When the guest closes, the server is as good as new: the offer stands for the next open.
await vsc.VmbChannelDisable(client);
await fabric.settle();
printStates();

await close(pair);
