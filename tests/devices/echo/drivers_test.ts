import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { EchoClient, EchoServer, type Handling, readMessage } from "../../../devices/echo/mod.ts";
import {
  ListeningWork,
  message,
  MESSAGE_BYTES_MAX,
  rawGuest,
  rawHost,
} from "../../support/echo_stage.ts";

function stage(): { fabric: vmbus.Fabric; guest: vmbus.Partition; work: ListeningWork } {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 128 });
  return { fabric, guest, work: new ListeningWork() };
}

/** Sends `bytes` to an EchoServer from a guest of the test's own; returns what the server found. */
async function tellServer(
  bytes: Uint8Array,
): Promise<{ findings: string[]; fault: string | null }> {
  const { fabric, guest, work } = stage();
  const server = new EchoServer(fabric, guest, work, {
    messageBytesMax: MESSAGE_BYTES_MAX,
    window: 4,
  });
  server.enable();
  const { vsc, client } = rawGuest(guest);
  await fabric.settle();
  const packet = vsc.VmbPacketAllocate(client);
  assertEquals(vsc.VmbPacketSend(packet, bytes, bytes.length, null, 0), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  const fault = vmbus.inspectChannel(server.channel).fault;
  await vsc.VmbChannelDisable(client);
  vsc.VmbChannelCleanup(client);
  await server.close();
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
  return { findings: work.findings, fault };
}

// kmcl.md section 5, VmbChannelPacketFail
Deno.test("EchoServer: fails what is no message, or is not for a guest to send", async () => {
  const cases: [bytes: Uint8Array, finding: string][] = [
    [new Uint8Array(8), "host: a message is tooShort"],
    [new Uint8Array(16), "host: a message is unknownKind"],
    [message("transaction", 0, 100).subarray(0, 64), "host: a message is wrongLength"],
    [message("beside", 0, 0), "host: the guest sent traffic that only the host may send"],
  ];
  for (const [bytes, finding] of cases) {
    assertEquals(await tellServer(bytes), { findings: [finding], fault: "packetFailed" });
  }
});

Deno.test("EchoServer: takes what a guest may send", async () => {
  for (const kind of ["hello", "transaction", "datagram"] as const) {
    assertEquals(await tellServer(message(kind, 0, 40)), { findings: [], fault: null });
  }
});

// kmcl.md S7, S15
Deno.test("EchoServer: sends nothing after Suspend, and continues when it is opened again", async () => {
  const { fabric, guest, work } = stage();
  work.beside = Array.from({ length: 100 }, (_, sequence) => (
    { sequence, byteCount: 100, wantsCompletion: true }
  ));
  const server = new EchoServer(fabric, guest, work, {
    messageBytesMax: MESSAGE_BYTES_MAX,
    window: 2,
  });
  server.enable();
  const paused = rawGuest(guest, true);
  await fabric.settle();
  assertEquals([server.counts.packets, work.beside.length, work.endings], [2, 98, []]);
  await paused.vsc.VmbChannelDisable(paused.client);
  paused.vsc.VmbChannelCleanup(paused.client);
  assertEquals(work.endings, [vmbus.STATUS_DEVICE_REMOVED, vmbus.STATUS_DEVICE_REMOVED]);
  assertEquals([server.counts.packets, server.counts.completionsCame], [2, 0]);

  const { vsc, client } = rawGuest(guest);
  await fabric.settle();
  assertEquals([server.counts.packets, server.counts.completionsCame], [100, 98]);
  assertEquals(work.endings.slice(2), new Array(98).fill(vmbus.STATUS_SUCCESS));
  await vsc.VmbChannelDisable(client);
  vsc.VmbChannelCleanup(client);
  await server.close();
  assertEquals([fabric.leaks(), fabric.violations, work.findings], [[], [], []]);
});

// kmcl.md R4, R6
Deno.test("EchoServer: holds no more than its quota for a guest that never reads", async () => {
  const { fabric, guest, work } = stage();
  const server = new EchoServer(fabric, guest, work, {
    messageBytesMax: MESSAGE_BYTES_MAX,
    window: 2,
  });
  server.enable();
  const { vsc, client } = rawGuest(guest);
  await fabric.settle();
  const datagram = message("datagram", 0, 200);
  for (let count = 200; count > 0; count--) {
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSend(packet, datagram, datagram.length, null, 0);
  }
  guest.pause();
  await fabric.settle();
  const { outstanding, queued, quotaReached } = vmbus.inspectChannel(server.channel);
  assertEquals({ outstanding, queued, quotaReached }, {
    outstanding: 64,
    queued: 64,
    quotaReached: true,
  });
  guest.resume();
  await fabric.settle();
  assertEquals([server.counts.packets, server.counts.payloadBytes], [200, 200 * 200]);
  await vsc.VmbChannelDisable(client);
  vsc.VmbChannelCleanup(client);
  await server.close();
  assertEquals([fabric.leaks(), fabric.violations, work.findings], [[], [], []]);
});

/** Runs an EchoClient with a file of 100 bytes opposite a host that answers as `answer` says. */
async function answerClient(
  answer: (payload: Uint8Array) => Uint8Array,
  unasked: Uint8Array | null = null,
): Promise<{ findings: string[]; pieces: number[]; fault: string | null }> {
  const { fabric, guest, work } = stage();
  const { vsp, server } = rawHost(fabric, guest, answer);
  const client = new EchoClient(fabric, guest, work, {
    fileBytes: 100,
    pieceBytes: 50,
    messageBytesMax: MESSAGE_BYTES_MAX,
    ringPages: 2,
    window: 4,
  });
  client.enable();
  await fabric.advance(10);
  if (unasked !== null) {
    const packet = vsp.VmbPacketAllocate(server);
    vsp.VmbPacketSend(packet, unasked, unasked.length, null, 0);
    await fabric.advance(10);
  }
  const fault = vmbus.inspectChannel(client.channel).fault;
  await client.close();
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
  return { findings: work.findings, pieces: work.pieces, fault };
}

Deno.test("EchoClient: begins only when its greeting was answered rightly", async () => {
  const finding = "guest: the host answered the greeting wrongly";
  for (
    const answer of [
      new Uint8Array(0),
      message("hello", 99, 0),
      message("transaction", 100, 0),
    ]
  ) {
    assertEquals(await answerClient(() => answer), {
      findings: [finding],
      pieces: [],
      fault: null,
    });
  }
});

Deno.test("EchoClient: hears a greeting that is refused", async () => {
  const answer = message("hello", 100, 10); // larger than there is room for
  const { findings } = await answerClient(() => answer);
  assertEquals(findings, ["guest: the greeting ended with STATUS_BUFFER_TOO_SMALL"]);
});

Deno.test("EchoClient: names answers that are none", async () => {
  const isHello = (payload: Uint8Array) => payload[0] === 1;
  const { findings } = await answerClient((payload) =>
    isHello(payload) ? payload.slice() : new Uint8Array(8)
  );
  assertEquals(findings, ["guest: an answer is tooShort", "guest: an answer is tooShort"]);
  const other = await answerClient((payload) =>
    isHello(payload) ? payload.slice() : message("beside", 0, 0)
  );
  assertEquals(other.findings[0], "guest: an answer is of kind beside");
});

// kmcl.md section 5, VmbChannelPacketFail
Deno.test("EchoClient: fails what is no message, or is not for a host to send", async () => {
  const cases: [bytes: Uint8Array, finding: string][] = [
    [new Uint8Array(3), "guest: a message is tooShort"],
    [message("hello", 0, 0), "guest: the host sent a hello"],
    [message("transaction", 0, 0), "guest: the host sent a transaction"],
  ];
  for (const [bytes, finding] of cases) {
    const { findings, pieces, fault } = await answerClient((payload) => payload.slice(), bytes);
    assertEquals([findings, pieces, fault], [[finding], [0, 1], "packetFailed"]);
  }
});

/** Has a host send packets beside the file to an EchoClient that handles each as `handling` says. */
async function sendBeside(
  handling: Handling,
  count: number,
): Promise<{ irqls: number[]; outstanding: number[]; answers: number[] }> {
  const { fabric, guest, work } = stage();
  const { vsp, server } = rawHost(fabric, guest, (payload) => payload.slice());
  const client = new EchoClient(fabric, guest, work, {
    fileBytes: 0,
    pieceBytes: 50,
    messageBytesMax: MESSAGE_BYTES_MAX,
    ringPages: 2,
    window: 4,
  });
  const irqls: number[] = [];
  const outstanding: number[] = [];
  const answers: number[] = [];
  work.handling = handling;
  work.onTaken = () => {
    irqls.push(vmbus.KeGetCurrentIrql());
    outstanding.push(vmbus.inspectChannel(client.channel).outstanding);
  };
  client.enable();
  await fabric.advance(10);
  for (let sequence = 0; sequence < count; sequence++) {
    const packet = vsp.VmbPacketAllocate(server);
    vsp.VmbPacketSetCompletionRoutine(packet, (done, _status, answer, length) => {
      const read = readMessage(answer, length);
      answers.push(typeof read === "string" ? -1 : read.sequence);
      vsp.VmbPacketFree(done);
    });
    const bytes = message("beside", sequence, 10);
    const flags = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
    assertEquals(vsp.VmbPacketSend(packet, bytes, bytes.length, null, flags), vmbus.STATUS_SUCCESS);
  }
  await fabric.advance(10);
  await client.close();
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  assertEquals([fabric.leaks(), fabric.violations, work.findings], [[], [], []]);
  return { irqls, outstanding, answers };
}

Deno.test("EchoClient: completes packets of the host at once, or all together when the batch ends", async () => {
  const answers = [0, 1, 2, 3];
  const irqls = [2, 2, 2, 2];
  assertEquals(await sendBeside("atOnce", 4), { irqls, outstanding: [1, 1, 1, 1], answers });
  assertEquals(await sendBeside("later", 4), { irqls, outstanding: [1, 2, 3, 4], answers });
});

// kmcl.md R1
Deno.test("EchoClient: takes a packet that it deferred once, at PASSIVE_LEVEL", async () => {
  assertEquals(await sendBeside("deferred", 3), {
    irqls: [0, 0, 0],
    outstanding: [1, 1, 1],
    answers: [0, 1, 2],
  });
});

// kmcl.md R3, S7
Deno.test("EchoClient: completes what it holds when a batch ends because the channel stops", async () => {
  const { fabric, guest, work } = stage();
  const { vsp, server } = rawHost(fabric, guest, (payload) => payload.slice());
  const client = new EchoClient(fabric, guest, work, {
    fileBytes: 0,
    pieceBytes: 50,
    messageBytesMax: MESSAGE_BYTES_MAX,
    ringPages: 2,
    window: 4,
  });
  work.handling = "later";
  client.enable();
  await fabric.advance(10);
  for (const bytes of [message("beside", 0, 8), message("beside", 1, 8), message("hello", 0, 0)]) {
    vsp.VmbPacketSend(vsp.VmbPacketAllocate(server), bytes, bytes.length, null, 0);
  }
  await fabric.advance(10);
  assertEquals(work.findings, ["guest: the host sent a hello"]);
  assertEquals(vmbus.inspectChannel(client.channel).outstanding, 0);
  await client.close();
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
});
