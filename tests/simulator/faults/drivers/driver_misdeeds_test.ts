import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  type PairOptions,
} from "../../../support/connected_pair.ts";
import { request } from "../../../support/driving.ts";
import { misdeedFabric, type Wrong } from "../../../support/misdeeds.ts";

type Callbacks = NonNullable<PairOptions["serverCallbacks"]>;

/** A pair whose drivers do wrong as `wrongs` say, not enabled yet. */
function pairOf(wrongs: readonly Wrong[], options: PairOptions = {}): Pair {
  const fabric = misdeedFabric(wrongs, options.fabric);
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  return makePair({ ...options, within: { fabric, guest } });
}

/** The same, open. */
async function opened(wrongs: readonly Wrong[], options: PairOptions = {}): Promise<Pair> {
  const pair = pairOf(wrongs, options);
  enablePair(pair);
  await pair.fabric.run();
  return pair;
}

/** Sends requests with these texts at once; the answers as they come, in the order in which they come. */
function requests(pair: Pair, ...texts: readonly string[]): string[] {
  const answers: string[] = [];
  const { vsc, client } = pair;
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSetCompletionRoutine(packet, (done, status, answer, length) => {
      const said = new TextDecoder().decode(answer.subarray(0, length));
      answers.push(status === vmbus.STATUS_SUCCESS ? said : vmbus.ntStatusName(status) ?? "");
      vsc.VmbPacketFree(done);
    });
    vmbus.expectSuccess(vsc.VmbPacketSend(packet, bytes, bytes.length, null, 1));
  }
  return answers;
}

function violationsOf({ fabric }: Pair): readonly string[] {
  return fabric.violations.map(({ rule, call }) => `${rule}: ${call}`);
}

const CALLBACKS = [
  ["EvtChannelStarted", "client"],
  ["EvtChannelPostStarted", "server"],
  ["EvtChannelSuspend", "client"],
  ["EvtChannelClosed", "server"],
  ["EvtChannelProcessPacket", "server"],
  ["EvtChannelProcessingComplete", "server"],
  ["EvtPacketCompletionRoutine", "client"],
] as const;

for (const [callback, side] of CALLBACKS) {
  // api.md section 1: a driver's exception is reported, and the channel continues.
  Deno.test(`callbackThrows: ${callback} has done its work, and throws`, async () => {
    const pair = await opened([{
      do: "callbackThrows",
      callback,
      side,
    }], { onServerBatch: () => {} });
    const answers = requests(pair, "a", "b");
    await pair.fabric.run();
    await pair.vsc.VmbChannelDisable(pair.client);
    await pair.fabric.run();
    assertEquals(answers.map((answer) => answer[0]), ["a", "b"]);
    const each = ["Opened", "Started", "PostStarted", "Suspend", "Closed"];
    for (const one of ["server", "client"]) {
      const calls = pair.calls.filter((call) => call.startsWith(one));
      assertEquals(calls, each.map((name) => `${one} ${name}`));
    }
    assertEquals(violationsOf(pair), [`exception out of a callback: ${callback}`]);
    assertEquals(pair.fabric.violations[0]?.channel?.side, side);
  });
}

for (
  const [callback, side] of [
    ["EvtChannelProcessPacket", "server"],
    ["EvtChannelProcessingComplete", "server"],
    ["EvtPacketCompletionRoutine", "client"],
  ] as const
) {
  // kmcl.md section 6: a callback at DISPATCH_LEVEL returns at once; what it promises is waited for all the same.
  Deno.test(`callbackPromises: ${callback} has done its work, and returns a promise`, async () => {
    const wrong: Wrong = { do: "callbackPromises", callback, side };
    const pair = await opened([wrong], { onServerBatch: () => {} });
    const answers = requests(pair, "a", "b", "c");
    await pair.fabric.run();
    assertEquals(answers.map((answer) => answer[0]), ["a", "b", "c"]);
    assertEquals(violationsOf(pair), [
      `DISPATCH_LEVEL callback that returns a promise: ${callback}`,
    ]);
    assertEquals(pair.fabric.violations[0]?.channel?.side, side);
    await pair.vsc.VmbChannelDisable(pair.client);
    assertEquals(vmbus.inspectChannel(pair.server)?.fault, null);
  });
}

