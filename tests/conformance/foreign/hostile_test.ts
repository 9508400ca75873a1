// What a foreign peer and whoever carries its bytes may do wrong (api.md section 3; wire.md 3.4, 4.1).

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { Chance } from "../../../core/chance.ts";
import { ByteGuest } from "../../support/byte_guest.ts";
import { ByteHost } from "../../support/byte_host.ts";
import { clientTable, makeServer, serverTable } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { words } from "../../support/held_link.ts";

const PAGE = 4096;
const nothing = () => {};

/** Options of a peer as they should be, with some that should not. */
function optionsWith(wrong: object): vmbus.ForeignGuestOptions & vmbus.ForeignHostOptions {
  const good = { name: "g", memory: new ArrayBuffer(PAGE), onMessage: nothing, onSignal: nothing };
  return { ...good, ...wrong };
}

Deno.test("attachForeignGuest, attachForeignHost: wrong options are refused with what would be right", () => {
  const fabric = createFabric({ codec: "vmbus" });
  const cases: [options: object, error: typeof TypeError | typeof RangeError, text: string][] = [
    [{ name: "" }, TypeError, "name must be a text"],
    [{ memory: null }, TypeError, "memory must be an ArrayBuffer or a SharedArrayBuffer"],
    [{ memory: new Uint8Array(PAGE) }, TypeError, "memory must be an ArrayBuffer"],
    [{ memory: new ArrayBuffer(0) }, RangeError, "pages of 4096 bytes, not 0 bytes"],
    [{ memory: new ArrayBuffer(PAGE + 8) }, RangeError, "not 4104 bytes"],
    [
      { memory: new ArrayBuffer(PAGE, { maxByteLength: 2 * PAGE }) },
      TypeError,
      "a length that never changes",
    ],
    [{ memoryBase: 8 }, RangeError, "memoryBase must be a multiple of 4096"],
    [{ memoryBase: -PAGE }, RangeError, "memoryBase"],
    [{ memoryBase: 2 ** 52 }, RangeError, "memoryBase"],
    [{ vtl: 3 }, RangeError, "vtl must be"],
    [{ onMessage: undefined }, TypeError, "it needs the option onMessage, which is left out"],
    [{ memory: undefined }, TypeError, "it needs the option memory, which is left out"],
    [{ onMessage: null }, TypeError, "onMessage must be a function, not null"],
    [{ onSignal: 5 }, TypeError, "onSignal must be a function, not 5"],
    [{ memoryPages: 4 }, TypeError, "no option is called memoryPages"],
  ];
  for (const [wrong, error, text] of cases) {
    assertThrows(() => fabric.attachForeignGuest(optionsWith(wrong)), error, text);
    assertThrows(() => fabric.attachForeignHost(optionsWith(wrong)), error, text);
  }
  const options = { ...optionsWith({}), waitForMessage: 5 } as unknown as vmbus.ForeignHostOptions;
  assertThrows(() => fabric.attachForeignHost(options), TypeError, "waitForMessage");
  assertEquals(fabric.partitions.length, 1);
  const other = createFabric();
  const text = 'codec "msgpack"; create the fabric with codec "vmbus"';
  assertThrows(() => other.attachForeignGuest(optionsWith({})), Error, text);
  assertThrows(() => other.attachForeignHost(optionsWith({})), Error, text);
});

