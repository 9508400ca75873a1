// What fabric.leaks() lists (kmcl.md section 9, last paragraph; api.md section 3).

import { createFabric } from "../../support/fabric.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, makePair, openPair, PAIR_TYPE } from "../../support/connected_pair.ts";
import { watch } from "../../support/driving.ts";
import { mapGpadl, openGpadlStage, shareMdl } from "../../support/gpadl_stage.ts";
import { sendPlain, WAIT } from "../../support/sending.ts";

/** The leaks by kind and owner, without the channels, which are all there. */
function besideChannels(fabric: vmbus.Fabric): string[] {
  return fabric.leaks().filter(({ kind }) => kind !== "channel").map(({ kind, owner, message }) =>
    `${kind} of ${owner}: ${message}`
  );
}

Deno.test("Fabric.leaks: a fabric in which nothing was made has none", async () => {
  await using fabric = createFabric();
  fabric.createPartition({ name: "guest" });
  await fabric.settle();
  assertEquals(fabric.leaks(), []);
});

Deno.test("Fabric.leaks: a channel that was not cleaned up", async () => {
  const pair = await openPair();
  const { fabric, vsp, vsc, server, client } = pair;
  const [first, second, ...others] = fabric.leaks();
  assertEquals([first?.kind, second?.kind, others], ["channel", "channel", []]); // rings are none
  assertEquals(first?.owner, `channel ${vmbus.inspectChannel(server).id} (server) in root`);
  assertEquals(second?.owner, `channel ${vmbus.inspectChannel(client).id} (client) in guest`);
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(server);
  assertEquals(fabric.leaks().length, 2);
  vsc.VmbChannelCleanup(client);
  assertEquals(fabric.leaks().map(({ owner }) => owner), [first?.owner]);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
});

Deno.test("Fabric.leaks: a packet that is not freed, or in flight", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { fabric, vsc, client } = pair;
  const owned = vsc.VmbPacketAllocate(client);
  const { owner } = fabric.leaks().find(({ kind }) => kind === "packet") ?? {};
  assertEquals(owner, `channel ${vmbus.inspectChannel(client).id} (client) in guest`);
  assertEquals(besideChannels(fabric), [`packet of ${owner}: packet 0 is not freed`]);
  vsc.VmbPacketFree(owned);
  assertEquals(besideChannels(fabric), []); // on the lookaside list it is none

  sendPlain(vsc, client, Uint8Array.of(1), WAIT);
  await fabric.settle();
  assertEquals(besideChannels(fabric), [`packet of ${owner}: packet 0 is in flight`]);
  pair.atServer.complete();
  await fabric.settle();
  assertEquals(besideChannels(fabric), []);

  // One that lies in the caller's memory is never freed, and is a leak only in flight.
  const room = new Uint8Array(vsc.VmbChannelSizeofPacket(client));
  const { packet } = vsc.VmbPacketInitialize(client, room, room.length);
  vsc.VmbPacketSetCompletionRoutine(packet, () => {});
  assertEquals(besideChannels(fabric), []);
  vsc.VmbPacketSend(packet, null, 0, null, WAIT);
  await fabric.settle();
  assertEquals(besideChannels(fabric), [`packet of ${owner}: packet 0 is in flight`]);
  pair.atServer.complete();
  await closePair(pair);
});

Deno.test("Fabric.leaks: a GPADL that was not deleted", async () => {
  const stage = await openGpadlStage();
  const { fabric, vsp, vsc, server, client, memory, pages } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 10));
  const gpadls = () => fabric.leaks().filter(({ kind }) => kind === "gpadl");
  assertEquals(gpadls().map(({ message }) => message), [`GPADL ${handle} was not deleted`]);
  assertStringIncludes(gpadls()[0]!.owner, "(client) in guest");
  mapGpadl(stage, handle);
  const deletion = watch(vsc.VmbChannelDeleteGpadl(client, handle));
  await fabric.settle();
  assertEquals(gpadls().length, 1); // it is still there
  vsp.VmbChannelUnmapGpadl(server, handle);
  await fabric.settle();
  assertEquals([deletion.state, gpadls()], ["resolved", []]);
  memory.free(pages);
  await closePair(stage);
});

