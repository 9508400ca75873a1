// api.md section 3: what the entries of a trace at level "full" tell whoever reads them.
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { openPair, type Pair } from "../../support/connected_pair.ts";

const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

type Details = vmbus.TraceEntry["details"];

/** A pair whose fabric keeps entries, and those that it keeps from here on. */
async function tracedPair(
  options: vmbus.FabricOptions = {},
): Promise<Pair & { readonly told: (event: string) => readonly Details[] }> {
  const pair = await openPair({ fabric: { trace: "full", ...options } });
  const start = pair.fabric.trace.length;
  const told = (event: string) =>
    pair.fabric.trace.slice(start).filter((entry) => entry.event === event)
      .map(({ details }) => details);
  return { ...pair, told };
}

Deno.test("Fabric.trace: a call has its status by number and by name", async () => {
  const { vsc, client, told } = await tracedPair();
  vsc.VmbChannelInitSetFlags(client, 0);
  const status = vmbus.STATUS_INVALID_PARAMETER_1;
  const statusName = "STATUS_INVALID_PARAMETER_1";
  assertEquals(told("callReturned"), [{ call: "VmbChannelInitSetFlags", status, statusName }]);
});

Deno.test("Fabric.trace: functions of packets without a result have an end as well", async () => {
  const { fabric, vsc, client, told } = await tracedPair();
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (done) => vsc.VmbPacketFree(done));
  vsc.VmbPacketSend(packet, Uint8Array.of(7), 1, null, WAIT);
  await fabric.settle();
  const ended = told("callReturned").filter(({ result }) => result === null);
  assertEquals(ended.map(({ call }) => call), [
    "VmbPacketSetCompletionRoutine",
    "VmbChannelPacketComplete",
    "VmbPacketFree",
  ]);
});

Deno.test("Fabric.trace: a call that waits says so, and later how it ended", async () => {
  const { fabric, vsc, client, told } = await tracedPair();
  await vsc.VmbChannelDisable(client);
  const call = "VmbChannelDisable";
  assertEquals(told("callReturned").filter((details) => details.call === call), [
    { call, result: "a promise", waits: true },
  ]);
  const waitsFor = "channel 2 (client) to be Disabled";
  assertEquals(told("waitBegan"), [{ call, wait: 0, waitsFor }]);
  assertEquals(told("waitEnded"), [{ call, wait: 0 }]);
  const over = { status: vmbus.STATUS_SUCCESS, statusName: "STATUS_SUCCESS" };
  await vmbus.drainAndDisable(vsc, client, { timeout100ns: 1 });
  assertEquals(told("waitEnded").slice(1), [{ call: "drainAndDisable", ...over }]);
  fabric.dispose();
});

Deno.test("Fabric.trace: a wait that nothing can end is told what holds it up", async () => {
  const { vsc, client, vsp, server, told } = await tracedPair({ verifier: "record" });
  vsp.VmbChannelInitSetProcessPacketCallbacks(server, () => {});
  void vsp.VmbChannelPause(server);
  const answer = new Uint8Array(8);
  const request = vsc.VmbChannelSendSynchronousRequest(client, answer, 8, null, WAIT, answer, 8);
  await request.catch(() => {});
  const [{ threw } = {}] = told("waitEnded").filter(({ call }) => call !== "VmbChannelPause");
  assertMatch(String(threw), /nothing is runnable/);
});

Deno.test("Fabric.trace: control messages are told field by field, when they are said and when they are taken", async () => {
  const { vsc, client, told } = await tracedPair();
  await vsc.VmbChannelDisable(client);
  const [closed] = told("messageToHost");
  const fields = { channelId: 1 };
  assertEquals(closed, { bytes: "070000000000000001000000", message: "closeChannel", fields });
  assertEquals(told("messageTaken")[0], { direction: "toHost", message: "closeChannel", fields });
});

Deno.test("Fabric.trace: what becomes of a GPADL is told at both ends", async () => {
  const { fabric, guest, vsc, client, vsp, server, told } = await tracedPair();
  const buffer = guest.memory.allocate(4096);
  const { gpadlHandle } = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 4096);
  vsp.VmbChannelMapGpadl(server, 0, gpadlHandle!);
  vsp.VmbChannelUnmapGpadl(server, gpadlHandle!);
  await vsc.VmbChannelDeleteGpadl(client, gpadlHandle!);
  assertEquals(told("gpadlChanged").map(({ by, change }) => `${by}: ${change}`), [
    "guest: creating",
    "host: accepted",
    "guest: created",
    "host: mapped",
    "host: unmapped",
    "guest: deleting",
    "host: tornDown",
    "guest: deleted",
  ]);
  const what = { channelId: 1, gpadlId: gpadlHandle, byteCount: 4096 };
  assertEquals(told("gpadlChanged")[0], { by: "guest", change: "creating", ...what });
  fabric.dispose();
});

Deno.test("Fabric.trace: MMIO is told at both ends", async () => {
  const pair = await openPair({
    fabric: { trace: "full" },
    server: (vsp, channel) => vsp.VmbServerChannelInitSetMmioMegabytes(channel, 1, 0),
  });
  await pair.vsc.VmbChannelDisable(pair.client);
  await pair.fabric.settle();
  const told = pair.fabric.trace.filter(({ event }) => event === "mmioChanged");
  assertEquals(told.map(({ details: { by, change } }) => `${by}: ${change}`), [
    "guest: reserved",
    "host: mapped",
    "host: unmapped",
    "guest: released",
  ]);
});

Deno.test("Fabric.trace: a channel says in which state an event has left it, and how callbacks end", async () => {
  const { vsc, client, told } = await tracedPair();
  await vsc.VmbChannelPause(client);
  assertEquals(told("channelEvent").at(-1), { change: "retired", state: "opened, paused" });
  const callback = "EvtChannelSuspend";
  assertEquals(told("callbackBegin"), [{ callback, irql: 0 }]);
  assertEquals(told("callbackEnd"), [{ callback }]);
});

Deno.test("Fabric.trace: a switch says what ran instead of what", async () => {
  const { fabric, vsc, client, told } = await tracedPair({ schedule: "random", seed: 3 });
  for (let sent = 0; sent < 8; sent++) {
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), Uint8Array.of(sent), 1, null, WAIT);
  }
  await fabric.settle();
  const switches = told("choice").filter(({ offset }) => offset !== 0);
  assert(switches.length > 0);
  for (const { kind, step, ran, insteadOf } of switches) {
    assertEquals([kind, typeof step], ["item", "number"]);
    assertMatch(`${ran}, ${insteadOf}`, / of channel [12] \((?:client|server)\)/);
  }
});

Deno.test("Fabric.trace: calls have the driver's line where the fabric keeps lines, and violations always", async () => {
  for (const sourceLines of [false, true]) {
    const { fabric, vsc, client } = await tracedPair({ sourceLines, verifier: "record" });
    const { VmbPacketFree, VmbChannelGetPointer } = vsc;
    VmbChannelGetPointer(client);
    VmbPacketFree(null);
    const lineOf = (wanted: string, name: string) =>
      fabric.trace.findLast(({ event, details }) => event === wanted && details.call === name)
        ?.source ?? "none";
    const line = /entries_test\.ts:\d+:\d+$/;
    assertMatch(lineOf("violation", "VmbPacketFree"), line);
    for (const call of ["VmbPacketFree", "VmbChannelGetPointer"]) {
      assertMatch(lineOf("call", call), sourceLines ? line : /^none$/);
    }
  }
});
