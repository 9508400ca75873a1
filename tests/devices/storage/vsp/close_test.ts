/** A controller that its program takes away while it is in use: storage.md H4. */

import { assert, assertEquals } from "@std/assert";
import type { Cdb } from "../../../../devices/storage/mod.ts";
import { reading } from "../../../support/held_image.ts";
import { offerStorage, RawStorage } from "../../../support/storage_stage.ts";

const read = (lba: number): Cdb => ({ operation: "read10", blockFlags: 0, lba, blocks: 1 });
const READY: Cdb = { operation: "testUnitReady" };
const GONE = "20 02 c00000c0 - 0";

/** Both ends are freed; nothing is left. */
async function ended(raw: RawStorage, ...subs: readonly RawStorage[]): Promise<void> {
  for (const sub of subs) await sub.close();
  await raw.finish();
}

Deno.test("StorageServer.close: what runs ends as it would, and what waits in the rings as without a disk", async () => {
  const { raw, ends, ended: reads } = await reading(4, 3, {
    options: { queueDepth: 2, subChannelsMax: 1 },
  });
  const { fabric, server } = raw.stage;
  const closing = server.close();
  await fabric.settle();
  assertEquals([ends.length, server.addresses], [2, []]); // the third waits in the ring
  assertEquals(raw.heard.map((packet) => packet[0]), [11]); // enumerateBus
  await fabric.advance(200);
  assertEquals(server.isOffered, true);
  for (const { end } of ends) end();
  assertEquals(await reads(), [0, 1, 0xee]);
  await fabric.advance(100);
  await closing;
  await ended(raw);
});

Deno.test("StorageServer.close: each command that comes before the channels go is answered, on each of them", async () => {
  const raw = await RawStorage.ready({ options: { subChannelsMax: 1 } }, 0x600, 1);
  const { fabric, server } = raw.stage;
  const sub = new RawStorage(raw.stage, 1);
  await fabric.settle();
  const begun = [raw, sub].map((channel) => channel.begin(read(0), { data: 512 }));
  const closing = server.close();
  for (let round = 0; round < 5; round++) {
    await fabric.advance(40);
    assertEquals(server.isOffered, true);
    for (const channel of [raw, sub]) assertEquals(await channel.end(READY), GONE);
  }
  assertEquals(begun.map((command) => command.end()?.status), Array(2).fill("20 02 c00000c0"));
  assertEquals(
    (await raw.scsi({ operation: "reportLuns", selectReport: 0, allocationBytes: 0 }, {
      data: 16,
    }))?.moved,
    8,
  );
  assertEquals(await raw.say("resetBus"), "0");
  await fabric.advance(100);
  assertEquals(server.isOffered, false);
  await closing;
  await ended(raw, sub);
});

Deno.test("StorageServer.close: a guest that never stops is not waited for longer than 10 s", async () => {
  const raw = await RawStorage.ready();
  const { fabric, server } = raw.stage;
  const closing = server.close();
  const from = fabric.now();
  while (server.isOffered) {
    assert(fabric.now() - from <= 10_000, "the channels go");
    const ready = raw.begin(READY);
    await fabric.advance(45);
    ready.end();
  }
  assert(fabric.now() - from >= 10_000);
  await closing;
  await ended(raw);
});

Deno.test("StorageServer.close: a guest that is not ready, or leaves meanwhile, is not waited for", async () => {
  const early = new RawStorage(offerStorage());
  await early.stage.fabric.settle();
  assertEquals(await early.say("beginInitialization"), "0");
  const at = early.stage.fabric.now();
  await early.stage.server.close();
  assertEquals(early.stage.fabric.now(), at);
  await ended(early);
  for (const end of ["close", "crash"] as const) {
    const raw = await RawStorage.ready();
    const { fabric, server, guest } = raw.stage;
    const closing = server.close();
    await fabric.settle();
    if (end === "crash") guest.crash();
    else await raw.close();
    await fabric.advance(50);
    await closing;
    await server.close();
    assertEquals([fabric.leaks(), fabric.violations], [[], []]);
  }
});
