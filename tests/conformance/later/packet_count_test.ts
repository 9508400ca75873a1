// kmcl.md X6: how many packet objects a driver may have.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, makePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { serverTableV5 } from "../../support/later_tables.ts";
import { request } from "../../support/requests.ts";
import { sendPlain, WAIT } from "../../support/sending.ts";

/** An open pair whose client may have two packet objects. */
function openTwo(): Promise<Pair> {
  return openPair({
    client: (_vsc, channel) => {
      const status = later.VmbChannelInitSetMaximumPacketCount(channel, 2);
      assertEquals(status, vmbus.STATUS_SUCCESS);
    },
    ...within(),
  });
}

let later: vmbus.KmclServerInterfaceV5;

/** A fabric of its own, and its table. */
function within(): Pick<Pair, never> & { within: Pick<Pair, "fabric" | "guest"> } {
  const { fabric, guest } = makePair();
  later = serverTableV5(fabric);
  return { within: { fabric, guest } };
}

Deno.test("VmbChannelInitSetMaximumPacketCount: VmbPacketAllocate gives null beyond it (X6)", async () => {
  const pair = await openTwo();
  const { vsc, client, fabric } = pair;
  const [one, two] = [vsc.VmbPacketAllocate(client), vsc.VmbPacketAllocate(client)];
  assertEquals([one === null, two === null], [false, false]);
  assertEquals(vsc.VmbPacketAllocate(client), null);
  vsc.VmbPacketFree(one);
  assertEquals(sendPlain(vsc, client, Uint8Array.of(1), WAIT), vmbus.STATUS_SUCCESS);
  assertEquals(vsc.VmbPacketAllocate(client), null); // one in flight counts, until it is freed
  await fabric.settle();
  const three = vsc.VmbPacketAllocate(client);
  assertEquals(three === null, false);
  assertEquals((await request(vsc, client, {})).status, vmbus.STATUS_SUCCESS); // its packet is KMCL's
  for (const packet of [two, three]) vsc.VmbPacketFree(packet);
  const again = [vsc.VmbPacketAllocate(client), vsc.VmbPacketAllocate(client)];
  assertEquals([again.includes(null), vsc.VmbPacketAllocate(client)], [false, null]);
  assertEquals(fabric.violations, []);
});

Deno.test("VmbChannelInitSetMaximumPacketCount: VmbPacketInitialize counts as well, once for the same memory (X6)", async () => {
  const { vsc, client } = await openTwo();
  const byteCount = vsc.VmbChannelSizeofPacket(client);
  const memory = new Uint8Array(2 * byteCount);
  const statusOf = (view: Uint8Array) =>
    vmbus.ntStatusName(vsc.VmbPacketInitialize(client, view, byteCount).status);
  assertEquals(statusOf(memory), "STATUS_SUCCESS");
  assertEquals(statusOf(memory.subarray(byteCount)), "STATUS_SUCCESS");
  assertEquals(statusOf(new Uint8Array(byteCount)), "STATUS_INSUFFICIENT_RESOURCES");
  assertEquals(vsc.VmbPacketAllocate(client), null);
  assertEquals(statusOf(memory), "STATUS_SUCCESS"); // the same one again
  assertEquals(statusOf(memory.subarray(8)), "STATUS_SUCCESS"); // it lies over both, and takes their place
  const packet = vsc.VmbPacketAllocate(client);
  assertEquals(packet === null, false);
  vsc.VmbPacketFree(packet);
});

Deno.test("VmbChannelInitSetMaximumPacketCount: a channel that does not say has no bound (X6)", async () => {
  const pair = await openPair();
  const { vsc, client } = pair;
  const packets = Array.from({ length: 100 }, () => vsc.VmbPacketAllocate(client));
  for (const packet of packets) vsc.VmbPacketFree(packet);
  await closePair(pair);
});
