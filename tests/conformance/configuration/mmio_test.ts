// MMIO of channels (kmcl.md section 5: VmbServerChannelInitSetMmioMegabytes, VmbChannelGetMmioSpace).

import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";

const MEGABYTE = 0x10_0000;
const NONE = { mmioAddress: 0n, mmioSize: 0n };

/** Has the server ask for MMIO. */
function asking(required: number, optional: number) {
  return (vsp: vmbus.KmclServerInterfaceV1, channel: vmbus.VMBCHANNEL) => {
    const status = vsp.VmbServerChannelInitSetMmioMegabytes(channel, required, optional);
    assertEquals(status, vmbus.STATUS_SUCCESS);
  };
}

/** The MMIO of a pair's channel, the same from both sides, with numbers for addresses. */
function mmioOf({ vsp, vsc, server, client }: Pair): { gpa: number; byteCount: number } {
  const { mmioAddress, mmioSize } = vsc.VmbChannelGetMmioSpace(client);
  assertEquals(vsp.VmbChannelGetMmioSpace(server), { mmioAddress, mmioSize });
  return { gpa: Number(mmioAddress), byteCount: Number(mmioSize) };
}

Deno.test("VmbChannelGetMmioSpace: gives zeros where none was asked for", async () => {
  const pair = await openPair();
  assertEquals(pair.vsp.VmbChannelGetMmioSpace(pair.server), NONE);
  assertEquals(pair.vsc.VmbChannelGetMmioSpace(pair.client), NONE);
  await closePair(pair);
});

Deno.test("VmbChannelGetMmioSpace: gives both sides one range, which they share", async () => {
  const pair = await openPair({ server: asking(8, 0) });
  const { memory } = pair.guest;
  const { gpa, byteCount } = mmioOf(pair);
  assertEquals(byteCount, 8 * MEGABYTE);
  assertEquals(gpa % MEGABYTE, 0);
  assertEquals(gpa >= memory.pageCount * 4096, true); // above the RAM
  assertEquals(memory.read(gpa, byteCount).indexOf(1), -1);
  memory.write(gpa + byteCount - 3, Uint8Array.of(1, 2, 3));
  assertEquals([...memory.read(gpa + byteCount - 3, 3)], [1, 2, 3]);
  assertThrows(() => memory.read(gpa + byteCount - 3, 4), RangeError, "MMIO");
  assertThrows(() => memory.write(gpa - 1, Uint8Array.of(1, 2)), RangeError);
  assertThrows(() => vmbus.IoAllocateMdl(memory, gpa, 8), RangeError); // it is no RAM
  await closePair(pair);
  assertThrows(() => memory.read(gpa, 1), RangeError, "MMIO");
});

Deno.test("VmbServerChannelInitSetMmioMegabytes: the optional part is granted where there is room", async () => {
  const cases = [
    // Window, required, optional, granted, all in MiB.
    [16, 4, 8, 12],
    [12, 4, 8, 12],
    [11, 4, 8, 4],
    [8, 0, 8, 8],
    [7, 0, 8, 0],
    [0, 0, 8, 0],
    [8, 8, 0, 8],
  ] as const;
  for (const [mmioMegabytes, required, optional, granted] of cases) {
    const pair = await openPair({
      partition: { mmioMegabytes },
      server: asking(required, optional),
    });
    assertEquals(mmioOf(pair).byteCount, granted * MEGABYTE, `${required} + ${optional}`);
    if (granted === 0) assertEquals(mmioOf(pair).gpa, 0);
    await closePair(pair);
  }
});

Deno.test("VmbServerChannelInitSetMmioMegabytes: the open fails where the required part is not granted", async () => {
  for (
    const [window, required, optional] of [[7, 8, 0], [7, 8, 8], [0, 1, 0], [128, 65535, 65535]]
  ) {
    const pair = makePair({
      partition: { mmioMegabytes: window! },
      server: asking(required!, optional!),
    });
    const { fabric, server, client, calls } = pair;
    enablePair(pair);
    await fabric.settle();
    assertEquals(calls, ["client PnpFailure STATUS_INSUFFICIENT_RESOURCES"]);
    const { lifecycle, initializing } = vmbus.inspectChannel(client);
    assertEquals([lifecycle, initializing], ["disabled", false]);
    assertEquals(vmbus.inspectChannel(server).lifecycle, "enabled"); // the offer stands
    await closePair(pair);
  }
});

