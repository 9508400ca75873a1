// When GPADLs may be used, and how they end (kmcl.md section 5 and 9, G1, S10, S3).

import { assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair } from "../../support/connected_pair.ts";
import { watch } from "../../support/driving.ts";
import {
  bytesOf,
  mapGpadl,
  openGpadlStage,
  PAGE_BYTES,
  pinnedPages,
  shareMdl,
} from "../../support/gpadl_stage.ts";

const LEFT = "GPADL not deleted or still mapped when Closed returns";
const UNKNOWN = "DeleteGpadl or UnmapGpadl outside Opened to Closed or with an unknown handle";

Deno.test("VmbChannelCreateGpadlFromBuffer: is valid from the Opened callback until the Closed callback returns (G1)", async () => {
  const log: string[] = [];
  const pair = makePair({
    clientCallbacks: {
      EvtChannelOpened: () => (tryClient("Opened"), vmbus.STATUS_SUCCESS),
      EvtChannelSuspend: () => tryClient("Suspend"),
      EvtChannelClosed: () => tryClient("Closed"),
    },
    serverCallbacks: {
      EvtChannelOpened: () => (tryServer("Opened"), vmbus.STATUS_SUCCESS),
      EvtChannelClosed: () => tryServer("Closed"),
    },
  });
  const { fabric, guest, vsp, vsc, server, client } = pair;
  const buffer = guest.memory.allocate(10);
  const tryClient = (when: string) => {
    const created = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 10);
    log.push(`client ${when}: ${vmbus.ntStatusName(created.status)}`);
    if (created.gpadlHandle !== null) vsc.VmbChannelDeleteGpadl(client, created.gpadlHandle);
  };
  const tryServer = (when: string) => {
    const { status } = vsp.VmbChannelMapGpadl(server, 0, 1);
    log.push(`server ${when}: ${vmbus.ntStatusName(status)}`);
  };
  const tryBoth = (when: string) => {
    tryServer(when);
    tryClient(when);
  };
  tryBoth("Disabled");
  enablePair(pair);
  tryBoth("Enabled");
  await fabric.settle();
  tryBoth("Opened and Active");
  await vsc.VmbChannelDisable(client);
  tryBoth("Closed and Disabled");
  guest.memory.free(buffer);
  await closePair(pair);
  assertEquals(log, [
    "server Disabled: STATUS_INVALID_PARAMETER_1",
    "client Disabled: STATUS_INVALID_PARAMETER_1",
    "server Enabled: STATUS_INVALID_PARAMETER_1",
    "client Enabled: STATUS_INVALID_PARAMETER_1",
    "server Opened: STATUS_INVALID_PARAMETER_3", // valid, and the handle is unknown
    "client Opened: STATUS_SUCCESS",
    "server Opened and Active: STATUS_INVALID_PARAMETER_3",
    "client Opened and Active: STATUS_SUCCESS",
    "client Suspend: STATUS_DEVICE_REMOVED", // the channel is closing
    "client Closed: STATUS_DEVICE_REMOVED",
    "server Closed: STATUS_INVALID_PARAMETER_3",
    "server Closed and Disabled: STATUS_INVALID_PARAMETER_1",
    "client Closed and Disabled: STATUS_INVALID_PARAMETER_1",
  ]);
});

Deno.test("VmbChannelDeleteGpadl: waits until the server has unmapped it", async () => {
  const stage = await openGpadlStage();
  const { fabric, vsp, vsc, server, client, memory, pages } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 10));
  const mapped = mapGpadl(stage, handle);
  const deletions = [1, 2].map(() => watch(vsc.VmbChannelDeleteGpadl(client, handle)));
  await fabric.settle();
  assertEquals(deletions.map(({ state }) => state), ["pending", "pending"]);
  const [caller] = fabric.inspect().callers;
  assertEquals(caller?.call, "VmbChannelDeleteGpadl");
  assertEquals(bytesOf(mapped).length, 10); // the server may still use it
  assertEquals(vsp.VmbChannelMapGpadl(server, 0, handle).status, vmbus.STATUS_INVALID_PARAMETER_3);
  const before = pinnedPages(stage);
  vsp.VmbChannelUnmapGpadl(server, handle);
  await fabric.settle();
  assertEquals(deletions.map(({ state }) => state), ["resolved", "resolved"]);
  assertEquals(pinnedPages(stage), before - 1);
  memory.free(pages);
  await closePair(stage);
});

Deno.test("VmbChannelDeleteGpadl: of one that is not mapped needs no driver of the server", async () => {
  const stage = await openGpadlStage();
  const { vsc, client, memory, pages } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 10));
  await vsc.VmbChannelDeleteGpadl(client, handle); // the wait itself drives the loop
  memory.free(pages);
  await closePair(stage);
});

