/** Commands that take time, on whichever channel: storage.md I4, I5, I6, M2, M3. */

import { assertEquals } from "@std/assert";
import { type Cdb, sparseImage, type StorageImage } from "../../../../devices/storage/mod.ts";
import type * as vmbus from "../../../../mod.ts";
import { reading } from "../../../support/held_image.ts";
import { RawStorage } from "../../../support/storage_stage.ts";

const READY: Cdb = { operation: "testUnitReady" };
const read = (lba: number, blocks = 1): Cdb => ({
  operation: "read10",
  blockFlags: 0,
  lba,
  blocks,
});

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

Deno.test("StorageServer: real input and output takes place outside, in whatever time it takes", async () => {
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
