/** Sub-channels, disks that come and go, channels that die: storage.md, sections 3 and 4. */

import { assertEquals } from "@std/assert";
import { type Cdb, sparseImage, type StorageDisk } from "../../../../devices/storage/mod.ts";
import * as vmbus from "../../../../mod.ts";
import { offerStorage, RawStorage, srbRequest } from "../../../support/storage_stage.ts";

const READY: Cdb = { operation: "testUnitReady" };
const read = (lba: number, blocks = 1): Cdb => ({
  operation: "read10",
  blockFlags: 0,
  lba,
  blocks,
});
const GOOD = "01 00 0 - 0";
const three = { options: { subChannelsMax: 3 } };

Deno.test("createSubChannels: a sub-channel serves commands and resets, and refuses the rest", async () => {
  // storage.md I5, I7.
  const raw = await RawStorage.ready(three, 0x600, 2);
  const subs = [new RawStorage(raw.stage, 1), new RawStorage(raw.stage, 2)];
  await raw.stage.fabric.settle();
  for (const sub of subs) {
    assertEquals(await sub.end(READY), GOOD);
    assertEquals((await sub.scsi(read(0), { data: 512 }))?.moved, 512);
    for (const operation of ["resetLun", "resetAdapter", "resetBus"] as const) {
      assertEquals(await sub.say(operation), "0");
    }
    const refused = [
      "beginInitialization",
      "endInitialization",
      "queryProtocolVersion",
      "queryProperties",
      "createSubChannels",
    ] as const;
    for (const operation of refused) assertEquals(await sub.say(operation), "c0000184", operation);
  }
  for (const sub of subs) await sub.close();
  await raw.finish();
});

Deno.test("createSubChannels: before the end, a sub-channel's requests wait until the guest is ready", async () => {
  // storage.md I7.
  const raw = new RawStorage(offerStorage(three));
  const { fabric } = raw.stage;
  await fabric.settle();
  await raw.say("beginInitialization");
  await raw.say("queryProtocolVersion", { version: 0x600 });
  await raw.say("queryProperties");
  assertEquals(await raw.say("createSubChannels", { subChannels: 1 }), "0");
  const sub = new RawStorage(raw.stage, 1);
  await fabric.settle();
  const begun = sub.begin(READY);
  await fabric.settle();
  assertEquals([vmbus.inspectChannel(sub.channel).lifecycle, begun.end()], ["opened", null]);
  assertEquals(await raw.say("endInitialization"), "0");
  assertEquals(begun.end()?.status, "01 00 0");
  await sub.close();
  await raw.finish();
});

Deno.test("createSubChannels: sub-channels go when the primary closes, and come again when they are asked for", async () => {
  // storage.md I5.
  const raw = await RawStorage.ready(three, 0x600, 1);
  const sub = new RawStorage(raw.stage, 1);
  await raw.stage.fabric.settle();
  await raw.close();
  await raw.stage.fabric.settle();
  assertEquals(vmbus.inspectChannel(sub.channel).lifecycle, "disabled");
  sub.vsc.VmbChannelCleanup(sub.channel);
  const again = new RawStorage(raw.stage);
  await raw.stage.fabric.settle();
  await again.initialize();
  assertEquals(await again.say("createSubChannels", { subChannels: 2 }), "0");
  const other = new RawStorage(raw.stage, 2);
  await raw.stage.fabric.settle();
  assertEquals(await other.end(READY), GOOD);
  await again.stage.server.close();
  await again.stage.fabric.settle();
  assertEquals(vmbus.inspectChannel(other.channel).lifecycle, "disabled");
  other.vsc.VmbChannelCleanup(other.channel);
  await again.finish();
});

Deno.test("StorageServer: a sub-channel that its guest closes may be opened again, without a word", async () => {
  // storage.md I5, I7.
  const raw = await RawStorage.ready(three, 0x600, 2);
  const { fabric } = raw.stage;
  const [first, other] = [new RawStorage(raw.stage, 1), new RawStorage(raw.stage, 2)];
  await fabric.settle();
  assertEquals(await first.end(READY), GOOD);
  await first.close();
  assertEquals([await raw.end(READY), await other.end(READY)], [GOOD, GOOD]);
  const again = new RawStorage(raw.stage, 1);
  await fabric.settle();
  assertEquals([await again.end(READY), await again.say("endInitialization")], [GOOD, "c0000184"]);
  for (const sub of [again, other]) await sub.close();
  await raw.finish();
});

const NEWS = "0b".padEnd(128, "0");