Deno.test("callbackPromises: a callback at PASSIVE_LEVEL may take its time, and does no wrong", async () => {
  const pair = await opened([{ do: "callbackPromises", callback: "EvtChannelStarted" }]);
  assertEquals(violationsOf(pair), []);
  await closePair(pair);
});

Deno.test("callbackThrows: Opened throws in the driver's place, and the open is refused", async () => {
  const pair = await opened([{ do: "callbackThrows", side: "client" }]);
  assert(!pair.calls.includes("client Opened"));
  assertEquals(vmbus.inspectChannel(pair.client)?.lifecycle, "disabled");
  assertEquals(violationsOf(pair), ["exception out of a callback: EvtChannelOpened"]);
});

Deno.test("callbackSlow: each state change takes its time, and the next one waits", async () => {
  const times: Record<string, number> = {};
  const noted = (name: string, fabric: () => vmbus.Fabric): Callbacks => ({
    EvtChannelStarted: () => void (times[`${name} Started`] = fabric().now()),
    EvtChannelPostStarted: () => void (times[`${name} PostStarted`] = fabric().now()),
  });
  const pair: Pair = pairOf(
    [{ do: "callbackSlow", side: "client", at: [1, 2, 3] }],
    { clientCallbacks: noted("client", () => pair.fabric) },
  );
  enablePair(pair);
  await pair.fabric.run();
  assertEquals(times, { "client Started": 5, "client PostStarted": 10 }); // after Opened, after Started
  assertEquals(pair.fabric.now(), 15);
  await closePair(pair);
});

