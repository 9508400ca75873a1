// Signals that go through pages of the guest, from end to end (wire.md section 6).

import { assert, assertEquals } from "@std/assert";
import { protocolOf, type VmbusVersion } from "../../../core/control/versions.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair, type PairOptions } from "../../support/connected_pair.ts";
import { endpointBehind } from "../../support/endpoints.ts";
import { createFabric } from "../../support/fabric.ts";
import { pattern, sendPlain } from "../../support/sending.ts";
import { monitorPageOf, pagedGuest, partitionBehind } from "../../support/signal_pages.ts";

/** A pair in a guest that speaks `version`; what arrives at each side is noted with the time. */
async function pagedPair(
  version: VmbusVersion,
  hasMonitorPages: boolean,
  options: PairOptions = {},
) {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = pagedGuest(fabric, version, hasMonitorPages);
  const arrived: string[] = [];
  const note = (side: string, table: () => vmbus.KmclClientInterfaceV1) =>
  (
    _: unknown,
    packet: vmbus.VMBPACKETCOMPLETION,
    buffer: Uint8Array,
  ) => {
    arrived.push(`${side} ${buffer[0]} at ${fabric.now()}`);
    table().VmbChannelPacketComplete(packet, null, 0);
  };
  const pair: Pair = await openPair({
    within: { fabric, guest },
    onServerPacket: note("server", () => pair.vsp),
    onClientPacket: note("client", () => pair.vsc),
    ...options,
  });
  return { ...pair, pair, arrived };
}

/** Sends a packet that begins with `first`. */
function send(table: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL, first: number): void {
  const bytes = pattern(24);
  bytes[0] = first;
  assertEquals(sendPlain(table, channel, bytes), vmbus.STATUS_SUCCESS);
}

for (const version of ["0.13", "1.1", "2.4", "6.0"] as const) {
  for (const hasMonitorPages of [false, true]) {
    const pages = hasMonitorPages ? "with monitor pages" : "without monitor pages";
    Deno.test(`signals: each side hears the other in version ${version}, ${pages}`, async () => {
      const { pair, arrived, fabric, vsc, vsp, client, server } = await pagedPair(
        version,
        hasMonitorPages,
      );
      for (let first = 0; first < 3; first++) {
        send(vsc, client, first);
        send(vsp, server, 100 + first);
        await fabric.run();
      }
      const sides = (side: string) => arrived.filter((text) => text.startsWith(side)).length;
      assertEquals([sides("server"), sides("client")], [3, 3]);
      const isMonitored = hasMonitorPages && version !== "0.13";
      assertEquals(endpointBehind(client).channel?.monitored === null, !isMonitored);
      assertEquals(fabric.now() > 0, isMonitored);
      await closePair(pair);
    });
  }
}

Deno.test("signals: through a monitor page many within the latency are one, at its end", async () => {
  const { pair, arrived, fabric, guest, vsc, client } = await pagedPair("6.0", true);
  const { monitor } = partitionBehind(guest).bus.host.signals;
  const sent = () => vmbus.inspectChannel(client).interruptsSent;
  const before = sent();
  for (let first = 0; first < 5; first++) {
    send(vsc, client, first);
    await fabric.advance(0.01);
  }
  assertEquals([arrived, monitor.signals, sent() - before], [[], 0, 1]);
  await fabric.advance(0.05);
  assertEquals(arrived, [0, 1, 2, 3, 4].map((first) => `server ${first} at 0.1`));
  assertEquals(monitor.signals, 1);
  await closePair(pair);
});

// kmcl.md section 5: one latency, which the page says
Deno.test("VmbChannelSetInterruptLatency: of a channel with a monitor id it is the page's", async () => {
  const { pair, arrived, fabric, guest, vsc, client } = await pagedPair("6.0", true);
  const set = (latency: number) => vsc.VmbChannelSetInterruptLatency(client, latency);
  assertEquals(set(25).originalLatency, 1000);
  assertEquals(monitorPageOf(guest).latency100ns(0), 25);
  assertEquals(endpointBehind(client).latency100ns, 0); // it does not delay them as well
  send(vsc, client, 1);
  await fabric.run();
  assertEquals(arrived, ["server 1 at 0.0025"]);
  monitorPageOf(guest).setLatency(0, 7); // whoever writes it
  assertEquals(set(0).originalLatency, 7);
  send(vsc, client, 2);
  await fabric.run(); // what may not be late goes past the page
  assertEquals(arrived, ["server 1 at 0.0025", "server 2 at 0.0025"]);
  assertEquals(partitionBehind(guest).bus.host.signals.monitor.signals, 1);
  await closePair(pair);
});

Deno.test("signals: a latency that becomes shorter counts for a signal that is pending", async () => {
  const { pair, arrived, fabric, vsc, client } = await pagedPair("6.0", true);
  vsc.VmbChannelSetInterruptLatency(client, 0xffff);
  send(vsc, client, 1);
  await fabric.advance(1);
  vsc.VmbChannelSetInterruptLatency(client, 100);
  send(vsc, client, 2);
  await fabric.advance(0.01);
  assertEquals(arrived, ["server 1 at 1.01", "server 2 at 1.01"]);
  await closePair(pair);
});

