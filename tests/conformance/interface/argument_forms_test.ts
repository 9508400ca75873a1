// kmcl.md I6, I7: each function takes each argument in all of its forms.

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, makePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { request } from "../../support/requests.ts";
import { pattern, sendPlain, WAIT } from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;

/** Views of `bytes`, a multiple of 8 of them, which begin inside their buffer. */
function viewsOf(bytes: Uint8Array): ArrayBufferView[] {
  const room = () => {
    const buffer = new ArrayBuffer(bytes.length + 16);
    new Uint8Array(buffer).set(bytes, 8);
    return buffer;
  };
  return [
    new Uint8Array(room(), 8, bytes.length),
    new DataView(room(), 8, bytes.length),
    new Int16Array(room(), 8, bytes.length / 2),
    new Float64Array(room(), 8, bytes.length / 8),
    new BigUint64Array(room(), 8, bytes.length / 8),
  ];
}

const bytesIn = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => [
  ...new Uint8Array(buffer, byteOffset, byteLength),
];

/** A pair whose server keeps what it gets, and answers with it as a view of each kind in turn. */
async function keepingPair(options: Parameters<typeof openPair>[0] = {}) {
  const kept: (readonly number[])[] = [];
  const pair: Pair = await openPair({
    onServerPacket: (_channel, packet, buffer, length) => {
      const views = viewsOf(buffer.slice(0, length));
      const answer = views[kept.length % views.length];
      kept.push([...buffer.subarray(0, length)]);
      pair.vsp.VmbChannelPacketComplete(packet, answer, length);
    },
    ...options,
  });
  return { pair, kept };
}

Deno.test("VmbPacketSend: each send and PacketComplete take any view of bytes (I7)", async () => {
  const { pair, kept } = await keepingPair();
  const { vsc, client, fabric, guest } = pair;
  const answers: (readonly number[])[] = [];
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (_packet, status, buffer, length) => {
    assertEquals([status, buffer instanceof Uint8Array], [GOOD, true]);
    answers.push([...buffer.subarray(0, length)]);
  });
  const payload = pattern(24);
  const mdl = vmbus.IoAllocateMdl(guest.memory, 0, 8);
  const sends = [
    (view: ArrayBufferView) => vsc.VmbPacketSend(packet, view, 24, null, WAIT),
    (view: ArrayBufferView) => vsc.VmbPacketSendWithExternalMdl(packet, view, 24, mdl, 0, 0, WAIT),
    (view: ArrayBufferView) =>
      vsc.VmbPacketSendWithExternalPfns(packet, view, 24, Uint32Array.of(1), 1, WAIT),
  ];
  for (const send of sends) {
    for (const view of viewsOf(payload)) {
      assertEquals(send(view), GOOD);
      await fabric.settle();
      assertEquals([kept.at(-1), answers.at(-1)], [[...payload], [...payload]]);
    }
  }
  assertEquals(kept.length, 15);
  vsc.VmbPacketFree(packet);
  await closePair(pair);
});

