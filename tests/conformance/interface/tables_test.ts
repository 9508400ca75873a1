// kmcl.md section 2: what is in the two tables.

import { createFabric } from "../../support/fabric.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { clientTable, makePair, serverTable } from "../../support/connected_pair.ts";
import { clientTableV5, serverTableV5 } from "../../support/later_tables.ts";

/** KMCL_CLIENT_INTERFACE_V1: 41 functions in the order of the header. */
const CLIENT_FUNCTIONS = `
  VmbChannelAllocate VmbChannelCleanup VmbChannelCreateGpadlFromBuffer VmbChannelCreateGpadlFromMdl
  VmbChannelDeleteGpadl VmbChannelDisable VmbChannelEnable VmbChannelGetInterfaceInstance
  VmbChannelGetMmioSpace VmbChannelGetPointer VmbChannelInitSetClientContextSize
  VmbChannelInitSetFlags VmbChannelInitSetFriendlyName VmbChannelInitSetMaximumExternalData
  VmbChannelInitSetMaximumPacketSize VmbChannelInitSetProcessPacketCallbacks
  VmbChannelInitSetStateChangeCallbacks VmbChannelPacketComplete VmbChannelPacketDeferToPassive
  VmbChannelPacketFail VmbChannelPacketGetExternalData VmbChannelPause
  VmbChannelSendSynchronousRequest VmbChannelSetIncomingProcessingAtPassive
  VmbChannelSetInterruptLatency VmbChannelSetPointer VmbChannelSetTransactionQuota
  VmbChannelSizeofPacket VmbChannelStart VmbClientChannelInitSetRingBufferPageCount
  VmbClientChannelInitSetTargetPnp VmbPacketAllocate VmbPacketFree VmbPacketGetChannel
  VmbPacketGetPointer VmbPacketInitialize VmbPacketSend VmbPacketSendWithExternalMdl
  VmbPacketSendWithExternalPfns VmbPacketSetCompletionRoutine VmbPacketSetPointer`
  .trim().split(/\s+/);

/** KMCL_SERVER_ONLY_METHODS: 14 functions in the order of the header. */
const SERVER_ONLY_FUNCTIONS = `
  VmbChannelMapGpadl VmbChannelRestoreFromBuffer VmbChannelSaveBegin VmbChannelSaveContinue
  VmbChannelSaveEnd VmbChannelUnmapGpadl VmbConvertVmbusHandleToKernelHandle VmbPacketRestore
  VmbServerChannelInitSetFlags VmbServerChannelInitSetMmioMegabytes
  VmbServerChannelInitSetSaveRestorePacketCallbacks VmbServerChannelInitSetTargetInterfaceId
  VmbServerChannelInitSetTargetVtl VmbServerChannelInitSetVmbusHandle`.trim().split(/\s+/);

/** What versions 2 to 5 add, and the one that is the server's only. */
const LATER_FUNCTIONS = [
  `VmbChannelPacketGetClientContext VmbChannelGetTargetDeviceObject VmbChannelGetParentDeviceObject`,
  `VmbChannelInitSetBounceBufferSizes VmbChannelAllocateBounceBuffer`,
  `VmbChannelInitSetMaximumPacketCount VmbChannelCreateGpadlFromPfnList`,
  `VmbChannelInitSetPrimaryChannel VmbChannelInitialize VmbSizeofChannel
  VmbChannelSetAllowableDpcCpuUsage VmbClientChannelInitSetTargetProcessorIndex
  VmbChannelInitSetInlinePacketContextSize VmbPacketGetInlinePacketContextPointer
  VmbChannelInitSetProcessPacketCallbacksEx VmbPacketSetCompletionRoutineEx`,
  `VmbServerChannelInitSetSaveRestorePacketCallbacksEx`,
].map((names) => names.trim().split(/\s+/));

/** The INTERFACE header that both tables begin with (N4). */
const HEADER = "Size Version Context InterfaceReference InterfaceDereference".split(" ");

