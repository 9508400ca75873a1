// kmcl.md P6: the pages of external data are pinned from send to completion, and shared, not copied.

import { assertEquals, assertExists, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  type PairOptions,
} from "../../support/connected_pair.ts";
import { type Ended, freeAll, names, notedPacket, pattern, WAIT } from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;

/** A pair with a packet of the client and two pages of its memory; the server keeps what it gets. */
class Stage {
  readonly pair: Pair;
  readonly buffer: vmbus.GuestBuffer;
  readonly packet: vmbus.VMBPACKET;
  readonly ends: Ended[] = [];
  readonly held: vmbus.VMBPACKETCOMPLETION[];

  constructor(pair: Pair, held: vmbus.VMBPACKETCOMPLETION[]) {
    this.pair = pair;
    this.held = held;
    this.buffer = pair.guest.memory.allocate(8192);
    this.packet = notedPacket(pair.vsc, pair.client, this.ends);
  }

  /** Pages of the guest that are pinned, beside those of the rings. */
  get pinnedPages(): number {
    const { partitions } = this.pair.fabric.inspect();
    return partitions.find(({ name }) => name === "guest")?.pinnedPages ?? -1;
  }

  send(gpa = this.buffer.gpa, byteCount = 8192): vmbus.NtStatus {
    const mdl = vmbus.IoAllocateMdl(this.pair.guest.memory, gpa, byteCount);
    return this.pair.vsc.VmbPacketSend(this.packet, null, 0, mdl, WAIT);
  }

  /** The external data of the packet that the server holds. */
  received(): Uint8Array[] {
    const { status, mdl } = this.pair.vsp.VmbChannelPacketGetExternalData(this.held[0]!, 0);
    assertEquals(status, GOOD);
    return vmbus.mdlSegments(mdl);
  }

  complete(): void {
    this.pair.vsp.VmbChannelPacketComplete(this.held.shift()!, null, 0);
  }

  async close(): Promise<void> {
    freeAll(this.pair.vsc, [this.packet]);
    this.pair.guest.memory.free(this.buffer);
    await closePair(this.pair);
  }
}

async function openStage(options: PairOptions = {}): Promise<Stage> {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const onServerPacket: vmbus.EvtChannelProcessPacket = (_channel, context) => {
    held.push(context);
  };
  return new Stage(await openPair({ ...options, onServerPacket }), held);
}

Deno.test("VmbPacketSend: pages are pinned from send to completion (P6)", async () => {
  const stage = await openStage();
  const { pair, ends } = stage;
  const rings = stage.pinnedPages;
  assertEquals(stage.send(), GOOD);
  assertEquals(stage.pinnedPages, rings + 2); // at once
  await pair.fabric.settle();
  assertEquals(stage.pinnedPages, rings + 2);
  stage.complete();
  assertEquals(stage.pinnedPages, rings + 2); // the completion is not taken yet
  await pair.fabric.settle();
  assertEquals(ends.map(({ status }) => status), [GOOD]);
  assertEquals(stage.pinnedPages, rings);
  await stage.close();
});

Deno.test("VmbPacketSend: pages are unpinned before the completion routine begins (P6)", async () => {
  const stage = await openStage();
  const { pair, packet } = stage;
  const rings = stage.pinnedPages;
  const seen: number[] = [];
  pair.vsc.VmbPacketSetCompletionRoutine(packet, () => void seen.push(stage.pinnedPages));
  assertEquals(stage.send(), GOOD);
  await pair.fabric.settle();
  stage.complete();
  await pair.fabric.settle();
  assertEquals(seen, [rings]);
  await stage.close();
});

Deno.test("VmbPacketSend: memory is not freed while a packet describes it (P6)", async () => {
  // kmcl.md section 9: guest memory freed while pinned
  const stage = await openStage();
  const { pair, buffer } = stage;
  assertEquals(stage.send(buffer.gpa + 5000, 10), GOOD);
  const error = assertThrows(() => pair.guest.memory.free(buffer), vmbus.VerifierError);
  assertEquals(error.violation.rule, "guest memory freed while pinned");
  await pair.fabric.settle();
  stage.complete();
  await pair.fabric.settle();
  pair.guest.memory.free(buffer);
  freeAll(pair.vsc, [stage.packet]);
  await pair.vsc.VmbChannelDisable(pair.client);
  await pair.vsp.VmbChannelDisable(pair.server);
  pair.vsc.VmbChannelCleanup(pair.client);
  pair.vsp.VmbChannelCleanup(pair.server);
  assertEquals(pair.fabric.leaks(), []);
  assertEquals(pair.fabric.violations.length, 1);
});

Deno.test("VmbPacketSend: the receiver sees the sender's bytes, and the sender the receiver's (P6)", async () => {
  for (const codec of ["msgpack", "vmbus"] as const) {
    const stage = await openStage({ fabric: { codec } });
    const { pair, buffer } = stage;
    const { memory } = pair.guest;
    memory.write(buffer.gpa, pattern(8192));
    assertEquals(stage.send(), GOOD);
    memory.write(buffer.gpa + 100, Uint8Array.of(1, 2, 3)); // after the send: shared, not copied
    await pair.fabric.settle();
    const views = stage.received();
    assertEquals(views.flatMap((view) => [...view]), [...memory.read(buffer.gpa, 8192)]);
    memory.write(buffer.gpa + 4090, Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9, 9, 9));
    assertEquals(views.flatMap((view) => [...view]), [...memory.read(buffer.gpa, 8192)]);
    views[0]!.set([77], 4);
    assertEquals([...memory.read(buffer.gpa + 4, 1)], [77]);
    stage.complete();
    await pair.fabric.settle();
    await stage.close();
  }
});

