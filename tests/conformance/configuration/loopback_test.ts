// Loopback channels: client and server in the root (kmcl.md section 5, VmbServerChannelInitSetFlags; Y4).

import { assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  clientTable,
  closePair,
  openPair,
  type Pair,
  PAIR_INSTANCE,
  PAIR_TYPE,
  serverTable,
  setVmbus,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { request } from "../../support/requests.ts";
import { pattern, WAIT } from "../../support/sending.ts";

const LOOPBACK = vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER;
const { STATUS_INVALID_DEVICE_REQUEST, STATUS_SUCCESS } = vmbus;

/** A server that lacks nothing but a VMBus handle, with these flags. */
function makeServer(fabric: vmbus.Fabric, flags: number) {
  const vsp = serverTable(fabric);
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE);
  vsp.VmbServerChannelInitSetFlags(channel, flags);
  vsp.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet, buffer, length) => {
    vsp.VmbChannelPacketComplete(packet, buffer, length);
  });
  return { vsp, channel };
}

Deno.test("VmbChannelEnable: a loopback offer needs no VMBus handle", async () => {
  const fabric = createFabric();
  const { vsp, channel: server } = makeServer(fabric, LOOPBACK);
  const vsc = clientTable(fabric.root);
  const { channel: client } = vmbus.expectSuccess(
    vsc.VmbChannelAllocate(fabric.root.device, false),
  );
  vsc.VmbClientChannelInitSetTargetPnp(client, PAIR_TYPE);
  vsc.VmbChannelInitSetProcessPacketCallbacks(client, () => {});
  assertEquals(vsp.VmbChannelEnable(server), STATUS_SUCCESS);
  vsp.VmbChannelStart(server);
  assertEquals(vsc.VmbChannelEnable(client), STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).lifecycle, "opened");

  // Functions that ask which partition the offer is for know it: GPADLs and saving.
  const { memory } = fabric.root;
  const buffer = memory.allocate(100);
  memory.write(buffer.gpa, Uint8Array.of(1, 2, 3));
  const { gpadlHandle } = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 100),
  );
  const { mdl } = vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, gpadlHandle));
  assertEquals([...vmbus.mdlSegments(mdl)[0]?.subarray(0, 3) ?? []], [1, 2, 3]);
  vsp.VmbChannelUnmapGpadl(server, gpadlHandle);
  await vsc.VmbChannelDeleteGpadl(client, gpadlHandle);
  memory.free(buffer);
  assertEquals((await vmbus.saveServerChannel(vsp, server)).length > 0, true);
  vsp.VmbChannelStart(server);
  await closePair({ fabric, vsp, vsc, server, client });
});

Deno.test("VmbChannelEnable: without the flag a server needs a VMBus handle", () => {
  const { vsp, channel } = makeServer(createFabric(), 0);
  assertEquals(vsp.VmbChannelEnable(channel), STATUS_INVALID_DEVICE_REQUEST);
  assertEquals(vmbus.inspectChannel(channel).initializing, true);
  vsp.VmbServerChannelInitSetFlags(channel, LOOPBACK);
  vsp.VmbServerChannelInitSetFlags(channel, 0); // what counts is what is set last
  assertEquals(vsp.VmbChannelEnable(channel), STATUS_INVALID_DEVICE_REQUEST);
});

Deno.test("VmbChannelEnable: a loopback offer that names another partition is refused", () => {
  const fabric = createFabric();
  const { vsp, channel } = makeServer(fabric, LOOPBACK);
  setVmbus(vsp, channel, fabric.createPartition({ name: "guest" }));
  assertEquals(vsp.VmbChannelEnable(channel), STATUS_INVALID_DEVICE_REQUEST);
  setVmbus(vsp, channel, fabric.root); // its own may be named
  assertEquals(vsp.VmbChannelEnable(channel), STATUS_SUCCESS);
});

Deno.test("VmbChannelSendSynchronousRequest: a loopback client waits for its answer (Y4)", async () => {
  const fabric = createFabric();
  const pair: Pair = await openPair({
    within: { fabric, guest: fabric.root },
    server: (vsp, channel) => void vsp.VmbServerChannelInitSetFlags(channel, LOOPBACK),
  });
  const answer = new Uint8Array(16);
  const payload = pattern(16);
  for (const timeout of [null, 0, -1_000_000]) {
    const asked = { payload, flags: WAIT, answer: answer.fill(0), timeout };
    assertEquals(await request(pair.vsc, pair.client, asked), {
      status: STATUS_SUCCESS,
      completionBufferSize: 16,
    });
    assertEquals(answer, payload);
  }
  await closePair(pair);
});

// api.md sections 1 and 3: who is at the other end is known, also where the server named no partition.
Deno.test("inspectChannel: a loopback client is told what its server's driver keeps, and why it stopped", async () => {
  const fabric = createFabric({ verifier: "record" });
  const { vsp, channel: server } = makeServer(fabric, LOOPBACK);
  let held: vmbus.VMBPACKETCOMPLETION | null = null;
  vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet) => void (held = packet));
  const vsc = clientTable(fabric.root);
  const { channel: client } = vmbus.expectSuccess(
    vsc.VmbChannelAllocate(fabric.root.device, false),
  );
  vsc.VmbClientChannelInitSetTargetPnp(client, PAIR_TYPE);
  vsc.VmbChannelInitSetProcessPacketCallbacks(client, () => {});
  vsp.VmbChannelEnable(server);
  vsp.VmbChannelStart(server);
  vsc.VmbChannelEnable(client);
  await fabric.settle();
  await assertRejects(
    () => vsc.VmbChannelSendSynchronousRequest(client, pattern(8), 8, null, WAIT, null, 0),
    vmbus.VerifierError,
    "is held by its driver since t = 0 ms",
  );
  vsp.VmbChannelPacketFail(held);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).oppositeFault, "packetFailed");
});
