// kmcl.md section 5, outgoing packets: allocate, initialize, free, and what is kept with a packet object.

import {
  assert,
  assertEquals,
  assertExists,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import {
  type Ended,
  freeAll,
  notedPacket,
  pattern,
  unchangedBy,
  WAIT,
} from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;

function cleanUp({ vsc, vsp, client, server, fabric }: Pair): void {
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
}

Deno.test("VmbPacketAllocate: hands out packets of a live channel in every state", async () => {
  const states: string[] = [];
  const packets: vmbus.VMBPACKET[] = [];
  const take = () => {
    const packet = pair.vsc.VmbPacketAllocate(pair.client);
    assertExists(packet);
    assertStrictEquals(pair.vsc.VmbPacketGetChannel(packet), pair.client);
    packets.push(packet);
    const { lifecycle, initializing } = vmbus.inspectChannel(pair.client);
    states.push(initializing ? "initializing" : lifecycle);
  };
  const pair = makePair({ clientCallbacks: { EvtChannelStarted: take, EvtChannelClosed: take } });
  take();
  enablePair(pair);
  take();
  await pair.fabric.settle();
  take();
  await pair.vsc.VmbChannelDisable(pair.client);
  take();
  assertEquals(states, ["initializing", "enabled", "opened", "opened", "opened", "disabled"]);
  assertEquals(new Set(packets).size, 6); // each its own
  freeAll(pair.vsc, packets);
  await closePair(pair);
});

Deno.test("VmbPacketAllocate: an invalid channel is a violation, and null", () => {
  // kmcl.md section 9
  const pair = makePair({ fabric: { verifier: "record" } });
  const { vsc, vsp, client, server, fabric } = pair;
  const packet = vsc.VmbPacketAllocate(client);
  const wrong: unknown[] = [null, undefined, {}, 5, packet, pair.guest.device];
  for (const channel of wrong) {
    assertStrictEquals(vsc.VmbPacketAllocate(channel as vmbus.VMBCHANNEL), null);
  }
  assertEquals(
    fabric.violations.map(({ rule, call }) => [rule, call]),
    wrong.map(() => ["invalid handle", "VmbPacketAllocate"]),
  );
  vsc.VmbPacketFree(packet);
  vsc.VmbChannelCleanup(client);
  assertStrictEquals(vsc.VmbPacketAllocate(client), null);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
});

Deno.test("VmbPacketFree: a freed packet is kept and handed out again, as good as new", async () => {
  const pair = await openPair();
  const { vsc, client, fabric } = pair;
  const ends: Ended[] = [];
  const first = notedPacket(vsc, client, ends);
  vsc.VmbPacketSetPointer(first, "mine");
  assertEquals(vmbus.inspectChannel(client).lookaside, 0);
  vsc.VmbPacketFree(first);
  assertEquals(vmbus.inspectChannel(client).lookaside, 1);
  assertEquals(vmbus.inspectChannel(client).packets, []);

  const second = vsc.VmbPacketAllocate(client);
  assertEquals(vmbus.inspectChannel(client).lookaside, 0);
  assertEquals(vmbus.inspectChannel(client).packets.map(({ transactionId }) => transactionId), [0]);
  assertStrictEquals(vsc.VmbPacketGetPointer(second), null);
  // The default routine again: it frees the packet, and the old one hears nothing.
  assertEquals(vsc.VmbPacketSend(second, null, 0, null, WAIT), GOOD);
  await fabric.settle();
  assertEquals([ends.length, vmbus.inspectChannel(client).lookaside], [0, 1]);
  await closePair(pair);
});

Deno.test("VmbPacketFree: only when not in flight", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { held } = pair.atServer;
  const { vsc, vsp, client, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  assertEquals(vsc.VmbPacketSend(packet, pattern(5), 5, null, WAIT), GOOD);
  await fabric.settle();
  const before = fabric.inspect();
  const error = assertThrows(() => vsc.VmbPacketFree(packet), vmbus.VerifierError);
  assertEquals(error.violation.rule, "Free of a packet in flight");
  assertEquals(fabric.inspect(), before);
  vsp.VmbChannelPacketComplete(held[0]!, null, 0);
  await fabric.settle();
  assertEquals(ends.map(({ status }) => status), [GOOD]);
  vsc.VmbPacketFree(packet);
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(pair.server);
  cleanUp(pair);
});

Deno.test("VmbPacketGetPointer: null at first, then what was set, through any number of sends", async () => {
  const pair = await openPair();
  const { vsc, client, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  assertStrictEquals(vsc.VmbPacketGetPointer(packet), null);
  const mine = { request: 7 };
  for (const pointer of [mine, 0, "text", undefined, mine]) {
    vsc.VmbPacketSetPointer(packet, pointer);
    assertStrictEquals(vsc.VmbPacketGetPointer(packet), pointer ?? null);
  }
  for (let round = 0; round < 3; round++) {
    assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), GOOD);
    assertStrictEquals(vsc.VmbPacketGetPointer(packet), mine); // in flight, too
    await fabric.settle();
    assertStrictEquals(vsc.VmbPacketGetPointer(packet), mine);
  }
  const other = vsc.VmbPacketAllocate(client);
  assertStrictEquals(vsc.VmbPacketGetPointer(other), null);
  freeAll(vsc, [packet, other!]);
  await closePair(pair);
});