Deno.test("signals: a guest that stands still makes none through its monitor page until it runs", async () => {
  const { pair, arrived, fabric, guest, vsc, client } = await pagedPair("6.0", true);
  send(vsc, client, 1);
  guest.pause();
  await fabric.advance(5);
  assertEquals(arrived, []);
  guest.resume();
  await fabric.settle();
  assertEquals(arrived, ["server 1 at 5"]);
  await closePair(pair);
});

Deno.test("signals: bits that are no channel's do nothing, and cost nobody his signals", async () => {
  for (const version of ["0.13", "6.0"] as const) {
    const { pair, arrived, fabric, guest, vsc, client } = await pagedPair(version, true);
    const { host } = partitionBehind(guest).bus;
    const { interruptPage, monitor } = host.signals;
    for (let id = 0; id < 2048; id++) interruptPage?.set("toHost", id);
    for (let id = 1; id < 128; id++) monitor.page?.setPending(id);
    send(vsc, client, 1);
    await fabric.run();
    assertEquals(arrived.length, 1);
    assertEquals(monitor.signals, version === "6.0" ? 1 : 0);
    await closePair(pair);
  }
});

Deno.test("signals: a channel that closes leaves nothing in the monitor page, and opens again with the same id", async () => {
  const { pair, fabric, guest, vsc, vsp, client, server, arrived } = await pagedPair("6.0", true);
  const page = monitorPageOf(guest);
  send(vsc, client, 1);
  assertEquals(page.pending(), [0]);
  await vsc.VmbChannelDisable(client);
  await fabric.run();
  assertEquals([page.pending(), page.latency100ns(0)], [[], 0]);
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
  await fabric.run();
  assertEquals(vmbus.inspectChannel(client).lifecycle, "opened");
  assertEquals(endpointBehind(client).channel?.monitored?.id, 0);
  arrived.length = 0;
  send(vsc, client, 2);
  await fabric.run();
  assertEquals(arrived.length, 1);
  await vsp.VmbChannelDisable(server);
  await closePair(pair);
  assertEquals(partitionBehind(guest).bus.host.signals.monitor.isInUse, false);
});

Deno.test("HostSignals: pages that are not there are refused, and leave all as it was", async () => {
  const fabric = createFabric();
  const guest = pagedGuest(fabric, "6.0", true);
  await fabric.settle();
  const { signals } = partitionBehind(guest).bus.host;
  const { page } = signals.monitor;
  assertEquals(page === null, false);
  const contact = { protocol: protocolOf("6.0"), interruptPageGpa: null };
  const parentToChildMonitorGpa = 4096;
  for (const childToParentMonitorGpa of [1, 8, 4095, 512 * 4096, 2 ** 52]) {
    const monitorPages = { parentToChildMonitorGpa, childToParentMonitorGpa };
    assertEquals(signals.modify(monitorPages), false);
    assertEquals(signals.use({ ...contact, monitorPages }), false);
    const swapped = { ...monitorPages, parentToChildMonitorGpa: childToParentMonitorGpa };
    assertEquals(signals.modify({ ...swapped, childToParentMonitorGpa: 4096 }), false);
  }
  for (const interruptPageGpa of [null, 5, 512 * 4096]) {
    const protocol = protocolOf("1.1");
    assertEquals(signals.use({ protocol, interruptPageGpa, monitorPages: null }), false);
  }
  assertEquals(signals.monitor.page, page);
  assertEquals(signals.modify(null), true);
  assertEquals(signals.monitor.page, null);
});

Deno.test("postInterrupt: goes through the interrupt page where signals do", async () => {
  for (const version of ["0.13", "1.1", "6.0"] as const) {
    const { pair, arrived, fabric, guest, vsc, client } = await pagedPair(version, false);
    const { rings } = endpointBehind(client);
    rings?.outgoing.store(8, 1); // the host's mask: the client makes no signal
    send(vsc, client, 1);
    await fabric.run();
    assertEquals(arrived, []);
    rings?.outgoing.store(8, 0);
    for (const channelId of [2, 2047, 2048, 0xffff_ffff, 1]) {
      guest.postInterrupt("toHost", channelId);
      guest.postInterrupt("toGuest", channelId);
    }
    await fabric.run();
    assertEquals(arrived, ["server 1 at 0"]);
    await closePair(pair);
  }
});

Deno.test("inspect: shows the pages that signals go through, and who is pending", async () => {
  const { pair, fabric, guest, vsc, client } = await pagedPair("1.1", true);
  const shown = () => fabric.inspect().partitions.find(({ name }) => name === guest.name)!;
  send(vsc, client, 1);
  const { signalPages, channels } = shown();
  assert(signalPages !== null);
  const { interruptPageGpa, monitorPageGpa, ...rest } = signalPages;
  assertEquals(rest, { pendingMonitorIds: [0], monitorSignals: 0 });
  assertEquals([interruptPageGpa, monitorPageGpa].every((gpa) => (gpa ?? 0) >= 4096), true);
  assertEquals(channels.map(({ monitorId }) => monitorId), [0]);
  await fabric.run();
  assertEquals(shown().signalPages?.monitorSignals, 1);
  await closePair(pair);
  const none = { pendingMonitorIds: [], monitorSignals: 0 };
  const root = fabric.inspect().partitions[0]!;
  assertEquals(root.signalPages, { interruptPageGpa: null, monitorPageGpa: null, ...none });
});
