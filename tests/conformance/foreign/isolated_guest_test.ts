// Our isolated guest against a host that somebody else wrote (kmcl.md X17 to X20, api.md section 3).

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { OFFER_5 } from "../../support/byte_host.ts";
import { createFabric } from "../../support/fabric.ts";
import { type ForeignHostOptions, ForeignHostStage } from "../../support/foreign_host_stage.ts";
import { words } from "../../support/held_link.ts";
import { type Ended, freeAll, names, notedPacket, pattern, WAIT } from "../../support/sending.ts";

const PAGE = 4096;
/** Where the guest's memory begins. */
const BASE = 0x1_0000_0000;
/** Pages of both rings of a stage, with their control pages. */
const RING_PAGES = 6;
const ISOLATED = { base: BASE, guest: { isolated: true } } as const;

/** An offer of channel 5 with these flags (wire.md 4.4). */
function offerWith(flags: number): Uint8Array {
  const offer = OFFER_5.slice();
  offer[56] = flags;
  return offer;
}

/** The one range of a packet that a client sent with an MDL (wire.md 2.2). */
function rangeOf(packet: Uint8Array) {
  const view = new DataView(packet.buffer);
  assertEquals([view.getUint16(0, true), view.getUint32(20, true)], [9, 1]);
  const byteCount = view.getUint32(24, true);
  const byteOffset = view.getUint32(28, true);
  const pages = Math.ceil((byteOffset + byteCount) / PAGE);
  const pfns = Array.from(
    { length: pages },
    (_, at) => Number(view.getBigUint64(32 + 8 * at, true)),
  );
  return { byteOffset, byteCount, pfns, transactionId: view.getBigUint64(8, true) };
}

/** Pages that the guest has shared, as `inspect` has it. */
function sharedPages({ fabric }: ForeignHostStage): number | undefined {
  return fabric.inspect().partitions[1]!.sharedPages;
}

Deno.test("attachForeignHost: of an isolated guest the host sees its rings and copies, and touches nothing else (X17, X19)", async () => {
  const { stage, upstream, downstream, header } = await ForeignHostStage.opened({
    ...ISOLATED,
    bounceBytes: [4 * PAGE, 0],
  });
  const { host, vsc, client, fabric } = stage;
  const { door, visible } = host;
  assertEquals([sharedPages(stage), visible.size], [RING_PAGES + 4, RING_PAGES + 4]);
  // The ring pages are those of the GPADL, which the host can touch.
  const firstRingPfn = Number(new DataView(header.buffer).getBigUint64(28, true));
  for (let page = 0; page < RING_PAGES; page++) assert(visible.has(firstRingPfn + page));

  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  const buffer = door.partition.memory.allocate(2 * PAGE);
  const sent = pattern(5000);
  door.partition.memory.write(buffer.gpa + 100, sent);
  const mdl = vmbus.IoAllocateMdl(door.partition.memory, buffer.gpa + 100, 5000);
  assertEquals(vsc.VmbPacketSend(packet, null, 0, mdl, WAIT), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  const { byteOffset, byteCount, pfns, transactionId } = rangeOf(upstream.readBytes()!);
  assertEquals([byteOffset, byteCount], [100, 5000]);
  const first = pfns[0]! * PAGE + 100;
  assertEquals(door.readMemory(first, 3996), sent.slice(0, 3996));
  assertEquals(door.readMemory(pfns[1]! * PAGE, 1004), sent.slice(3996));
  for (const pfn of pfns) assert(visible.has(pfn) && !buffer.pfns.includes(pfn));

  // What the driver has is private, all of it, and stays as it is.
  assertEquals(door.readMemory(buffer.gpa, 1), "privateMemory");
  assertEquals(door.writeMemory(buffer.gpa + 100, Uint8Array.of(1)), "privateMemory");
  const beyond = Math.max(...visible) * PAGE + PAGE - 1;
  assertEquals(door.readMemory(beyond, 2), "privateMemory"); // one of two pages
  assertEquals(door.partition.memory.read(buffer.gpa + 100, 1), sent.slice(0, 1));

  assertEquals(door.writeMemory(first, Uint8Array.of(9, 8)), null);
  downstream.write(11, 0, transactionId, new Uint8Array(0));
  door.signalEvent(0, 2, 5);
  await fabric.settle();
  assertEquals(names(ends.map(({ status }) => status)), ["STATUS_SUCCESS"]);
  assertEquals([...door.partition.memory.read(buffer.gpa + 100, 3)], [9, 8, sent[2]!]);
  freeAll(vsc, [packet]);
  door.partition.memory.free(buffer);

  host.say(2, 0, 5); // RescindChannelOffer
  await fabric.settle();
  const [, , , gpadlId] = new Uint32Array(header.slice(0, 16).buffer);
  assertEquals(visible.size, RING_PAGES + 4); // the host has not let go of the rings yet
  host.say(12, 0, gpadlId!);
  await fabric.settle();
  assertEquals([sharedPages(stage), visible.size], [0, 0]);
  await stage.end();
});

Deno.test("onVisibility: what a driver shares is the host's from before it hears of it until it has let go (X17, X20)", async () => {
  const { stage } = await ForeignHostStage.opened({ ...ISOLATED, bounceBytes: [0, 2 * PAGE] });
  const { host, vsc, client, fabric } = stage;
  const { memory } = host.door.partition;
  const { buffer } = vmbus.expectSuccess(vsc.VmbChannelAllocateBounceBuffer(client, PAGE + 1));
  assertEquals(host.door.writeMemory(buffer!.gpa, Uint8Array.of(7)), null);
  assertEquals(memory.read(buffer!.gpa, 1)[0], 7);
  const own = memory.allocate(PAGE);
  const seen: boolean[] = [];
  host.onMessage = (bytes) => {
    if (bytes[0] === 8) seen.push(host.visible.has(own.pfns[0]!));
  };
  const { gpadlHandle } = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromPfnList(client, 0, own.pfns, 1),
  );
  assertEquals(seen, [true]);
  const deleted = vsc.VmbChannelDeleteGpadl(client, gpadlHandle!);
  await fabric.settle();
  assertEquals(host.door.readMemory(own.gpa, 1), new Uint8Array(1)); // it has not said that it let go
  host.say(12, 0, gpadlHandle!);
  await deleted;
  assertEquals(host.door.readMemory(own.gpa, 1), "privateMemory");
  memory.free(own);
  await stage.end();
});

