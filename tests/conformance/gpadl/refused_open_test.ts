/** GPADLs that a driver leaves behind when its EvtChannelOpened refuses the open (kmcl.md S3, G1, section 9). */
import { createFabric } from "../../support/fabric.ts";
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { enablePair, makePair, type Pair } from "../../support/connected_pair.ts";

const RULE = "GPADL not deleted or still mapped when Closed returns";

async function end({ fabric, vsp, vsc, server, client }: Pair): Promise<void> {
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(server);
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
}

function violations({ fabric }: Pair): [string, string][] {
  return fabric.violations.map(({ rule, call }) => [rule, call]);
}

// kmcl.md G1: there is no Closed in which it could still be deleted.
Deno.test("VmbChannelCreateGpadlFromBuffer: KMCL removes what a refusing Opened has left", async () => {
  const fabric = createFabric({ verifier: "record" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const buffer = guest.memory.allocate(8192);
  const pair: Pair = makePair({
    within: { fabric, guest },
    clientCallbacks: {
      EvtChannelOpened: (channel) => {
        vmbus.expectSuccess(pair.vsc.VmbChannelCreateGpadlFromBuffer(channel, 0, buffer, 8192));
        return vmbus.STATUS_INSUFFICIENT_RESOURCES;
      },
    },
  });
  enablePair(pair);
  await fabric.settle();
  assertEquals(violations(pair), [[RULE, "EvtChannelOpened"]]);
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "disabled");
  assertEquals(vmbus.inspectChannel(pair.server).gpadls, []);
  assertEquals(fabric.inspect().partitions[1]?.pinnedPages, 0);
  guest.memory.free(buffer);
  await end(pair);
});

// kmcl.md S3, G2: mapped in an Opened that refuses, and the client wants it back.
Deno.test("VmbChannelMapGpadl: KMCL unmaps what a refusing Opened has left", async () => {
  const fabric = createFabric({ verifier: "record" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const buffer = guest.memory.allocate(4096);
  let mdl: vmbus.Mdl | null = null;
  let isRefusing = false;
  const handles: number[] = [];
  const pair: Pair = makePair({
    within: { fabric, guest },
    serverCallbacks: {
      EvtChannelOpened: (channel) => {
        if (!isRefusing) return vmbus.STATUS_SUCCESS;
        mdl = vmbus.expectSuccess(pair.vsp.VmbChannelMapGpadl(channel, 0, 5)).mdl;
        return vmbus.STATUS_INSUFFICIENT_RESOURCES;
      },
    },
    onPnpFailure: (_channel, status) => void handles.push(status),
  });
  const { vsp, server } = pair;
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  // The guest shares memory before it opens, which the wire allows (wire.md 3.4).
  guest.postControlMessage("toHost", gpadlHeader(5, buffer));
  isRefusing = true;
  assertEquals(pair.vsc.VmbChannelEnable(pair.client), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(handles, [vmbus.STATUS_INSUFFICIENT_RESOURCES]);
  assertEquals(violations(pair), [[RULE, "EvtChannelOpened"]]);
  assertEquals(vmbus.mdlSegments(mdl), []);
  assertEquals(fabric.violations.at(-1)?.rule, "use of an MDL after PacketComplete or Unmap");
  const [gpadl] = vmbus.inspectChannel(server).gpadls;
  assertEquals([gpadl?.handle, gpadl?.isMapped], [5, false]);
  guest.memory.free(buffer);
  await end(pair);
});

/** GpadlHeader of wire.md 3.2 for channel 1, with one range of one page. */
function gpadlHeader(gpadlId: number, { pfns }: vmbus.GuestBuffer): Uint8Array {
  const view = new DataView(new ArrayBuffer(36));
  view.setUint32(0, 8, true);
  view.setUint32(8, 1, true);
  view.setUint32(12, gpadlId, true);
  view.setUint16(16, 16, true);
  view.setUint16(18, 1, true);
  view.setUint32(20, 4096, true);
  view.setUint32(28, pfns[0] ?? 0, true);
  return new Uint8Array(view.buffer);
}
