import { assert, assertEquals } from "@std/assert";
import { PlainChannel } from "../../../bench/baselines/plain_channel.ts";
import type { PlainConfiguration } from "../../../bench/baselines/plain_checks.ts";
import { PlainLoop } from "../../../bench/baselines/plain_records.ts";
import { BARE, RING_PAGES } from "../../../bench/kmcl_exchange.ts";
import { Stage } from "../../../bench/stage.ts";
import { createCodec } from "../../../core/packet/codec.ts";
import { RingMemory } from "../../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import * as vmbus from "../../../mod.ts";

const PACKET_BYTES = 64;
const CONFIGURATION: PlainConfiguration = {
  side: "client",
  isPipe: false,
  packetBytesMax: PACKET_BYTES,
  externalChainMax: 1,
  externalBytesMax: PAGE_BYTES,
  quota: 0xffff_ffff,
};

/** Both ends of a plain channel, which have looked at their rings once. */
function plainPair(quota = CONFIGURATION.quota) {
  const loop = new PlainLoop();
  const codec = createCodec("vmbus");
  const [up, down] = [0, 0].map(() => {
    const memory = new RingMemory([new Uint8Array((RING_PAGES + 1) * PAGE_BYTES)], "exclusive");
    memory.initialize();
    return memory;
  });
  const client = new PlainChannel(loop, codec, CONFIGURATION, up!, down!);
  const server = new PlainChannel(
    loop,
    codec,
    { ...CONFIGURATION, side: "server", quota },
    down!,
    up!,
  );
  client.peer = server;
  server.peer = client;
  client.work();
  server.work();
  return { loop, client, server };
}

/** Sends, good and bad: the buffer, how many bytes of it, the flags. */
const SENDS: readonly (readonly [Uint8Array | null, number, number])[] = [
  [new Uint8Array(8), 8, 1],
  [new Uint8Array(8), 8, 0],
  [new Uint8Array(8), 0, 1],
  [null, 8, 1],
  [new Uint8Array(8), 9, 1],
  [new Uint8Array(100), 65, 1],
  [new Uint8Array(8), -1, 1],
  [new Uint8Array(8), 1.5, 1],
  [new Uint8Array(8), 8, 8],
  [new Uint8Array(8), 8, -1],
  [new Uint8Array(8), 8, NaN],
];

for (const [buffer, byteCount, flags] of SENDS) {
  const what = `${buffer?.length ?? "no"} bytes, length ${byteCount}, flags ${flags}`;
  Deno.test(`PlainChannel.send: it refuses what VmbPacketSend refuses, ${what} (P5)`, async () => {
    const stage = await Stage.open({
      fabric: { seed: 1, codec: "vmbus", ...BARE },
      channels: 1,
      guests: 1,
      packetBytes: PACKET_BYTES,
      ringPages: RING_PAGES,
      onRequest: (table) => (_channel, packet) => table.VmbChannelPacketComplete(packet, null, 0),
    });
    const { vsc, client } = stage.pairs[0]!;
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSetCompletionRoutine(packet, () => {});
    const ours = vsc.VmbPacketSend(packet, buffer, byteCount, null, flags);
    await stage.fabric.settle();
    vsc.VmbPacketFree(packet);
    await stage.close();

    const plain = plainPair().client;
    assertEquals(plain.send(plain.createPacket(() => {}), buffer, byteCount, null, flags), ours);
  });
}

Deno.test("PlainChannel.send: memory needs a completion, is a client's, and stays in its bounds (P5)", () => {
  const { client, server } = plainPair();
  const send = (
    end: PlainChannel,
    byteCount: number,
    flags: number,
  ) => {
    const ranges = [{
      byteOffset: 0,
      byteCount,
      pfns: [1, 2].slice(0, Math.ceil(byteCount / PAGE_BYTES)),
    }];
    return end.send(end.createPacket(() => {}), new Uint8Array(8), 8, ranges, flags);
  };
  assertEquals(send(server, 8, 1), vmbus.STATUS_NOT_SUPPORTED);
  assertEquals(send(client, 8, 0), vmbus.STATUS_INVALID_PARAMETER_5);
  assertEquals(send(client, PAGE_BYTES + 1, 1), vmbus.STATUS_INVALID_BUFFER_SIZE);
  assertEquals(send(client, 8, 1), vmbus.STATUS_SUCCESS);
});

Deno.test("PlainChannel: a packet that wants no completion ends once it is in the ring (P1)", () => {
  const { loop, client, server } = plainPair();
  const ended: number[] = [];
  let arrived = 0;
  server.receiver = (packet) => {
    arrived++;
    server.complete(packet, new Uint8Array(1), 1);
  };
  const packet = client.createPacket((_packet, status) => ended.push(status));
  assertEquals(client.send(packet, new Uint8Array(8), 8, null, 0), vmbus.STATUS_SUCCESS);
  assertEquals(ended, []);
  loop.run();
  assertEquals({ ended, arrived, fault: client.fault }, { ended: [0], arrived: 1, fault: null });
});

Deno.test("PlainChannel.send: waits for the flow to run, and is refused once the channel is Disabled (S6)", () => {
  const { loop, client, server } = plainPair();
  let arrived = 0;
  server.receiver = () => arrived++;
  const send = () => client.send(client.createPacket(() => {}), new Uint8Array(8), 8, null, 1);
  client.state = "paused";
  assertEquals(send(), vmbus.STATUS_SUCCESS);
  loop.run();
  assertEquals(arrived, 0);
  client.state = "started";
  client.work();
  loop.run();
  assertEquals(arrived, 1);
  client.state = "disabled";
  assertEquals(send(), vmbus.STATUS_DEVICE_REMOVED);
});

Deno.test("PlainChannel: the quota stops the queue until a packet is completed (R4)", () => {
  const { loop, client, server } = plainPair(2);
  const held: Parameters<NonNullable<typeof server.receiver>>[0][] = [];
  server.receiver = (packet) => held.push(packet);
  for (let i = 0; i < 3; i++) {
    client.send(client.createPacket(() => {}), new Uint8Array(8), 8, null, 1);
  }
  loop.run();
  assertEquals(held.length, 2);
  server.complete(held[0]!, new Uint8Array(1), 1);
  loop.run();
  assertEquals(held.length, 3);
});

Deno.test("PlainChannel: what a callback throws, and a promise, are violations", () => {
  for (const callback of [() => Promise.resolve(), () => assert(false)]) {
    const { loop, client, server } = plainPair();
    server.receiver = callback;
    client.send(client.createPacket(() => {}), new Uint8Array(8), 8, null, 1);
    loop.run();
    assert(server.violation !== null);
  }
});