Deno.test("VmbPacketGetChannel: the channel of each packet, of either side", () => {
  const pair = makePair();
  const { vsc, vsp, client, server } = pair;
  const ofClient = vsc.VmbPacketAllocate(client);
  const ofServer = vsp.VmbPacketAllocate(server);
  assertStrictEquals(vsc.VmbPacketGetChannel(ofClient), client);
  assertStrictEquals(vsp.VmbPacketGetChannel(ofServer), server);
  vsc.VmbPacketFree(ofClient);
  vsp.VmbPacketFree(ofServer);
  cleanUp(pair);
});

Deno.test("VmbChannelSizeofPacket: exceeds the maximum packet size by more than 8, and follows it", () => {
  const pair = makePair();
  const { vsc, client } = pair;
  assert(vsc.VmbChannelSizeofPacket(client) > 4096 + 8); // the default, kmcl.md S1
  let previous = 0;
  for (const byteCount of [1, 8, 100, 4096, 65_536, 500_000]) {
    assertEquals(vsc.VmbChannelInitSetMaximumPacketSize(client, byteCount), GOOD);
    const size = vsc.VmbChannelSizeofPacket(client);
    assert(Number.isInteger(size) && size > byteCount + 8);
    assert(size > previous || byteCount === 8);
    previous = size;
  }
  cleanUp(pair);
});

Deno.test("VmbPacketInitialize: statuses, in order (I1, I4, I6)", () => {
  const pair = makePair();
  const { vsc, client } = pair;
  const size = vsc.VmbChannelSizeofPacket(client);
  const buffer = new Uint8Array(size + 8);
  const initialize = (channel: unknown, bytes: unknown, byteCount: unknown) => {
    const status = unchangedBy(pair.fabric, () => {
      const result = vsc.VmbPacketInitialize(
        channel as vmbus.VMBCHANNEL,
        bytes as Uint8Array,
        byteCount as number,
      );
      assertStrictEquals(result.packet, null);
      return result.status;
    });
    return vmbus.ntStatusName(status);
  };
  const packet = vsc.VmbPacketAllocate(client);
  for (const channel of [null, undefined, {}, 7, packet]) {
    assertEquals(initialize(channel, "text", -1), "STATUS_INVALID_PARAMETER_1");
  }
  for (const bytes of [null, undefined, "text", [], buffer.buffer, {}]) {
    assertEquals(initialize(client, bytes, -1), "STATUS_INVALID_PARAMETER_2");
  }
  const sizes = [0, size - 1, buffer.length + 1, -1, NaN, size + 0.5, 2 ** 32, "9999", null];
  for (const byteCount of sizes) {
    assertEquals(initialize(client, buffer, byteCount), "STATUS_INVALID_PARAMETER_3");
  }
  assertEquals(initialize(client, buffer.subarray(9), size), "STATUS_INVALID_PARAMETER_3");
  vsc.VmbPacketFree(packet);
  cleanUp(pair);
});

