/** Sub-channels, disks that come and go, channels that die, commands that take time: storage.md, sections 3, 4 and 8. */

import { assertEquals } from "@std/assert";
import {
  type Cdb,
  sparseImage,
  type StorageDisk,
  type StorageImage,
} from "../../../../devices/storage/mod.ts";
import * as vmbus from "../../../../mod.ts";
import {
  offerStorage,
  RawStorage,
  srbRequest,
  type StorageStageOptions,
} from "../../../support/storage_stage.ts";

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

/** An image whose reads end when they are told to: `ends` has a call for each. */
function heldImage(callsMax: number) {
  const ends: { readonly offset: number; readonly end: (error?: Error) => void }[] = [];
  const image: StorageImage = {
    byteCount: 1 << 20,
    callsMax,
    isInFabric: true,
    read: (offset, into) =>
      new Promise<void>((resolve, reject) =>
        ends.push({
          offset,
          end: (error) =>
            error === undefined ? (into.fill(offset / 512), resolve()) : reject(error),
        })
      ),
    write: () => {},
    flush: () => {},
  };
  return { image, ends };
}

/** A controller with such a disk, and the reads of blocks 0, 1, … that are under way. */
async function reading(callsMax: number, count: number, options: StorageStageOptions = {}) {
  const { image, ends } = heldImage(callsMax);
  const raw = await RawStorage.ready({ ...options, disks: [{ image }] });
  const begun = Array.from({ length: count }, (_, lba) => raw.begin(read(lba), { data: 512 }));
  await raw.stage.fabric.settle();
  const ended = async () => {
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    await raw.stage.fabric.settle();
    return begun.map((command) => command.end()?.data[0] ?? null);
  };
  return { raw, ends, ended };
}

Deno.test("StorageServer: commands end in the order in which their image ends them", async () => {
  // storage.md I5, M2.
  const { raw, ends, ended } = await reading(100, 100);
  assertEquals(ends.map(({ offset }) => offset / 512), [...Array(100).keys()]);
  for (const { end } of ends.splice(50).reverse()) end();
  const second = Array.from({ length: 50 }, (_, at) => at + 50);
  assertEquals(await ended(), [...Array(50).fill(null), ...second]);
  for (const { end } of ends.reverse()) end();
  assertEquals(await ended(), [...Array(100).keys()]);
  await raw.finish();
});

Deno.test("StorageServer: an image has as many calls at once as it takes, the ring the rest", async () => {
  // storage.md M2, I5.
  const { raw, ends, ended } = await reading(1, 3, { options: { queueDepth: 2 } });
  assertEquals(ends.length, 1);
  assertEquals(raw.stage.fabric.inspect().partitions[0]?.channels[0]?.outstanding, 2);
  for (const wanted of [[0, null, null], [0, 1, null], [0, 1, 2]]) {
    ends.shift()!.end();
    assertEquals(await ended(), wanted);
  }
  await raw.finish();
});

Deno.test("StorageServer: a failure that comes late is that of its command alone", async () => {
  // storage.md M3.
  const { raw, ends, ended } = await reading(1, 2);
  ends.shift()!.end(new Error("gone"));
  assertEquals(await ended(), [0xee, null]);
  ends.shift()!.end();
  assertEquals(await ended(), [0xee, 1]);
  assertEquals(raw.stage.server.disk({})?.imageFault, "gone");
  await raw.finish();
});

Deno.test("RESET: is answered once what ran before it has ended, on whichever channel", async () => {
  // storage.md I4.
  const { raw, ends, ended } = await reading(4, 2, { options: { subChannelsMax: 1 } });
  assertEquals(await raw.say("createSubChannels", { subChannels: 1 }), "0");
  const sub = new RawStorage(raw.stage, 1);
  await raw.stage.fabric.settle();
  const reset = new Uint8Array(64);
  reset[0] = 5;
  const asked = [raw.send(reset), sub.send(reset)];
  const isAnswered = () => asked.map(({ answer }) => answer !== null);
  await raw.stage.fabric.settle();
  const after = raw.begin(read(7), { data: 512 });
  await raw.stage.fabric.settle();
  ends.shift()!.end();
  assertEquals([await ended(), isAnswered()], [[0, null], [false, false]]);
  ends.shift()!.end();
  assertEquals([await ended(), isAnswered(), after.end()], [[0, 1], [true, true], null]);
  ends.shift()!.end();
  await ended();
  assertEquals(after.end()?.moved, 512);
  await sub.close();
  await raw.finish();
});

