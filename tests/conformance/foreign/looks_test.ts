// A peer outside that writes memory without a word: with a real clock the fabric looks once a millisecond at what nobody
// would tell it of, a monitor page and the room of a writer whose reader does not signal (wire.md 1.7, section 6).

import { assertEquals } from "@std/assert";
import { MonitorPage } from "../../../core/signals/monitor_page.ts";
import * as vmbus from "../../../mod.ts";
import { ByteGuest } from "../../support/byte_guest.ts";
import { makeServer, serverTable } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { HandTime } from "../../support/hand_time.ts";

const PARENT_PAGE = 8;
const CHILD_PAGE = 9;
const INTERRUPT_PAGE = 10;
/** The id that the host gives the first channel of a guest with pages. */
const MONITOR_ID = 0;

/** A server, and a guest of bytes that has opened channel 1; with pages, its signals may go through them. */
async function stage(version: number, hasPages: boolean) {
  const fabric = createFabric({ codec: "vmbus", clock: "real" });
  const guest = new ByteGuest(fabric);
  const vsp = serverTable(fabric);
  const received: number[] = [];
  const server = makeServer(vsp, fabric, guest.door.partition, [], {
    onServerPacket: (_channel, packet, buffer) => {
      received.push(buffer[0]!);
      vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  vsp.VmbChannelStart(server);
  const pages = hasPages ? [PARENT_PAGE * 4096, 0, CHILD_PAGE * 4096, 0] : [0, 0, 0, 0];
  const interruptPage = version < 0x2_0004 ? INTERRUPT_PAGE * 4096 : 0;
  guest.say(14, 0, version, 0, interruptPage, 0, ...pages);
  guest.say(3, 0);
  await fabric.settle();
  guest.describe(1, 9, 0, 4);
  guest.open(1, 7, 9);
  await fabric.settle();
  return { fabric, guest, vsp, server, received };
}

/** Runs the fabric, with `far`, a deadline beside it that is of no matter; ends it. */
function running(fabric: vmbus.Fabric, far: boolean): () => Promise<void> {
  const stop = new AbortController();
  if (far) void fabric.delay(1e6).catch(() => {});
  const ran = fabric.run(stop.signal);
  return async () => {
    stop.abort();
    await ran;
  };
}

for (const far of [false, true]) {
  const beside = far ? ", and no less where a deadline is far ahead" : "";
  Deno.test(`run: looks at the monitor page of a foreign guest once a millisecond${beside}`, async () => {
    using time = new HandTime();
    const { fabric, guest, received } = await stage(0x4_0000, true);
    const end = running(fabric, far);
    for (let look = 0; look < 3; look++) {
      assertEquals([await time.nextMs(), received], [1, []]);
      await time.fire();
    }
    const page = new MonitorPage(new Uint8Array(guest.memory, CHILD_PAGE * 4096, 4096));
    guest.upstream.write(6, 0, 0n, Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0));
    page.setPending(MONITOR_ID); // and nobody is told
    await time.fire(1); // the look sees it, and waits for its latency of 0.1 ms
    await time.fire(1);
    assertEquals([received, page.pending()], [[5], []]);
    assertEquals(await time.nextMs(), 1);
    await end();
  });

  // wire.md 1.7: before 2.4 a reader does not signal that there is room.
  Deno.test(`run: a writer that waits for a foreign guest's reader looks each millisecond${beside}`, async () => {
    using time = new HandTime();
    const { fabric, guest, vsp, server } = await stage(0x1_0001, false);
    const end = running(fabric, far);
    const payload = new Uint8Array(2000);
    for (let sent = 0; sent < 3; sent++) {
      const packet = vsp.VmbPacketAllocate(server);
      assertEquals(vsp.VmbPacketSend(packet, payload, 2000, null, 0), vmbus.STATUS_SUCCESS);
    }
    assertEquals(await time.nextMs(), 1);
    assertEquals(vmbus.inspectChannel(server).queued, 1); // two have room
    assertEquals(guest.downstream.read()?.payload.length, 2000); // and it says nothing of it
    await time.fire(2);
    assertEquals(vmbus.inspectChannel(server).queued, 0);
    await end();
  });
}

Deno.test("run: nobody looks where nothing is to be looked at, nor with a virtual clock", async () => {
  using time = new HandTime();
  const { fabric } = await stage(0x4_0000, false);
  const end = running(fabric, false);
  assertEquals(await time.nextMs(), null);
  await end();
  const virtual = createFabric({ codec: "vmbus" });
  new ByteGuest(virtual);
  const endToo = running(virtual, false);
  assertEquals(await time.nextMs(), null);
  await endToo();
});