Deno.test("callbackSlow: a ProcessPacket at PASSIVE_LEVEL holds the next packet up", async () => {
  const at: number[] = [];
  const pair: Pair = await opened([{
    do: "callbackSlow",
    callback: "EvtChannelProcessPacket",
  }], {
    server: (vsp, channel) => void vsp.VmbChannelSetIncomingProcessingAtPassive(channel, true),
    onServerPacket: (_channel, packet) => {
      at.push(pair.fabric.now());
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  requests(pair, "a", "b", "c");
  await pair.fabric.run();
  assertEquals(at, [0, 5, 5]);
  await closePair(pair);
});

Deno.test("callbackSlow: no time passes in a callback at DISPATCH_LEVEL", async () => {
  const pair = await opened([{ do: "callbackSlow", callback: "EvtChannelProcessPacket" }]);
  requests(pair, "a");
  await pair.fabric.run();
  assertEquals(pair.fabric.now(), 0);
  await closePair(pair);
});

for (const side of ["server", "client"] as const) {
  Deno.test(`openedRefused: the ${side}'s Opened refuses, and its driver hears nothing`, async () => {
    const pair = await opened([{ do: "openedRefused", side }]);
    assert(!pair.calls.includes(`${side} Opened`));
    assertEquals(vmbus.inspectChannel(pair.client)?.lifecycle, "disabled");
    assertEquals(pair.calls.includes("client PnpFailure STATUS_UNSUCCESSFUL"), side === "server");
    await closePair(pair);
  });
}

Deno.test("packetDeferred: the driver is given the packet once, later and at PASSIVE_LEVEL", async () => {
  const levels: number[] = [];
  const pair: Pair = await opened([{ do: "packetDeferred", at: [2] }], {
    onServerPacket: (_channel, packet, buffer) => {
      levels.push(vmbus.KeGetCurrentIrql());
      pair.vsp.VmbChannelPacketComplete(packet, buffer, 1);
    },
  });
  const answers = requests(pair, "a", "b", "c");
  await pair.fabric.run();
  assertEquals(levels, [2, 0, 2]);
  assertEquals(answers.map((answer) => answer[0]), ["a", "b", "c"]);
  await closePair(pair);
});

Deno.test("packetFailed: the channel stops with the fault that Fail has", async () => {
  const given: string[] = [];
  const pair: Pair = await opened([{ do: "packetFailed", at: [2] }], {
    onServerPacket: (_channel, packet, buffer) => {
      given.push(new TextDecoder().decode(buffer.subarray(0, 1)));
      pair.vsp.VmbChannelPacketComplete(packet, buffer, 1);
    },
  });
  const answers = requests(pair, "a", "b", "c");
  await pair.fabric.run();
  assertEquals(given, ["a"]);
  assertEquals(vmbus.inspectChannel(pair.server)?.fault, "packetFailed");
  assertEquals(pair.calls.at(-1), "server Suspend");
  await pair.vsp.VmbChannelDisable(pair.server);
  await pair.fabric.run();
  assertEquals(answers.length, 3);
  assertEquals(answers.slice(1), ["STATUS_DEVICE_REMOVED", "STATUS_DEVICE_REMOVED"]);
  await closePair(pair);
});

Deno.test("completionLate: it comes after its time, and others overtake it", async () => {
  const pair = await opened([{ do: "completionLate" }]);
  const answers = requests(pair, "a", "b");
  await pair.fabric.settle();
  assertEquals(answers.map((answer) => answer[0]), ["b"]);
  assertEquals(vmbus.inspectChannel(pair.server)?.outstanding, 1);
  await pair.fabric.run();
  assertEquals(pair.fabric.now(), 5);
  assertEquals(answers.map((answer) => answer[0]), ["b", "a"]);
  await closePair(pair);
});

Deno.test("completionLate: for the driver the packet is gone, its payload and its memory", async () => {
  let buffer: Uint8Array = new Uint8Array(0);
  let context: vmbus.VMBPACKETCOMPLETION | null = null;
  const pair: Pair = await opened([{ do: "completionLate" }], {
    onServerPacket: (_channel, packet, payload) => {
      [context, buffer] = [packet, payload];
      pair.vsp.VmbChannelPacketComplete(packet, payload, 1);
    },
  });
  const answers = requests(pair, "a");
  await pair.fabric.settle();
  assert(buffer[0] !== "a".charCodeAt(0));
  pair.vsp.VmbChannelPacketComplete(context, null, 0);
  await pair.fabric.run();
  const rule = "PacketComplete, Defer or Fail of a context that is retired or handed back";
  assertEquals(violationsOf(pair), [`${rule}: VmbChannelPacketComplete`]);
  assertEquals(answers.map((answer) => answer[0]), ["a"]); // as it was when it was given
});

Deno.test("completionSwapped: the next one overtakes it", async () => {
  const pair = await opened([{ do: "completionSwapped", at: [1, 3] }]);
  const answers = requests(pair, "a", "b", "c", "d", "e");
  await pair.fabric.settle();
  assertEquals(answers.map((answer) => answer[0]).sort(), ["a", "b", "c", "d", "e"]);
  assert(answers[0]?.[0] === "b");
  assertEquals(pair.fabric.now(), 0);
  const alone = requests(pair, "f");
  await pair.fabric.run();
  assertEquals([alone.length, pair.fabric.now()], [1, 0]);
  await closePair(pair);
});

Deno.test("packetHeld: Pause and Disable wait for the packet, as the driver holds it", async () => {
  const pair = await opened([{ do: "packetHeld" }]);
  const answers = requests(pair, "a");
  await pair.fabric.settle();
  assertEquals(answers, []);
  await pair.vsp.VmbChannelPause(pair.server);
  assertEquals(pair.fabric.now(), 5);
  assertEquals(answers.length, 0); // the client has not read it
  await pair.fabric.run();
  assertEquals(answers.map((answer) => answer[0]), ["a"]);
  await closePair(pair);
});

Deno.test("kept completions: they come when the guest is paused, as it may be saved then", async () => {
  const pair = await opened([{ do: "completionLate", side: "client" }]);
  const packet = pair.vsp.VmbPacketAllocate(pair.server);
  let ended = 0;
  pair.vsp.VmbPacketSetCompletionRoutine(packet, (done) => {
    ended++;
    pair.vsp.VmbPacketFree(done);
  });
  pair.vsp.VmbPacketSend(packet, null, 0, null, 1);
  await pair.fabric.settle();
  assertEquals(ended, 0);
  pair.guest.pause();
  await pair.fabric.settle();
  assertEquals([ended, pair.fabric.now()], [1, 0]);
  pair.guest.resume();
  await closePair(pair);
});

Deno.test("kept completions: those of a guest that crashes go with it", async () => {
  const pair = await opened([{ do: "completionLate" }]);
  requests(pair, "a");
  await pair.fabric.settle();
  pair.guest.crash();
  await pair.fabric.run();
  assertEquals(vmbus.inspectChannel(pair.server)?.lifecycle, "closed");
  assertEquals(vmbus.inspectChannel(pair.server)?.outstanding, 0);
});

Deno.test("no misdeeds: a fabric calls its drivers themselves", async () => {
  const pair = await openPair();
  assertEquals((await request(pair)).status, vmbus.STATUS_SUCCESS);
  await closePair(pair);
});
