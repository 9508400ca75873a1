// Packets that name parts of a GPADL: transfer pages (wire.md 2.3; kmcl.md P9).

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { encodePacket, foreseenRings, type RawRings } from "../../../simulator/peers/mod.ts";
import { closePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { pattern, WAIT } from "../../support/sending.ts";

const PAGE_BYTES = 4096;
const SET = 0xcafe;
const EXTERNAL = vmbus.VMBUS_CHANNEL_PROCESS_PACKET_FLAG_EXTERNAL_DATA;
const { STATUS_SUCCESS } = vmbus;

/** A pair whose client has shared four pages with a pattern, and which both call page set 0xcafe. */
interface Stage extends Pair {
  readonly gpadl: number;
  readonly bytes: Uint8Array;
  readonly rings: RawRings;
  /** What arrived on either side: flags, and the bytes of each MDL, or the status without. */
  readonly seen: { flags: number; data: (Uint8Array[] | string | undefined)[] }[];
  readonly close: () => Promise<void>;
}

function dataOf(kmcl: vmbus.KmclClientInterfaceV1, packet: vmbus.VMBPACKETCOMPLETION) {
  const { status, mdl } = kmcl.VmbChannelPacketGetExternalData(packet, 0);
  if (mdl === null) return [vmbus.ntStatusName(status)];
  const parts: Uint8Array[][] = [];
  for (let at: vmbus.Mdl | null = mdl; at !== null; at = at.next) {
    const rest: vmbus.Mdl | null = at.next;
    at.next = null;
    parts.push(vmbus.mdlSegments(at).map((view) => view.slice()));
    at.next = rest;
  }
  return parts;
}

async function setStage(
  options: { codec?: "msgpack" | "vmbus"; chain?: number } = {},
): Promise<Stage> {
  const seen: Stage["seen"] = [];
  const fabric = createFabric({ codec: options.codec ?? "vmbus", trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 128 });
  const rings = foreseenRings(guest.memory, 4, 4);
  const take = (kmcl: () => vmbus.KmclClientInterfaceV1): vmbus.EvtChannelProcessPacket =>
  (
    _channel,
    packet,
    _buffer,
    _length,
    flags,
  ) => {
    seen.push({ flags, data: dataOf(kmcl(), packet) });
    kmcl().VmbChannelPacketComplete(packet, new Uint8Array([1]), 1);
  };
  const pair: Pair = await openPair({
    within: { fabric, guest },
    onClientPacket: take(() => pair.vsc),
    onServerPacket: take(() => pair.vsp),
    clientCallbacks: {
      EvtChannelClosed: async (channel) => {
        await pair.vsc.VmbChannelDeleteGpadl(channel, gpadl);
        memory.free(buffer);
      },
    },
    client: (vsc, channel) => {
      vsc.VmbChannelInitSetMaximumExternalData(channel, 4 * PAGE_BYTES, options.chain ?? 4);
    },
  });
  const { memory } = guest;
  const buffer = memory.allocate(4 * PAGE_BYTES);
  const bytes = pattern(4 * PAGE_BYTES);
  memory.write(buffer.gpa, bytes);
  const { gpadlHandle } = vmbus.expectSuccess(
    pair.vsc.VmbChannelCreateGpadlFromBuffer(pair.client, 0, buffer, 4 * PAGE_BYTES),
  );
  const gpadl = gpadlHandle!;
  if (options.codec !== "msgpack") {
    assertEquals(vmbus.setPageSet(pair.vsc, pair.client, SET, gpadl), STATUS_SUCCESS);
    assertEquals(vmbus.setPageSet(pair.vsp, pair.server, SET, gpadl), STATUS_SUCCESS);
  }
  return { ...pair, gpadl, bytes, rings, seen, close: () => closePair(pair) };
}

/** A packet of the server's, and what becomes of it. */
function newPacket({ vsp, server }: Pair, ends: string[] = []): vmbus.VMBPACKET {
  const packet = vsp.VmbPacketAllocate(server)!;
  vsp.VmbPacketSetCompletionRoutine(packet, (done, status, _buffer, length) => {
    ends.push(`${vmbus.ntStatusName(status)} ${length}`);
    vsp.VmbPacketFree(done);
  });
  return packet;
}

Deno.test("sendTransferPages: the guest's driver sees the parts of its buffer that the server names (P9)", async () => {
  const stage = await setStage();
  const ends: string[] = [];
  const parts = [{ byteOffset: 0x10, byteCount: 0x20 }, { byteOffset: 0x1ffe, byteCount: 3 }];
  const packet = newPacket(stage, ends);
  const payload = new Uint8Array(8).fill(9);
  const status = vmbus.sendTransferPages(stage.vsp, packet, payload, 8, SET, parts, WAIT);
  assertEquals(status, STATUS_SUCCESS);
  await stage.fabric.settle();
  const { bytes } = stage;
  assertEquals(stage.seen, [{
    flags: EXTERNAL,
    data: [[bytes.slice(0x10, 0x30)], [bytes.slice(0x1ffe, 0x2001)]],
  }]);
  assertEquals(ends, ["STATUS_SUCCESS 8"]); // an answer comes in words of 8 bytes
  await stage.close();
});

Deno.test("sendTransferPages: a client may name its own buffer to the server", async () => {
  const stage = await setStage();
  const packet = stage.vsc.VmbPacketAllocate(stage.client);
  const part = { byteOffset: 4095, byteCount: 1 };
  const status = vmbus.sendTransferPages(stage.vsc, packet, null, 0, SET, [part], WAIT);
  assertEquals(status, STATUS_SUCCESS);
  await stage.fabric.settle();
  assertEquals(stage.seen, [{ flags: EXTERNAL, data: [[stage.bytes.slice(4095, 4096)]] }]);
  await stage.close();
});

Deno.test("sendTransferPages: the bytes in the ring are those of wire.md 2.3", async () => {
  const stage = await setStage();
  await stage.vsc.VmbChannelPause(stage.client);
  const packet = newPacket(stage);
  const part = { byteOffset: 0x1000, byteCount: 0x20 };
  vmbus.sendTransferPages(stage.vsp, packet, null, 0, SET, [part], WAIT);
  const [read] = stage.rings.read("downstream", "vmbus").packets;
  assertEquals([read?.type, read?.transferPages, read?.completionRequested], [
    7,
    { pageSetId: SET, ranges: [part] },
    true,
  ]);
  stage.vsc.VmbChannelStart(stage.client);
  await stage.fabric.settle();
  await stage.close();
});

Deno.test("sendTransferPages: each status by its position, in order", async () => {
  const stage = await setStage();
  const { vsp, server } = stage;
  const packet = vsp.VmbPacketAllocate(server);
  const good = [{ byteOffset: 0, byteCount: 8 }];
  type Rest = [Uint8Array | null, number, number, typeof good, number];
  const send = (...[buffer, length, set, parts, flags]: Rest) =>
    vmbus.ntStatusName(vmbus.sendTransferPages(vsp, packet, buffer, length, set, parts, flags));
  const none = null as unknown as typeof good;
  const nobody = vmbus.sendTransferPages(vsp, null, null, 0, SET, good, WAIT);
  assertEquals(nobody, vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(send(null, 8, 1, none, 4), "STATUS_INVALID_PARAMETER_2");
  assertEquals(send(new Uint8Array(8), 9, 1, none, 4), "STATUS_INVALID_PARAMETER_3");
  assertEquals(send(null, 0, 1, none, 4), "STATUS_INVALID_PARAMETER_4");
  assertEquals(send(null, 0, 0x1_cafe, none, 4), "STATUS_INVALID_PARAMETER_4");
  for (const [byteOffset, byteCount] of [[0, 0], [0x4000, 1], [-1, 8], [0.5, 8]] as const) {
    assertEquals(send(null, 0, SET, [{ byteOffset, byteCount }], 4), "STATUS_INVALID_PARAMETER_5");
  }
  assertEquals(send(null, 0, SET, [], 4), "STATUS_INVALID_PARAMETER_5");
  assertEquals(send(null, 0, SET, none, 4), "STATUS_INVALID_PARAMETER_5");
  assertEquals(send(null, 0, SET, good, 4), "STATUS_INVALID_PARAMETER_6"); // 4 means nothing
  assertEquals(send(null, 0, SET, good, 0), "STATUS_INVALID_PARAMETER_6"); // the end must be heard of
  const tooMany = new Array(17).fill(good[0]); // the default chain is 16
  assertEquals(send(null, 0, SET, tooMany, WAIT), "STATUS_INVALID_BUFFER_SIZE");
  assertEquals(send(null, 0, SET, good, WAIT), "STATUS_SUCCESS");
  assertEquals(send(null, 0, SET, good, WAIT), "STATUS_INVALID_PARAMETER_1"); // in flight
  await stage.fabric.settle();
  await stage.close();
});

Deno.test("setPageSet: statuses, and a number that was taken back is none", async () => {
  const stage = await setStage();
  const { vsp, server, gpadl } = stage;
  const set = (...given: [typeof server | null, number, number | null]) =>
    vmbus.ntStatusName(vmbus.setPageSet(vsp, ...given));
  assertEquals(set(null, SET, gpadl), "STATUS_INVALID_PARAMETER_1");
  assertEquals(set(stage.client, 7, null), "STATUS_SUCCESS"); // any endpoint of the fabric
  assertEquals(set(server, 0x1_0000, gpadl), "STATUS_INVALID_PARAMETER_2");
  assertEquals(set(server, 7, gpadl + 1), "STATUS_INVALID_PARAMETER_3"); // the rings' is no driver's
  assertEquals(set(server, 7, 0.5), "STATUS_INVALID_PARAMETER_3");
  assertEquals(set(server, SET, null), "STATUS_SUCCESS");
  const packet = vsp.VmbPacketAllocate(server);
  const part = { byteOffset: 0, byteCount: 8 };
  const sent = vmbus.sendTransferPages(vsp, packet, null, 0, SET, [part], WAIT);
  assertEquals(sent, vmbus.STATUS_INVALID_PARAMETER_4);
  vsp.VmbPacketFree(packet);
  await stage.close();
  assertEquals(set(server, SET, gpadl), "STATUS_INVALID_PARAMETER_1");
});

Deno.test("sendTransferPages: NOT_SUPPORTED in msgpack, which has no tuple for page sets", async () => {
  const stage = await setStage({ codec: "msgpack" });
  const { vsp, server, gpadl } = stage;
  assertEquals(vmbus.setPageSet(vsp, server, SET, gpadl), vmbus.STATUS_NOT_SUPPORTED);
  const packet = vsp.VmbPacketAllocate(server);
  const status = vmbus.sendTransferPages(vsp, packet, null, 0, SET, [], WAIT);
  assertEquals(status, vmbus.STATUS_NOT_SUPPORTED);
  vsp.VmbPacketFree(packet);
  await stage.close();
});

Deno.test("sendTransferPages: what queues names its parts when there is room", async () => {
  const stage = await setStage();
  await stage.vsc.VmbChannelPause(stage.client);
  const ends: string[] = [];
  const part = { byteOffset: 64, byteCount: 64 };
  for (let sent = 0; sent < 10; sent++) {
    const payload = new Uint8Array(4000);
    const packet = newPacket(stage, ends);
    assertEquals(
      vmbus.sendTransferPages(stage.vsp, packet, payload, 4000, SET, [part], WAIT),
      STATUS_SUCCESS,
    );
  }
  stage.vsc.VmbChannelStart(stage.client);
  await stage.fabric.settle();
  assertEquals(ends.length, 10);
  for (const { data } of stage.seen) assertEquals(data, [[stage.bytes.slice(64, 128)]]);
  await stage.close();
});

Deno.test("VmbChannelPacketGetExternalData: more parts than the receiver takes are INVALID_BUFFER_SIZE", async () => {
  const stage = await setStage({ chain: 2 });
  const part = { byteOffset: 0, byteCount: 8 };
  const parts = [part, part, part];
  vmbus.sendTransferPages(stage.vsp, newPacket(stage), null, 0, SET, parts, WAIT);
  await stage.fabric.settle();
  assertEquals(stage.seen, [{ flags: EXTERNAL, data: ["STATUS_INVALID_BUFFER_SIZE"] }]);
  await stage.close();
});

for (
  const [what, pageSetId, byteOffset, byteCount, fault] of [
    ["a part that leaves the buffer", SET, 0x3fff, 2, "rangeOutsideBuffer"],
    ["a part of no bytes", SET, 0, 0, "emptyByteCount"],
    ["a page set that nobody named", 1, 0, 8, "unexpectedPacketType"],
  ] as const
) {
  Deno.test(`ChannelFault: ${fault} by ${what} (wire.md 2.3)`, async () => {
    const stage = await setStage();
    const transferPages = { pageSetId, ranges: [{ byteOffset, byteCount }] };
    stage.rings.put("downstream", encodePacket("vmbus", { transferPages }));
    stage.guest.postInterrupt("toGuest", 1);
    await stage.fabric.settle();
    assertEquals([vmbus.inspectChannel(stage.client).fault, stage.seen], [fault, []]);
    await stage.close();
  });
}

Deno.test("ChannelFault: unexpectedPacketType by a page set whose GPADL is gone", async () => {
  const stage = await setStage();
  const { vsc, client, guest } = stage;
  const page = guest.memory.allocate(PAGE_BYTES);
  const { gpadlHandle } = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromBuffer(client, 0, page, PAGE_BYTES),
  );
  assertEquals(vmbus.setPageSet(vsc, client, 5, gpadlHandle), STATUS_SUCCESS);
  await vsc.VmbChannelDeleteGpadl(client, gpadlHandle!);
  const transferPages = { pageSetId: 5, ranges: [{ byteOffset: 0, byteCount: 8 }] };
  stage.rings.put("downstream", encodePacket("vmbus", { transferPages }));
  guest.postInterrupt("toGuest", 1);
  await stage.fabric.settle();
  assertEquals(vmbus.inspectChannel(client).fault, "unexpectedPacketType");
  guest.memory.free(page);
  await stage.close();
});

Deno.test("sendTransferPages: the trace has the call, and the packet by its type", async () => {
  const stage = await setStage();
  const part = { byteOffset: 0, byteCount: 8 };
  vmbus.sendTransferPages(stage.vsp, newPacket(stage), null, 0, SET, [part], WAIT);
  await stage.fabric.settle();
  const entries = stage.fabric.trace.filter(({ details }) => details?.["type"] === "transferPages");
  assertEquals(entries.map(({ event }) => event), ["packetEntered", "packetArrived"]);
  const call = stage.fabric.trace.find(({ details }) =>
    details?.["pageSetId"] === SET &&
    "ranges" in details
  );
  assert(call !== undefined);
  await stage.close();
});
