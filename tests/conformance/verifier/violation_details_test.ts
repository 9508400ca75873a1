// api.md section 3: what a violation names. kmcl.md section 9 says which there are.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { openPair, type Pair } from "../../support/connected_pair.ts";
import { mapGpadl, openGpadlStage, shareMdl } from "../../support/gpadl_stage.ts";
import { sendPlain, WAIT } from "../../support/sending.ts";

const HERE = new URL(import.meta.url).pathname;

/** The violation that `misuse` is. */
function violationOf(misuse: () => unknown): vmbus.Violation {
  return assertThrows(misuse, vmbus.VerifierError).violation;
}

function placeOf(pair: Pair, side: "server" | "client"): vmbus.ChannelPlace {
  const { id } = vmbus.inspectChannel(pair[side])!;
  return { id, side, friendlyName: "", partition: side === "server" ? "root" : "guest" };
}

/** A server that holds what it is sent, and the contexts of its packets. */
async function openHolder(fabric: vmbus.FabricOptions = {}) {
  const pair = await openPair({
    fabric,
    onServerPacket: "hold",
  });
  const { held } = pair.atServer;
  const send = async (flags: number) => {
    sendPlain(pair.vsc, pair.client, Uint8Array.of(1), flags);
    await pair.fabric.settle();
  };
  return { pair, held, send };
}

Deno.test("Violation: a double retirement names channel, packet, and the call that was first", async () => {
  const { pair, held, send } = await openHolder();
  const { fabric, vsp } = pair;
  await send(WAIT);
  await fabric.advance(3);
  vsp.VmbChannelPacketComplete(held[0]!, null, 0);
  await fabric.advance(2);
  const violation = violationOf(() => vsp.VmbChannelPacketFail(held[0]!));
  assertEquals(violation.channel, placeOf(pair, "server"));
  assertEquals([violation.packet, violation.callback, violation.at], [0, null, 5]);
  assertEquals(violation.first, {
    call: "VmbChannelPacketComplete",
    at: 3,
    callback: null,
    source: null,
  });
  assertEquals(
    violation.message,
    "channel 1 (server) in root, packet 0: it was retired or handed back before, by " +
      "VmbChannelPacketComplete at 3 ms",
  );
  assertStringIncludes(violation.source ?? "", HERE);
  fabric.dispose();
});

Deno.test("Violation: names the callback of either call, and of every way to retire a packet", async () => {
  const ways: [string, (vsp: vmbus.KmclServerInterfaceV1, p: vmbus.VMBPACKETCOMPLETION) => void][] =
    [
      ["VmbChannelPacketComplete", (vsp, packet) => vsp.VmbChannelPacketComplete(packet, null, 0)],
      ["VmbChannelPacketFail", (vsp, packet) => vsp.VmbChannelPacketFail(packet)],
      [
        "VmbChannelPacketDeferToPassive",
        (vsp, packet) => vsp.VmbChannelPacketDeferToPassive(packet),
      ],
    ];
  for (const [call, retire] of ways) {
    const found: vmbus.Violation[] = [];
    const pair = await openPair({
      onServerPacket: (_channel, packet) => {
        if (vmbus.KeGetCurrentIrql() === 0) {
          return pair.vsp.VmbChannelPacketComplete(packet, null, 0);
        }
        retire(pair.vsp, packet);
        found.push(violationOf(() => pair.vsp.VmbChannelPacketComplete(packet, null, 0)));
      },
    });
    sendPlain(pair.vsc, pair.client, Uint8Array.of(1));
    await pair.fabric.settle();
    const [violation] = found;
    assertEquals([violation?.first?.call, violation?.first?.at], [call, 0]);
    const inside = "EvtChannelProcessPacket";
    assertEquals([violation?.callback, violation?.first?.callback], [inside, inside]);
    assert(violation?.message.endsWith(`by ${call} at 0 ms in ${inside}`), violation?.message);
    pair.fabric.dispose();
  }
});

// A record serves packet after packet: a stale context must not be told of another one's end.
Deno.test("Violation: tells of the packet that the context was of, whatever its record serves now", async () => {
  const { pair, held, send } = await openHolder();
  await send(0);
  pair.vsp.VmbChannelPacketComplete(held[0]!, null, 0);
  await pair.fabric.advance(1);
  const other = pair.vsc.VmbPacketAllocate(pair.client); // so that the next transaction has another id
  await send(WAIT);
  pair.vsp.VmbChannelPacketComplete(held[1]!, null, 0);
  const violations = held.map((context) =>
    violationOf(() => pair.vsp.VmbChannelPacketComplete(context, null, 0))
  );
  assertEquals(violations.map(({ packet, first }) => [packet, first?.at]), [[0, 0], [1, 1]]);
  pair.vsc.VmbPacketFree(other);
  pair.fabric.dispose();
});