Deno.test("Fabric.leaks: a kernel handle that was not closed", () => {
  const { fabric, vsp, guest, server, client, vsc } = makePair();
  const { kernelHandle } = vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle);
  const second = vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle);
  const message = "kernelHandle of guest: a kernel handle was not closed by ZwClose";
  assertEquals(besideChannels(fabric), [message, message]);
  assertEquals(vmbus.ZwClose(kernelHandle), vmbus.STATUS_SUCCESS);
  assertEquals(besideChannels(fabric), [message]);
  assertEquals(vmbus.ZwClose(kernelHandle), vmbus.STATUS_INVALID_HANDLE);
  assertEquals(vmbus.ZwClose(second.kernelHandle), vmbus.STATUS_SUCCESS);
  vsp.VmbChannelCleanup(server);
  vsc.VmbChannelCleanup(client);
  assertEquals(fabric.leaks(), []);
});

Deno.test("VmbServerChannelInitSetVmbusHandle: the channel keeps its own reference to what ZwClose closes", async () => {
  const pair = await openPair(); // makePair closed the handle
  assertEquals(vmbus.inspectChannel(pair.server).lifecycle, "opened");
  await closePair(pair);
});

Deno.test("Fabric.leaks: guest memory that was not freed", () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  const buffer = guest.memory.allocate(5000);
  const at = `0x${buffer.gpa.toString(16)}`;
  assertEquals(fabric.leaks(), [
    { kind: "memory", owner: "guest", message: `5000 bytes at ${at} were not freed` },
  ]);
  guest.memory.free(buffer);
  assertEquals(fabric.leaks(), []);
});

Deno.test("Fabric.leaks: a caller that is still blocked", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { fabric, vsc, client } = pair;
  const asked = watch(vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, null, 0));
  const delayed = watch(fabric.delay(5));
  await fabric.settle();
  const callers = fabric.leaks().filter(({ kind }) => kind === "caller");
  assertEquals(callers.length, 2);
  assertStringIncludes(callers[0]!.message, "VmbChannelSendSynchronousRequest waits for");
  assertStringIncludes(callers[1]!.message, "delay waits for 5 ms");
  pair.atServer.complete();
  await fabric.advance(5);
  assertEquals([asked.state, delayed.state], ["resolved", "resolved"]);
  await closePair(pair);
});

for (const end of ["crash", "destroy"] as const) {
  Deno.test(`Fabric.leaks: nothing of a partition that was made to ${end}`, async () => {
    const stage = await openGpadlStage({
      onServerPacket: "hold",
      serverCallbacks: { EvtChannelSuspend: () => void stage.atServer.complete() },
    });
    const { fabric, guest, vsp, vsc, server, client } = stage;
    shareMdl(stage, stage.mdl(0, 10));
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle);
    vsc.VmbPacketAllocate(client);
    sendPlain(vsc, client, Uint8Array.of(1), WAIT);
    const asked = vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, null, 0);
    await fabric.settle();
    const kinds = new Set(fabric.leaks().map(({ kind }) => kind));
    const all = ["caller", "channel", "gpadl", "kernelHandle", "memory", "packet"];
    assertEquals([...kinds].sort(), all);
    guest[end]();
    await fabric.settle();
    assertEquals((await asked).status, vmbus.STATUS_DEVICE_REMOVED);
    assertEquals(fabric.leaks().map(({ owner }) => owner.endsWith(" in root")), [true]);
    await vsp.VmbChannelDisable(server);
    vsp.VmbChannelCleanup(server);
    assertEquals(fabric.leaks(), []);
    assertEquals(fabric.violations, []);
  });
}

for (const mode of ["throw", "record", "off"] as const) {
  Deno.test(`Fabric.Symbol.asyncDispose: settles, and tells of leaks unless the verifier is off (${mode})`, async () => {
    const dispose = async () => {
      await using fabric = createFabric({ verifier: mode });
      const guest = fabric.createPartition({ name: "guest" });
      const { kmcl } = vmbus.WdfFdoQueryForInterface(
        guest.device,
        vmbus.KMCL_CLIENT_INTERFACE_TYPE,
        vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
        1,
      );
      const { channel } = kmcl.VmbChannelAllocate(guest.device, false);
      kmcl.VmbClientChannelInitSetTargetPnp(channel, PAIR_TYPE);
      assertEquals(fabric.leaks().length, 1);
    };
    if (mode === "off") await dispose();
    else await assertRejects(dispose, vmbus.DisposalError, "it was not cleaned up");
  });
}