Deno.test("VmbChannelDeleteGpadl: that nobody unmaps rejects as a wait that nothing can end", async () => {
  const stage = await openGpadlStage();
  const { vsp, vsc, server, client } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 10));
  mapGpadl(stage, handle);
  const error = await assertRejects(
    () => vsc.VmbChannelDeleteGpadl(client, handle),
    vmbus.VerifierError,
    `GPADL ${handle}`,
  );
  assertEquals(error.violation.rule, "wait that nothing can end");
  assertEquals(error.violation.call, "VmbChannelDeleteGpadl");
  vsp.VmbChannelUnmapGpadl(server, handle);
  await vsc.VmbChannelDisable(client);
});

Deno.test("VmbChannelDeleteGpadl: in Closed the client may wait for it, as the server is closing by then (S10)", async () => {
  const log: string[] = [];
  const stage = await openGpadlStage({
    clientCallbacks: {
      EvtChannelClosed: async () => {
        log.push("client Closed");
        await stage.vsc.VmbChannelDeleteGpadl(stage.client, handle);
        log.push("deleted");
      },
    },
    serverCallbacks: {
      EvtChannelClosed: async () => {
        await stage.fabric.delay(5);
        log.push("server unmaps");
        stage.vsp.VmbChannelUnmapGpadl(stage.server, handle);
      },
    },
  });
  const handle = shareMdl(stage, stage.mdl(0, 10));
  mapGpadl(stage, handle);
  await stage.vsc.VmbChannelDisable(stage.client);
  assertEquals(log, ["client Closed", "server unmaps", "deleted"]);
  stage.memory.free(stage.pages);
  await closePair(stage);
});

for (const mode of ["throw", "record", "off"] as const) {
  Deno.test(`EvtChannelClosed: a GPADL that the client left is removed, and reported (${mode})`, async () => {
    const stage = await openGpadlStage({ fabric: { verifier: mode } }); // kmcl.md section 9
    const { fabric, vsc, client, memory, pages } = stage;
    const idle = pinnedPages(stage);
    const handles = [shareMdl(stage, stage.mdl(0, 10)), shareMdl(stage, stage.mdl(4096, 10))];
    assertEquals(fabric.leaks().filter(({ kind }) => kind === "gpadl").length, 2);
    const disabled = vsc.VmbChannelDisable(client);
    if (mode !== "throw") await disabled;
    else {
      const error = await assertRejects(() => disabled, vmbus.VerifierError);
      assertEquals(error.violation.rule, LEFT);
      assertEquals(error.violation.call, "EvtChannelClosed");
      const next = await assertRejects(() => fabric.settle(), vmbus.VerifierError);
      assertEquals(next.violation.message.includes(String(handles[1])), true);
      await fabric.settle();
    }
    assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled");
    const rules = fabric.violations.map(({ rule }) => rule);
    assertEquals(rules, mode === "off" ? [] : [LEFT, LEFT]);
    assertEquals(fabric.leaks().filter(({ kind }) => kind === "gpadl"), []);
    assertEquals(pinnedPages(stage), idle - 10); // nor are the rings pinned any more
    memory.free(pages);
  });

  Deno.test(`EvtChannelClosed: a GPADL that the server left mapped is unmapped, and reported (${mode})`, async () => {
    const stage = await openGpadlStage({
      fabric: { verifier: mode },
      clientCallbacks: {
        EvtChannelClosed: () => stage.vsc.VmbChannelDeleteGpadl(stage.client, handle),
      },
    }); // kmcl.md section 9
    const { fabric, vsc, client, server, memory, pages } = stage;
    const handle = shareMdl(stage, stage.mdl(0, 10));
    const mapped = mapGpadl(stage, handle);
    const disabled = vsc.VmbChannelDisable(client);
    if (mode !== "throw") await disabled;
    else {
      const error = await assertRejects(() => disabled, vmbus.VerifierError);
      assertEquals([error.violation.rule, error.violation.call], [LEFT, "EvtChannelClosed"]);
      await fabric.settle();
    }
    assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled"); // its deletion went through
    assertEquals(vmbus.inspectChannel(server).lifecycle, "closed");
    assertEquals(fabric.violations.length, mode === "off" ? 0 : 1);
    if (mode !== "throw") assertEquals(bytesOf(mapped).length, 0); // its MDL is dead
    memory.free(pages);
  });

  Deno.test(`EvtChannelOpened: that fails with a GPADL left has it removed, and reported (${mode})`, async () => {
    const pair = makePair({
      fabric: { verifier: mode },
      clientCallbacks: {
        EvtChannelOpened: () => {
          vmbus.expectSuccess(vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 10));
          return vmbus.STATUS_UNSUCCESSFUL;
        },
      },
    }); // S3: Closed is not called then
    const { fabric, guest, vsc, client, calls } = pair;
    const buffer = guest.memory.allocate(10);
    enablePair(pair);
    if (mode === "throw") {
      const error = await assertRejects(() => fabric.settle(), vmbus.VerifierError);
      assertEquals([error.violation.rule, error.violation.call], [LEFT, "EvtChannelOpened"]);
    }
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled");
    assertEquals(fabric.violations.length, mode === "off" ? 0 : 1);
    assertEquals(calls.includes("client Closed"), false);
    assertEquals(pinnedPages(pair), 0);
    guest.memory.free(buffer);
    assertEquals(fabric.leaks().map(({ kind }) => kind), ["channel", "channel"]);
  });
}