/** Both tables of one fabric: the child's client table, and the root's two. */
function tables(): readonly [
  vmbus.KmclClientInterfaceV1,
  vmbus.KmclClientInterfaceV1,
  vmbus.KmclServerInterfaceV1,
] {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  return [clientTable(guest), clientTable(fabric.root), serverTable(fabric)];
}

Deno.test("KmclClientInterfaceV1: holds the 41 functions in order (N2)", () => {
  assertEquals(CLIENT_FUNCTIONS.length, 41);
  assertEquals(CLIENT_FUNCTIONS, CLIENT_FUNCTIONS.toSorted());
  const [child, root] = tables();
  assertEquals(Object.keys(child), [...HEADER, ...CLIENT_FUNCTIONS]);
  assertEquals(Object.keys(root), [...HEADER, ...CLIENT_FUNCTIONS]);
});

Deno.test("KmclServerInterfaceV1: holds the client's functions, then its own in order (N3)", () => {
  assertEquals(SERVER_ONLY_FUNCTIONS.length, 14);
  assertEquals(SERVER_ONLY_FUNCTIONS, SERVER_ONLY_FUNCTIONS.toSorted());
  assertEquals(Object.keys(tables()[2]), [
    ...HEADER,
    ...CLIENT_FUNCTIONS,
    ...SERVER_ONLY_FUNCTIONS,
  ]);
});

Deno.test("KmclServerInterfaceV1: none of the names of later versions is there (N6)", () => {
  const known: ReadonlySet<string> = new Set([...CLIENT_FUNCTIONS, ...SERVER_ONLY_FUNCTIONS]);
  const later = LATER_FUNCTIONS.flat();
  assertEquals([later.length, later.filter((name) => known.has(name))], [17, []]);
  for (const table of tables()) assertEquals(later.filter((name) => name in table), []);
});

for (const version of [1, 2, 3, 4, 5] as const) {
  Deno.test(`KmclServerInterfaceV${version}: each version adds its functions behind the client's, the server's own last (N6)`, () => {
    const { device } = createFabric().root;
    const keysOf = (side: "CLIENT" | "SERVER") => {
      const size = vmbus[`KMCL_${side}_INTERFACE_V${version}_SIZE`];
      const type = vmbus[`KMCL_${side}_INTERFACE_TYPE`];
      return Object.keys(vmbus.WdfFdoQueryForInterface(device, type, size, version).kmcl ?? {});
    };
    const client = [
      ...HEADER,
      ...CLIENT_FUNCTIONS,
      ...LATER_FUNCTIONS.slice(0, version - 1).flat(),
    ];
    const own = [...SERVER_ONLY_FUNCTIONS, ...version === 5 ? LATER_FUNCTIONS[4]! : []];
    assertEquals(keysOf("CLIENT"), client);
    assertEquals(keysOf("SERVER"), [...client, ...own]);
  });
}

Deno.test("KMCL_CLIENT_INTERFACE_V5: by its type a table is one of each version before it (N6)", () => {
  const fabric = createFabric();
  const v5: vmbus.KMCL_CLIENT_INTERFACE_V5 = clientTableV5(fabric.root);
  const v4: vmbus.KMCL_CLIENT_INTERFACE_V4 = v5;
  const v3: vmbus.KMCL_CLIENT_INTERFACE_V3 = v4;
  const v2: vmbus.KMCL_CLIENT_INTERFACE_V2 = v3;
  const v1: vmbus.KMCL_CLIENT_INTERFACE_V1 = v2;
  assertStrictEquals(v1.VmbChannelAllocate, v5.VmbChannelAllocate);
  assertStrictEquals(v2.VmbChannelPacketGetClientContext, v5.VmbChannelPacketGetClientContext);
});