Deno.test("Violation: names the driver's line that was first, where the fabric keeps lines", async () => {
  const { pair, held, send } = await openHolder({ sourceLines: true });
  await send(0);
  pair.vsp.VmbChannelPacketComplete(held[0]!, null, 0); // this line
  const error = assertThrows(
    () => pair.vsp.VmbChannelPacketComplete(held[0]!, null, 0),
    vmbus.VerifierError,
  );
  const text = await Deno.readTextFile(HERE);
  const line = text.split("\n").findIndex((line) => line.includes("// this line")) + 1;
  const source = error.violation.first?.source ?? "";
  assertMatch(source, new RegExp(`${HERE.replaceAll(".", "\\.")}:${line}:\\d+$`));
  assertStringIncludes(error.message, `the first time at ${source}`);
  pair.fabric.dispose();
});

Deno.test("Violation: its message, which is on the trace, is the same whether lines are kept or not", async () => {
  const messages: string[] = [];
  for (const sourceLines of [false, true]) {
    const { pair, held, send } = await openHolder({ sourceLines });
    await send(0);
    pair.vsp.VmbChannelPacketComplete(held[0]!, null, 0);
    messages.push(violationOf(() => pair.vsp.VmbChannelPacketFail(held[0]!)).message);
    pair.fabric.dispose();
  }
  assertEquals(messages[0], messages[1]);
});

Deno.test("Violation: a packet object that was freed before names the call that freed it", async () => {
  const { pair } = await openHolder();
  const { fabric, vsc, client } = pair;
  const freed = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketFree(freed);
  const violation = violationOf(() => vsc.VmbPacketFree(freed));
  assertEquals([violation.channel, violation.packet], [placeOf(pair, "client"), 0]);
  assertEquals(violation.first?.call, "VmbPacketFree");
  assertMatch(
    violation.message,
    /^channel 2 \(client\) in guest, packet 0: .*by VmbPacketFree at 0 ms$/,
  );

  // KMCL frees one that has no completion routine itself.
  const sent = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSend(sent, null, 0, null, 0);
  await fabric.settle();
  const late = violationOf(() => vsc.VmbPacketSetPointer(sent, 1));
  assertEquals(late.first?.call, "the end of its transaction");
  fabric.dispose();
});

Deno.test("Violation: a channel that was cleaned up, and its packets, name the Cleanup", async () => {
  const { pair } = await openHolder();
  const { fabric, guest, vsc } = pair;
  const { channel } = vsc.VmbChannelAllocate(guest.device, false);
  const room = new Uint8Array(vsc.VmbChannelSizeofPacket(channel));
  const { packet } = vsc.VmbPacketInitialize(channel, room, room.length);
  vsc.VmbChannelCleanup(channel);
  const violations = [
    violationOf(() => vsc.VmbChannelCleanup(channel)),
    violationOf(() => vsc.VmbPacketGetPointer(packet)),
  ];
  assertEquals(violations.map(({ first }) => first?.call), Array(2).fill("VmbChannelCleanup"));
  assertEquals(violations.map(({ packet }) => packet), [null, 0]);
  assertEquals(violations[0]?.channel, {
    id: 3,
    side: "client",
    friendlyName: "",
    partition: "guest",
  });
  fabric.dispose();
});

Deno.test("Violation: a GPADL that was unmapped or deleted before names who did it", async () => {
  const stage = await openGpadlStage();
  const { fabric, vsp, vsc, server, client } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 10));
  mapGpadl(stage, handle);
  vsp.VmbChannelUnmapGpadl(server, handle);
  const unmapped = violationOf(() => vsp.VmbChannelUnmapGpadl(server, handle));
  assertEquals(unmapped.first?.call, "VmbChannelUnmapGpadl");
  assertEquals(unmapped.channel?.side, "server");
  mapGpadl(stage, handle); // it lives again: nobody ended this mapping
  vsp.VmbChannelUnmapGpadl(server, handle);
  await vsc.VmbChannelDeleteGpadl(client, handle);
  const again = () => vsc.VmbChannelDeleteGpadl(client, handle);
  const { violation: deleted } = await assertRejects(again, vmbus.VerifierError);
  assertEquals([deleted.first?.call, deleted.channel?.side], ["VmbChannelDeleteGpadl", "client"]);
  const unknown = violationOf(() => vsp.VmbChannelUnmapGpadl(server, 4711));
  assertEquals(unknown.first, null);
  fabric.dispose();
});

Deno.test("Violation: an interface that nobody references names who gave it back last", async () => {
  const { pair: { fabric, vsc } } = await openHolder();
  vsc.InterfaceDereference(vsc.Context);
  const violation = violationOf(() => vsc.InterfaceDereference(vsc.Context));
  assertEquals(violation.first?.call, "InterfaceDereference");
  fabric.dispose();
});

Deno.test("Violation: with the verifier off nothing is noted, and handles say nothing", async () => {
  const { pair, held, send } = await openHolder({ verifier: "off" });
  await send(0);
  pair.vsp.VmbChannelPacketComplete(held[0]!, null, 0);
  pair.vsp.VmbChannelPacketComplete(held[0]!, null, 0);
  assertEquals(pair.fabric.violations, []);
  pair.fabric.dispose();
});