Deno.test("StorageServer: a channel that died answers nothing that it had under way", async () => {
  // storage.md I6.
  const { raw, ends, ended } = await reading(4, 2);
  assertEquals(await raw.ask(new Uint8Array(64)), null);
  for (const { end } of ends) end();
  assertEquals(await ended(), [null, null]);
  await raw.finish();
});

Deno.test("StorageServer: closing waits for what runs, and drops its answers", async () => {
  // storage.md I1; kmcl.md S10.
  const { raw, ends, ended } = await reading(4, 2);
  const closing = raw.close();
  await raw.stage.fabric.settle();
  assertEquals(raw.stage.fabric.inspect().partitions[0]?.channels[0]?.outstanding, 2);
  for (const { end } of ends) end();
  await ended();
  await closing;
  await raw.stage.server.close();
  assertEquals([raw.stage.fabric.leaks(), raw.stage.fabric.violations], [[], []]);
});

Deno.test("StorageServer: real input and output goes on outside, in whatever time it takes", async () => {
  // storage.md M2.
  const memory = sparseImage(1 << 20);
  const later = async <T>(work: () => T) => {
    await new Promise((resolve) => setTimeout(resolve));
    return work();
  };
  const image: StorageImage = {
    byteCount: memory.byteCount,
    read: (offset, into) => later(() => memory.read(offset, into)),
    write: (offset, bytes) => later(() => memory.write(offset, bytes)),
    flush: () => later(() => {}),
  };
  const digests: string[] = [];
  for (let run = 0; run < 2; run++) {
    const raw = await RawStorage.ready({ disks: [{ image }], fabric: { seed: 5 } });
    const write = { operation: "write10", blockFlags: 8, lba: 0, blocks: 4 } as const;
    const data = Uint8Array.from({ length: 2048 }, (_, at) => at);
    const begun = [
      raw.begin(write, { data, byteOffset: 3000 }),
      raw.begin(read(1), { data: 512 }),
      raw.begin(READY),
    ];
    await raw.stage.fabric.settle();
    assertEquals(begun.map((command) => command.end()?.moved), [2048, 512, 0]);
    await raw.finish();
    digests.push(raw.stage.fabric.traceDigest());
  }
  assertEquals(digests[0], digests[1]);
});

Deno.test("StorageServer: an image that takes virtual time ends its calls in its own order, the same each time", async () => {
  // storage.md M2.
  const once = async () => {
    const memory = sparseImage(1 << 20);
    const place: { fabric?: vmbus.Fabric } = {};
    const image: StorageImage = {
      byteCount: memory.byteCount,
      callsMax: 8,
      isInFabric: true,
      read: async (offset, into) => {
        await place.fabric!.delay(10 - offset / 512); // the later ones are the faster
        memory.read(offset, into);
      },
      write: (offset, bytes) => memory.write(offset, bytes),
      flush: () => {},
    };
    const raw = await RawStorage.ready({ disks: [{ image }] });
    const { fabric } = raw.stage;
    place.fabric = fabric;
    const order: number[] = [];
    const begun = Array.from({ length: 6 }, (_, lba) => raw.begin(read(lba), { data: 512 }));
    while (order.length < 6) {
      await fabric.advance(1);
      for (const [lba, command] of begun.entries()) {
        if (!order.includes(lba) && command.end() !== null) order.push(lba);
      }
    }
    await raw.finish();
    return { order, digest: fabric.traceDigest() };
  };
  const first = await once();
  assertEquals(first.order, [5, 4, 3, 2, 1, 0]);
  assertEquals(await once(), first);
});

Deno.test("StorageServer: a guest that crashes or is destroyed takes nothing with it that runs", async () => {
  // kmcl.md S13; storage.md I1.
  for (const end of ["crash", "destroy"] as const) {
    const { raw, ends, ended } = await reading(4, 2, { options: { subChannelsMax: 1 } });
    assertEquals(await raw.say("createSubChannels", { subChannels: 1 }), "0");
    const sub = new RawStorage(raw.stage, 1);
    await raw.stage.fabric.settle();
    const { guest, server, fabric } = raw.stage;
    guest[end]();
    await fabric.settle();
    for (const each of ends) each.end();
    await ended();
    assertEquals(server.state.agreement.phase, "begin", end);
    await server.close();
    assertEquals([server.isOffered, fabric.leaks(), fabric.violations], [false, [], []]);
    assertEquals(sub.heard, []);
  }
});