Deno.test("VmbServerChannelInitSetMmioMegabytes: each channel has a range of its own, free again at its close", async () => {
  const first = await openPair({ partition: { mmioMegabytes: 8 }, server: asking(4, 0) });
  const within = first;
  const instance = (digit: number) => `0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a0${digit}`;
  const second = await openPair({ within, instance: instance(1), server: asking(4, 0) });
  const ranges = [mmioOf(first), mmioOf(second)].map(({ gpa }) => gpa);
  assertEquals(Math.abs(ranges[0]! - ranges[1]!), 4 * MEGABYTE);
  const { memory } = first.guest;
  memory.write(ranges[1]!, Uint8Array.of(5));
  assertEquals([...memory.read(ranges[0]!, 1)], [0]);

  const third = makePair({ within, instance: instance(2), server: asking(1, 0) });
  enablePair(third);
  await first.fabric.settle();
  assertEquals(third.calls, ["client PnpFailure STATUS_INSUFFICIENT_RESOURCES"]);
  await second.vsc.VmbChannelDisable(second.client);
  third.vsc.VmbChannelEnable(third.client);
  await first.fabric.settle();
  assertEquals(mmioOf(third), { gpa: ranges[1]!, byteCount: MEGABYTE });
  assertEquals([...memory.read(ranges[1]!, 1)], [0]); // nothing is left of the channel before

  for (const { vsp, vsc, server, client } of [third, second]) {
    await vsc.VmbChannelDisable(client);
    await vsp.VmbChannelDisable(server);
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
  }
  await closePair(first);
});

Deno.test("VmbChannelGetMmioSpace: is there from the Opened callback on, and gone with the close", async () => {
  const seen: [string, bigint][] = [];
  const note = (name: string, side: "server" | "client") => () => {
    seen.push([`${side} ${name}`, pair.vsp.VmbChannelGetMmioSpace(pair[side]).mmioSize]);
    return vmbus.STATUS_SUCCESS;
  };
  const callbacks = (side: "server" | "client") => ({
    EvtChannelOpened: note("Opened", side),
    EvtChannelClosed: () => void note("Closed", side)(),
  });
  const pair = makePair({
    server: asking(1, 0),
    serverCallbacks: callbacks("server"),
    clientCallbacks: callbacks("client"),
  });
  enablePair(pair);
  await pair.fabric.settle();
  await pair.vsc.VmbChannelDisable(pair.client);
  const size = BigInt(MEGABYTE);
  assertEquals(seen, [
    ["server Opened", size],
    ["client Opened", size],
    ["client Closed", size],
    ["server Closed", size],
  ]);
  assertEquals(pair.vsp.VmbChannelGetMmioSpace(pair.server), NONE); // Closed: it was opened
  await closePair(pair);
});

for (const mode of ["throw", "record", "off"] as const) {
  Deno.test(`VmbChannelGetMmioSpace: before Opened is a violation (${mode})`, async () => {
    const pair = makePair({ fabric: { verifier: mode }, server: asking(1, 0) }); // section 9
    const { fabric, vsp, vsc, server, client } = pair;
    const rule = "GetMmioSpace before Opened";
    let count = 0;
    const check = (channel: vmbus.VMBCHANNEL) => {
      if (mode === "throw") {
        const error = assertThrows(() => vsp.VmbChannelGetMmioSpace(channel), vmbus.VerifierError);
        assertEquals(error.violation.call, "VmbChannelGetMmioSpace");
      } else assertEquals(vsp.VmbChannelGetMmioSpace(channel), NONE);
      count++;
    };
    for (const channel of [server, client]) check(channel);
    vsp.VmbChannelEnable(server);
    vsc.VmbChannelEnable(client);
    for (const channel of [server, client]) check(channel);
    await fabric.settle();
    assertEquals(mmioOf(pair).byteCount, MEGABYTE);
    await vsc.VmbChannelDisable(client);
    check(client);
    const rules = fabric.violations.map((violation) => violation.rule);
    assertEquals(rules, mode === "off" ? [] : Array(count).fill(rule));
  });
}

Deno.test("VmbServerChannelInitSetMmioMegabytes: what a crashed guest had is the server's until it has closed", async () => {
  const sizes: bigint[] = [];
  const pair = await openPair({
    server: asking(2, 0),
    serverCallbacks: {
      EvtChannelClosed: (channel) => {
        sizes.push(pair.vsp.VmbChannelGetMmioSpace(channel).mmioSize);
        pair.guest.memory.write(gpa, Uint8Array.of(1)); // still there
      },
    },
  });
  const { fabric, guest, vsp, server } = pair;
  const { gpa } = mmioOf(pair);
  guest.crash();
  await fabric.settle();
  assertEquals(sizes, [BigInt(2 * MEGABYTE)]);
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
});