Deno.test("postMessage, signalEvent: what a peer does wrong is named, and what nobody can do is thrown", () => {
  const fabric = createFabric({ codec: "vmbus" });
  const { door } = new ByteGuest(fabric);
  const eight = new Uint8Array(8);
  assertEquals(door.postMessage(new Uint8Array(241), 1), "messageTooLong");
  assertEquals(door.postMessage(eight, 0), "unknownTarget");
  assertEquals(door.postMessage(eight, 0xffff_ffff), "unknownTarget");
  assertEquals(door.signalEvent(0x2001, 2048), "unknownFlag");
  assertEquals(door.signalEvent(0x2001, 2047), "unknownSignal");
  assertThrows(() => door.postMessage([] as unknown as Uint8Array, 1), TypeError);
  assertThrows(
    () => door.postMessage(eight, -1),
    RangeError,
    "connectionId must be a whole number of 32 bits, not -1",
  );
  assertThrows(() => door.postMessage(eight, 1.5), RangeError);
  assertThrows(() => door.signalEvent(2 ** 32, 0), RangeError);
  assertThrows(
    () => door.signalEvent(1, 0x1_0000),
    RangeError,
    "flag must be a whole number of 16 bits, not 65536",
  );

  const { door: host } = new ByteHost(fabric);
  for (
    const place of [{ vp: 1, sint: 2, vtl: 0 }, { vp: 0, sint: 3, vtl: 0 }, {
      vp: 0,
      sint: 2,
      vtl: 1,
    }]
  ) {
    assertEquals(host.postMessage(eight, place), "unknownTarget");
  }
  assertEquals(host.postMessage(new Uint8Array(241)), "messageTooLong");
  assertThrows(
    () => host.postMessage(eight, { vp: -1, sint: 2, vtl: 0 }),
    RangeError,
    "vp must be a whole number of 32 bits, not -1",
  );
  assertEquals(host.signalEvent(1, 2, 5), "unknownTarget");
  assertEquals(host.signalEvent(0, 2, 2048), "unknownFlag");
  assertEquals(host.signalEvent(0, 2, 5), "unknownSignal");
  assertThrows(() => host.signalEvent(0, 2, -5), RangeError, "eventFlag must be a whole number of");
  fabric.dispose();
});

Deno.test("postMessage: the bytes are copied; a flood finds no room, and room again", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new ByteGuest(fabric);
  guest.contact(0x4_0000);
  const bytes = words(3, 0);
  guest.post(bytes);
  bytes.fill(0xff);
  let taken = 2;
  while (guest.door.postMessage(words(99, 0), 1) === null) taken++;
  assertEquals([taken, guest.door.postMessage(words(99, 0), 1)], [1024, "noRoom"]);
  await fabric.settle();
  assertEquals(guest.take().at(-1), words(4, 0)); // its offers were delivered
  assertEquals(fabric.inspect().partitions[1]?.faultCount, 1022);
  guest.post(words(99, 0));
  fabric.dispose();
});

Deno.test("onMessage, onSignal: what they throw rejects whoever drives, and changes nothing else", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const heard: string[] = [];
  const door = fabric.attachForeignGuest({
    name: "g",
    memory: new ArrayBuffer(4 * PAGE),
    onMessage: ([type]) => {
      heard.push(`message ${type}`);
      if (heard.length === 1) throw new Error("the pipe is broken");
      return heard.length === 2 ? Promise.reject(new Error("and stays so")) : undefined;
    },
    onSignal: nothing,
  });
  door.postMessage(words(14, 0, 0x4_0000, 0, 0, 0, 0, 0, 0, 0), 1);
  await assertRejects(() => fabric.settle(), Error, "the pipe is broken");
  await fabric.settle();
  door.postMessage(words(3, 0), 1);
  await assertRejects(
    async () => {
      for (let time = 0; time < 3; time++) await fabric.settle();
    },
    Error,
    "and stays so",
  );
  await fabric.settle();
  assertEquals(heard, ["message 15", "message 4"]);
  fabric.dispose();
});

Deno.test("onMessage: may say and signal things, and detach the peer", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const heard: number[] = [];
  const door: vmbus.ForeignGuest = fabric.attachForeignGuest({
    name: "g",
    memory: new ArrayBuffer(4 * PAGE),
    onMessage: ([type]) => {
      heard.push(type!);
      assertEquals(door.postMessage(words(3, 0), 1), null); // a second time: refused, and told nothing
      assertEquals(door.signalEvent(0x2001, 0), "unknownSignal");
      door.detach();
      assertEquals(door.postMessage(words(3, 0), 1), "detached");
    },
    onSignal: nothing,
  });
  door.postMessage(words(14, 0, 0x4_0000, 0, 0, 0, 0, 0, 0, 0), 1);
  await fabric.run();
  assertEquals([heard, fabric.partitions.length], [[15], 1]);
  await fabric[Symbol.asyncDispose]();
});