Deno.test("addDisk, removeDisk: a guest that is ready hears of each, at once", async () => {
  // storage.md H1.
  for (
    const [version, news] of [[0x600, NEWS], [0x402, NEWS.slice(0, 96)], [0x200, null]] as const
  ) {
    const raw = new RawStorage(offerStorage());
    const { fabric, server } = raw.stage;
    await fabric.settle();
    const disk: StorageDisk = { lun: 1, image: sparseImage(512) };
    const heard = async () => {
      await fabric.settle();
      return raw.heard.splice(0).map((packet) => packet.toHex());
    };
    server.addDisk(disk);
    server.removeDisk({ lun: 1 });
    await raw.initialize(version);
    assertEquals(await heard(), []); // what changed before is not told
    server.addDisk(disk);
    assertEquals(await heard(), news === null ? [] : [news]);
    assertEquals(await raw.end(READY, { lun: 1 }), GOOD);
    server.removeDisk({ lun: 1 });
    assertEquals(await heard(), news === null ? [] : [news]);
    assertEquals(await raw.end(READY, { lun: 1 }), "20 02 c00000c0 - 0");
    await raw.finish();
  }
});

Deno.test("addDisk: changes are told together, while the guest has not heard of the first", async () => {
  // storage.md H2: a full ring, as the guest does not read.
  const raw = await RawStorage.ready();
  const { fabric, server } = raw.stage;
  await raw.vsc.VmbChannelPause(raw.channel);
  const image = sparseImage(512);
  let disks = 0;
  while (server.state.news !== "leaving") {
    server.addDisk({ targetId: 1 + (disks >> 8), lun: disks++ & 0xff, image });
    await fabric.settle();
  }
  for (let more = 0; more < 5; more++) server.addDisk({ pathId: 9, lun: more, image });
  raw.vsc.VmbChannelStart(raw.channel);
  await fabric.settle();
  assertEquals([raw.heard.length, server.state.news], [disks, "told"]);
  await raw.finish();
});

Deno.test("StorageServer: what no guest sends kills its channel until that is opened anew", async () => {
  // storage.md I6.
  const packetOf = (operation: number, length = 64) => {
    const packet = new Uint8Array(length);
    if (length > 0) packet[0] = operation;
    return packet;
  };
  const deadly = [0, 1, 2, 11, 12, 14, 15, 99].map((operation) => packetOf(operation));
  for (const packet of [...deadly, packetOf(7, 8), packetOf(7, 0)]) {
    const raw = await RawStorage.ready();
    const { fabric, server } = raw.stage;
    assertEquals(await raw.ask(packet), null);
    assertEquals(await raw.scsi(READY), null);
    assertEquals(typeof server.state.death, "string");
    server.addDisk({ lun: 1, image: sparseImage(512) }); // nobody is told
    await fabric.settle();
    assertEquals(raw.heard, []);
    await raw.close();
    const again = new RawStorage(raw.stage);
    await fabric.settle();
    await again.initialize();
    assertEquals(await again.end(READY, { lun: 1 }), GOOD);
    await again.finish();
  }
});

Deno.test("StorageServer: when the primary dies, sub-channels work on, and nobody is told of disks", async () => {
  // storage.md I6, H1.
  const raw = await RawStorage.ready(three, 0x600, 1);
  const { fabric, server } = raw.stage;
  const sub = new RawStorage(raw.stage, 1);
  await fabric.settle();
  assertEquals(await raw.ask(new Uint8Array(64)), null);
  server.addDisk({ lun: 1, image: sparseImage(512) });
  assertEquals([await sub.end(READY, { lun: 1 }), raw.heard], [GOOD, []]);
  assertEquals([server.state.place, server.state.agreement.phase], ["ready.dead", "ready"]);
  assertEquals(await sub.ask(new Uint8Array(64)), null);
  await sub.close();
  await raw.close();
  const again = new RawStorage(raw.stage);
  await fabric.settle();
  assertEquals([server.state.place, await again.ask(new Uint8Array(64))], ["begin", null]);
  assertEquals(server.state.agreement.phase, "dead");
  await again.finish();
});

Deno.test("StorageServer: data of other than one range that is long enough kills the channel", async () => {
  // storage.md P6, I6.
  const cdb = Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 1, ...new Uint8Array(7));
  const request = srbRequest({ direction: 1, dataTransferBytes: 512, cdb });
  const cases: readonly [string, (raw: RawStorage) => vmbus.Mdl | null][] = [
    ["none", () => null],
    ["short", ({ stage: { guest } }) => vmbus.IoAllocateMdl(guest.memory, 0x10_0000, 511)],
    ["two", ({ stage: { guest } }) => {
      const [first, second] = [0, 1].map((page) =>
        vmbus.IoAllocateMdl(guest.memory, 0x10_0000 + page * 8192, 256)
      );
      first!.next = second!;
      return first!;
    }],
  ];
  for (const [name, mdlOf] of cases) {
    const raw = await RawStorage.ready();
    assertEquals(await raw.ask(request, mdlOf(raw)), null, name);
    assertEquals(await raw.scsi(READY), null, name);
    await raw.finish();
  }
});