Deno.test("VmbPacketInitialize: the packet is sent again and again, and never freed", async () => {
  const pair = await openPair();
  const { vsc, client, fabric } = pair;
  const buffer = new Uint8Array(vsc.VmbChannelSizeofPacket(client));
  const { status, packet } = vsc.VmbPacketInitialize(client, buffer, buffer.length);
  assertEquals(status, GOOD);
  assertExists(packet);
  assertStrictEquals(vsc.VmbPacketGetChannel(packet), client);
  const answers: number[][] = [];
  vsc.VmbPacketSetCompletionRoutine(packet, (ended, endStatus, bytes) => {
    assertStrictEquals(ended, packet);
    assertEquals(endStatus, GOOD);
    answers.push([...bytes]);
  });
  for (let round = 0; round < 4; round++) {
    assertEquals(vsc.VmbPacketSend(packet, Uint8Array.of(round), 1, null, WAIT), GOOD);
    await fabric.settle();
  }
  assertEquals(answers, [[0], [1], [2], [3]]);
  assertEquals(vmbus.inspectChannel(client).lookaside, 0); // it is the caller's
  await closePair(pair); // it is no leak
});

Deno.test("VmbPacketInitialize: memory that is initialized again holds the same packet object, as new", async () => {
  const pair = await openPair();
  const { vsc, client, fabric } = pair;
  const size = vsc.VmbChannelSizeofPacket(client);
  const memory = new Uint8Array(3 * size);
  const { packet: first } = vsc.VmbPacketInitialize(client, memory, size);
  const { packet: second } = vsc.VmbPacketInitialize(client, memory.subarray(size), size);
  assertNotStrictEquals(first, second); // an array of packet objects
  for (let request = 0; request < 3; request++) {
    const again = vsc.VmbPacketInitialize(client, new Uint8Array(memory.buffer, 0, size), size);
    assertEquals(again.status, GOOD);
    assertStrictEquals(again.packet, first); // the same address
    assertStrictEquals(vsc.VmbPacketGetPointer(first), null);
    assertThrows(() => vsc.VmbPacketSend(first, null, 0, null, WAIT), vmbus.VerifierError);
    vsc.VmbPacketSetPointer(first, "of this request");
    let answers = 0;
    vsc.VmbPacketSetCompletionRoutine(first, () => answers++);
    assertEquals(vsc.VmbPacketSend(first, null, 0, null, WAIT), GOOD);
    await fabric.settle();
    assertEquals(answers, 1);
  }
  assertEquals(vmbus.inspectChannel(client).packets.length, 2);
  const { packets } = vmbus.inspectChannel(client);
  assertEquals(packets.map(({ transactionId }) => transactionId), [0, 1]);
  await vsc.VmbChannelDisable(client);
  await pair.vsp.VmbChannelDisable(pair.server);
  cleanUp(pair);
});

Deno.test("VmbPacketInitialize: over a packet in flight is _2, over idle ones ends them", async () => {
  const pair = await openPair({ onServerPacket: (_channel, packet) => void held.push(packet) });
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const { vsc, vsp, client, fabric } = pair;
  const size = vsc.VmbChannelSizeofPacket(client);
  const memory = new Uint8Array(4 * size);
  const initialize = (at: number) =>
    vsc.VmbPacketInitialize(client, memory.subarray(at), memory.length - at);
  const { packet } = initialize(0);
  vsc.VmbPacketSetCompletionRoutine(packet, () => {});
  assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), GOOD);
  await fabric.settle();
  for (const at of [0, 8, size - 1]) {
    const status = unchangedBy(fabric, () => initialize(at).status);
    assertEquals(vmbus.ntStatusName(status), "STATUS_INVALID_PARAMETER_2", `at ${at}`);
  }
  const { packet: next } = initialize(size);
  assertEquals(vmbus.inspectChannel(client).packets.length, 2);
  vsp.VmbChannelPacketComplete(held[0]!, null, 0);
  await fabric.settle();
  const { packet: over } = initialize(size / 2); // over parts of both
  for (const gone of [packet, next]) {
    assertThrows(() => vsc.VmbPacketGetChannel(gone), vmbus.VerifierError, "invalid handle");
  }
  assertStrictEquals(vsc.VmbPacketGetChannel(over), client);
  assertEquals(vmbus.inspectChannel(client).packets.length, 1);
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(pair.server);
  cleanUp(pair);
});

