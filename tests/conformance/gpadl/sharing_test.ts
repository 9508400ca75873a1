// Memory that client and server share by GPADLs (kmcl.md section 5, G3–G6).

import { assertEquals, assertGreater } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair } from "../../support/connected_pair.ts";
import {
  bytesOf,
  chain,
  type GpadlStage,
  lastMessage,
  mapGpadl,
  openGpadlStage,
  PAGE_BYTES,
  pinnedPages,
  shareMdl,
  watchMessages,
} from "../../support/gpadl_stage.ts";

const READ_ONLY = vmbus.VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY;

/** Unmaps and deletes GPADLs, and closes the channel. */
async function close(stage: GpadlStage, handles: readonly number[]): Promise<void> {
  const { vsp, vsc, server, client, memory, pages } = stage;
  for (const handle of handles) {
    vsp.VmbChannelUnmapGpadl(server, handle);
    await vsc.VmbChannelDeleteGpadl(client, handle);
  }
  memory.free(pages);
  await closePair(stage);
}

Deno.test("VmbChannelCreateGpadlFromMdl: the server maps the part of the chain that was named", async () => {
  const stage = await openGpadlStage();
  const { bytes } = stage;
  // Chain: 100 bytes at 50, 5000 at 4090, 4096 at 16384. Offset, length, then the parts that arrive.
  const cases = [
    [0, 0, [[50, 100], [4090, 5000], [16384, 4096]]],
    [0, 100, [[50, 100]]],
    [99, 2, [[149, 1], [4090, 1]]],
    [100, 0, [[4090, 5000], [16384, 4096]]],
    [5099, 1, [[9089, 1]]],
    [9195, 0, [[20479, 1]]],
  ] as const;
  const handles: number[] = [];
  for (const [offset, length, parts] of cases) {
    const mdl = chain(stage.mdl(50, 100), stage.mdl(4090, 5000), stage.mdl(16384, 4096));
    const handle = shareMdl(stage, mdl, { offset, length });
    handles.push(handle);
    const mapped = mapGpadl(stage, handle);
    const expected = parts.flatMap(([at, count]) => [...bytes.subarray(at, at + count)]);
    assertEquals([...bytesOf(mapped)], expected);
    assertEquals(mapped.byteCount, parts[0][1]); // an MDL for each part
    assertEquals(mapped.byteOffset, parts[0][0] % PAGE_BYTES);
  }
  await close(stage, handles);
});

Deno.test("VmbChannelCreateGpadlFromBuffer: shares the first bytes of the buffer", async () => {
  const stage = await openGpadlStage();
  const { vsc, client, pages, bytes } = stage;
  const handles: number[] = [];
  for (const byteCount of [1, 4096, 4097, 8 * 4096]) {
    const created = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, pages, byteCount);
    const { gpadlHandle } = vmbus.expectSuccess(created);
    assertEquals(bytesOf(mapGpadl(stage, gpadlHandle)), bytes.slice(0, byteCount));
    handles.push(gpadlHandle);
  }
  await close(stage, handles);
});

Deno.test("VmbChannelMapGpadl: writes of either side are seen by the other (G4)", async () => {
  const stage = await openGpadlStage();
  const { memory, pages } = stage;
  const handle = shareMdl(stage, stage.mdl(4000, 200)); // over a page border
  const [view] = vmbus.mdlSegments(mapGpadl(stage, handle));
  view!.set([1, 2, 3], 95);
  assertEquals([...memory.read(pages.gpa + 4095, 3)], [1, 2, 3]);
  memory.write(pages.gpa + 4096, Uint8Array.of(9, 8));
  assertEquals([...view!.subarray(95, 98)], [1, 9, 8]);
  await close(stage, [handle]);
});

Deno.test("VmbChannelCreateGpadlFromMdl: one memory may be shared more than once", async () => {
  const stage = await openGpadlStage();
  const handles = [shareMdl(stage, stage.mdl(0, 100)), shareMdl(stage, stage.mdl(50, 100))];
  const [first, second] = handles.map((handle) => vmbus.mdlSegments(mapGpadl(stage, handle))[0]);
  first![60] = 200;
  assertEquals(second![10], 200);
  await close(stage, handles);
});

Deno.test("VmbChannelCreateGpadlFromMdl: handles are unique within the channel's life, and never 0 (G3)", async () => {
  const stage = await openGpadlStage();
  const { vsc, client, fabric } = stage;
  const handles: number[] = [];
  for (let round = 0; round < 3; round++) {
    const created = [0, 1, 2].map(() => shareMdl(stage, stage.mdl(0, 10)));
    handles.push(...created);
    for (const handle of created) await vsc.VmbChannelDeleteGpadl(client, handle);
    await vsc.VmbChannelDisable(client);
    vsc.VmbChannelEnable(client); // the channel's life continues after a close
    await fabric.settle();
  }
  assertEquals(new Set(handles).size, 9);
  for (const handle of handles) {
    assertGreater(handle, 0);
    assertEquals(Number.isSafeInteger(handle) && handle < 2 ** 32, true);
  }
  await close(stage, []);
});