Deno.test("attachForeignHost: offers that call themselves confidential are not believed (X17)", async () => {
  for (const version of [{ version: 0x5_0003 }, { version: 0x6_0000, welcome: [1, 9, 0x10] }]) {
    const { stage, upstream } = await ForeignHostStage.opened({
      base: BASE,
      guest: { isolated: true, vmbusFeatures: 0x3f },
      bounceBytes: [PAGE, 0],
      offer: offerWith(0x6),
      ...version,
    });
    const { host, vsc, client, fabric } = stage;
    assertEquals([sharedPages(stage), host.visible.size], [RING_PAGES + 1, RING_PAGES + 1]);
    const { memory } = host.door.partition;
    const own = memory.allocate(PAGE);
    const ends: Ended[] = [];
    const packet = notedPacket(vsc, client, ends);
    vsc.VmbPacketSend(packet, null, 0, vmbus.IoAllocateMdl(memory, own.gpa, 8), WAIT);
    await fabric.settle();
    const { pfns: [pfn] } = rangeOf(upstream.readBytes()!);
    assertEquals([pfn === own.pfns[0], host.visible.has(pfn!)], [false, true]);
    await stage.end();
  }
});

Deno.test("attachForeignHost: an isolated guest writes no monitor page that the host takes out of its private memory (X17)", async () => {
  const monitorPages = "host" as const;
  for (const isIsolated of [true, false]) {
    const pageGpa = BASE + 32 * PAGE;
    const stage = new ForeignHostStage({
      base: BASE,
      version: 0x6_0000,
      guest: { isolated: isIsolated, monitorPages, vmbusFeatures: 0x6f },
      welcome: [1, 9, 0x40, 0, 0, 0, pageGpa % 2 ** 32, Math.floor(pageGpa / 2 ** 32)],
    });
    const said = await stage.settle();
    // It asks for offers where it is connected.
    assertEquals(said.map(([type]) => type), isIsolated ? [] : [3]);
    assertEquals(stage.fabric.inspect().partitions[1]!.faultCount, isIsolated ? 1 : 0);
    await stage.end();
  }
});