Deno.test("VmbPacketInitialize: memory whose channel is gone, or of another fabric, is as any other", () => {
  const memory = new Uint8Array(10_000);
  const [one, other] = [makePair(), makePair()];
  const initialize = ({ vsc, client }: Pair) =>
    vsc.VmbPacketInitialize(client, memory, vsc.VmbChannelSizeofPacket(client));
  const packets = [one, other].map((pair) => initialize(pair).packet);
  assertStrictEquals(one.vsc.VmbPacketGetChannel(packets[0]!), one.client);
  assertStrictEquals(other.vsc.VmbPacketGetChannel(packets[1]!), other.client);
  cleanUp(one);
  const { channel } = one.vsc.VmbChannelAllocate(one.guest.device, false);
  const again = initialize({ ...one, client: channel! });
  assertEquals(again.status, GOOD);
  assertStrictEquals(one.vsc.VmbPacketGetChannel(again.packet), channel);
  one.vsc.VmbChannelCleanup(channel);
  cleanUp(other);
});

Deno.test("VmbPacketInitialize: to send it before its routine is set is a violation", async () => {
  for (const verifier of ["throw", "record", "off"] as const) {
    const pair = await openPair({ fabric: { verifier } });
    const { vsc, client, fabric } = pair;
    const buffer = new Uint8Array(vsc.VmbChannelSizeofPacket(client));
    const { packet } = vsc.VmbPacketInitialize(client, buffer, buffer.length);
    const send = (byteCount: number) =>
      vsc.VmbPacketSend(packet, pattern(byteCount), byteCount, null, 0);
    // What has a status is no violation (kmcl.md section 9).
    assertEquals(unchangedBy(fabric, () => send(4097)), vmbus.STATUS_INVALID_PARAMETER_3);
    const before = vmbus.inspectChannel(client);
    if (verifier === "throw") {
      const error = assertThrows(() => send(8), vmbus.VerifierError);
      assertEquals(error.violation.call, "VmbPacketSend");
    } else assertEquals(send(8), vmbus.STATUS_INVALID_DEVICE_REQUEST);
    assertEquals(vmbus.inspectChannel(client), before);
    const rule = "send of an initialized packet without completion routine";
    const rules = fabric.violations.map((violation) => violation.rule);
    assertEquals<string[]>(rules, verifier === "off" ? [] : [rule]);

    vsc.VmbPacketSetCompletionRoutine(packet, () => {});
    assertEquals(send(8), GOOD);
    await fabric.settle();
    await vsc.VmbChannelDisable(client);
    await pair.vsp.VmbChannelDisable(pair.server);
    cleanUp(pair);
  }
});

Deno.test("VmbPacketSend: a packet that can never fit has a status before it is a violation (P7)", async () => {
  const pair = await openPair({
    server: (vsp, channel) => {
      vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumPacketSize(channel, 40_000));
    },
  });
  const { vsp, server, fabric } = pair;
  const buffer = new Uint8Array(vsp.VmbChannelSizeofPacket(server));
  const { packet } = vsp.VmbPacketInitialize(server, buffer, buffer.length);
  const send = () => vsp.VmbPacketSend(packet, pattern(40_000), 40_000, null, 0);
  assertEquals(unchangedBy(fabric, send), vmbus.STATUS_INVALID_BUFFER_SIZE);
  await closePair(pair);
});