Deno.test("VmbPacketSendWithExternalPfns: pages are those of the list, in any of its forms (I7)", async () => {
  const seen: (readonly number[])[] = [];
  const pair: Pair = await openPair({
    onServerPacket: (_channel, packet) => {
      const { mdl } = vmbus.expectSuccess(pair.vsp.VmbChannelPacketGetExternalData(packet, 0));
      seen.push(mdl.pfns);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const lists = [
    [7, 3],
    [7n, 3],
    Uint16Array.of(7, 3),
    Float64Array.of(7, 3),
    BigUint64Array.of(7n, 3n),
    BigInt64Array.of(7n, 3n, -1n),
  ];
  for (const list of lists) {
    const packet = pair.vsc.VmbPacketAllocate(pair.client);
    const status = pair.vsc.VmbPacketSendWithExternalPfns(packet, null, 0, list, 2, WAIT);
    list.reverse(); // it was copied
    assertEquals(status, GOOD);
    await pair.fabric.settle();
    assertEquals(seen.pop(), [7, 3]);
  }
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: takes any view of bytes, and writes into any (I7)", async () => {
  const { pair } = await keepingPair();
  const payload = pattern(24);
  for (const view of viewsOf(payload)) {
    for (const answer of viewsOf(new Uint8Array(32))) {
      const result = await pair.vsc.VmbChannelSendSynchronousRequest(
        pair.client,
        view,
        24,
        null,
        WAIT,
        answer,
        32,
      );
      assertEquals(result, { status: GOOD, completionBufferSize: 24 });
      assertEquals(bytesIn(answer), [...payload, ...new Array(8).fill(0)]);
    }
  }
  await closePair(pair);
});

// kmcl.md I6: what a driver's array says of itself is not asked.
Deno.test("VmbPacketInitialize: an array that lies about its buffer holds one packet object (I6)", async () => {
  const { vsc, client } = await openPair();
  const byteCount = vsc.VmbChannelSizeofPacket(client);
  const memory = new Uint8Array(byteCount);
  const { packet } = vmbus.expectSuccess(vsc.VmbPacketInitialize(client, memory, byteCount));
  const liar = new Uint8Array(memory.buffer);
  Object.defineProperties(liar, {
    buffer: { value: null },
    byteOffset: { get: () => assert(false, "nobody asks") },
  });
  assertEquals(vsc.VmbPacketInitialize(client, liar, byteCount), { status: GOOD, packet });
});

Deno.test("VmbPacketInitialize: takes any view of enough bytes (I7)", async () => {
  const { pair } = await keepingPair();
  const { vsc, client } = pair;
  const bytes = vsc.VmbChannelSizeofPacket(client);
  for (const view of viewsOf(new Uint8Array(bytes))) {
    assertEquals(vsc.VmbPacketInitialize(client, view, bytes).status, GOOD);
    const { status } = vsc.VmbPacketInitialize(client, view, bytes + 1);
    assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_3);
  }
  await closePair(pair);
});

Deno.test("VmbChannelSaveContinue: writes into any view of bytes, and RestoreFromBuffer reads one (I7)", async () => {
  const idle = makePair();
  const { vsp, server, fabric } = idle;
  vsp.VmbChannelEnable(server);
  await vsp.VmbChannelPause(server);
  const room = viewsOf(new Uint8Array(4096));
  for (const view of room) {
    vsp.VmbChannelSaveBegin(server);
    const saved = vsp.VmbChannelSaveContinue(server, view, 4096);
    assertEquals(vmbus.ntStatusName(saved.status), "STATUS_SUCCESS");
    vsp.VmbChannelSaveEnd(server);
    assertEquals(bytesIn(view), bytesIn(room[0]!));
  }
  vsp.VmbChannelSaveBegin(server);
  const { bytesFilled } = vmbus.expectSuccess(
    vsp.VmbChannelSaveContinue(server, new Uint8Array(4096), 4096),
  );
  vsp.VmbChannelSaveEnd(server);
  await vsp.VmbChannelDisable(server);
  const length = bytesFilled ?? 0;
  for (const view of room) {
    const again = makePair({ within: idle });
    assertEquals(vsp.VmbChannelRestoreFromBuffer(again.server, view, length), GOOD);
    const other = makePair({ within: idle });
    const whole = new DataView(view.buffer, view.byteOffset, length);
    assertEquals(vmbus.restoreServerChannel(vsp, other.server, whole), GOOD);
    for (const { server: one, client } of [again, other]) {
      vsp.VmbChannelCleanup(one);
      vsp.VmbChannelCleanup(client);
    }
  }
  for (const channel of [server, idle.client]) vsp.VmbChannelCleanup(channel);
  assertEquals(fabric.leaks(), []);
});

Deno.test("VmbPacketRestore: takes any view of what its callback was given (I7)", async () => {
  const viewKinds = viewsOf(new Uint8Array(8)).length;
  for (let kind = 0; kind < viewKinds; kind++) {
    const statuses: unknown[] = [];
    const { pair } = await keepingPair({
      onClientPacket: () => {},
      server: (vsp, channel) => withRestore(vsp, channel, kind, statuses),
    });
    const { vsp, server, fabric } = pair;
    const packet = vsp.VmbPacketAllocate(server);
    vsp.VmbPacketSetCompletionRoutine(packet, (ended) => vsp.VmbPacketFree(ended));
    vsp.VmbPacketSend(packet, null, 0, null, WAIT);
    await fabric.settle();
    const bytes = await vmbus.saveServerChannel(vsp, server);
    const again = makePair({
      within: pair,
      server: (table, channel) => withRestore(table, channel, kind, statuses),
    });
    vmbus.restoreServerChannel(vsp, again.server, bytes);
    assertEquals(statuses, [GOOD]);
  }
});

/** Save and restore callbacks that hand LibBuf on as a view of a kind. */
function withRestore(
  vsp: vmbus.KmclServerInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  kind: number,
  statuses: unknown[],
): void {
  const status = vsp.VmbServerChannelInitSetSaveRestorePacketCallbacks(
    channel,
    () => ({ status: GOOD, bytesNeeded: 0 }),
    (restored, libBuf) => {
      const roomy = new Uint8Array(Math.ceil(libBuf.length / 8) * 8);
      roomy.set(libBuf);
      const view = viewsOf(roomy)[kind]!;
      const packet = vsp.VmbPacketAllocate(restored);
      statuses.push(vsp.VmbPacketRestore(packet, view, libBuf.length));
      return vmbus.STATUS_UNSUCCESSFUL;
    },
  );
  assertEquals(status, GOOD);
}

Deno.test("GuestMemory: write, and control messages, take any view of bytes", async () => {
  const { fabric, guest } = makePair();
  for (const view of viewsOf(pattern(16))) {
    guest.memory.write(32, view);
    assertEquals([...guest.memory.read(32, 16)], bytesIn(view));
    guest.memory.write(32, new Uint8Array(16));
    guest.postControlMessage("toHost", view);
  }
  await fabric.settle();
});

Deno.test("restorePartition: takes any view of a save", async () => {
  const { fabric, guest } = makePair();
  const idle = fabric.createPartition({ name: "idle", memoryPages: 8 });
  const { bytes } = vmbus.expectSuccess(await vmbus.savePartition(idle));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { status, reason } = vmbus.restorePartition(createFabric(), view);
  assertEquals([status, reason], [GOOD, null]);
  assertEquals(guest.name, "guest");
});

Deno.test("VmbChannelAllocate: IsServer is 1, 0, true or false (I7)", () => {
  const { vsp, fabric } = makePair();
  for (const isServer of [1, true] as const) {
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, isServer));
    assertEquals(vmbus.inspectChannel(channel).side, "server");
  }
  const { device } = fabric.createPartition({ name: "other" });
  for (const isServer of [0, false] as const) {
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(device, isServer));
    assertEquals(vmbus.inspectChannel(channel).side, "client");
  }
});

