// api.md section 3: what the trace digest covers, and what it does not.
import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { openPair, type Pair, type PairOptions } from "../../support/connected_pair.ts";

const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** Something that a run does in one way or the other. */
interface Difference {
  readonly what: string;
  readonly options?: (isOther: boolean) => PairOptions;
  readonly run: (pair: Pair, isOther: boolean) => unknown;
}

function send(pair: Pair, fill: number, flags = WAIT, byteCount = 24): vmbus.VMBPACKET {
  const packet = pair.vsc.VmbPacketAllocate(pair.client)!;
  const payload = new Uint8Array(byteCount).fill(fill);
  pair.vsc.VmbPacketSend(packet, payload, byteCount, null, flags);
  return packet;
}

/** Sends a packet that describes a page of the guest's, which holds `byte`. */
function sendPage(pair: Pair, byte: number): Uint8Array {
  const { memory } = pair.guest;
  const { gpa } = memory.allocate(5000);
  const mdl = vmbus.IoAllocateMdl(memory, gpa + 100, 4900);
  const [view] = vmbus.mdlSegments(mdl);
  view!.fill(byte);
  const packet = pair.vsc.VmbPacketAllocate(pair.client)!;
  pair.vsc.VmbPacketSend(packet, null, 0, mdl, WAIT);
  return view!;
}

/** A server that completes each packet with `answer`, or calls it malformed. */
function answering(answer: number, completes = true): PairOptions {
  let table: vmbus.KmclServerInterfaceV1;
  return {
    server: (vsp) => table = vsp,
    onServerPacket: (_channel, packet) => {
      if (completes) table.VmbChannelPacketComplete(packet, new Uint8Array(8).fill(answer), 8);
      else table.VmbChannelPacketFail(packet);
    },
  };
}

/** Completions that a server has put off. */
const late: (() => void)[] = [];

/** A server that completes each packet with nothing, at once or later. */
function completing(isLate: boolean): PairOptions {
  let table: vmbus.KmclServerInterfaceV1;
  return {
    server: (vsp) => table = vsp,
    onServerPacket: (_channel, packet) => {
      late.push(() => table.VmbChannelPacketComplete(packet, null, 0));
      if (!isLate) late.pop()!();
    },
  };
}

const MMIO: PairOptions = {
  server: (vsp, channel) => vsp.VmbServerChannelInitSetMmioMegabytes(channel, 1, 0),
};