Deno.test("attachForeignHost: bounce buffers that the guest has no room for are not shared (X18)", async () => {
  const stage = new ForeignHostStage(ISOLATED); // 64 pages, as the memory has in all
  await stage.settle();
  stage.host.post(OFFER_5);
  await stage.settle();
  assertEquals(stage.calls, ["client PnpFailure STATUS_INSUFFICIENT_RESOURCES"]);
  assertEquals([sharedPages(stage), stage.host.visible.size], [0, 0]);
  await stage.end();
});

Deno.test("onVisibility: may say things, and detach the host, at any change (api.md section 3)", async () => {
  // Version 2.3 has an interrupt page, which is shared before the first message goes out.
  const options: ForeignHostOptions = {
    ...ISOLATED,
    version: 0x1_0001,
    bounceBytes: [2 * PAGE, PAGE],
  };
  for (let last = 1; last < 12; last++) {
    let changes = 0;
    const stage = new ForeignHostStage({
      ...options,
      onVisibility: ({ door }) => {
        changes++;
        door.postMessage(new Uint8Array(8));
        if (changes === last) door.detach();
      },
    });
    const { host: { door }, vsc, client, fabric } = stage;
    await stage.settle();
    door.postMessage(OFFER_5);
    const openMessage = (await stage.settle()).find(([type]) => type === 5);
    if (openMessage !== undefined) {
      const [, , , openId] = new Uint32Array(openMessage.slice(0, 16).buffer);
      door.postMessage(words(6, 0, 5, openId!, 0));
    }
    await fabric.settle();
    vsc.VmbChannelAllocateBounceBuffer(client, PAGE);
    await stage.end();
    if (changes < last) return assert(last > 4, `${changes} changes`);
  }
});

Deno.test("readMemory, writeMemory: what is no memory of the guest, and what nobody can ask for", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const memory = new SharedArrayBuffer(2 * PAGE);
  const options = { name: "g", memory, memoryBase: PAGE, onMessage() {}, onSignal() {} };
  const door = fabric.attachForeignHost(options); // not isolated: all of it
  assertEquals(door.writeMemory(PAGE, Uint16Array.of(0x102)), null);
  assertEquals(new Uint8Array(memory).slice(0, 2), Uint8Array.of(2, 1));
  const read = door.readMemory(PAGE, 2) as Uint8Array;
  read.fill(9); // a copy
  assertEquals(door.readMemory(PAGE, 2), Uint8Array.of(2, 1));
  assertEquals(door.readMemory(3 * PAGE, 0), new Uint8Array(0));
  for (
    const [gpa, byteCount] of [[PAGE - 1, 2], [3 * PAGE - 1, 2], [0, 1], [2 ** 52, 1]] as const
  ) {
    assertEquals(door.readMemory(gpa, byteCount), "unknownMemory");
    assertEquals(door.writeMemory(gpa, new Uint8Array(byteCount)), "unknownMemory");
  }
  for (const wrong of [-1, 0.5, NaN, Infinity, "0", null]) {
    const number = wrong as number;
    assertThrows(() => door.readMemory(number, 1), RangeError, "gpa must be a whole number from 0");
    assertThrows(() => door.readMemory(PAGE, number), RangeError, "byteCount must be");
    assertThrows(() => door.writeMemory(number, read), RangeError, "Cannot write to guest memory");
  }
  (read.buffer as ArrayBuffer).transfer();
  for (const wrong of [read, null, "1", [1]]) {
    assertThrows(() => door.writeMemory(PAGE, wrong as Uint8Array), TypeError);
  }
  door.detach();
  assertEquals(door.readMemory(PAGE, 1), "detached");
  assertEquals(door.writeMemory(PAGE, new Uint8Array(1)), "detached");
  for (const wrong of [1, "true", null]) {
    const isolated = wrong as unknown as boolean;
    assertThrows(
      () => fabric.attachForeignHost({ ...options, isolated }),
      TypeError,
      "isolated must be",
    );
  }
  const onVisibility = 1 as unknown as () => void;
  assertThrows(
    () => fabric.attachForeignHost({ ...options, onVisibility }),
    TypeError,
    "onVisibility",
  );
  const guest = { ...options, isolated: true };
  assertThrows(() => fabric.attachForeignGuest(guest), TypeError, "no option is called isolated");
  await fabric[Symbol.asyncDispose]();
});