Deno.test("VmbChannelSetIncomingProcessingAtPassive: RequirePassive is 1, 0, true or false (I7)", async () => {
  const levels: number[] = [];
  const pair: Pair = await openPair({
    onServerPacket: (_channel, packet) => {
      levels.push(vmbus.KeGetCurrentIrql());
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  for (const requirePassive of [1, 0, true, false] as const) {
    pair.vsp.VmbChannelSetIncomingProcessingAtPassive(pair.server, requirePassive);
    sendPlain(pair.vsc, pair.client, Uint8Array.of(1));
    await pair.fabric.settle();
  }
  assertEquals(levels, [0, 2, 0, 2]);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: without buffer and size it gives no size (Y2)", async () => {
  const { pair } = await keepingPair();
  const { vsc, client } = pair;
  const none = { status: GOOD, completionBufferSize: null };
  for (const absent of [null, undefined]) {
    for (const [flags, timeout] of [[WAIT, null], [0, null], [0, 0], [WAIT, 0]] as const) {
      const result = await vsc.VmbChannelSendSynchronousRequest(
        client,
        pattern(8),
        8,
        null,
        flags,
        absent,
        absent,
        timeout,
      );
      assertEquals(result, none);
    }
  }
  assertEquals(await vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT), none);
  // Either alone lacks the other.
  const failed = (status: vmbus.NtStatus) => ({ status, completionBufferSize: null });
  const alone = (buffer: Uint8Array | null, size: number | null) =>
    vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, buffer, size);
  assertEquals(await alone(new Uint8Array(8), null), failed(vmbus.STATUS_INVALID_PARAMETER_7));
  assertEquals(await alone(null, 8), failed(vmbus.STATUS_INVALID_PARAMETER_6));
  assertEquals(await alone(null, 0), { status: GOOD, completionBufferSize: 0 });
  // One that comes to nothing has no size, as ever.
  await vsc.VmbChannelDisable(client);
  assertEquals(await alone(null, null), failed(vmbus.STATUS_DEVICE_REMOVED));
  assertEquals((await request(vsc, client, {})).completionBufferSize, null);
});