Deno.test("KMCL_SERVER_INTERFACE_V5: by its type a table is one of each version before it, and a client's (N6)", () => {
  const fabric = createFabric();
  const v5: vmbus.KMCL_SERVER_INTERFACE_V5 = serverTableV5(fabric);
  const v4: vmbus.KMCL_SERVER_INTERFACE_V4 = v5;
  const v3: vmbus.KMCL_SERVER_INTERFACE_V3 = v4;
  const v2: vmbus.KMCL_SERVER_INTERFACE_V2 = v3;
  const v1: vmbus.KMCL_SERVER_INTERFACE_V1 = v2;
  const client: vmbus.KMCL_CLIENT_INTERFACE_V5 = v5;
  assertStrictEquals(v1.VmbChannelSaveBegin, v5.VmbChannelSaveBegin);
  assertStrictEquals(client.VmbChannelInitialize, v5.VmbChannelInitialize);
});

Deno.test("KmclServerInterfaceV1: tables are frozen, and their members behind Context are functions", () => {
  for (const table of tables()) {
    assert(Object.isFrozen(table));
    assertEquals(
      new Set(Object.values(table).slice(3).map((member) => typeof member)),
      new Set(["function"]),
    );
    assertThrows(() => Object.assign(table, { VmbChannelStart: () => {} }), TypeError);
  }
});

Deno.test("KmclServerInterfaceV1: functions do not use this", async () => {
  // api.md section 1
  const pair = makePair();
  const { VmbChannelEnable, VmbChannelStart, VmbChannelDisable, VmbChannelCleanup } = pair.vsp;
  const { VmbPacketAllocate, VmbPacketGetChannel, VmbPacketFree } = pair.vsc;
  assertEquals(VmbChannelEnable(pair.server), vmbus.STATUS_SUCCESS);
  VmbChannelStart.call(undefined as never, pair.server);
  const packet = VmbPacketAllocate.call({} as never, pair.client);
  assertStrictEquals(VmbPacketGetChannel(packet), pair.client);
  VmbPacketFree(packet);
  await VmbChannelDisable(pair.server);
  VmbChannelCleanup(pair.server);
  const { VmbChannelCleanup: cleanUpClient } = pair.vsc;
  cleanUpClient(pair.client);
  assertEquals(pair.fabric.leaks(), []);
});

Deno.test("KmclServerInterfaceV1: a channel works through either table of its fabric", async () => {
  // The root's client table knows the same channels: a loopback client is served through it (N5).
  const pair = makePair();
  const rootClientTable = clientTable(pair.fabric.root);
  rootClientTable.VmbChannelSetPointer(pair.server, "mine");
  assertEquals(pair.vsp.VmbChannelGetPointer(pair.server), "mine");
  assertEquals(rootClientTable.VmbChannelEnable(pair.server), vmbus.STATUS_SUCCESS);
  await rootClientTable.VmbChannelDisable(pair.server);
  rootClientTable.VmbChannelCleanup(pair.server);
  pair.vsp.VmbChannelCleanup(pair.client);
  assertEquals(pair.fabric.leaks(), []);
});

Deno.test("KmclServerInterfaceV1: does not know the handles of another fabric (I1)", () => {
  const here = makePair();
  const there = makePair();
  assertEquals(here.vsp.VmbChannelEnable(there.server), vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(
    here.vsp.VmbChannelInitSetFlags(there.server, 0),
    vmbus.STATUS_INVALID_PARAMETER_1,
  );
  const { status } = here.vsp.VmbChannelAllocate(there.fabric.root.device, true);
  assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_1);
  const packet = there.vsc.VmbPacketAllocate(there.client);
  assertEquals(
    here.vsc.VmbPacketSend(packet, null, 0, null, 0),
    vmbus.STATUS_INVALID_PARAMETER_1,
  );
  there.vsc.VmbPacketFree(packet);
  for (const { vsp, vsc, server, client, fabric } of [here, there]) {
    vsp.VmbChannelCleanup(server);
    vsc.VmbChannelCleanup(client);
    assertEquals(fabric.leaks(), []);
  }
});
