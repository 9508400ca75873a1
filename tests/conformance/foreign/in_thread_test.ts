// A foreign guest on another thread, over a SharedArrayBuffer: neither side may miss what the other one has written
// (wire.md 1.7, 1.8).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { ByteGuest } from "../../support/byte_guest.ts";
import { makeServer, serverTable } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { times } from "../../support/long.ts";
import type { ThreadStart } from "./thread_guest.ts";

Deno.test("attachForeignGuest: a guest on another thread exchanges packets with a server, and nobody waits in vain", async () => {
  const count = times(300, 200_000);
  const fabric = createFabric({ codec: "vmbus", trace: "off" });
  const memory = new SharedArrayBuffer(16 * 4096);
  const guest = new ByteGuest(fabric, { memory });
  const vsp = serverTable(fabric);
  const server = makeServer(vsp, fabric, guest.door.partition, [], {});
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  vsp.VmbChannelStart(server);
  guest.connect();
  guest.describe(1, 9, 0, 4);
  guest.open(1, 7, 9);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server)?.lifecycle, "opened");

  const thread = new Worker(new URL("./thread_guest.ts", import.meta.url), { type: "module" });
  guest.onSignal = () => thread.postMessage("signal");
  const answered = new Promise<number>((resolve, reject) => {
    thread.onmessage = ({ data }) => {
      if (data === "signal") guest.door.signalEvent(0x2001, 0);
      else resolve(data);
    };
    thread.onerror = ({ message }) => reject(new Error(message));
  });
  const start: ThreadStart = { memory, count };
  thread.postMessage(start);
  const stop = new AbortController();
  const running = fabric.run(stop.signal);
  assertEquals(await answered, count);
  stop.abort();
  await running;
  thread.terminate();
  assertEquals(vmbus.inspectChannel(server)?.fault, null);
  guest.door.detach();
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
});
