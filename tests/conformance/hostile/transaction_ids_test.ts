/** Ids of the opposite side's transactions: any 64 bits, and none of this side's business (wire.md 2.1, 2.5). */
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  emptyPacket,
  foreseenRings,
  type RawPacket,
  type RawRings,
} from "../../../simulator/peers/mod.ts";
import { openPair } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { type HostileOptions, HostileStage } from "../../support/hostile_server.ts";

const CODECS = ["vmbus", "msgpack"] as const;

/** Storage guests count down from the third; the borders of 32, 53 and 63 bits; one twice. */
const IDS: readonly bigint[] = [
  0xffff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_fffen,
  0xffff_ffff_ffff_fffdn,
  0xffff_ffff_ffff_fffcn,
  0n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
];

function request(codec: typeof CODECS[number], transactionId: bigint): RawPacket {
  return emptyPacket(codec, 6, 1, transactionId);
}

function completion(codec: typeof CODECS[number], transactionId: bigint): RawPacket {
  return emptyPacket(codec, 11, 0, transactionId);
}

/** Ids of the completions in a ring, read over a copy of it. */
function completedIds(name: typeof CODECS[number], rings: RawRings): bigint[] {
  const { packets, fault } = rings.read("downstream", name);
  assertEquals([fault, packets.filter(({ type }) => type !== 11)], [null, []]);
  return packets.map(({ transactionId }) => transactionId);
}

for (const codec of CODECS) {
  // wire.md 9.1, case 1
  Deno.test(`VmbChannelPacketComplete: the completion carries the request's id, whatever it is (${codec})`, async () => {
    const stage = await HostileStage.open({ codec });
    stage.rings.put("upstream", ...IDS.map((id) => request(codec, id)));
    await stage.signal();
    assertEquals(stage.received.length, IDS.length);
    assertEquals(completedIds(codec, stage.rings), IDS);
    assertEquals(stage.state.fault, null);
    await stage.end();
  });

  // wire.md 2.5: uniqueness is the requester's business.
  Deno.test(`VmbChannelPacketComplete: two requests with one id are two transactions (${codec})`, async () => {
    const held: vmbus.VMBPACKETCOMPLETION[] = [];
    const options: HostileOptions = {
      codec,
      onPacket: (_channel, packet) => void held.push(packet),
    };
    const stage = await HostileStage.open(options);
    const id = 0xffff_ffff_ffff_fffdn;
    stage.rings.put("upstream", request(codec, id), request(codec, id), request(codec, 7n));
    await stage.signal();
    // What people see is the id as it is, as text where a number would not be exact.
    assertEquals(stage.state.held.map(({ transactionId }) => transactionId), [
      "18446744073709551613",
      "18446744073709551613",
      7,
    ]);
    assertEquals(completedIds(codec, stage.rings), []);
    stage.vsp.VmbChannelPacketComplete(held.pop()!, null, 0);
    assertEquals(completedIds(codec, stage.rings), [7n]);
    for (const packet of held) stage.vsp.VmbChannelPacketComplete(packet, null, 0);
    assertEquals(completedIds(codec, stage.rings), [7n, id, id]);
    assertEquals(stage.state.held, []);
    await stage.end();
  });

  // kmcl.md R6: it waits for room, and so does its id.
  Deno.test(`VmbChannelPacketComplete: a completion that waits for room keeps its id (${codec})`, async () => {
    const held: vmbus.VMBPACKETCOMPLETION[] = [];
    const stage = await HostileStage.open({
      codec,
      onPacket: (_channel, packet) => void held.push(packet),
    });
    const ids = IDS.slice(0, 8);
    stage.rings.put("upstream", ...ids.map((id) => request(codec, id)));
    await stage.signal();
    for (const packet of held) {
      stage.vsp.VmbChannelPacketComplete(packet, new Uint8Array(2000), 2000);
    }
    const early = completedIds(codec, stage.rings);
    assertEquals([early, stage.state.queued], [ids.slice(0, 4), 4]);
    // The guest reads them all, and signals that there is room.
    stage.rings.store("downstream", "readIndex", stage.rings.load("downstream", "writeIndex"));
    await stage.signal();
    assertEquals(completedIds(codec, stage.rings), ids.slice(4));
    await stage.end();
  });

  // wire.md 2.5: ours come back, and all 64 bits must be one of ours.
  Deno.test(`ChannelFault: unknownTransaction for an id that is ours in its low half alone (${codec})`, async () => {
    for (const high of [1n, 0x8000_0000n, 0xffff_ffffn]) {
      const stage = await HostileStage.open({ codec });
      const ends: vmbus.NtStatus[] = [];
      const packet = stage.vsp.VmbPacketAllocate(stage.server)!;
      stage.vsp.VmbPacketSetCompletionRoutine(packet, (_packet, status) => void ends.push(status));
      stage.vsp.VmbPacketSend(packet, null, 0, null, 1);
      assertEquals(stage.state.packets.map(({ transactionId }) => transactionId), [0]);
      stage.rings.put("upstream", completion(codec, high << 32n));
      await stage.signal();
      assertEquals(ends, []);
      await stage.assertStopped("unknownTransaction");
      stage.guest.close();
      await stage.fabric.settle();
      assertEquals(ends, [vmbus.STATUS_DEVICE_REMOVED]); // kmcl.md S15
      stage.vsp.VmbPacketFree(packet);
      await stage.end();
    }
  });
}

// The other direction: a host's ids mean as little to its guest.
Deno.test("VmbChannelPacketComplete: a client answers any id of its host's", async () => {
  const fabric = createFabric({ codec: "vmbus", trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const rings = foreseenRings(guest.memory, 4, 4);
  const received: number[] = [];
  const pair = await openPair({
    within: { fabric, guest },
    onClientPacket: (_channel, packet, _buffer, byteCount) => {
      received.push(byteCount);
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  rings.put("downstream", ...IDS.map((transactionId) => ({ flags: 1, transactionId })));
  await pair.vsc.VmbChannelPause(pair.client);
  pair.vsc.VmbChannelStart(pair.client);
  await fabric.settle();
  assertEquals(received.length, IDS.length);
  // The server, who asked for nothing, stops at the first.
  assertEquals(vmbus.inspectChannel(pair.server).fault, "unknownTransaction");
  assertEquals(vmbus.inspectChannel(pair.client).oppositeFault, "unknownTransaction");
  const arrived = fabric.trace.filter(({ event }) => event === "packetArrived");
  assertEquals(
    arrived.map(({ values }) => values[0]),
    IDS.map((id) => id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : String(id)),
  );
});

// api.md section 3: what crosses is in the digest, each bit of an id.
Deno.test("Fabric.traceDigest: ids that differ in their upper half alone differ in it", async () => {
  const digestOf = async (transactionId: bigint) => {
    const fabric = createFabric({ codec: "vmbus" });
    const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
    const rings = foreseenRings(guest.memory, 4, 4);
    await openPair({ within: { fabric, guest } });
    rings.put("upstream", { flags: 0, transactionId });
    guest.postInterrupt("toHost", 1);
    await fabric.settle();
    return fabric.traceDigest();
  };
  const digests = await Promise.all([5n, 5n, 5n + 2n ** 32n, 5n + 2n ** 63n].map(digestOf));
  assertEquals(digests[0], digests[1]);
  assertEquals(new Set(digests).size, 3);
});