Deno.test("VmbPacketSendWithExternalMdl: the part that was asked for arrives (P6)", async () => {
  const stage = await openStage();
  const { pair, packet, buffer } = stage;
  const { memory } = pair.guest;
  memory.write(buffer.gpa, pattern(8192));
  const head = vmbus.IoAllocateMdl(memory, buffer.gpa + 10, 50);
  const tail = vmbus.IoAllocateMdl(memory, buffer.gpa + 4000, 300);
  head.next = tail;
  const whole = [...memory.read(buffer.gpa + 10, 50), ...memory.read(buffer.gpa + 4000, 300)];
  const forced = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH;
  const cases: readonly [
    mdl: vmbus.Mdl,
    offset: number,
    length: number,
    flags: number,
    bytes: number[],
  ][] = [
    [head, 0, 0, 0, whole],
    [head, 20, 0, 0, whole.slice(20)],
    [head, 45, 10, 0, whole.slice(45, 55)],
    [head, 50, 5, 0, whole.slice(50, 55)],
    [head, 0, 70, forced, [...memory.read(buffer.gpa + 10, 70)]], // beyond the first MDL, not its chain
    [tail, 0, 4192, forced, [...memory.read(buffer.gpa + 4000, 4192)]],
  ];
  for (const [mdl, offset, length, flags, bytes] of cases) {
    const status = pair.vsc.VmbPacketSendWithExternalMdl(
      packet,
      null,
      0,
      mdl,
      offset,
      length,
      WAIT | flags,
    );
    assertEquals(status, GOOD);
    await pair.fabric.settle();
    assertEquals(stage.received().flatMap((view) => [...view]), bytes);
    stage.complete();
    await pair.fabric.settle();
  }
  await stage.close();
});

Deno.test("VmbPacketSendWithExternalPfns: the pages arrive in their order (P6)", async () => {
  const stage = await openStage();
  const { pair, packet, buffer } = stage;
  const { memory } = pair.guest;
  memory.write(buffer.gpa, pattern(8192));
  const [first, second] = buffer.pfns;
  assertExists(first);
  assertExists(second);
  const pfns = [second, first, 5];
  const rings = stage.pinnedPages;
  const status = pair.vsc.VmbPacketSendWithExternalPfns(packet, pattern(3), 3, pfns, 2, WAIT);
  assertEquals([status, stage.pinnedPages], [GOOD, rings + 2]);
  pfns.fill(7); // the list was the call's
  await pair.fabric.settle();
  assertEquals(
    stage.received().flatMap((view) => [...view]),
    [...memory.read(second * 4096, 4096), ...memory.read(first * 4096, 4096)],
  );
  stage.complete();
  await pair.fabric.settle();
  await stage.close();
});

Deno.test("VmbPacketSend: a queued packet's pages are pinned as well, however it ends (P6, S15)", async () => {
  const pair = makePair();
  const stage = new Stage(pair, []);
  assertEquals(pair.vsc.VmbChannelEnable(pair.client), GOOD); // no offer: it will never open
  assertEquals(stage.pinnedPages, 0);
  assertEquals(stage.send(), GOOD);
  assertEquals(stage.pinnedPages, 2);
  await pair.vsc.VmbChannelDisable(pair.client);
  await pair.fabric.settle();
  assertEquals(names(stage.ends.map(({ status }) => status)), ["STATUS_CANCELLED"]);
  assertEquals(stage.pinnedPages, 0);
  await stage.close();
});

Deno.test("VmbPacketSend: pages are unpinned when the channel closes (P6, S15)", async () => {
  const stage = await openStage();
  const { pair } = stage;
  const rings = stage.pinnedPages;
  assertEquals(stage.send(), GOOD);
  await pair.fabric.settle();
  const disabled = pair.vsc.VmbChannelDisable(pair.client);
  await pair.fabric.settle();
  assertEquals(names(stage.ends.map(({ status }) => status)), ["STATUS_DEVICE_REMOVED"]);
  assertEquals(stage.pinnedPages, rings);
  stage.complete(); // the server's rings go, and with them the client's
  await pair.fabric.settle();
  await disabled;
  assertEquals([stage.ends.length, stage.pinnedPages], [1, 0]);
  await stage.close();
});

Deno.test("VmbPacketSend: a packet that waits for the open keeps its external data (P6, S6)", async () => {
  const pair = makePair({ onServerPacket: "hold" });
  const { held } = pair.atServer;
  const stage = new Stage(pair, held);
  enablePair(pair);
  assertEquals(stage.send(), GOOD);
  pair.guest.memory.write(stage.buffer.gpa, pattern(8192));
  await pair.fabric.settle();
  assertEquals(stage.received().flatMap((view) => [...view]), [...pattern(8192)]);
  stage.complete();
  await pair.fabric.settle();
  assertEquals(stage.ends.map(({ status }) => status), [GOOD]);
  await stage.close();
});
