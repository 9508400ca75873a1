// What a restored channel has of the guest's memory (kmcl.md section 8: V7, V11).

import { assertEquals } from "@std/assert";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, type PairOptions } from "../../support/connected_pair.ts";
import {
  endpointOf,
  moveServer,
  openSavingPair,
  type SavingPair,
} from "../../support/saving_server.ts";

const { STATUS_SUCCESS } = vmbus;

function segments(mdl: vmbus.Mdl | null): number[] {
  return mdl === null ? [] : vmbus.mdlSegments(mdl).map(({ length }) => length);
}

/** A pair whose client shares a page, and whose server maps it in each Opened. */
async function sharingPair(): Promise<{
  pair: SavingPair;
  buffer: vmbus.GuestBuffer;
  gpadl: () => number;
  maps: vmbus.MapGpadlResult[];
}> {
  const maps: vmbus.MapGpadlResult[] = [];
  let gpadlHandle = 0;
  const pair: SavingPair = await openSavingPair({
    serverCallbacks: {
      EvtChannelOpened: (channel) => {
        if (gpadlHandle !== 0) maps.push(pair.vsp.VmbChannelMapGpadl(channel, 0, gpadlHandle));
        return STATUS_SUCCESS;
      },
      EvtChannelClosed: (channel) => {
        if (maps.at(-1)?.mdl) pair.vsp.VmbChannelUnmapGpadl(channel, gpadlHandle);
      },
    },
    clientCallbacks: {
      EvtChannelClosed: (channel) => pair.vsc.VmbChannelDeleteGpadl(channel, gpadlHandle),
    },
  });
  const buffer = pair.guest.memory.allocate(4096);
  const created = vmbus.expectSuccess(
    pair.vsc.VmbChannelCreateGpadlFromBuffer(pair.client, 0, buffer, 4096),
  );
  gpadlHandle = created.gpadlHandle;
  maps.push(pair.vsp.VmbChannelMapGpadl(pair.server, 0, gpadlHandle));
  return { pair, buffer, gpadl: () => gpadlHandle, maps };
}

Deno.test("VmbChannelMapGpadl: handles survive a restore, mappings do not, and Opened maps again (V11)", async () => {
  const { pair, buffer, maps } = await sharingPair();
  assertEquals(segments(maps[0]?.mdl ?? null), [4096]);
  const moved = await moveServer(pair);
  const dead = maps[0]?.mdl ?? null;
  await moved.fabric.settle();
  assertEquals(maps.map(({ status }) => status), [STATUS_SUCCESS, STATUS_SUCCESS]);
  const again = maps[1]?.mdl ?? null;
  vmbus.mdlSegments(again)[0]![7] = 42;
  assertEquals(moved.guest.memory.read(buffer.gpa, 8)[7], 42);
  assertEquals(dead === again, false);
  const { vsc, vsp, client, server, fabric, guest } = moved;
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(server);
  guest.memory.free(buffer);
  assertEquals(fabric.violations, []);
});

Deno.test("VmbChannelDeleteGpadl: one that waited for an unmap is gone after the save (V11)", async () => {
  const { pair, buffer, gpadl, maps } = await sharingPair();
  const { vsc, client, guest, fabric } = pair;
  let isDeleted = false;
  const deleted = vsc.VmbChannelDeleteGpadl(client, gpadl()).then(() => isDeleted = true);
  await fabric.settle();
  assertEquals([isDeleted, vmbus.inspectChannel(client)?.gpadls.length], [false, 1]);
  const moved = await moveServer(pair);
  await fabric.settle();
  await deleted;
  assertEquals(vmbus.inspectChannel(client)?.gpadls, []);
  await fabric.settle();
  assertEquals(maps.map(({ status }) => vmbus.ntStatusName(status)), [
    "STATUS_SUCCESS",
    "STATUS_INVALID_PARAMETER_3",
  ]);
  guest.memory.free(buffer);
  assertEquals(moved.fabric.violations, []);
});

// kmcl.md S3 and section 9
Deno.test("EvtChannelOpened: a mapping of a second Opened that refuses is removed, and a violation (V10, V11)", async () => {
  const pair = await openSavingPair({ fabric: { verifier: "record" } });
  const { guest, fabric, vsc, client } = pair;
  const buffer = guest.memory.allocate(4096);
  const { gpadlHandle } = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 4096),
  );
  await moveServer(pair, {
    serverCallbacks: {
      EvtChannelOpened: (channel) => {
        vmbus.expectSuccess(pair.vsp.VmbChannelMapGpadl(channel, 0, gpadlHandle));
        return vmbus.STATUS_UNSUCCESSFUL;
      },
    },
    clientCallbacks: {},
  });
  await fabric.settle();
  assertEquals(fabric.violations.map(({ rule, call }) => [rule, call]), [
    ["GPADL not deleted or still mapped when Closed returns", "EvtChannelOpened"],
    ["GPADL not deleted or still mapped when Closed returns", "EvtChannelClosed"], // the client's own
  ]);
  assertEquals(vmbus.inspectChannel(client)?.lifecycle, "disabled");
  assertEquals(guest.memory.free(buffer), undefined); // nothing pins it any more
  assertEquals(fabric.violations.length, 2);
});