// kmcl.md N2
Deno.test("WdfFdoQueryForInterface: there is no VMBus for drivers of ours in a foreign guest, and no server for a foreign host", () => {
  const fabric = createFabric({ codec: "vmbus" });
  const { door } = new ByteGuest(fabric);
  const { status } = vmbus.WdfFdoQueryForInterface(
    door.partition.device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    1,
  );
  assertEquals(status, vmbus.STATUS_NOT_FOUND);
  const host = new ByteHost(fabric).door;
  clientTable(host.partition);
  const vsp = serverTable(fabric);
  const server = makeServer(vsp, fabric, host.partition, [], {});
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_INVALID_DEVICE_REQUEST);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.inspect().partitions.map(({ bus }) => bus === "foreign"), [
    false,
    false,
    true,
  ]);
  fabric.dispose();
});

// wire.md 3.2, 3.4
Deno.test("attachForeignGuest: a GPADL of pages outside of its memory is refused, at either end of that", async () => {
  for (const [page, status] of [[-1, 0x8000_ffff], [0, 0], [12, 0], [13, 0x8000_ffff]] as const) {
    const fabric = createFabric({ codec: "vmbus" });
    const guest = new ByteGuest(fabric, { base: 0x10_0000 });
    const vsp = serverTable(fabric);
    const server = makeServer(vsp, fabric, guest.door.partition, [], {});
    vsp.VmbChannelEnable(server);
    guest.connect();
    guest.describe(1, 9, page, 4);
    await fabric.settle();
    assertEquals([page, guest.take().at(-1)], [page, words(10, 0, 1, 9, status)]);
    fabric.dispose();
  }
});

// wire.md 4.3: feature 0x40, pages that the host brings in memory of the guest
Deno.test("attachForeignGuest: nothing of ours is laid into its memory, whatever the host's options are", async () => {
  const fabric = createFabric({ codec: "vmbus", monitorPages: true });
  const guest = new ByteGuest(fabric);
  new Uint8Array(guest.memory).fill(7);
  guest.contact(0x6_0000, 0x47); // 0x8 needs the longer message
  await fabric.settle();
  const [welcome] = guest.take();
  assertEquals([welcome?.length, (welcome?.[16] ?? 0) & 0x40], [20, 0]);
  assertEquals(new Uint8Array(guest.memory).every((byte) => byte === 7), true);
  assertThrows(
    () => guest.door.partition.memory.allocate(1),
    RangeError,
    "all of it is its guest's",
  );
  fabric.dispose();
});

Deno.test("attachForeignGuest, attachForeignHost: whatever words come in, the fabric continues", async () => {
  const chance = Chance.fromSeed(15);
  const draw = () =>
    chance.below(3) === 0 ? chance.below(2 ** 32) : chance.below(chance.below(2) === 0 ? 32 : 4096);
  for (let round = 0; round < 4; round++) {
    const fabric = createFabric({ codec: "vmbus" });
    const guest = new ByteGuest(fabric);
    const host = new ByteHost(fabric, { answers: false });
    const vsp = serverTable(fabric);
    const server = makeServer(vsp, fabric, guest.door.partition, [], {});
    vsp.VmbChannelEnable(server);
    vsp.VmbChannelStart(server);
    for (let time = 0; time < 150; time++) {
      if (chance.below(8) === 0) guest.connect([0xd, 0x4_0000, 0x6_0000][chance.below(3)]);
      const message = words(
        1 + chance.below(30),
        0,
        ...Array.from({ length: chance.below(58) }, draw),
      );
      const length = chance.below(message.length + 1);
      guest.door.postMessage(message.subarray(0, length), chance.below(6));
      host.door.postMessage(message.subarray(0, length));
      guest.door.signalEvent(0x2000 | chance.below(4), chance.below(3));
      host.door.signalEvent(0, 2, chance.below(4));
      if (chance.below(8) === 0) await fabric.settle();
    }
    await fabric.settle();
    guest.door.detach();
    host.door.detach();
    await vsp.VmbChannelDisable(server);
    vsp.VmbChannelCleanup(server);
    await fabric[Symbol.asyncDispose]();
  }
});