Deno.test("VmbChannelDeleteGpadl: and Unmap outside Opened to Closed, or with an unknown handle, are violations", async () => {
  const stage = await openGpadlStage({ fabric: { verifier: "record" } });
  const { fabric, vsp, vsc, server, client, memory, pages } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 10));
  const calls: [string, () => Promise<void> | void][] = [
    ["VmbChannelDeleteGpadl", () => vsc.VmbChannelDeleteGpadl(client, handle + 1)],
    ["VmbChannelDeleteGpadl", () => vsc.VmbChannelDeleteGpadl(server, handle)],
    ["VmbChannelDeleteGpadl", () => vsc.VmbChannelDeleteGpadl(client, NaN)],
    ["VmbChannelUnmapGpadl", () => vsp.VmbChannelUnmapGpadl(server, handle + 1)],
    ["VmbChannelUnmapGpadl", () => vsp.VmbChannelUnmapGpadl(client, handle)],
    ["VmbChannelUnmapGpadl", () => vsp.VmbChannelUnmapGpadl(server, -1)],
  ];
  for (const [, call] of calls) await call();
  const found = () => fabric.violations.map(({ rule, call }) => [rule, call]);
  assertEquals(found(), calls.map(([name]) => [UNKNOWN, name]));
  vsp.VmbChannelUnmapGpadl(server, handle);
  assertEquals(found().at(-1), ["Unmap of an unmapped GPADL", "VmbChannelUnmapGpadl"]);

  mapGpadl(stage, handle); // none of it changed anything
  vsp.VmbChannelUnmapGpadl(server, handle);
  await vsc.VmbChannelDeleteGpadl(client, handle);
  const count = found().length;
  await vsc.VmbChannelDeleteGpadl(client, handle);
  await vsc.VmbChannelDisable(client);
  await vsc.VmbChannelDeleteGpadl(client, handle);
  vsp.VmbChannelUnmapGpadl(server, handle);
  assertEquals(found().slice(count).map(([rule]) => rule), [UNKNOWN, UNKNOWN, UNKNOWN]);
  memory.free(pages);
});

Deno.test("VmbChannelUnmapGpadl: the MDL is dead afterwards", async () => {
  const stage = await openGpadlStage({ fabric: { verifier: "record" } });
  const { fabric, vsp, server, vsc, client } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 2 * PAGE_BYTES));
  const mapped = mapGpadl(stage, handle);
  vsp.VmbChannelUnmapGpadl(server, handle);
  assertEquals(bytesOf(mapped).length, 0);
  const [violation] = fabric.violations;
  assertEquals(violation?.rule, "use of an MDL after PacketComplete or Unmap");
  // Nor can a dead MDL be shared or sent: that has a status.
  const created = vsc.VmbChannelCreateGpadlFromMdl(client, 0, mapped, 0, 0);
  assertEquals(created.status, vmbus.STATUS_INVALID_PARAMETER_3);
  const packet = vsc.VmbPacketAllocate(client);
  const status = vsc.VmbPacketSend(packet, null, 0, mapped, 1);
  assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_4);
  vsc.VmbPacketFree(packet);
  await vsc.VmbChannelDeleteGpadl(client, handle);
  assertEquals(fabric.violations.length, 1);
});

Deno.test("VmbChannelUnmapGpadl: a server unmaps in Closed also where its guest crashed (S13)", async () => {
  const stage = await openGpadlStage({
    serverCallbacks: {
      EvtChannelClosed: () => {
        assertEquals(bytesOf(mapped).length, 10);
        stage.vsp.VmbChannelUnmapGpadl(stage.server, handle);
      },
    },
  });
  const { fabric, vsp, server, guest, calls } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 10));
  const mapped = mapGpadl(stage, handle);
  guest.crash();
  await fabric.settle();
  assertEquals(calls.slice(-2), ["server Suspend", "server Closed"]);
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.violations, []);
});

Deno.test("VmbChannelDeleteGpadl: its caller may free the memory, also where the guest crashed meanwhile (S13)", async () => {
  let end = "";
  const pair = makePair({
    clientCallbacks: {
      EvtChannelClosed: async () => {
        await vsc.VmbChannelDeleteGpadl(client, handle);
        guest.memory.free(buffer);
        end = "freed";
      },
    },
  });
  const { fabric, guest, vsc, vsp, client, server } = pair;
  enablePair(pair);
  await fabric.settle();
  const buffer = guest.memory.allocate(10);
  const created = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 10);
  const handle = vmbus.expectSuccess(created).gpadlHandle;
  const disabled = vsc.VmbChannelDisable(client);
  await fabric.runUntil(() =>
    fabric.inspect().partitions[1]?.channels[0]?.gpadls[0]?.state === "deleting"
  );
  guest.crash();
  await disabled;
  await fabric.settle();
  assertEquals([end, fabric.violations], ["freed", []]);
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
});