/** A callback that is unfinished for a while: the loop gives the runtime a turn after each work item. */
const TURNS: PairOptions = {
  clientCallbacks: {
    EvtChannelPostStarted: (channel) => FabricRuntime.of(endpointOf(channel).runtime).delay(1000),
  },
};

/** Pauses the server when the work item that runs has ended: a DISPATCH_LEVEL callback must not wait. */
function pauseSoon({ vsp, server }: SavingPair): void {
  Promise.resolve().then(() => vsp.VmbChannelPause(server));
}

Deno.test("VmbChannelGetMmioSpace: the MMIO of a restored channel is where it was, with its bytes (V7)", async () => {
  const pair = await openSavingPair({
    server: (vsp, channel) => void vsp.VmbServerChannelInitSetMmioMegabytes(channel, 1, 0),
  });
  const { vsp, guest } = pair;
  const { mmioAddress, mmioSize } = vsp.VmbChannelGetMmioSpace(pair.server);
  guest.memory.write(Number(mmioAddress), Uint8Array.of(1, 2, 3));
  const moved = await moveServer(pair);
  await moved.fabric.settle();
  assertEquals(vsp.VmbChannelGetMmioSpace(moved.server), { mmioAddress, mmioSize });
  assertEquals(guest.memory.read(Number(mmioAddress), 3), Uint8Array.of(1, 2, 3));
  await closePair(moved);
});

Deno.test("VmbChannelPacketGetExternalData: a packet whose pages were awaited is offered again, once (V6, V7)", async () => {
  const seen: string[] = [];
  const pair = await openSavingPair({
    onServerPacket: (_channel, packet) => {
      const { status, mdl } = pair.vsp.VmbChannelPacketGetExternalData(packet, 0);
      seen.push(`${vmbus.ntStatusName(status)} at ${vmbus.KeGetCurrentIrql()}`);
      if (mdl !== null) pair.vsp.VmbChannelPacketComplete(packet, vmbus.mdlSegments(mdl)[0]!, 2);
      else pauseSoon(pair); // before the pages are there
    },
    ...TURNS,
  });
  const { fabric, guest, vsc, client } = pair;
  const buffer = guest.memory.allocate(4096);
  guest.memory.write(buffer.gpa, new TextEncoder().encode("hi"));
  guest.memory.pageOut(buffer.gpa, 4096);
  const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
  const answers: string[] = [];
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (done, _status, answer, length) => {
    answers.push(new TextDecoder().decode(answer.subarray(0, length)));
    vsc.VmbPacketFree(done);
  });
  vsc.VmbPacketSend(packet, null, 0, mdl, vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
  await fabric.settle();
  assertEquals(seen, ["STATUS_PENDING at 2"]);
  const moved = await moveServer(pair);
  moved.vsp.VmbChannelStart(moved.server);
  await fabric.settle();
  assertEquals(seen.slice(1), ["STATUS_SUCCESS at 0"]);
  assertEquals(answers, ["hi"]);
  guest.memory.free(buffer);
  await closePair(moved);
});

Deno.test("VmbChannelPacketDeferToPassive: a packet that was handed back is offered at PASSIVE_LEVEL again (V6, V7)", async () => {
  const seen: string[] = [];
  const pair = await openSavingPair({
    onServerPacket: (_channel, packet, buffer) => {
      seen.push(`${buffer[0]} at ${vmbus.KeGetCurrentIrql()}`);
      if (buffer[0] === 1 && seen.length === 1) {
        pair.vsp.VmbChannelPacketDeferToPassive(packet);
        pauseSoon(pair);
      } else pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
    ...TURNS,
  });
  const { fabric, vsc, client } = pair;
  for (const payload of [1, 2]) {
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), Uint8Array.of(payload), 1, null, 0);
  }
  await fabric.settle();
  assertEquals(seen, ["1 at 2"]);
  const moved = await moveServer(pair);
  moved.vsp.VmbChannelStart(moved.server);
  await fabric.settle();
  assertEquals(seen.slice(1), ["1 at 0", "2 at 2"]);
  await closePair(moved);
});