Deno.test("VmbChannelCreateGpadlFromMdl: the exchange is carried through inside the call (G5)", async () => {
  let callbacks = 0;
  const stage = await openGpadlStage({
    fabric: { trace: "full" },
    partition: { memoryPages: 128 },
    onServerPacket: (_channel, packet) => {
      callbacks++;
      stage.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { fabric, vsp, vsc, server, client, guest } = stage;
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, 0); // its interrupt is runnable
  const messages = watchMessages(stage);
  // One range of 60 pages is 61 words: 27 in the header, 28 and 6 in bodies (wire.md 3.3).
  const mdl = vmbus.IoAllocateMdl(guest.memory, 0, 60 * PAGE_BYTES);
  const handle = shareMdl(stage, mdl);
  assertEquals(messages(), ["gpadlHeader", "gpadlBody", "gpadlBody", "gpadlCreated"]);
  assertEquals(callbacks, 0);
  const mapped = mapGpadl(stage, handle); // nothing has run since
  assertEquals(mapped.byteCount, 60 * PAGE_BYTES);
  assertEquals(mapped.pfns, mdl.pfns);
  const { callers } = fabric.inspect();
  assertEquals(callers, []);

  vsp.VmbChannelUnmapGpadl(server, handle);
  await vsc.VmbChannelDeleteGpadl(client, handle);
  assertEquals(messages().slice(4), ["gpadlTeardown", "gpadlTorndown"]);
  assertEquals(callbacks, 1);
  await close(stage, []);
});

Deno.test("VmbChannelCreateGpadlFromMdl: may be called in callbacks at DISPATCH_LEVEL (G5)", async () => {
  const stage = await openGpadlStage({
    onClientPacket: (_channel, packet) => {
      assertEquals(vmbus.KeGetCurrentIrql(), 2);
      handle = shareMdl(stage, stage.mdl(0, 10));
      stage.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  let handle = 0;
  stage.vsp.VmbPacketSend(stage.vsp.VmbPacketAllocate(stage.server), null, 0, null, 0);
  await stage.fabric.settle();
  mapGpadl(stage, handle);
  await close(stage, [handle]);
});

for (const isReadOnly of [false, true]) {
  Deno.test(`VmbChannelCreateGpadlFromMdl: ${isReadOnly ? "" : "no "}READ_ONLY crosses in the header (G6)`, async () => {
    const stage = await openGpadlStage({ fabric: { trace: "full" } });
    const { vsp, server, vsc, client } = stage;
    const handle = shareMdl(stage, stage.mdl(0, 10), { flags: isReadOnly ? READ_ONLY : 0 });
    const header = lastMessage(stage, 8);
    assertEquals(new DataView(header.buffer).getUint32(4, true), isReadOnly ? 1 : 0); // wire.md 3.2
    const { status } = vsp.VmbChannelMapGpadl(server, 0, handle);
    const expected = isReadOnly ? vmbus.STATUS_ACCESS_DENIED : vmbus.STATUS_SUCCESS;
    assertEquals(status, expected);
    if (!isReadOnly) vsp.VmbChannelUnmapGpadl(server, handle);
    // READ_ONLY does not stop the server from writing: it is a hint.
    const [view] = vmbus.mdlSegments(mapGpadl(stage, handle, READ_ONLY));
    view![0] = 123;
    assertEquals([...stage.memory.read(stage.pages.gpa, 1)], [123]);
    vsp.VmbChannelUnmapGpadl(server, handle);
    await vsc.VmbChannelDeleteGpadl(client, handle);
    await close(stage, []);
  });
}

Deno.test("VmbChannelMapGpadl: one mapping at a time, and again after its end", async () => {
  const stage = await openGpadlStage();
  const { vsp, server } = stage;
  const handle = shareMdl(stage, stage.mdl(0, 10));
  const first = mapGpadl(stage, handle);
  const { status, mdl } = vsp.VmbChannelMapGpadl(server, 0, handle);
  assertEquals([status, mdl], [vmbus.STATUS_SHARING_VIOLATION, null]);
  assertEquals(bytesOf(first).length, 10); // the refused call left it alone
  vsp.VmbChannelUnmapGpadl(server, handle);
  assertEquals(bytesOf(mapGpadl(stage, handle)).length, 10);
  await close(stage, [handle]);
});

Deno.test("VmbChannelCreateGpadlFromBuffer: the pages stay locked until the GPADL is gone", async () => {
  const stage = await openGpadlStage();
  const { vsc, client, memory, pages } = stage;
  const idle = pinnedPages(stage);
  const first = shareMdl(stage, stage.mdl(0, 4097)); // 2 pages
  const second = shareMdl(stage, stage.mdl(4096, 1)); // one of them
  assertEquals(pinnedPages(stage), idle + 2);
  await vsc.VmbChannelDeleteGpadl(client, first);
  assertEquals(pinnedPages(stage), idle + 1);
  await vsc.VmbChannelDeleteGpadl(client, second);
  assertEquals(pinnedPages(stage), idle);
  memory.free(pages);
  await closePair(stage);
});