const DIFFERENCES: readonly Difference[] = [
  { what: "the payload of a packet", run: (pair, isOther) => send(pair, isOther ? 1 : 2) },
  {
    what: "the payload of a packet that nobody has read",
    run: (pair, isOther) => {
      pair.guest.pause();
      pair.vsp.VmbChannelPause(pair.server);
      send(pair, isOther ? 1 : 2);
      return "unsettled";
    },
  },
  {
    what: "the payload of a packet that queues",
    run: (pair, isOther) => {
      for (let index = 0; index < 10; index++) send(pair, index, WAIT, 4000);
      send(pair, isOther ? 1 : 2, WAIT, 4000);
      return "unsettled";
    },
  },
  {
    what: "the payload of a packet that is lost at close",
    run: async (pair, isOther) => {
      send(pair, isOther ? 1 : 2);
      await pair.vsc.VmbChannelDisable(pair.client);
    },
  },
  {
    what: "the payload of a packet that a crash leaves",
    run: (pair, isOther) => {
      send(pair, isOther ? 1 : 2);
      pair.guest.crash();
    },
  },
  {
    what: "the payload of a packet that is refused",
    run: (pair, isOther) => {
      const payload = new Uint8Array(8).fill(isOther ? 1 : 2);
      pair.vsc.VmbPacketSend(pair.vsc.VmbPacketAllocate(pair.client), payload, 8, null, 8);
    },
  },
  {
    what: "the payload of a packet whose channel is disabled",
    run: async ({ vsc, client }, isOther) => {
      await vsc.VmbChannelDisable(client);
      const payload = new Uint8Array(8).fill(isOther ? 1 : 2);
      const status = vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), payload, 8, null, 0);
      assertEquals(status, vmbus.STATUS_DEVICE_REMOVED);
    },
  },
  {
    what: "an answer",
    options: (isOther) => answering(isOther ? 1 : 2),
    run: (pair) => send(pair, 0),
  },
  {
    what: "an answer that nobody waits for",
    options: (isOther) => answering(isOther ? 1 : 2),
    run: (pair) => send(pair, 0, 0),
  },
  {
    what: "whether a packet is completed or called malformed",
    options: (isOther) => answering(1, isOther),
    run: (pair) => send(pair, 0, 0),
  },
  {
    what: "whether a packet is completed inside its callback or after it",
    options: (isOther) => completing(isOther),
    run: async (pair) => {
      send(pair, 0);
      await pair.fabric.settle();
      for (const complete of late.splice(0)) complete();
    },
  },
  {
    what: "what external data held when it was sent",
    run: (pair, isOther) => sendPage(pair, isOther ? 1 : 2),
  },
  {
    what: "what external data held when its transaction ended",
    run: (pair, isOther) => {
      const view = sendPage(pair, 0);
      view[view.length - 1] = isOther ? 1 : 2;
    },
  },
  {
    what: "a status: one call is refused more",
    run: (pair, isOther) => {
      if (isOther) pair.vsc.VmbPacketSend(null, null, 0, null, 0);
    },
  },
  {
    what: "the status of a refused request",
    run: (pair, isOther) => {
      const size = isOther ? -1 : 4;
      return pair.vsc.VmbChannelSendSynchronousRequest(
        pair.client,
        new Uint8Array(1),
        1,
        null,
        WAIT,
        new Uint8Array(8),
        size,
      );
    },
  },
  {
    what: "the rule that was violated",
    run: (pair, isOther) => {
      if (isOther) pair.vsc.VmbPacketFree(null);
      else pair.vsp.VmbChannelSetTransactionQuota(pair.server, 0);
    },
  },
  {
    what: "who violated it",
    run: (pair, isOther) => {
      const table = isOther ? pair.vsp : pair.vsc;
      table.VmbChannelSetTransactionQuota(isOther ? pair.server : pair.client, 0);
    },
  },
  {
    what: "what is written to memory",
    run: ({ guest: { memory } }, isOther) => {
      memory.write(memory.allocate(1).gpa, Uint8Array.of(isOther ? 1 : 2));
    },
  },
  {
    what: "what is written to MMIO",
    options: () => MMIO,
    run: ({ guest, vsc, client }, isOther) => {
      const { mmioAddress } = vsc.VmbChannelGetMmioSpace(client);
      guest.memory.write(Number(mmioAddress), Uint8Array.of(isOther ? 1 : 2));
    },
  },
  {
    what: "how much memory is allocated, freed and paged out",
    run: ({ guest: { memory } }, isOther) => {
      const buffer = memory.allocate(8192);
      if (isOther) memory.pageOut(buffer.gpa, 1);
      else memory.free(buffer);
    },
  },
  {
    what: "whether a guest stood still",
    run: ({ guest }, isOther) => {
      if (!isOther) return;
      guest.pause();
      guest.resume();
    },
  },
  {
    what: "an interrupt that was made up",
    run: ({ guest }, isOther) => guest.postInterrupt("toHost", isOther ? 77 : 78),
  },
  {
    what: "a control message that was made up",
    run: ({ guest }, isOther) =>
      guest.postControlMessage("toHost", Uint8Array.of(isOther ? 77 : 78)),
  },
];

async function digestOf(
  { options, run }: Difference,
  isOther: boolean,
  fabric: vmbus.FabricOptions,
): Promise<string> {
  const given = options?.(isOther);
  const pair = await openPair({ ...given, fabric: { verifier: "record", ...fabric } });
  if (await run(pair, isOther) !== "unsettled") await pair.fabric.settle();
  return pair.fabric.traceDigest();
}

const CALLS_BESIDE: readonly Difference[] = [
  {
    what: "a reference to an interface",
    run: ({ vsc }, isOther) => isOther && vsc.InterfaceReference(vsc.Context),
  },
  {
    what: "the interface whose reference is given back",
    run: ({ vsc, vsp }, isOther) => {
      const { InterfaceDereference, Context } = isOther ? vsc : vsp;
      InterfaceDereference(Context);
    },
  },
  {
    what: "a drain that is refused",
    run: ({ vsc, client }, isOther) =>
      isOther && vmbus.drainAndDisable(vsc, client, { timeout100ns: -1 }),
  },
  {
    what: "a drain in the place of a Disable, where there is nothing to drain",
    run: async ({ vsc, client }, isOther) => {
      await vsc.VmbChannelDisable(client);
      if (isOther) await vmbus.drainAndDisable(vsc, client, { timeout100ns: 1 });
      else await vsc.VmbChannelDisable(client);
    },
  },
];

for (const difference of [...DIFFERENCES, ...CALLS_BESIDE]) {
  Deno.test(`Fabric.traceDigest: tells runs apart by ${difference.what}`, async () => {
    const one = await digestOf(difference, false, {});
    assertEquals(await digestOf(difference, false, {}), one);
    assertEquals(await digestOf(difference, false, { trace: "full" }), one);
    assertNotEquals(await digestOf(difference, true, {}), one);
  });
}

Deno.test("Fabric.traceDigest: tells runs apart by the payload of a send that throws", async () => {
  const digests = await Promise.all([1, 2].map(async (byte) => {
    const { vsc, client, fabric } = await openPair();
    const byteCount = vsc.VmbChannelSizeofPacket(client);
    const { packet } = vsc.VmbPacketInitialize(client, new Uint8Array(byteCount), byteCount);
    const payload = new Uint8Array(8).fill(byte);
    assertThrows(() => vsc.VmbPacketSend(packet, payload, 8, null, 0), vmbus.VerifierError);
    return fabric.traceDigest();
  }));
  assertNotEquals(digests[0], digests[1]);
});

Deno.test("Fabric.traceDigest: is the same as charts are run by XState", async () => {
  const difference = DIFFERENCES.find(({ what }) => what === "an answer")!;
  assertEquals(
    await digestOf(difference, false, { interpreter: "stock" }),
    await digestOf(difference, false, {}),
  );
});

Deno.test("Fabric.traceDigest: without payloads it tells lengths apart, and nothing that buffers hold", async () => {
  const trace = "digestWithoutPayloads";
  const held = DIFFERENCES.filter(({ what }) =>
    /payload|^an answer|external data|written/.test(what)
  );
  assert(held.length >= 11);
  for (const difference of held) {
    assertEquals(
      await digestOf(difference, false, { trace }),
      await digestOf(difference, true, { trace }),
      difference.what,
    );
  }
  const lengths: Difference = {
    what: "the length of a payload",
    run: (pair, isOther) => send(pair, 0, WAIT, isOther ? 8 : 16),
  };
  assertNotEquals(
    await digestOf(lengths, false, { trace }),
    await digestOf(lengths, true, { trace }),
  );
});

Deno.test("Fabric.traceDigest: is made of what drivers do, not of what they keep for themselves", async () => {
  const kept: Difference = {
    what: "a context",
    run: ({ vsc, client }, isOther) => vsc.VmbChannelSetPointer(client, isOther ? { a: 1 } : []),
  };
  assertEquals(await digestOf(kept, false, {}), await digestOf(kept, true, {}));
  const kind: Difference = {
    what: "its kind",
    run: ({ vsc, client }, isOther) => vsc.VmbChannelSetPointer(client, isOther ? 1 : "1"),
  };
  assertNotEquals(await digestOf(kind, false, {}), await digestOf(kind, true, {}));
});

Deno.test("Fabric.traceDigest: each choice of a random schedule counts", async () => {
  const pair = await openPair({ fabric: { schedule: "random", trace: "full", seed: 3 } });
  send(pair, 1);
  await pair.fabric.settle();
  const choices = pair.fabric.trace.filter(({ event }) => event === "choice");
  assert(choices.length > 0);
  for (const { details: { count, chosen } } of choices) {
    assert(typeof count === "number" && typeof chosen === "number" && count > 1 && chosen < count);
  }
});

Deno.test("Fabric.trace: a transaction can be told from its entries", async () => {
  const pair = await openPair({ fabric: { trace: "full" } });
  const start = pair.fabric.trace.length;
  send(pair, 5, WAIT, 3);
  await pair.fabric.settle();
  const told = pair.fabric.trace.slice(start).filter(({ event }) => !/^work|interrupt/.test(event));
  assertEquals(told.map(({ event, values: [value] }) => `${event} ${value}`), [
    "call VmbPacketAllocate",
    "callReturned VmbPacketAllocate",
    "call VmbPacketSend",
    "packetEntered 0",
    "callReturned VmbPacketSend",
    "packetArrived 0",
    "call VmbChannelPacketComplete",
    "packetRetired undefined",
    "packetSettled undefined",
    "callReturned VmbChannelPacketComplete",
    "callbackEnd EvtChannelProcessPacket",
    "packetCompleted 0",
  ]);
  const [allocated, , sent, entered, returned, arrived, , , , , , completed] = told
    .map(({ details }) => details);
  assertEquals(allocated, {
    call: "VmbPacketAllocate",
    channel: "VMBCHANNEL of channel 2 (client)",
  });
  const payload = sent!.buffer!;
  assertEquals(sent, {
    call: "VmbPacketSend",
    packetObject: "VMBPACKET 0 of channel 2 (client)",
    buffer: payload,
    bufferLength: 3,
    externalDataMdl: null,
    flags: 1,
  });
  assertMatch((payload as vmbus.TraceBytes).hash, /^[0-9a-f]{16}$/);
  const packet = { type: "inBand", completionRequested: true, hasExternalData: false, payload };
  assertEquals(entered, { packet: 0, byteCount: 3, ...packet });
  const status = { status: vmbus.STATUS_SUCCESS, statusName: "STATUS_SUCCESS" };
  assertEquals(returned, { call: "VmbPacketSend", ...status });
  assertEquals(arrived, {
    transactionId: 0,
    byteCount: 3,
    packet: 1,
    ...packet,
    callback: "EvtChannelProcessPacket",
    irql: 2,
  });
  assertEquals(completed, { packet: 0, byteCount: 3, type: "completion", payload });
});

Deno.test("Fabric.trace: says of a packet that arrives whether memory came with it", async () => {
  const pair = await openPair({ fabric: { trace: "full" } });
  sendPage(pair, 1);
  await pair.fabric.settle();
  const { details } = pair.fabric.trace.find(({ event }) => event === "packetArrived") ?? {};
  assertEquals(details?.["hasExternalData"], true);
});
